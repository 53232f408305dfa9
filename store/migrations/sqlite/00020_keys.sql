-- +goose Up
-- Operation keys are unique for each sender: providers repeat the ids of messages.
CREATE TABLE card_try_keys_of (
    brand         TEXT NOT NULL,
    key           TEXT NOT NULL, -- whose try: the first of card_tries' keys; '' of a time before they were told apart
    operation_key TEXT NOT NULL,
    wrong         INTEGER NOT NULL, -- what the counting came to
    tried_at      INTEGER NOT NULL,
    PRIMARY KEY (brand, key, operation_key)
) STRICT;
INSERT INTO card_try_keys_of SELECT brand, '', operation_key, wrong, tried_at FROM card_try_keys;
DROP TABLE card_try_keys;
ALTER TABLE card_try_keys_of RENAME TO card_try_keys;
CREATE INDEX card_try_keys_tried ON card_try_keys (brand, tried_at);

CREATE TABLE one_time_code_requests_of (
    brand         TEXT NOT NULL,
    operation_key TEXT NOT NULL,
    address       TEXT NOT NULL,
    msisdn        TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (brand, address, msisdn, operation_key)
) STRICT;
INSERT INTO one_time_code_requests_of SELECT brand, operation_key, address, msisdn, created_at FROM one_time_code_requests;
DROP TABLE one_time_code_requests;
ALTER TABLE one_time_code_requests_of RENAME TO one_time_code_requests;
CREATE INDEX one_time_code_requests_address ON one_time_code_requests (brand, address, created_at);
CREATE INDEX one_time_code_requests_msisdn ON one_time_code_requests (brand, msisdn, created_at);
