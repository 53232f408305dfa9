-- +goose Up

-- What operators have done by hand, and why. Only the end of a row is ever written later.
CREATE TABLE interventions (
    id       TEXT PRIMARY KEY,
    order_id TEXT NOT NULL, -- or
    customer TEXT NOT NULL,
    what     TEXT NOT NULL,
    who      TEXT NOT NULL,
    why      TEXT NOT NULL,
    at       BIGINT NOT NULL,
    outcome  TEXT NOT NULL DEFAULT '',
    ended_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX interventions_order ON interventions (order_id) WHERE order_id <> '';
CREATE INDEX interventions_customer ON interventions (customer) WHERE customer <> '';

-- Differences between our ledger and a provider's own report. One that is closed stays, and is not opened
-- again while it is the same difference.
CREATE TABLE open_items (
    id        TEXT PRIMARY KEY,
    provider  TEXT NOT NULL,
    reference TEXT NOT NULL, -- of the charge or the order, as the provider knows it
    kind      TEXT NOT NULL, -- charge, refund, return or delivery
    order_id  TEXT NOT NULL, -- empty where we have none
    currency  TEXT NOT NULL,
    ours      BIGINT NOT NULL, -- minor units; 0 where one side has nothing
    theirs    BIGINT NOT NULL,
    happened_at BIGINT NOT NULL,
    found_at  BIGINT NOT NULL,
    closed_at BIGINT NOT NULL DEFAULT 0,
    closed_by TEXT NOT NULL DEFAULT '',
    reason    TEXT NOT NULL DEFAULT '',
    UNIQUE (provider, reference, kind, currency, ours, theirs)
);
CREATE INDEX open_items_open ON open_items (found_at) WHERE closed_at = 0;
