-- +goose Up
-- A number changes hands without its account's changing hands: each recovery (a PIN set without the old one) raises
-- customers.holder. Instruments, setups and addresses carry the holder who made them, and serve no other.
ALTER TABLE customers ADD COLUMN holder INTEGER NOT NULL DEFAULT 1;
ALTER TABLE customers ADD COLUMN recovered_at INTEGER NOT NULL DEFAULT 0; -- the last recovery; 0 is none
ALTER TABLE customers ADD COLUMN frozen_at INTEGER NOT NULL DEFAULT 0;    -- an earlier holder said NOT ME; 0 is not frozen
ALTER TABLE instruments ADD COLUMN holder INTEGER NOT NULL DEFAULT 1;
ALTER TABLE instruments ADD COLUMN by_text INTEGER NOT NULL DEFAULT FALSE; -- a mandate given by text: no page has authenticated it
ALTER TABLE payment_setups ADD COLUMN holder INTEGER NOT NULL DEFAULT 1;
ALTER TABLE customer_addresses ADD COLUMN holder INTEGER NOT NULL DEFAULT 1;
ALTER TABLE charges ADD COLUMN holder INTEGER NOT NULL DEFAULT 0;          -- the customer's when it was made; 0 where nobody's instrument is charged
