-- Developers who top up by the API: their keys, their prepaid accounts, what they bought.
-- The PostgreSQL twin of this file is in the folder beside it: change both.
-- +goose Up

CREATE TABLE developer_keys (
    id           TEXT PRIMARY KEY, -- the client id
    brand        TEXT NOT NULL,
    name         TEXT NOT NULL,
    scopes       TEXT NOT NULL,    -- separated by blanks
    secret_hash  TEXT NOT NULL,    -- keyed; of the client secret
    currency     TEXT NOT NULL,
    minor        INTEGER NOT NULL DEFAULT 0 CHECK (minor >= 0), -- what is left: minus the sum of the ledger's postings to developer:{id}
    changed_at   INTEGER NOT NULL, -- when the balance last was
    created_at   INTEGER NOT NULL,
    revoked_at   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX developer_keys_name ON developer_keys (brand, name) WHERE revoked_at = 0;

-- How many requests a key has made in the window that began last, in which it was last used.
CREATE TABLE developer_rates (
    key_id  TEXT PRIMARY KEY REFERENCES developer_keys (id),
    started INTEGER NOT NULL,
    count   INTEGER NOT NULL
) STRICT;

-- What operators have done to keys, and why.
CREATE TABLE developer_deeds (
    id     TEXT PRIMARY KEY,
    key_id TEXT NOT NULL REFERENCES developer_keys (id),
    what   TEXT NOT NULL,
    who    TEXT NOT NULL,
    why    TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT;
CREATE INDEX developer_deeds_key ON developer_deeds (key_id, at);
-- +goose StatementBegin
CREATE TRIGGER developer_deeds_no_update BEFORE UPDATE ON developer_deeds
BEGIN
    SELECT RAISE(ABORT, 'the record of deeds is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER developer_deeds_no_delete BEFORE DELETE ON developer_deeds
BEGIN
    SELECT RAISE(ABORT, 'the record of deeds is append-only');
END;
-- +goose StatementEnd

-- What an order by the API was asked for as, and what it cost.
CREATE TABLE developer_sales (
    number             INTEGER PRIMARY KEY AUTOINCREMENT, -- the transactionId
    order_id           TEXT NOT NULL UNIQUE REFERENCES orders (id),
    key_id             TEXT NOT NULL REFERENCES developer_keys (id),
    identifier         TEXT NOT NULL, -- the developer's own, "" for none
    identifier_folded  TEXT NOT NULL, -- in small letters, to be searched for
    operator_id        INTEGER NOT NULL,
    operator_name      TEXT NOT NULL,
    country            TEXT NOT NULL,
    sender             TEXT NOT NULL,
    currency           TEXT NOT NULL, -- of the account, as the next four
    requested_minor    INTEGER NOT NULL,
    discount_minor     INTEGER NOT NULL,
    price_minor        INTEGER NOT NULL, -- requested - discount
    balance_minor      INTEGER NOT NULL, -- what was left right after the debit
    delivered_currency TEXT NOT NULL,
    delivered_minor    INTEGER NOT NULL,
    fx                 TEXT NOT NULL, -- the rate and its date, "" where none was used
    created_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX developer_sales_key ON developer_sales (key_id, number);
CREATE INDEX developer_sales_created ON developer_sales (key_id, created_at);
CREATE INDEX developer_sales_identifier ON developer_sales (key_id, identifier_folded) WHERE identifier <> '';

-- A developer's payment in advance is in the ledger too, and has no order: the ledger's rows no longer refer to
-- orders alone. order_id is the id of whatever the entry is about.
CREATE TABLE new_ledger_entries (
    order_id TEXT NOT NULL, -- of the order, or of the developer's credit
    kind     TEXT NOT NULL,
    brand    TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (order_id, kind)
) STRICT;
CREATE TABLE new_ledger_postings (
    order_id TEXT NOT NULL,
    kind     TEXT NOT NULL,
    number   INTEGER NOT NULL,
    account  TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor    INTEGER NOT NULL, -- positive is a debit
    PRIMARY KEY (order_id, kind, number),
    FOREIGN KEY (order_id, kind) REFERENCES new_ledger_entries (order_id, kind)
) STRICT;
INSERT INTO new_ledger_entries SELECT order_id, kind, brand, at FROM ledger_entries;
INSERT INTO new_ledger_postings SELECT order_id, kind, number, account, currency, minor FROM ledger_postings;
DROP TABLE ledger_postings;
DROP TABLE ledger_entries;
ALTER TABLE new_ledger_entries RENAME TO ledger_entries;
ALTER TABLE new_ledger_postings RENAME TO ledger_postings;
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

