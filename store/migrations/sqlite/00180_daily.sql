-- +goose Up

-- Who of the staff sees to what waits for people, and what was last noted of it. What was before is in the record of deeds.
CREATE TABLE assignments (
    brand  TEXT    NOT NULL, -- '' for what belongs to no brand
    kind   TEXT    NOT NULL, -- of the object, as deeds name it
    object TEXT    NOT NULL,
    person TEXT    NOT NULL, -- '' for nobody
    name   TEXT    NOT NULL, -- the person's, as it was then
    note   TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (brand, kind, object)
) STRICT;

-- Who has the page of an object open: the page says so every half minute, and what is old is forgotten.
CREATE TABLE presence (
    brand   TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    object  TEXT    NOT NULL,
    person  TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    since   INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (brand, kind, object, person)
) STRICT;
CREATE INDEX presence_seen ON presence (seen_at);

-- The runs of the audit. One that ends without an answer keeps ended_at 0, or says in failed why.
CREATE TABLE audit_runs (
    id         TEXT    PRIMARY KEY,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    who        TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    role       TEXT    NOT NULL,
    origin     TEXT    NOT NULL, -- as in deeds
    violations INTEGER NOT NULL, -- how many
    found      TEXT    NOT NULL, -- JSON: the first of them
    failed     TEXT    NOT NULL
) STRICT;
CREATE INDEX audit_runs_started ON audit_runs (started_at);

-- Since when a customer owes: one whose debit came back after the delivery.
ALTER TABLE customers ADD COLUMN blocked_at INTEGER NOT NULL DEFAULT 0;
UPDATE customers SET blocked_at = COALESCE((
    SELECT MAX(ch.changed_at) FROM orders o JOIN charges ch ON ch.brand = o.brand AND ch.order_id = o.id
    WHERE o.customer = customers.id AND ch.status = 'returned'), created_at)
WHERE status = 'blocked' OR erased_as = 'blocked';

-- How lists of customers, and of what waits, are read: each by its own index, in its order.
CREATE INDEX customers_created ON customers (brand, created_at, id);
CREATE INDEX customers_status ON customers (brand, status, created_at, id);
CREATE INDEX customers_locked ON customers (brand, created_at, id) WHERE pin_hard_locked OR pin_locked_until > 0;
CREATE INDEX customers_frozen_created ON customers (brand, created_at, id) WHERE frozen_at > 0;
CREATE INDEX customers_blocked ON customers (blocked_at, id) WHERE status = 'blocked';
CREATE INDEX orders_waiting ON orders (status_at, id) WHERE needs_human;
CREATE INDEX card_tries_locked ON card_tries (locked_until) WHERE locked_until > 0;
