-- +goose Up
-- Who may set the PIN of a number, and who is told when somebody else does.
ALTER TABLE customers ADD COLUMN registered_by TEXT NOT NULL DEFAULT '';    -- the registration that may still set its own PIN again; '' is none
ALTER TABLE customer_addresses ADD COLUMN channel TEXT NOT NULL DEFAULT ''; -- where it was proven; '' is not known
ALTER TABLE customer_addresses ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE pin_tries ADD COLUMN judged TEXT NOT NULL DEFAULT 'wrong';      -- '' while the PIN is judged, else right or wrong

-- Each recovery: a PIN set without the old one. A repeated one finds itself here.
CREATE TABLE recoveries (
    brand         TEXT NOT NULL,
    operation_key TEXT NOT NULL,
    customer      TEXT NOT NULL REFERENCES customers (id),
    holder        INTEGER NOT NULL, -- who holds the number from then on
    address       TEXT NOT NULL,    -- where it was asked for
    at            INTEGER NOT NULL,
    PRIMARY KEY (brand, operation_key),
    UNIQUE (customer, holder)
) STRICT;

-- The addresses that a recovery took a number away from. Until then each may answer NOT ME.
CREATE TABLE unlinked_addresses (
    brand       TEXT NOT NULL,
    address     TEXT NOT NULL,
    customer    TEXT NOT NULL REFERENCES customers (id),
    holder      INTEGER NOT NULL, -- whose it was
    unlinked_at INTEGER NOT NULL,
    until       INTEGER NOT NULL,
    PRIMARY KEY (brand, address, customer)
) STRICT;
CREATE INDEX unlinked_addresses_customer ON unlinked_addresses (customer);
