-- Where developers are told how their top-ups ended, and what was told.
-- The SQLite twin of this file is in the folder beside it: change both.
-- +goose Up

CREATE TABLE developer_webhooks (
    key_id     TEXT PRIMARY KEY REFERENCES developer_keys (id),
    url        TEXT NOT NULL,
    secret     BYTEA NOT NULL, -- sealed
    created_at BIGINT NOT NULL
);

-- One row for each end of an order whose key had a webhook then.
CREATE TABLE developer_deliveries (
    id          TEXT PRIMARY KEY,
    key_id      TEXT NOT NULL REFERENCES developer_keys (id),
    order_id    TEXT NOT NULL REFERENCES orders (id),
    state       TEXT NOT NULL, -- what it tells: SUCCESSFUL, REFUNDED, FAILED
    status      TEXT NOT NULL CHECK (status IN ('waiting', 'taken', 'given_up')),
    attempts    BIGINT NOT NULL DEFAULT 0,
    run_at      BIGINT NOT NULL,
    lease_until BIGINT NOT NULL DEFAULT 0,
    give_up_at  BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    tried_at    BIGINT NOT NULL DEFAULT 0, -- the last try, as all that follows
    http_status BIGINT NOT NULL DEFAULT 0,
    code        TEXT NOT NULL DEFAULT '',
    excerpt     TEXT NOT NULL DEFAULT '', -- of the answer, with numbers masked
    UNIQUE (order_id, state)
);
CREATE INDEX developer_deliveries_due ON developer_deliveries (run_at) WHERE status = 'waiting';
CREATE INDEX developer_deliveries_waiting ON developer_deliveries (key_id, lease_until) WHERE status = 'waiting';
CREATE INDEX developer_deliveries_key ON developer_deliveries (key_id, created_at);
