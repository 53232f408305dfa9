-- +goose Up
-- Cards are listed by what they are worth, by who sells them and by status, too. One status is a few ranges of
-- state and expiry, so that it needs no column that time would change.
CREATE INDEX cards_amount ON cards (brand, minor, series, number, serial);
CREATE INDEX cards_state ON cards (brand, state, expires_at, series, number, serial);
DROP INDEX cards_reseller;
CREATE INDEX cards_reseller ON cards (brand, reseller, series, number, serial);

-- What tells whether a card key is the one that cards are sealed with. Empty: not known yet.
CREATE TABLE card_keys (
    version     BIGINT PRIMARY KEY,
    check_value BYTEA NOT NULL
);
INSERT INTO card_keys (version, check_value) SELECT DISTINCT key_version, ''::bytea FROM cards;
