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
    blocked_at    BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL, -- 0: until somebody ends it
    ended_at      BIGINT NOT NULL, -- 0: it was not ended
    PRIMARY KEY (brand, id)
);
CREATE UNIQUE INDEX blocks_active ON blocks (brand, value, kind) WHERE ended_at = 0;
CREATE INDEX blocks_value ON blocks (brand, value);
CREATE INDEX blocks_shows ON blocks (brand, shows);
CREATE INDEX blocks_batch ON blocks (brand, batch);
CREATE INDEX blocks_at ON blocks (brand, blocked_at);

-- The brands that are paused: nothing is sold, and customers read why.
CREATE TABLE brand_pauses (
    brand        TEXT   NOT NULL PRIMARY KEY,
    paused_until BIGINT NOT NULL, -- 0: until somebody resumes
    texts        TEXT   NOT NULL, -- JSON: by language
    who          TEXT   NOT NULL,
    why          TEXT   NOT NULL,
    paused_at    BIGINT NOT NULL
);

-- It changes with every block and pause, so that each copy of the server sees by one look that it has to read them again.
CREATE TABLE gate_version (
    id      BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);
