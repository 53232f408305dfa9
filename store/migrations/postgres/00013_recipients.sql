-- +goose Up
-- A mail account may be topped up instead of a number, which is then empty. One paid order in flight is one per recipient.
ALTER TABLE orders ADD COLUMN email TEXT NOT NULL DEFAULT '';
DROP INDEX orders_in_flight;
CREATE UNIQUE INDEX orders_in_flight ON orders (brand, msisdn, email) WHERE in_flight;
