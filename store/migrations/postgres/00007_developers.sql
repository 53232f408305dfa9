-- Developers who top up by the API: their keys, their prepaid accounts, what they bought.
-- The SQLite twin of this file is in the folder beside it: change both.
-- +goose Up

CREATE TABLE developer_keys (
    id           TEXT PRIMARY KEY, -- the client id
    brand        TEXT NOT NULL,
    name         TEXT NOT NULL,
    scopes       TEXT NOT NULL,    -- separated by blanks
    secret_hash  TEXT NOT NULL,    -- keyed; of the client secret
    currency     TEXT NOT NULL,
    minor        BIGINT NOT NULL DEFAULT 0 CHECK (minor >= 0), -- what is left: minus the sum of the ledger's postings to developer:{id}
    changed_at   BIGINT NOT NULL, -- when the balance last was
    created_at   BIGINT NOT NULL,
    revoked_at   BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX developer_keys_name ON developer_keys (brand, name) WHERE revoked_at = 0;

-- How many requests a key has made in the window that began last, in which it was last used.
CREATE TABLE developer_rates (
    key_id  TEXT PRIMARY KEY REFERENCES developer_keys (id),
    started BIGINT NOT NULL,
    count   BIGINT NOT NULL
);

-- What operators have done to keys, and why.
CREATE TABLE developer_deeds (
    id     TEXT PRIMARY KEY,
    key_id TEXT NOT NULL REFERENCES developer_keys (id),
    what   TEXT NOT NULL,
    who    TEXT NOT NULL,
    why    TEXT NOT NULL,
    at     BIGINT NOT NULL
);
CREATE INDEX developer_deeds_key ON developer_deeds (key_id, at);
-- +goose StatementBegin
CREATE FUNCTION developer_deeds_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the record of deeds is append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER developer_deeds_append_only BEFORE UPDATE OR DELETE ON developer_deeds
    FOR EACH ROW EXECUTE FUNCTION developer_deeds_are_append_only();

-- What an order by the API was asked for as, and what it cost.
CREATE TABLE developer_sales (
    number             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- the transactionId
    order_id           TEXT NOT NULL UNIQUE REFERENCES orders (id),
    key_id             TEXT NOT NULL REFERENCES developer_keys (id),
    identifier         TEXT NOT NULL, -- the developer's own, "" for none
    identifier_folded  TEXT NOT NULL, -- in small letters, to be searched for
    operator_id        BIGINT NOT NULL,
    operator_name      TEXT NOT NULL,
    country            TEXT NOT NULL,
    sender             TEXT NOT NULL,
    currency           TEXT NOT NULL, -- of the account, as the next four
    requested_minor    BIGINT NOT NULL,
    discount_minor     BIGINT NOT NULL,
    price_minor        BIGINT NOT NULL, -- requested - discount
    balance_minor      BIGINT NOT NULL, -- what was left right after the debit
    delivered_currency TEXT NOT NULL,
    delivered_minor    BIGINT NOT NULL,
    fx                 TEXT NOT NULL, -- the rate and its date, "" where none was used
    created_at         BIGINT NOT NULL
);
CREATE INDEX developer_sales_key ON developer_sales (key_id, number);
CREATE INDEX developer_sales_created ON developer_sales (key_id, created_at);
CREATE INDEX developer_sales_identifier ON developer_sales (key_id, identifier_folded) WHERE identifier <> '';

-- A developer's payment in advance is in the ledger too, and has no order: order_id is the id of whatever the entry
-- is about, and the ledger's rows no longer refer to orders alone.
ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_order_id_fkey;
