-- +goose Up
-- Operation keys are unique for each sender: providers repeat the ids of messages.
ALTER TABLE card_try_keys
    ADD COLUMN key text NOT NULL DEFAULT '', -- whose try: the first of card_tries' keys; '' of a time before they were told apart
    DROP CONSTRAINT card_try_keys_pkey,
    ADD PRIMARY KEY (brand, key, operation_key);
ALTER TABLE one_time_code_requests
    DROP CONSTRAINT one_time_code_requests_pkey,
    ADD PRIMARY KEY (brand, address, msisdn, operation_key);
