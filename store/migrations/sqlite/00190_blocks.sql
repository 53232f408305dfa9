-- +goose Up

-- What operators have blocked. Numbers, addresses and IBANs are pseudonyms, made with a key.
CREATE TABLE blocks (
    brand         TEXT   NOT NULL,
    id            TEXT   NOT NULL,
    batch         TEXT   NOT NULL, -- of those that were blocked together
    kind          TEXT   NOT NULL, -- number, address, instrument, IBAN
    value         TEXT   NOT NULL,
    shows         TEXT   NOT NULL, -- masked; erased with the customer
    who           TEXT   NOT NULL,
    why           TEXT   NOT NULL,
    blocked_at    INTEGER NOT NULL,
    blocked_until INTEGER NOT NULL, -- 0: until somebody ends it
    ended_at      INTEGER NOT NULL, -- 0: it was not ended
    PRIMARY KEY (brand, id)
) STRICT;
CREATE UNIQUE INDEX blocks_active ON blocks (brand, value, kind) WHERE ended_at = 0;
CREATE INDEX blocks_batch ON blocks (brand, batch);
CREATE INDEX blocks_at ON blocks (brand, blocked_at);
