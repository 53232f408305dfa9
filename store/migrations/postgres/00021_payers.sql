-- +goose Up
-- One paid order in flight is one per payer: a gift is in nobody's way but its giver's. Of several that a payer has in flight
-- already the first stays so.
UPDATE orders SET in_flight = FALSE WHERE in_flight AND customer <> '' AND EXISTS (
    SELECT 1 FROM orders AS first WHERE first.brand = orders.brand AND first.customer = orders.customer AND first.in_flight
        AND (first.created_at < orders.created_at OR first.created_at = orders.created_at AND first.id < orders.id));
DROP INDEX orders_in_flight;
CREATE UNIQUE INDEX orders_in_flight ON orders (brand, customer) WHERE in_flight AND customer <> '';
-- What somebody has ordered who is no customer is found by where they wrote from.
CREATE INDEX orders_stranger ON orders (brand, reply_address, created_at) WHERE customer = '' AND reply_address <> '';
