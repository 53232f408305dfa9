-- All times are microseconds since 1970, UTC; 0 is none. Money is minor units with its currency.
-- The SQLite twin of this file is in the folder beside it: change both.
-- +goose Up

CREATE TABLE customers (
    id              TEXT PRIMARY KEY,
    brand           TEXT NOT NULL,
    msisdn          TEXT NOT NULL,
    language        TEXT NOT NULL,
    status          TEXT NOT NULL,
    pin_hash        TEXT NOT NULL,
    pin_tries       BIGINT NOT NULL DEFAULT 0,
    pin_month_tries BIGINT NOT NULL DEFAULT 0,
    pin_month_start BIGINT NOT NULL DEFAULT 0,
    pin_locks       BIGINT NOT NULL DEFAULT 0,
    pin_locked_until BIGINT NOT NULL DEFAULT 0,
    pin_hard_locked BOOLEAN NOT NULL DEFAULT FALSE,
    created_at      BIGINT NOT NULL,
    recognised_at   BIGINT NOT NULL DEFAULT 0,
    UNIQUE (brand, msisdn)
);

CREATE TABLE customer_addresses (
    brand     TEXT NOT NULL,
    address   TEXT NOT NULL,
    customer  TEXT NOT NULL REFERENCES customers (id),
    linked_at BIGINT NOT NULL,
    PRIMARY KEY (brand, address)
);
CREATE INDEX customer_addresses_customer ON customer_addresses (customer);

-- The operation keys of counted tries: a repeated one is counted once.
CREATE TABLE pin_tries (
    customer      TEXT NOT NULL REFERENCES customers (id),
    operation_key TEXT NOT NULL,
    tried_at      BIGINT NOT NULL,
    PRIMARY KEY (customer, operation_key)
);

CREATE TABLE one_time_codes (
    brand         TEXT NOT NULL,
    address       TEXT NOT NULL,
    msisdn        TEXT NOT NULL,
    hash          TEXT NOT NULL,
    operation_key TEXT NOT NULL,
    tries         BIGINT NOT NULL DEFAULT 0,
    used          BOOLEAN NOT NULL DEFAULT FALSE,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    PRIMARY KEY (brand, address, msisdn)
);

CREATE TABLE one_time_code_tries (
    brand         TEXT NOT NULL,
    address       TEXT NOT NULL,
    msisdn        TEXT NOT NULL,
    operation_key TEXT NOT NULL,
    PRIMARY KEY (brand, address, msisdn, operation_key)
);

CREATE TABLE one_time_code_requests (
    brand         TEXT NOT NULL,
    operation_key TEXT NOT NULL,
    address       TEXT NOT NULL,
    msisdn        TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (brand, operation_key)
);
CREATE INDEX one_time_code_requests_address ON one_time_code_requests (brand, address, created_at);
CREATE INDEX one_time_code_requests_msisdn ON one_time_code_requests (brand, msisdn, created_at);

CREATE TABLE opt_outs (
    brand      TEXT NOT NULL,
    address    TEXT NOT NULL,
    is_out     BOOLEAN NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (brand, address)
);

CREATE TABLE instruments (
    id         TEXT PRIMARY KEY,
    customer   TEXT NOT NULL REFERENCES customers (id),
    brand      TEXT NOT NULL,
    gateway    TEXT NOT NULL,
    method     TEXT NOT NULL,
    token      TEXT NOT NULL,
    display    TEXT NOT NULL,
    active     BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);
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
    created_at     BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL DEFAULT 0,
    UNIQUE (brand, operation_key)
);

CREATE TABLE orders (
    id               TEXT PRIMARY KEY,
    brand            TEXT NOT NULL,
    customer         TEXT NOT NULL, -- empty where a stranger redeems a card
    msisdn           TEXT NOT NULL,
    currency         TEXT NOT NULL,
    minor            BIGINT NOT NULL,
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
    cost_minor       BIGINT NOT NULL,
    absents          BIGINT NOT NULL,
    absent_at        BIGINT NOT NULL,
    tries            BIGINT NOT NULL,
    needs_human      BOOLEAN NOT NULL,
    in_flight        BOOLEAN NOT NULL, -- paid by a charge and not ended yet
    created_at       BIGINT NOT NULL,
    status_at        BIGINT NOT NULL,
    run_at           BIGINT NOT NULL,
    lease_until      BIGINT NOT NULL,
    UNIQUE (brand, operation_key)
);
CREATE UNIQUE INDEX orders_in_flight ON orders (brand, msisdn) WHERE in_flight;
CREATE INDEX orders_due ON orders (run_at) WHERE run_at > 0;
CREATE INDEX orders_msisdn ON orders (brand, msisdn, created_at);
CREATE INDEX orders_customer ON orders (customer, created_at);
CREATE INDEX orders_funding ON orders (brand, funding_ref) WHERE funding_kind = 'card';

CREATE TABLE order_history (
    order_id    TEXT NOT NULL REFERENCES orders (id),
    number      BIGINT NOT NULL,
    from_status TEXT NOT NULL,
    to_status   TEXT NOT NULL,
    reason      TEXT NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (order_id, number)
);

CREATE TABLE attempts (
    order_id     TEXT NOT NULL REFERENCES orders (id),
    number       BIGINT NOT NULL,
    step         TEXT NOT NULL,
    reference    TEXT NOT NULL,
    outcome      TEXT NOT NULL,
    code         TEXT NOT NULL,
    provider_ref TEXT NOT NULL,
    started_at   BIGINT NOT NULL,
    ended_at     BIGINT NOT NULL,
    PRIMARY KEY (order_id, number)
);

CREATE TABLE charges (
    id           TEXT PRIMARY KEY,
    order_id     TEXT NOT NULL UNIQUE REFERENCES orders (id),
    status       TEXT NOT NULL,
    provider_ref TEXT NOT NULL,
    changed_at   BIGINT NOT NULL
);

CREATE TABLE ledger_entries (
    order_id TEXT NOT NULL REFERENCES orders (id),
    kind     TEXT NOT NULL,
    brand    TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (order_id, kind)
);

CREATE TABLE ledger_postings (
    order_id TEXT NOT NULL,
    kind     TEXT NOT NULL,
    number   BIGINT NOT NULL,
    account  TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor    BIGINT NOT NULL, -- positive is a debit
    PRIMARY KEY (order_id, kind, number),
    FOREIGN KEY (order_id, kind) REFERENCES ledger_entries (order_id, kind)
);

-- The ledger is append-only, whoever is at the keyboard.
-- +goose StatementBegin
CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER ledger_postings_append_only BEFORE UPDATE OR DELETE ON ledger_postings
    FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();

CREATE TABLE notices (
    id          TEXT PRIMARY KEY,
    brand       TEXT NOT NULL,
    channel     TEXT NOT NULL,
    kind        TEXT NOT NULL,
    address     TEXT NOT NULL,
    language    TEXT NOT NULL,
    about       TEXT NOT NULL,
    order_id    TEXT NOT NULL, -- empty where it is not about an order
    due_at      BIGINT NOT NULL,
    lease_until BIGINT NOT NULL DEFAULT 0,
    told_at     BIGINT NOT NULL DEFAULT 0,
    created_at  BIGINT NOT NULL
);
CREATE INDEX notices_untold ON notices (due_at) WHERE told_at = 0;
CREATE INDEX notices_order ON notices (order_id);

CREATE TABLE cards (
    brand        TEXT NOT NULL,
    serial       TEXT NOT NULL,
    series       TEXT NOT NULL,
    currency     TEXT NOT NULL,
    minor        BIGINT NOT NULL,
    state        TEXT NOT NULL,
    reseller     TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    order_id     TEXT NOT NULL, -- of a reserved or spent card
    activated_at BIGINT NOT NULL,
    activated_by TEXT NOT NULL,
    mac          BYTEA NOT NULL,
    ciphertext   BYTEA NOT NULL,
    key_version  BIGINT NOT NULL,
    PRIMARY KEY (brand, serial),
    UNIQUE (brand, mac)
);
CREATE INDEX cards_order ON cards (order_id) WHERE order_id <> '';

CREATE TABLE card_series (
    brand       TEXT NOT NULL,
    series      TEXT NOT NULL,
    next_serial BIGINT NOT NULL DEFAULT 1,
    issued      BIGINT NOT NULL DEFAULT 0, -- cards ever stored: none is deleted
    PRIMARY KEY (brand, series)
);

CREATE TABLE card_tries (
    brand        TEXT NOT NULL,
    key          TEXT NOT NULL,
    wrong        BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    PRIMARY KEY (brand, key)
);

CREATE TABLE card_try_keys (
    brand         TEXT NOT NULL,
    operation_key TEXT NOT NULL,
    wrong         BIGINT NOT NULL, -- what the counting came to
    tried_at      BIGINT NOT NULL,
    PRIMARY KEY (brand, operation_key)
);

CREATE TABLE outbox (
    seq             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    brand           TEXT NOT NULL,
    channel         TEXT NOT NULL,
    address         TEXT NOT NULL,
    message_id      TEXT NOT NULL,
    part            BIGINT NOT NULL,
    text            TEXT NOT NULL,
    buttons         TEXT NOT NULL, -- JSON
    ask_contact     BOOLEAN NOT NULL,
    can             TEXT NOT NULL, -- JSON
    repeatable      BOOLEAN NOT NULL,
    answer          BOOLEAN NOT NULL,
    delete_ref      TEXT NOT NULL,
    attempts        BIGINT NOT NULL DEFAULT 0,
    status          TEXT NOT NULL,
    sending         BOOLEAN NOT NULL DEFAULT FALSE, -- claimed, and no end written yet
    lapsed          BOOLEAN NOT NULL DEFAULT FALSE, -- claimed again after a sending that never ended
    run_at          BIGINT NOT NULL,
    lease_until     BIGINT NOT NULL DEFAULT 0,
    provider_ref    TEXT NOT NULL DEFAULT '',
    code            TEXT NOT NULL DEFAULT '',
    delivery        TEXT NOT NULL DEFAULT '',
    delivery_rank   BIGINT NOT NULL DEFAULT 0,
    delivery_code   TEXT NOT NULL DEFAULT '',
    delivery_at     BIGINT NOT NULL DEFAULT 0,
    created_at      BIGINT NOT NULL,
    ended_at        BIGINT NOT NULL DEFAULT 0,
    UNIQUE (brand, channel, address, message_id, part)
);
CREATE INDEX outbox_waiting ON outbox (brand, channel, address, seq) WHERE status = 'waiting';
CREATE INDEX outbox_due ON outbox (run_at, seq) WHERE status = 'waiting';
CREATE INDEX outbox_provider_ref ON outbox (provider_ref) WHERE provider_ref <> '';

CREATE TABLE transcripts (
    sender     TEXT NOT NULL,
    message_id TEXT NOT NULL,
    at         BIGINT NOT NULL,
    entry      BYTEA NOT NULL, -- JSON, secrets masked
    PRIMARY KEY (sender, message_id)
);

CREATE TABLE channel_switches (
    brand      TEXT NOT NULL,
    channel    TEXT NOT NULL,
    is_on      BOOLEAN NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (brand, channel)
);

CREATE TABLE channel_switch_history (
    number     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    brand      TEXT NOT NULL,
    channel    TEXT NOT NULL,
    is_on      BOOLEAN NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);
