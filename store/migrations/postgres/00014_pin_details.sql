-- +goose Up
-- Where the credit is a code that is to be typed, it is kept, sealed, until it was handed on.
ALTER TABLE orders ADD COLUMN by_pin BOOLEAN NOT NULL DEFAULT FALSE;
CREATE TABLE pin_details (
    order_id TEXT PRIMARY KEY REFERENCES orders (id),
    sealed   BYTEA NOT NULL,
    at       BIGINT NOT NULL
);

-- A message that shows the PIN of an order keeps its text sealed, and drops it when it was sent.
ALTER TABLE outbox ADD COLUMN pin_order TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN sealed BYTEA;
CREATE INDEX outbox_pin_order ON outbox (pin_order) WHERE pin_order <> '';
