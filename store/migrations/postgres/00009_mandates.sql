-- +goose Up

-- The SEPA mandates that customers have agreed to by text. They are kept as long as the law wants to see them; an erased
-- customer's keep no name, number of an account, nor address.
CREATE TABLE mandates (
    setup            TEXT PRIMARY KEY REFERENCES payment_setups (id),
    brand            TEXT NOT NULL,
    customer         TEXT NOT NULL REFERENCES customers (id),
    reference        TEXT NOT NULL UNIQUE,
    creditor_name    TEXT NOT NULL,
    creditor_address TEXT NOT NULL,
    creditor_id      TEXT NOT NULL,
    language         TEXT NOT NULL,
    text_version     TEXT NOT NULL,
    text             TEXT NOT NULL, -- {holder} and {iban} stand for the columns
    holder           TEXT NOT NULL,
    iban             TEXT NOT NULL, -- as it may be shown
    channel          TEXT NOT NULL,
    kind             TEXT NOT NULL,
    address          TEXT NOT NULL,
    agreed_at        BIGINT NOT NULL,
    sealed           TEXT NOT NULL, -- the IBAN until the instrument is made
    tries            BIGINT NOT NULL DEFAULT 0,
    tell_at          BIGINT NOT NULL,
    run_at           BIGINT NOT NULL,
    lease_until      BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX mandates_customer ON mandates (customer);
CREATE INDEX mandates_due ON mandates (run_at) WHERE run_at > 0;
CREATE INDEX instruments_token ON instruments (token) WHERE active;
