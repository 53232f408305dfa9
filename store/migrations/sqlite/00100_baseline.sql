-- The first release's schema. Its twin for PostgreSQL is in the folder beside it: change both.
-- All times are microseconds since 1970, UTC; 0 is none. Money is minor units with its currency.
-- Each key of what belongs to a brand begins with the brand. Ids are unique over all brands besides (UNIQUE (id)): what is known by its id
-- alone is found by it. What belongs to an order has the order's own time in its key (ordered_at), by which PostgreSQL partitions it.
-- +goose Up

-- Customers

CREATE TABLE customers (
    id               TEXT    NOT NULL UNIQUE,
    brand            TEXT    NOT NULL,
    msisdn           TEXT    NOT NULL,
    holder           INTEGER NOT NULL DEFAULT 1, -- raised by each recovery: a number changes hands without its account's changing hands
    language         TEXT    NOT NULL,
    status           TEXT    NOT NULL,
    pin_hash         TEXT    NOT NULL,
    pin_tries        INTEGER NOT NULL DEFAULT 0,
    pin_month_tries  INTEGER NOT NULL DEFAULT 0,
    pin_month_start  INTEGER NOT NULL DEFAULT 0,
    pin_locks        INTEGER NOT NULL DEFAULT 0,
    pin_locked_until INTEGER NOT NULL DEFAULT 0,
    pin_hard_locked  INTEGER NOT NULL DEFAULT FALSE,
    created_at       INTEGER NOT NULL,
    recognised_at    INTEGER NOT NULL DEFAULT 0,
    recovered_at     INTEGER NOT NULL DEFAULT 0, -- the last recovery; 0 is none
    frozen_at        INTEGER NOT NULL DEFAULT 0, -- an earlier holder said NOT ME; 0 is not frozen
    registered_by    TEXT    NOT NULL DEFAULT '', -- the registration that may still set its own PIN again; '' is none
    pseudonym        TEXT    NOT NULL DEFAULT '', -- finds who was erased: registering the number anew takes the account up as it was
    erased_as        TEXT    NOT NULL DEFAULT '', -- the status until then; '' is not erased
    erased_at        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (brand, id),
    UNIQUE (brand, msisdn)
) STRICT;
CREATE INDEX customers_frozen ON customers (brand) WHERE frozen_at > 0;
CREATE INDEX customers_pseudonym ON customers (brand, pseudonym) WHERE pseudonym <> '';

CREATE TABLE customer_addresses (
    brand     TEXT    NOT NULL,
    address   TEXT    NOT NULL,
    customer  TEXT    NOT NULL,
    holder    INTEGER NOT NULL DEFAULT 1, -- who made it; it serves no other
    channel   TEXT    NOT NULL DEFAULT '', -- where it was proven; '' is not known
    kind      TEXT    NOT NULL DEFAULT '',
    linked_at INTEGER NOT NULL,
    PRIMARY KEY (brand, address),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id)
) STRICT;
CREATE INDEX customer_addresses_customer ON customer_addresses (brand, customer);

-- The addresses that a recovery took a number away from. Until then each may answer NOT ME.
CREATE TABLE unlinked_addresses (
    brand       TEXT    NOT NULL,
    address     TEXT    NOT NULL,
    customer    TEXT    NOT NULL,
    holder      INTEGER NOT NULL, -- whose it was
    unlinked_at INTEGER NOT NULL,
    until       INTEGER NOT NULL,
    PRIMARY KEY (brand, address, customer),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id)
) STRICT;
CREATE INDEX unlinked_addresses_customer ON unlinked_addresses (brand, customer);

-- Each recovery: a PIN set without the old one. A repeated one finds itself here.
CREATE TABLE recoveries (
    brand         TEXT    NOT NULL,
    operation_key TEXT    NOT NULL,
    customer      TEXT    NOT NULL,
    holder        INTEGER NOT NULL, -- who holds the number from then on
    address       TEXT    NOT NULL,    -- where it was asked for
    at            INTEGER NOT NULL,
    PRIMARY KEY (brand, operation_key),
    UNIQUE (brand, customer, holder),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id)
) STRICT;

-- Each change of number and each closing that its customer has asked for. A repeated one finds itself here.
CREATE TABLE customer_moves (
    brand         TEXT    NOT NULL,
    operation_key TEXT    NOT NULL,
    customer      TEXT    NOT NULL,
    what          TEXT    NOT NULL, -- 'number' or 'close'
    former        TEXT    NOT NULL, -- the number until then; '' once its customer is erased
    at            INTEGER NOT NULL,
    PRIMARY KEY (brand, operation_key),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id)
) STRICT;
CREATE INDEX customer_moves_customer ON customer_moves (brand, customer);

-- The operation keys of counted tries: a repeated one is counted once.
CREATE TABLE pin_tries (
    brand         TEXT   NOT NULL,
    customer      TEXT   NOT NULL,
    operation_key TEXT    NOT NULL,
    judged        TEXT    NOT NULL DEFAULT 'wrong', -- '' while the PIN is judged, else right or wrong
    tried_at      INTEGER NOT NULL,
    PRIMARY KEY (brand, customer, operation_key),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id)
) STRICT;
CREATE INDEX pin_tries_tried ON pin_tries (tried_at);

CREATE TABLE pin_tries_archive (
    brand         TEXT   NOT NULL,
    customer      TEXT   NOT NULL,
    operation_key TEXT    NOT NULL,
    judged        TEXT    NOT NULL DEFAULT 'wrong',
    tried_at      INTEGER NOT NULL,
    PRIMARY KEY (brand, customer, operation_key, tried_at)
) STRICT;
CREATE INDEX pin_tries_archive_old ON pin_tries_archive (brand, tried_at);

CREATE TABLE one_time_codes (
    brand         TEXT    NOT NULL,
    address       TEXT    NOT NULL,
    msisdn        TEXT    NOT NULL,
    hash          TEXT    NOT NULL,
    operation_key TEXT    NOT NULL,
    tries         INTEGER NOT NULL DEFAULT 0,
    used          INTEGER NOT NULL DEFAULT FALSE,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    PRIMARY KEY (brand, address, msisdn)
) STRICT;
CREATE INDEX one_time_codes_msisdn ON one_time_codes (brand, msisdn);
CREATE INDEX one_time_codes_expires ON one_time_codes (brand, expires_at);

CREATE TABLE one_time_code_tries (
    brand         TEXT NOT NULL,
    address       TEXT NOT NULL,
    msisdn        TEXT NOT NULL,
    operation_key TEXT NOT NULL,
    PRIMARY KEY (brand, address, msisdn, operation_key)
) STRICT;
CREATE INDEX one_time_code_tries_msisdn ON one_time_code_tries (brand, msisdn);

-- One-time codes have a budget: what was sent is counted by address, number, channel and block of 100 numbers, and what of it
-- was used.
CREATE TABLE one_time_code_requests (
    brand         TEXT    NOT NULL,
    operation_key TEXT    NOT NULL,
    address       TEXT    NOT NULL,
    msisdn        TEXT    NOT NULL,
    channel       TEXT    NOT NULL DEFAULT '',
    block         TEXT    NOT NULL DEFAULT '', -- the number without its last two digits
    used          INTEGER NOT NULL DEFAULT FALSE,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (brand, address, msisdn, operation_key) -- providers repeat the ids of messages for other senders
) STRICT;
CREATE INDEX one_time_code_requests_address ON one_time_code_requests (brand, address, created_at);
CREATE INDEX one_time_code_requests_msisdn ON one_time_code_requests (brand, msisdn, created_at);
CREATE INDEX one_time_code_requests_brand ON one_time_code_requests (brand, created_at);
CREATE INDEX one_time_code_requests_created ON one_time_code_requests (created_at);

CREATE TABLE one_time_code_requests_archive (
    brand         TEXT    NOT NULL,
    operation_key TEXT    NOT NULL,
    address       TEXT    NOT NULL,
    msisdn        TEXT    NOT NULL,
    channel       TEXT    NOT NULL DEFAULT '',
    block         TEXT    NOT NULL DEFAULT '',
    used          INTEGER NOT NULL DEFAULT FALSE,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (brand, address, msisdn, operation_key, created_at)
) STRICT;
CREATE INDEX one_time_code_requests_archive_msisdn ON one_time_code_requests_archive (brand, msisdn);
CREATE INDEX one_time_code_requests_archive_old ON one_time_code_requests_archive (brand, created_at);

-- An opt-out says where it was said: channel is '' for our own word STOP, which holds on all channels, else the channel
-- whose carrier or messenger delivers nothing more to the address.
CREATE TABLE opt_outs (
    brand      TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    channel    TEXT    NOT NULL,
    is_out     INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (brand, address, channel)
) STRICT;

-- Ways to pay

CREATE TABLE instruments (
    id         TEXT    NOT NULL UNIQUE,
    customer   TEXT    NOT NULL,
    holder     INTEGER NOT NULL DEFAULT 1, -- who made it; it serves no other
    brand      TEXT    NOT NULL,
    gateway    TEXT    NOT NULL,
    method     TEXT    NOT NULL,
    token      TEXT    NOT NULL,
    display    TEXT    NOT NULL,
    by_text    INTEGER NOT NULL DEFAULT FALSE, -- a mandate given by text: no page has authenticated it
    active     INTEGER NOT NULL,
    created_at INTEGER  NOT NULL,
    PRIMARY KEY (brand, id),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id)
) STRICT;
CREATE UNIQUE INDEX instruments_active ON instruments (brand, customer) WHERE active;
CREATE INDEX instruments_customer ON instruments (brand, customer);
CREATE INDEX instruments_token ON instruments (token) WHERE active;

CREATE TABLE payment_setups (
    id             TEXT    NOT NULL UNIQUE,
    brand          TEXT    NOT NULL,
    operation_key  TEXT    NOT NULL,
    customer       TEXT    NOT NULL,
    holder         INTEGER NOT NULL DEFAULT 1,
    gateway        TEXT    NOT NULL,
    method         TEXT    NOT NULL,
    url            TEXT    NOT NULL,
    gateway_ref    TEXT    NOT NULL,
    status         TEXT    NOT NULL,
    reply_channel  TEXT    NOT NULL,
    reply_kind     TEXT    NOT NULL,
    reply_address  TEXT    NOT NULL,
    reply_language TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    ended_at       INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (brand, id),
    UNIQUE (brand, operation_key),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id)
) STRICT;
CREATE INDEX payment_setups_customer ON payment_setups (brand, customer);
CREATE UNIQUE INDEX payment_setups_open ON payment_setups (brand, customer) WHERE status = 'open';

-- The SEPA mandates that customers have agreed to by text. They are kept as long as the law wants to see them; an erased
-- customer's keep no name, number of an account, nor address.
CREATE TABLE mandates (
    setup            TEXT   NOT NULL,
    brand            TEXT    NOT NULL,
    customer         TEXT    NOT NULL ,
    reference        TEXT    NOT NULL UNIQUE,
    creditor_name    TEXT    NOT NULL,
    creditor_address TEXT    NOT NULL,
    creditor_id      TEXT    NOT NULL,
    language         TEXT    NOT NULL,
    text_version     TEXT    NOT NULL,
    text             TEXT    NOT NULL, -- {holder} and {iban} stand for the columns
    holder           TEXT    NOT NULL,
    iban             TEXT    NOT NULL, -- as it may be shown
    channel          TEXT    NOT NULL,
    kind             TEXT    NOT NULL,
    address          TEXT    NOT NULL,
    agreed_at        INTEGER NOT NULL,
    settings         INTEGER NOT NULL,
    sealed           TEXT    NOT NULL, -- the IBAN until the instrument is made
    tries            INTEGER NOT NULL DEFAULT 0,
    tell_at          INTEGER NOT NULL,
    run_at           INTEGER NOT NULL,
    lease_until      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (brand, setup),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id),
    FOREIGN KEY (brand, setup) REFERENCES payment_setups (brand, id)
) STRICT;
CREATE INDEX mandates_customer ON mandates (brand, customer);
CREATE INDEX mandates_due ON mandates (run_at) WHERE run_at > 0;

-- Orders

CREATE TABLE orders (
    id               TEXT    NOT NULL UNIQUE,
    brand            TEXT    NOT NULL,
    customer         TEXT    NOT NULL, -- empty where a stranger redeems a card
    msisdn           TEXT    NOT NULL,
    email            TEXT    NOT NULL DEFAULT '', -- a mail account may be topped up instead of a number, which is then empty
    currency         TEXT    NOT NULL,
    minor            INTEGER NOT NULL,
    funding_kind     TEXT    NOT NULL,
    funding_ref      TEXT    NOT NULL,
    funding_provider TEXT    NOT NULL,
    funding_method   TEXT    NOT NULL,
    network          TEXT    NOT NULL,
    settings         INTEGER NOT NULL, -- the version of its brand's settings; 0 is not known
    operation_key    TEXT    NOT NULL,
    request_hash     TEXT    NOT NULL,
    reply_channel    TEXT    NOT NULL,
    reply_kind       TEXT    NOT NULL,
    reply_address    TEXT    NOT NULL,
    reply_language   TEXT    NOT NULL,
    authorised_by    TEXT    NOT NULL,
    status           TEXT    NOT NULL,
    reason           TEXT    NOT NULL,
    action_url       TEXT    NOT NULL,
    network_ref      TEXT    NOT NULL,
    cost_currency    TEXT    NOT NULL,
    cost_minor       INTEGER NOT NULL,
    absents          INTEGER NOT NULL,
    absent_at        INTEGER NOT NULL,
    tries            INTEGER NOT NULL,
    needs_human      INTEGER NOT NULL,
    in_flight        INTEGER NOT NULL, -- paid by a charge and not ended yet
    by_pin           INTEGER NOT NULL DEFAULT FALSE, -- the credit is a code that is to be typed
    after_debit      INTEGER NOT NULL DEFAULT FALSE, -- paid by a mandate given by text after a recovery: delivered only once its debit has settled
    created_at       INTEGER NOT NULL,
    status_at        INTEGER NOT NULL,
    run_at           INTEGER NOT NULL,
    lease_until      INTEGER NOT NULL,
    PRIMARY KEY (brand, id),
    UNIQUE (brand, operation_key)
) STRICT;
CREATE INDEX orders_due ON orders (run_at) WHERE run_at > 0;
CREATE INDEX orders_msisdn ON orders (msisdn, brand, created_at);
CREATE INDEX orders_customer ON orders (customer, created_at);
-- Lists of orders are read by their time, the newest first, whatever they are narrowed to.
CREATE INDEX orders_created ON orders (created_at);
CREATE INDEX orders_brand ON orders (brand, created_at);
CREATE INDEX orders_status ON orders (status, created_at);
CREATE INDEX orders_open ON orders (created_at) WHERE run_at > 0;
CREATE INDEX orders_needs_human ON orders (created_at) WHERE needs_human;
CREATE INDEX orders_funding ON orders (brand, funding_ref) WHERE funding_kind = 'card';
CREATE UNIQUE INDEX orders_in_flight ON orders (brand, customer) WHERE in_flight AND customer <> '';
-- What somebody has ordered who is no customer is found by where they wrote from; so is what is erased.
CREATE INDEX orders_reply ON orders (brand, reply_address, created_at) WHERE reply_address <> '';

CREATE TABLE order_history (
    brand        TEXT   NOT NULL,
    order_id     TEXT   NOT NULL,
    ordered_at   INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    from_status TEXT    NOT NULL,
    to_status   TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (brand, order_id, ordered_at, number),
    FOREIGN KEY (brand, order_id) REFERENCES orders (brand, id)
) STRICT;

CREATE TABLE attempts (
    brand        TEXT   NOT NULL,
    order_id     TEXT   NOT NULL,
    ordered_at   INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    step         TEXT    NOT NULL,
    reference    TEXT    NOT NULL,
    outcome      TEXT    NOT NULL,
    code         TEXT    NOT NULL,
    provider_ref TEXT    NOT NULL,
    started_at   INTEGER NOT NULL,
    ended_at     INTEGER NOT NULL,
    PRIMARY KEY (brand, order_id, ordered_at, number),
    FOREIGN KEY (brand, order_id) REFERENCES orders (brand, id)
) STRICT;

CREATE TABLE charges (
    id           TEXT    NOT NULL UNIQUE,
    brand        TEXT    NOT NULL,
    order_id     TEXT    NOT NULL,
    holder       INTEGER NOT NULL DEFAULT 0, -- the customer's when it was made; 0 where nobody's instrument is charged
    status       TEXT    NOT NULL,
    provider_ref TEXT    NOT NULL,
    changed_at   INTEGER  NOT NULL,
    PRIMARY KEY (brand, id),
    UNIQUE (brand, order_id),
    FOREIGN KEY (brand, order_id) REFERENCES orders (brand, id)
) STRICT;

-- Where the credit is a code that is to be typed, it is kept, sealed, until it was handed on.
CREATE TABLE pin_details (
    brand    TEXT   NOT NULL,
    order_id TEXT   NOT NULL,
    sealed   BLOB    NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (brand, order_id),
    FOREIGN KEY (brand, order_id) REFERENCES orders (brand, id)
) STRICT;

CREATE TABLE ledger_entries (
    brand      TEXT   NOT NULL,
    order_id   TEXT   NOT NULL, -- or the id of what the entry is about: a developer's payment in advance has no order
    kind     TEXT    NOT NULL,
    ordered_at INTEGER NOT NULL, -- or, without an order, at
    at       INTEGER NOT NULL,
    PRIMARY KEY (brand, order_id, ordered_at, kind)
) STRICT;

CREATE TABLE ledger_postings (
    brand      TEXT   NOT NULL,
    order_id   TEXT   NOT NULL,
    ordered_at INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    account  TEXT    NOT NULL,
    currency TEXT    NOT NULL,
    minor    INTEGER NOT NULL, -- positive is a debit
    PRIMARY KEY (brand, order_id, ordered_at, kind, number)
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

-- What operators have done by hand, and why. Only the end of a row is ever written later.
CREATE TABLE interventions (
    id       TEXT   NOT NULL UNIQUE,
    brand    TEXT   NOT NULL,
    order_id TEXT    NOT NULL, -- or
    customer TEXT    NOT NULL,
    what     TEXT    NOT NULL,
    who      TEXT    NOT NULL,
    why      TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    outcome  TEXT    NOT NULL DEFAULT '',
    ended_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (brand, id)
) STRICT;
CREATE INDEX interventions_order ON interventions (order_id) WHERE order_id <> '';
CREATE INDEX interventions_customer ON interventions (customer) WHERE customer <> '';

-- Differences between our ledger and a provider's own report. One that is closed stays, and is not opened
-- again while it is the same difference.
CREATE TABLE open_items (
    id          TEXT    PRIMARY KEY,
    provider    TEXT    NOT NULL,
    reference   TEXT    NOT NULL, -- of the charge or the order, as the provider knows it
    kind        TEXT    NOT NULL, -- charge, refund, return or delivery
    order_id    TEXT    NOT NULL, -- empty where we have none
    currency    TEXT    NOT NULL,
    ours        INTEGER NOT NULL, -- minor units; 0 where one side has nothing
    theirs      INTEGER NOT NULL,
    happened_at INTEGER NOT NULL,
    found_at    INTEGER NOT NULL,
    closed_at   INTEGER NOT NULL DEFAULT 0,
    closed_by   TEXT    NOT NULL DEFAULT '',
    reason      TEXT    NOT NULL DEFAULT '',
    note        TEXT    NOT NULL DEFAULT '', -- the provider's word for what it has and did not carry out
    UNIQUE (provider, reference, kind, currency, ours, theirs)
) STRICT;
CREATE INDEX open_items_open ON open_items (found_at) WHERE closed_at = 0;

-- What our wallet at a network held, and what our ledger had booked on it: from one reading to the next both must change
-- alike.
CREATE TABLE wallet_readings (
    network  TEXT    NOT NULL,
    currency TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    balance  INTEGER NOT NULL, -- minor units
    booked   INTEGER NOT NULL, -- minor units, the sum of all postings
    postings INTEGER NOT NULL, -- how many they were
    PRIMARY KEY (network, currency, at)
) STRICT;

-- Cards

CREATE TABLE cards (
    brand        TEXT    NOT NULL,
    serial       TEXT    NOT NULL,
    series       TEXT    NOT NULL,
    number       INTEGER NOT NULL, -- what follows the series in the serial
    currency     TEXT    NOT NULL,
    minor        INTEGER NOT NULL,
    state        TEXT    NOT NULL,
    reseller     TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    released_at  INTEGER NOT NULL, -- when it went on sale; 0: not yet
    order_id     TEXT    NOT NULL, -- of a reserved or spent card
    activated_at INTEGER NOT NULL,
    activated_by TEXT    NOT NULL,
    batch        TEXT    NOT NULL, -- the job that made it
    export       TEXT    NOT NULL DEFAULT '', -- the job that took its code to a print file
    mac          BLOB    NOT NULL,
    ciphertext   BLOB    NOT NULL,
    key_version  INTEGER NOT NULL,
    PRIMARY KEY (brand, serial),
    UNIQUE (brand, mac)
) STRICT;
CREATE INDEX cards_order ON cards (order_id) WHERE order_id <> '';
CREATE INDEX cards_number ON cards (brand, series, number, serial);
CREATE INDEX cards_created ON cards (brand, created_at, series, number, serial);
CREATE INDEX cards_expires ON cards (brand, expires_at, series, number, serial) WHERE expires_at > 0;
CREATE INDEX cards_activated ON cards (brand, activated_at, series, number, serial) WHERE activated_at > 0;
CREATE INDEX cards_customer ON cards (brand, activated_by) WHERE activated_by <> '';
-- state and expiry, so that it needs no column that time would change.
CREATE INDEX cards_amount ON cards (brand, minor, series, number, serial);
CREATE INDEX cards_state ON cards (brand, state, expires_at, series, number, serial);
CREATE INDEX cards_reseller ON cards (brand, reseller, series, number, serial);

-- A spent card stays as it is, whoever is at the keyboard: only its code may be sealed anew, and its customer's number erased.
-- +goose StatementBegin
CREATE TRIGGER cards_spent_no_update BEFORE UPDATE ON cards
    WHEN OLD.state = 'spent' AND (OLD.brand, OLD.serial, OLD.series, OLD.number, OLD.currency, OLD.minor, OLD.state,
        OLD.reseller, OLD.created_at, OLD.expires_at, OLD.released_at, OLD.order_id, OLD.activated_at, OLD.batch)
        <> (NEW.brand, NEW.serial, NEW.series, NEW.number, NEW.currency, NEW.minor, NEW.state,
        NEW.reseller, NEW.created_at, NEW.expires_at, NEW.released_at, NEW.order_id, NEW.activated_at, NEW.batch)
BEGIN
    SELECT RAISE(ABORT, 'a spent card stays as it is');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER cards_spent_no_delete BEFORE DELETE ON cards WHEN OLD.state IN ('reserved', 'spent')
BEGIN
    SELECT RAISE(ABORT, 'a spent card stays as it is');
END;
-- +goose StatementEnd

CREATE TABLE card_series (
    brand       TEXT    NOT NULL,
    series      TEXT    NOT NULL,
    next_serial INTEGER NOT NULL DEFAULT 1,
    issued      INTEGER NOT NULL DEFAULT 0, -- cards ever stored: none is deleted
    PRIMARY KEY (brand, series)
) STRICT;

CREATE TABLE card_jobs (
    id         TEXT   NOT NULL UNIQUE,
    brand      TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    state      TEXT    NOT NULL, -- under way, done, abandoned
    spec       TEXT    NOT NULL, -- JSON: what is to be done
    by_whom    TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    total      INTEGER NOT NULL,
    done       INTEGER NOT NULL,
    step       INTEGER NOT NULL, -- transactions so far
    after_key  TEXT    NOT NULL,   -- JSON: the last card dealt with
    created_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    PRIMARY KEY (brand, id)
) STRICT;
CREATE INDEX card_jobs_created ON card_jobs (brand, created_at);
CREATE INDEX card_jobs_open ON card_jobs (brand, id) WHERE state <> 'done';

CREATE TABLE card_audit (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    brand        TEXT    NOT NULL,
    job          TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    by_whom      TEXT    NOT NULL,
    why          TEXT    NOT NULL,
    first_serial TEXT    NOT NULL,
    last_serial  TEXT    NOT NULL,
    cards        INTEGER NOT NULL
) STRICT;
CREATE INDEX card_audit_job ON card_audit (job, seq);

-- +goose StatementBegin
CREATE TRIGGER card_audit_no_update BEFORE UPDATE ON card_audit
BEGIN
    SELECT RAISE(ABORT, 'the record of card work is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER card_audit_no_delete BEFORE DELETE ON card_audit
BEGIN
    SELECT RAISE(ABORT, 'the record of card work is append-only');
END;
-- +goose StatementEnd

-- What tells whether a card key is the one that cards are sealed with. Empty: not known yet.
CREATE TABLE card_keys (
    version     INTEGER PRIMARY KEY,
    check_value BLOB    NOT NULL
) STRICT;

CREATE TABLE resellers (
    brand      TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT    NOT NULL,
    PRIMARY KEY (brand, name)
) STRICT;

CREATE TABLE card_tries (
    brand        TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    wrong        INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    PRIMARY KEY (brand, key)
) STRICT;

CREATE TABLE card_try_keys (
    brand         TEXT    NOT NULL,
    key           TEXT    NOT NULL, -- whose try: the first of card_tries' keys
    operation_key TEXT    NOT NULL,
    wrong         INTEGER NOT NULL, -- what the counting came to
    tried_at      INTEGER NOT NULL,
    PRIMARY KEY (brand, key, operation_key)
) STRICT;
CREATE INDEX card_try_keys_tried ON card_try_keys (tried_at);

CREATE TABLE card_try_keys_archive (
    brand         TEXT    NOT NULL,
    key           TEXT    NOT NULL,
    operation_key TEXT    NOT NULL,
    wrong         INTEGER NOT NULL,
    tried_at      INTEGER NOT NULL,
    PRIMARY KEY (brand, key, operation_key, tried_at)
) STRICT;
CREATE INDEX card_try_keys_archive_old ON card_try_keys_archive (brand, tried_at);

-- Developers who top up by the API

CREATE TABLE developer_keys (
    id           TEXT   NOT NULL UNIQUE, -- the client id
    brand        TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    scopes       TEXT    NOT NULL,    -- separated by blanks
    secret_hash  TEXT    NOT NULL,    -- keyed; of the client secret
    currency     TEXT    NOT NULL,
    minor        INTEGER NOT NULL DEFAULT 0 CHECK (minor >= 0), -- what is left: minus the sum of the ledger's postings to developer:{id}
    changed_at   INTEGER NOT NULL, -- when the balance last was
    created_at   INTEGER NOT NULL,
    revoked_at   INTEGER NOT NULL DEFAULT 0,
    suspended_at INTEGER NOT NULL DEFAULT 0, -- a suspended key reads and buys nothing until it is resumed; 0 is not suspended
    PRIMARY KEY (brand, id)
) STRICT;
CREATE UNIQUE INDEX developer_keys_name ON developer_keys (brand, name) WHERE revoked_at = 0;

-- How many requests a key has made in the window that began last, in which it was last used.
CREATE TABLE developer_rates (
    brand   TEXT   NOT NULL,
    key_id  TEXT   NOT NULL,
    started INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (brand, key_id),
    FOREIGN KEY (brand, key_id) REFERENCES developer_keys (brand, id)
) STRICT;

-- What operators have done to keys, and why.
CREATE TABLE developer_deeds (
    brand  TEXT   NOT NULL,
    id     TEXT   NOT NULL UNIQUE,
    key_id TEXT    NOT NULL,
    what   TEXT    NOT NULL,
    who    TEXT    NOT NULL,
    why    TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (brand, id),
    FOREIGN KEY (brand, key_id) REFERENCES developer_keys (brand, id)
) STRICT;
CREATE INDEX developer_deeds_key ON developer_deeds (brand, key_id, at);

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
    brand              TEXT   NOT NULL,
    order_id           TEXT   NOT NULL,
    key_id             TEXT    NOT NULL,
    identifier         TEXT    NOT NULL, -- the developer's own, "" for none
    identifier_folded  TEXT    NOT NULL, -- in small letters, to be searched for
    operator_id        INTEGER NOT NULL,
    operator_name      TEXT    NOT NULL,
    country            TEXT    NOT NULL,
    sender             TEXT    NOT NULL,
    currency           TEXT    NOT NULL, -- of the account, as the next four
    requested_minor    INTEGER NOT NULL,
    discount_minor     INTEGER NOT NULL,
    price_minor        INTEGER NOT NULL, -- requested - discount
    balance_minor      INTEGER NOT NULL, -- what was left right after the debit
    delivered_currency TEXT    NOT NULL,
    delivered_minor    INTEGER NOT NULL,
    fx                 TEXT    NOT NULL, -- the rate and its date, "" where none was used
    debited_at         INTEGER NOT NULL DEFAULT 0, -- 0: the account is not debited yet, and balance_minor means nothing
    created_at         INTEGER NOT NULL,
    UNIQUE (brand, order_id),
    FOREIGN KEY (brand, order_id) REFERENCES orders (brand, id),
    FOREIGN KEY (brand, key_id) REFERENCES developer_keys (brand, id)
) STRICT;
CREATE INDEX developer_sales_key ON developer_sales (key_id, number);
CREATE INDEX developer_sales_sender ON developer_sales (brand, sender) WHERE sender <> '';
CREATE INDEX developer_sales_created ON developer_sales (key_id, created_at);
CREATE INDEX developer_sales_identifier ON developer_sales (key_id, identifier_folded) WHERE identifier <> '';

CREATE TABLE developer_webhooks (
    brand      TEXT   NOT NULL,
    key_id     TEXT   NOT NULL,
    url        TEXT    NOT NULL,
    secret     BLOB    NOT NULL, -- sealed
    created_at INTEGER NOT NULL,
    PRIMARY KEY (brand, key_id),
    FOREIGN KEY (brand, key_id) REFERENCES developer_keys (brand, id)
) STRICT;

-- One row for each end of an order whose key had a webhook then.
CREATE TABLE developer_deliveries (
    brand       TEXT   NOT NULL,
    id          TEXT   NOT NULL,
    key_id      TEXT   NOT NULL,
    order_id    TEXT   NOT NULL,
    ordered_at  INTEGER NOT NULL,
    state       TEXT    NOT NULL, -- what it tells: SUCCESSFUL, REFUNDED, FAILED
    status      TEXT    NOT NULL CHECK (status IN ('waiting', 'taken', 'given_up')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    run_at      INTEGER NOT NULL,
    lease_until INTEGER NOT NULL DEFAULT 0,
    give_up_at  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    tried_at    INTEGER NOT NULL DEFAULT 0, -- the last try, as all that follows
    http_status INTEGER NOT NULL DEFAULT 0,
    code        TEXT    NOT NULL DEFAULT '',
    excerpt     TEXT    NOT NULL DEFAULT '', -- of the answer, with numbers masked
    PRIMARY KEY (brand, id, ordered_at),
    UNIQUE (brand, order_id, ordered_at, state),
    FOREIGN KEY (brand, order_id) REFERENCES orders (brand, id),
    FOREIGN KEY (brand, key_id) REFERENCES developer_keys (brand, id)
) STRICT;
CREATE INDEX developer_deliveries_id ON developer_deliveries (id);
CREATE INDEX developer_deliveries_due ON developer_deliveries (run_at) WHERE status = 'waiting';
CREATE INDEX developer_deliveries_waiting ON developer_deliveries (key_id, lease_until) WHERE status = 'waiting';
CREATE INDEX developer_deliveries_key ON developer_deliveries (key_id, created_at);
CREATE INDEX developer_deliveries_old ON developer_deliveries (brand, ordered_at);

-- What customers are told, and by what channel

-- News that nobody can be told for now is held: 'stop' until they write, because they want no messages; 'carrier' because no
-- address of theirs can be reached, 'undelivered' because the provider refused it: those are on the operators' list.
CREATE TABLE notices (
    id          TEXT    NOT NULL,
    brand       TEXT    NOT NULL,
    channel     TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    address     TEXT    NOT NULL,
    language    TEXT    NOT NULL,
    about       TEXT    NOT NULL,
    order_id    TEXT    NOT NULL, -- empty where it is not about an order
    ordered_at  INTEGER  NOT NULL, -- or, without an order, created_at
    due_at      INTEGER NOT NULL,
    lease_until INTEGER NOT NULL DEFAULT 0,
    told_at     INTEGER NOT NULL DEFAULT 0,
    held        TEXT    NOT NULL DEFAULT '',
    held_at     INTEGER NOT NULL DEFAULT 0,
    retold      INTEGER NOT NULL DEFAULT FALSE, -- it was sent in vain, or is told at another address now
    created_at  INTEGER  NOT NULL,
    PRIMARY KEY (brand, id, ordered_at)
) STRICT;
CREATE INDEX notices_id ON notices (id);
CREATE INDEX notices_untold ON notices (due_at) WHERE told_at = 0 AND held = '';
CREATE INDEX notices_held ON notices (held_at) WHERE told_at = 0 AND held <> '';
CREATE INDEX notices_address ON notices (brand, address);
CREATE INDEX notices_old ON notices (brand, ordered_at);

CREATE TABLE outbox (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT    NOT NULL UNIQUE,
    brand         TEXT    NOT NULL,
    channel       TEXT    NOT NULL,
    address       TEXT    NOT NULL,
    message_id    TEXT    NOT NULL,
    part          INTEGER NOT NULL,
    text          TEXT    NOT NULL,
    buttons       TEXT    NOT NULL, -- JSON
    ask_contact   INTEGER NOT NULL,
    contact_label TEXT    NOT NULL DEFAULT '', -- what the button says that shares one's number
    can           TEXT    NOT NULL, -- JSON
    repeatable    INTEGER NOT NULL,
    answer        INTEGER NOT NULL,
    delete_ref    TEXT    NOT NULL,
    attempts      INTEGER NOT NULL DEFAULT 0,
    status        TEXT    NOT NULL,
    sending       INTEGER NOT NULL DEFAULT FALSE, -- claimed, and no end written yet
    lapsed        INTEGER NOT NULL DEFAULT FALSE, -- claimed again after a sending that never ended
    run_at        INTEGER NOT NULL,
    lease_until   INTEGER NOT NULL DEFAULT 0,
    provider_ref  TEXT    NOT NULL DEFAULT '',
    code          TEXT    NOT NULL DEFAULT '',
    delivery      TEXT    NOT NULL DEFAULT '',
    delivery_rank INTEGER NOT NULL DEFAULT 0,
    delivery_code TEXT    NOT NULL DEFAULT '',
    delivery_at   INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    ended_at      INTEGER NOT NULL DEFAULT 0,
    pin_order     TEXT    NOT NULL DEFAULT '', -- the order whose PIN the message shows: its text is sealed, and dropped when it was sent
    sealed        BLOB    ,
    UNIQUE (brand, channel, address, message_id, part)
) STRICT;
CREATE INDEX outbox_waiting ON outbox (brand, channel, address, seq) WHERE status = 'waiting';
CREATE INDEX outbox_due ON outbox (run_at, seq) WHERE status = 'waiting';
CREATE INDEX outbox_provider_ref ON outbox (provider_ref) WHERE provider_ref <> '';
-- How a channel fares is read from a window of time, however many messages there are.
CREATE INDEX outbox_over ON outbox (ended_at) WHERE ended_at > 0;
CREATE INDEX outbox_address ON outbox (brand, address);
CREATE INDEX outbox_ended ON outbox (brand, channel, status, ended_at) WHERE ended_at > 0;
CREATE INDEX outbox_undelivered ON outbox (brand, channel, delivery_at) WHERE delivery = 'failed';
CREATE INDEX outbox_pin_order ON outbox (pin_order) WHERE pin_order <> '';

-- What has ended a week ago: hot tables have the unique keys that tell a repeated message, and stay small; their archives are partitioned
-- by month, and have the same columns in the same order.
CREATE TABLE outbox_archive (
    seq           INTEGER NOT NULL,
    id            TEXT    NOT NULL,
    brand         TEXT    NOT NULL,
    channel       TEXT    NOT NULL,
    address       TEXT    NOT NULL,
    message_id    TEXT    NOT NULL,
    part          INTEGER NOT NULL,
    text          TEXT    NOT NULL,
    buttons       TEXT    NOT NULL,
    ask_contact   INTEGER NOT NULL,
    contact_label TEXT    NOT NULL DEFAULT '',
    can           TEXT    NOT NULL,
    repeatable    INTEGER NOT NULL,
    answer        INTEGER NOT NULL,
    delete_ref    TEXT    NOT NULL,
    attempts      INTEGER NOT NULL DEFAULT 0,
    status        TEXT    NOT NULL,
    sending       INTEGER NOT NULL DEFAULT FALSE,
    lapsed        INTEGER NOT NULL DEFAULT FALSE,
    run_at        INTEGER NOT NULL,
    lease_until   INTEGER NOT NULL DEFAULT 0,
    provider_ref  TEXT    NOT NULL DEFAULT '',
    code          TEXT    NOT NULL DEFAULT '',
    delivery      TEXT    NOT NULL DEFAULT '',
    delivery_rank INTEGER NOT NULL DEFAULT 0,
    delivery_code TEXT    NOT NULL DEFAULT '',
    delivery_at   INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    ended_at      INTEGER NOT NULL DEFAULT 0,
    pin_order     TEXT    NOT NULL DEFAULT '',
    sealed        BLOB    ,
    PRIMARY KEY (brand, id, ended_at)
) STRICT;
CREATE INDEX outbox_archive_id ON outbox_archive (id);
CREATE INDEX outbox_archive_provider_ref ON outbox_archive (provider_ref) WHERE provider_ref <> '';
CREATE INDEX outbox_archive_address ON outbox_archive (brand, address);
CREATE INDEX outbox_archive_ended ON outbox_archive (brand, channel, status, ended_at) WHERE ended_at > 0;
CREATE INDEX outbox_archive_pin_order ON outbox_archive (pin_order) WHERE pin_order <> '';
CREATE INDEX outbox_archive_old ON outbox_archive (brand, ended_at);

CREATE TABLE transcripts (
    brand      TEXT   NOT NULL,
    address    TEXT   NOT NULL,
    sender     TEXT   NOT NULL, -- brand/channel/address
    message_id TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    entry      BLOB    NOT NULL, -- JSON, secrets masked
    PRIMARY KEY (brand, sender, message_id)
) STRICT;
CREATE INDEX transcripts_at ON transcripts (at);
CREATE INDEX transcripts_address ON transcripts (brand, address);

CREATE TABLE transcripts_archive (
    brand      TEXT   NOT NULL,
    address    TEXT   NOT NULL,
    sender     TEXT   NOT NULL,
    message_id TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    entry      BLOB    NOT NULL,
    PRIMARY KEY (brand, sender, message_id, at)
) STRICT;
CREATE INDEX transcripts_archive_address ON transcripts_archive (brand, address);
CREATE INDEX transcripts_archive_old ON transcripts_archive (brand, at);

-- When a channel's next message may leave: its rate, shared by all copies of the program.
CREATE TABLE send_slots (
    channel TEXT    NOT NULL PRIMARY KEY, -- brand/name
    free_at INTEGER NOT NULL
) STRICT;

CREATE TABLE channel_switches (
    brand      TEXT    NOT NULL,
    channel    TEXT    NOT NULL,
    is_on      INTEGER NOT NULL,
    changed_by TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (brand, channel)
) STRICT;

CREATE TABLE channel_switch_history (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    brand      TEXT    NOT NULL,
    channel    TEXT    NOT NULL,
    is_on      INTEGER NOT NULL,
    changed_by TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

-- The program itself

-- Who does a thing that only one copy of the program may do at a time: polling a Telegram bot.
CREATE TABLE leases (
    name        TEXT    NOT NULL PRIMARY KEY,
    holder      TEXT    NOT NULL,
    lease_until INTEGER NOT NULL
) STRICT;

-- For how many days a brand keeps what, as its settings say, and until when what is older was forgotten.
CREATE TABLE retention (
    brand     TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    days      INTEGER NOT NULL,
    forgotten INTEGER NOT NULL DEFAULT 0, -- nothing of before then is promised to be there
    PRIMARY KEY (brand, kind)
) STRICT;

-- What tells whether a key outside the database is the one that things in it are hashed or sealed with. Cards have
-- card_keys besides, which is written with each card.
CREATE TABLE key_checks (
    name        TEXT    NOT NULL, -- "pin-pepper", "card-key"
    version     INTEGER NOT NULL,
    check_value BLOB    NOT NULL,
    PRIMARY KEY (name, version)
) STRICT;

-- The version of each such key that new things are written with. Whoever changes it holds its row, and so does each copy of the
-- program that says which versions it can read.
CREATE TABLE keys_in_use (
    name       TEXT    NOT NULL PRIMARY KEY,
    version    INTEGER NOT NULL,
    changed_by TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE keys_in_use_history (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    changed_by TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

-- The copies of the server that run. Each says so every few seconds, by the database's clock.
CREATE TABLE copies (
    instance   TEXT    NOT NULL PRIMARY KEY,
    program    TEXT    NOT NULL,
    host       TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    keys       TEXT    NOT NULL, -- JSON: the check values of the keys that it has, by name and version
    settings   TEXT    NOT NULL  -- JSON: the version of each brand's settings that is in force there
) STRICT;
-- Settings

-- Each version of a brand's settings. pulsa brands makes them, and so does a start that finds a new brand in the file.
CREATE TABLE brand_settings (
    brand   TEXT    NOT NULL,
    version INTEGER NOT NULL,
    parent  INTEGER NOT NULL, -- the version that it was made from; 0 is none
    text    TEXT    NOT NULL, -- YAML: names credentials, and holds none
    made_by TEXT    NOT NULL,
    why     TEXT    NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (brand, version)
) STRICT;

-- Which version is in force.
CREATE TABLE brands (
    brand      TEXT    NOT NULL PRIMARY KEY,
    version    INTEGER NOT NULL,
    withdrawn  INTEGER NOT NULL, -- it sells nothing more; what has begun is brought to its end
    number     INTEGER NOT NULL, -- of changes so far
    changed_by TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    changed_at INTEGER NOT NULL,
    FOREIGN KEY (brand, version) REFERENCES brand_settings (brand, version)
) STRICT;

CREATE TABLE brand_changes (
    brand      TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    withdrawn  INTEGER NOT NULL,
    changed_by TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (brand, number),
    FOREIGN KEY (brand, version) REFERENCES brand_settings (brand, version)
) STRICT;
-- +goose StatementBegin
CREATE TRIGGER brand_settings_no_update BEFORE UPDATE ON brand_settings
BEGIN
    SELECT RAISE(ABORT, 'versions of settings are append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER brand_settings_no_delete BEFORE DELETE ON brand_settings
BEGIN
    SELECT RAISE(ABORT, 'versions of settings are append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER brand_changes_no_update BEFORE UPDATE ON brand_changes
BEGIN
    SELECT RAISE(ABORT, 'versions of settings are append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER brand_changes_no_delete BEFORE DELETE ON brand_changes
BEGIN
    SELECT RAISE(ABORT, 'versions of settings are append-only');
END;
-- +goose StatementEnd
