-- +goose Up
-- The provider's word for what it has and did not carry out.
ALTER TABLE open_items ADD COLUMN note TEXT NOT NULL DEFAULT '';

-- What our wallet at a network held, and what our ledger had booked on it: from one reading to the next both must change
-- alike.
CREATE TABLE wallet_readings (
    network  TEXT NOT NULL,
    currency TEXT NOT NULL,
    at       BIGINT NOT NULL,
    balance  BIGINT NOT NULL, -- minor units
    booked   BIGINT NOT NULL, -- minor units, the sum of all postings
    postings BIGINT NOT NULL, -- how many they were
    PRIMARY KEY (network, currency, at)
);
