-- What tells whether a key outside the database is the one that things in it are hashed or sealed with. Cards have
-- card_keys besides, which is written with each card.
-- The SQLite twin of this file is in the folder beside it: change both.
-- +goose Up
CREATE TABLE key_checks (
    name        TEXT NOT NULL, -- "pin pepper", "card key"
    version     INTEGER NOT NULL,
    check_value BYTEA NOT NULL,
    PRIMARY KEY (name, version)
);
