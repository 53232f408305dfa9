-- Where developers are told how their top-ups ended, and what was told.
-- The PostgreSQL twin of this file is in the folder beside it: change both.
-- +goose Up

CREATE TABLE developer_webhooks (
    key_id     TEXT PRIMARY KEY REFERENCES developer_keys (id),
    url        TEXT NOT NULL,
    secret     BLOB NOT NULL, -- sealed
    created_at INTEGER NOT NULL
) STRICT;

-- One row for each end of an order whose key had a webhook then.
CREATE TABLE developer_deliveries (
    id          TEXT PRIMARY KEY,
    key_id      TEXT NOT NULL REFERENCES developer_keys (id),
    order_id    TEXT NOT NULL REFERENCES orders (id),
    state       TEXT NOT NULL, -- what it tells: SUCCESSFUL, REFUNDED, FAILED
    status      TEXT NOT NULL CHECK (status IN ('waiting', 'taken', 'given_up')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    run_at      INTEGER NOT NULL,
    lease_until INTEGER NOT NULL DEFAULT 0,
    give_up_at  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    tried_at    INTEGER NOT NULL DEFAULT 0, -- the last try, as all that follows
    http_status INTEGER NOT NULL DEFAULT 0,
    code        TEXT NOT NULL DEFAULT '',
    excerpt     TEXT NOT NULL DEFAULT '', -- of the answer, with numbers masked
    UNIQUE (order_id, state)
) STRICT;
CREATE INDEX developer_deliveries_due ON developer_deliveries (run_at) WHERE status = 'waiting';
CREATE INDEX developer_deliveries_waiting ON developer_deliveries (key_id, lease_until) WHERE status = 'waiting';
CREATE INDEX developer_deliveries_key ON developer_deliveries (key_id, created_at);
