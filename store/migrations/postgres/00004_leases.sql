-- +goose Up
-- Who does a thing that only one copy of the program may do at a time: polling a Telegram bot.
CREATE TABLE leases (
    name        TEXT   NOT NULL PRIMARY KEY,
    holder      TEXT   NOT NULL,
    lease_until BIGINT NOT NULL
);
