-- All times are microseconds since 1970, UTC; 0 is none. Money is minor units with its currency.
-- The PostgreSQL twin of this file is in the folder beside it: change both.
-- +goose Up

CREATE TABLE customers (
    id              TEXT PRIMARY KEY,
    brand           TEXT NOT NULL,
    msisdn          TEXT NOT NULL,
    language        TEXT NOT NULL,
    status          TEXT NOT NULL,
    pin_hash        TEXT NOT NULL,
    pin_tries       INTEGER NOT NULL DEFAULT 0,
    pin_month_tries INTEGER NOT NULL DEFAULT 0,
    pin_month_start INTEGER NOT NULL DEFAULT 0,
    pin_locks       INTEGER NOT NULL DEFAULT 0,
    pin_locked_until INTEGER NOT NULL DEFAULT 0,
    pin_hard_locked INTEGER NOT NULL DEFAULT FALSE,
    created_at      INTEGER NOT NULL,
    recognised_at   INTEGER NOT NULL DEFAULT 0,
    UNIQUE (brand, msisdn)
) STRICT;

CREATE TABLE customer_addresses (
    brand     TEXT NOT NULL,
    address   TEXT NOT NULL,
    customer  TEXT NOT NULL REFERENCES customers (id),
    linked_at INTEGER NOT NULL,
    PRIMARY KEY (brand, address)
) STRICT;
CREATE INDEX customer_addresses_customer ON customer_addresses (customer);

-- The operation keys of counted tries: a repeated one is counted once.
CREATE TABLE pin_tries (
    customer      TEXT NOT NULL REFERENCES customers (id),
    operation_key TEXT NOT NULL,
    tried_at      INTEGER NOT NULL,
    PRIMARY KEY (customer, operation_key)
) STRICT;

CREATE TABLE one_time_codes (
    brand         TEXT NOT NULL,
    address       TEXT NOT NULL,
    msisdn        TEXT NOT NULL,
    hash          TEXT NOT NULL,
    operation_key TEXT NOT NULL,
    tries         INTEGER NOT NULL DEFAULT 0,
    used          INTEGER NOT NULL DEFAULT FALSE,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    PRIMARY KEY (brand, address, msisdn)
) STRICT;

CREATE TABLE one_time_code_tries (
    brand         TEXT NOT NULL,
    address       TEXT NOT NULL,
    msisdn        TEXT NOT NULL,
    operation_key TEXT NOT NULL,
    PRIMARY KEY (brand, address, msisdn, operation_key)
) STRICT;

CREATE TABLE one_time_code_requests (
    brand         TEXT NOT NULL,
    operation_key TEXT NOT NULL,
    address       TEXT NOT NULL,
    msisdn        TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (brand, operation_key)
) STRICT;
CREATE INDEX one_time_code_requests_address ON one_time_code_requests (brand, address, created_at);
CREATE INDEX one_time_code_requests_msisdn ON one_time_code_requests (brand, msisdn, created_at);

CREATE TABLE opt_outs (
    brand      TEXT NOT NULL,
    address    TEXT NOT NULL,
    is_out     INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (brand, address)
) STRICT;

CREATE TABLE instruments (
    id         TEXT PRIMARY KEY,
    customer   TEXT NOT NULL REFERENCES customers (id),
    brand      TEXT NOT NULL,
    gateway    TEXT NOT NULL,
    method     TEXT NOT NULL,
    token      TEXT NOT NULL,
    display    TEXT NOT NULL,
    active     INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX instruments_active ON instruments (customer) WHERE active;

CREATE TABLE payment_setups (
    id             TEXT PRIMARY KEY,
    brand          TEXT NOT NULL,
    operation_key  TEXT NOT NULL,
    customer       TEXT NOT NULL REFERENCES customers (id),
    gateway        TEXT NOT NULL,
    method         TEXT NOT NULL,
    url            TEXT NOT NULL,
    gateway_ref    TEXT NOT NULL,
    status         TEXT NOT NULL,
    reply_channel  TEXT NOT NULL,
    reply_kind     TEXT NOT NULL,
    reply_address  TEXT NOT NULL,
    reply_language TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    ended_at       INTEGER NOT NULL DEFAULT 0,
    UNIQUE (brand, operation_key)
) STRICT;

CREATE TABLE orders (
    id               TEXT PRIMARY KEY,
    brand            TEXT NOT NULL,
    customer         TEXT NOT NULL, -- empty where a stranger redeems a card
    msisdn           TEXT NOT NULL,
    currency         TEXT NOT NULL,
    minor            INTEGER NOT NULL,
    funding_kind     TEXT NOT NULL,
    funding_ref      TEXT NOT NULL,
    funding_provider TEXT NOT NULL,
    funding_method   TEXT NOT NULL,
    operation_key    TEXT NOT NULL,
    request_hash     TEXT NOT NULL,
    reply_channel    TEXT NOT NULL,
    reply_kind       TEXT NOT NULL,
    reply_address    TEXT NOT NULL,
    reply_language   TEXT NOT NULL,
    authorised_by    TEXT NOT NULL,
    status           TEXT NOT NULL,
    reason           TEXT NOT NULL,
    action_url       TEXT NOT NULL,
    network_ref      TEXT NOT NULL,
    cost_currency    TEXT NOT NULL,
    cost_minor       INTEGER NOT NULL,
    absents          INTEGER NOT NULL,
    absent_at        INTEGER NOT NULL,
    tries            INTEGER NOT NULL,
    needs_human      INTEGER NOT NULL,
    in_flight        INTEGER NOT NULL, -- paid by a charge and not ended yet
    created_at       INTEGER NOT NULL,
    status_at        INTEGER NOT NULL,
    run_at           INTEGER NOT NULL,
    lease_until      INTEGER NOT NULL,
    UNIQUE (brand, operation_key)
) STRICT;
CREATE UNIQUE INDEX orders_in_flight ON orders (brand, msisdn) WHERE in_flight;
CREATE INDEX orders_due ON orders (run_at) WHERE run_at > 0;
CREATE INDEX orders_msisdn ON orders (brand, msisdn, created_at);
CREATE INDEX orders_customer ON orders (customer, created_at);
CREATE INDEX orders_funding ON orders (brand, funding_ref) WHERE funding_kind = 'card';

CREATE TABLE order_history (
    order_id    TEXT NOT NULL REFERENCES orders (id),
    number      INTEGER NOT NULL,
    from_status TEXT NOT NULL,
    to_status   TEXT NOT NULL,
    reason      TEXT NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (order_id, number)
) STRICT;

CREATE TABLE attempts (
    order_id     TEXT NOT NULL REFERENCES orders (id),
    number       INTEGER NOT NULL,
    step         TEXT NOT NULL,
    reference    TEXT NOT NULL,
    outcome      TEXT NOT NULL,
    code         TEXT NOT NULL,
    provider_ref TEXT NOT NULL,
    started_at   INTEGER NOT NULL,
    ended_at     INTEGER NOT NULL,
    PRIMARY KEY (order_id, number)
) STRICT;

CREATE TABLE charges (
    id           TEXT PRIMARY KEY,
    order_id     TEXT NOT NULL UNIQUE REFERENCES orders (id),
    status       TEXT NOT NULL,
    provider_ref TEXT NOT NULL,
    changed_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE ledger_entries (
    order_id TEXT NOT NULL REFERENCES orders (id),
    kind     TEXT NOT NULL,
    brand    TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (order_id, kind)
) STRICT;

CREATE TABLE ledger_postings (
    order_id TEXT NOT NULL,
    kind     TEXT NOT NULL,
    number   INTEGER NOT NULL,
    account  TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor    INTEGER NOT NULL, -- positive is a debit
    PRIMARY KEY (order_id, kind, number),
    FOREIGN KEY (order_id, kind) REFERENCES ledger_entries (order_id, kind)
) STRICT;

-- The ledger is append-only, whoever is at the keyboard.
-- +goose StatementBegin
CREATE TRIGGER ledger_entries_no_update BEFORE UPDATE ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_entries_no_delete BEFORE DELETE ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_postings_no_update BEFORE UPDATE ON ledger_postings
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_postings_no_delete BEFORE DELETE ON ledger_postings
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd

CREATE TABLE notices (
    id          TEXT PRIMARY KEY,
    brand       TEXT NOT NULL,
    channel     TEXT NOT NULL,
    kind        TEXT NOT NULL,
    address     TEXT NOT NULL,
    language    TEXT NOT NULL,
    about       TEXT NOT NULL,
    order_id    TEXT NOT NULL, -- empty where it is not about an order
    due_at      INTEGER NOT NULL,
    lease_until INTEGER NOT NULL DEFAULT 0,
    told_at     INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX notices_untold ON notices (due_at) WHERE told_at = 0;
CREATE INDEX notices_order ON notices (order_id);

CREATE TABLE cards (
    brand        TEXT NOT NULL,
    serial       TEXT NOT NULL,
    series       TEXT NOT NULL,
    currency     TEXT NOT NULL,
    minor        INTEGER NOT NULL,
    state        TEXT NOT NULL,
    reseller     TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    order_id     TEXT NOT NULL, -- of a reserved or spent card
    activated_at INTEGER NOT NULL,
    activated_by TEXT NOT NULL,
    mac          BLOB NOT NULL,
    ciphertext   BLOB NOT NULL,
    key_version  INTEGER NOT NULL,
    PRIMARY KEY (brand, serial),
    UNIQUE (brand, mac)
) STRICT;
CREATE INDEX cards_order ON cards (order_id) WHERE order_id <> '';

CREATE TABLE card_series (
    brand       TEXT NOT NULL,
    series      TEXT NOT NULL,
    next_serial INTEGER NOT NULL DEFAULT 1,
    issued      INTEGER NOT NULL DEFAULT 0, -- cards ever stored: none is deleted
    PRIMARY KEY (brand, series)
) STRICT;

CREATE TABLE card_tries (
    brand        TEXT NOT NULL,
    key          TEXT NOT NULL,
    wrong        INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    PRIMARY KEY (brand, key)
) STRICT;

CREATE TABLE card_try_keys (
    brand         TEXT NOT NULL,
    operation_key TEXT NOT NULL,
    wrong         INTEGER NOT NULL, -- what the counting came to
    tried_at      INTEGER NOT NULL,
    PRIMARY KEY (brand, operation_key)
) STRICT;

CREATE TABLE outbox (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    brand           TEXT NOT NULL,
    channel         TEXT NOT NULL,
    address         TEXT NOT NULL,
    message_id      TEXT NOT NULL,
    part            INTEGER NOT NULL,
    text            TEXT NOT NULL,
    buttons         TEXT NOT NULL, -- JSON
    ask_contact     INTEGER NOT NULL,
    can             TEXT NOT NULL, -- JSON
    repeatable      INTEGER NOT NULL,
    answer          INTEGER NOT NULL,
    delete_ref      TEXT NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    status          TEXT NOT NULL,
    sending         INTEGER NOT NULL DEFAULT FALSE, -- claimed, and no end written yet
    lapsed          INTEGER NOT NULL DEFAULT FALSE, -- claimed again after a sending that never ended
    run_at          INTEGER NOT NULL,
    lease_until     INTEGER NOT NULL DEFAULT 0,
    provider_ref    TEXT NOT NULL DEFAULT '',
    code            TEXT NOT NULL DEFAULT '',
    delivery        TEXT NOT NULL DEFAULT '',
    delivery_rank   INTEGER NOT NULL DEFAULT 0,
    delivery_code   TEXT NOT NULL DEFAULT '',
    delivery_at     INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    ended_at        INTEGER NOT NULL DEFAULT 0,
    UNIQUE (brand, channel, address, message_id, part)
) STRICT;
CREATE INDEX outbox_waiting ON outbox (brand, channel, address, seq) WHERE status = 'waiting';
CREATE INDEX outbox_due ON outbox (run_at, seq) WHERE status = 'waiting';
CREATE INDEX outbox_provider_ref ON outbox (provider_ref) WHERE provider_ref <> '';

CREATE TABLE transcripts (
    sender     TEXT NOT NULL,
    message_id TEXT NOT NULL,
    at         INTEGER NOT NULL,
    entry      BLOB NOT NULL, -- JSON, secrets masked
    PRIMARY KEY (sender, message_id)
) STRICT;

CREATE TABLE channel_switches (
    brand      TEXT NOT NULL,
    channel    TEXT NOT NULL,
    is_on      INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (brand, channel)
) STRICT;

CREATE TABLE channel_switch_history (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    brand      TEXT NOT NULL,
    channel    TEXT NOT NULL,
    is_on      INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
