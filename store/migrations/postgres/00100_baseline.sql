-- The first release's schema. Its twin for SQLite is in the folder beside it: change both.
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
    pin_tries        BIGINT  NOT NULL DEFAULT 0,
    pin_month_tries  BIGINT  NOT NULL DEFAULT 0,
    pin_month_start  BIGINT  NOT NULL DEFAULT 0,
    pin_locks        BIGINT  NOT NULL DEFAULT 0,
    pin_locked_until BIGINT  NOT NULL DEFAULT 0,
    pin_hard_locked  BOOLEAN NOT NULL DEFAULT FALSE,
    created_at       BIGINT  NOT NULL,
    recognised_at    BIGINT  NOT NULL DEFAULT 0,
    recovered_at     BIGINT  NOT NULL DEFAULT 0, -- the last recovery; 0 is none
    frozen_at        BIGINT  NOT NULL DEFAULT 0, -- an earlier holder said NOT ME; 0 is not frozen
    registered_by    TEXT    NOT NULL DEFAULT '', -- the registration that may still set its own PIN again; '' is none
    pseudonym        TEXT    NOT NULL DEFAULT '', -- finds who was erased: registering the number anew takes the account up as it was
    erased_as        TEXT    NOT NULL DEFAULT '', -- the status until then; '' is not erased
    erased_at        BIGINT  NOT NULL DEFAULT 0,
    PRIMARY KEY (brand, id),
    UNIQUE (brand, msisdn)
);
CREATE INDEX customers_frozen ON customers (brand) WHERE frozen_at > 0;
CREATE INDEX customers_pseudonym ON customers (brand, pseudonym) WHERE pseudonym <> '';

CREATE TABLE customer_addresses (
    brand     TEXT    NOT NULL,
    address   TEXT    NOT NULL,
    customer  TEXT    NOT NULL,
    holder    INTEGER NOT NULL DEFAULT 1, -- who made it; it serves no other
    channel   TEXT    NOT NULL DEFAULT '', -- where it was proven; '' is not known
    kind      TEXT    NOT NULL DEFAULT '',
    linked_at BIGINT  NOT NULL,
    PRIMARY KEY (brand, address),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id)
);
CREATE INDEX customer_addresses_customer ON customer_addresses (brand, customer);

-- The addresses that a recovery took a number away from. Until then each may answer NOT ME.
CREATE TABLE unlinked_addresses (
    brand       TEXT    NOT NULL,
    address     TEXT    NOT NULL,
    customer    TEXT    NOT NULL,
    holder      INTEGER NOT NULL, -- whose it was
    unlinked_at BIGINT  NOT NULL,
    until       BIGINT  NOT NULL,
    PRIMARY KEY (brand, address, customer),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id)
);
CREATE INDEX unlinked_addresses_customer ON unlinked_addresses (brand, customer);

-- Each recovery: a PIN set without the old one. A repeated one finds itself here.
CREATE TABLE recoveries (
    brand         TEXT    NOT NULL,
    operation_key TEXT    NOT NULL,
    customer      TEXT    NOT NULL,
    holder        INTEGER NOT NULL, -- who holds the number from then on
    address       TEXT    NOT NULL,    -- where it was asked for
    at            BIGINT  NOT NULL,
    PRIMARY KEY (brand, operation_key),
    UNIQUE (brand, customer, holder),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id)
);

-- Each change of number and each closing that its customer has asked for. A repeated one finds itself here.
CREATE TABLE customer_moves (
    brand         TEXT   NOT NULL,
    operation_key TEXT   NOT NULL,
    customer      TEXT   NOT NULL,
    what          TEXT   NOT NULL, -- 'number' or 'close'
    former        TEXT   NOT NULL, -- the number until then; '' once its customer is erased
    at            BIGINT NOT NULL,
    PRIMARY KEY (brand, operation_key),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id)
);
CREATE INDEX customer_moves_customer ON customer_moves (brand, customer);

-- The operation keys of counted tries: a repeated one is counted once.
CREATE TABLE pin_tries (
    brand         TEXT   NOT NULL,
    customer      TEXT   NOT NULL,
    operation_key TEXT   NOT NULL,
    judged        TEXT   NOT NULL DEFAULT 'wrong', -- '' while the PIN is judged, else right or wrong
    tried_at      BIGINT NOT NULL,
    PRIMARY KEY (brand, customer, operation_key),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id)
);
CREATE INDEX pin_tries_tried ON pin_tries (tried_at);

CREATE TABLE pin_tries_archive (
    brand         TEXT   NOT NULL,
    customer      TEXT   NOT NULL,
    operation_key TEXT   NOT NULL,
    judged        TEXT   NOT NULL DEFAULT 'wrong',
    tried_at      BIGINT NOT NULL,
    PRIMARY KEY (brand, customer, operation_key, tried_at)
) PARTITION BY RANGE (tried_at);
CREATE TABLE pin_tries_archive_default PARTITION OF pin_tries_archive DEFAULT;
CREATE INDEX pin_tries_archive_old ON pin_tries_archive (brand, tried_at);

CREATE TABLE one_time_codes (
    brand         TEXT    NOT NULL,
    address       TEXT    NOT NULL,
    msisdn        TEXT    NOT NULL,
    hash          TEXT    NOT NULL,
    operation_key TEXT    NOT NULL,
    tries         BIGINT  NOT NULL DEFAULT 0,
    used          BOOLEAN NOT NULL DEFAULT FALSE,
    created_at    BIGINT  NOT NULL,
    expires_at    BIGINT  NOT NULL,
    PRIMARY KEY (brand, address, msisdn)
);
CREATE INDEX one_time_codes_msisdn ON one_time_codes (brand, msisdn);
CREATE INDEX one_time_codes_expires ON one_time_codes (brand, expires_at);

CREATE TABLE one_time_code_tries (
    brand         TEXT NOT NULL,
    address       TEXT NOT NULL,
    msisdn        TEXT NOT NULL,
    operation_key TEXT NOT NULL,
    PRIMARY KEY (brand, address, msisdn, operation_key)
);
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
    used          BOOLEAN NOT NULL DEFAULT FALSE,
    created_at    BIGINT  NOT NULL,
    PRIMARY KEY (brand, address, msisdn, operation_key) -- providers repeat the ids of messages for other senders
);
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
    used          BOOLEAN NOT NULL DEFAULT FALSE,
    created_at    BIGINT  NOT NULL,
    PRIMARY KEY (brand, address, msisdn, operation_key, created_at)
) PARTITION BY RANGE (created_at);
CREATE TABLE one_time_code_requests_archive_default PARTITION OF one_time_code_requests_archive DEFAULT;
CREATE INDEX one_time_code_requests_archive_msisdn ON one_time_code_requests_archive (brand, msisdn);
CREATE INDEX one_time_code_requests_archive_old ON one_time_code_requests_archive (brand, created_at);

-- An opt-out says where it was said: channel is '' for our own word STOP, which holds on all channels, else the channel
-- whose carrier or messenger delivers nothing more to the address.
CREATE TABLE opt_outs (
    brand      TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    channel    TEXT    NOT NULL,
    is_out     BOOLEAN NOT NULL,
    changed_at BIGINT  NOT NULL,
    PRIMARY KEY (brand, address, channel)
);

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
    by_text    BOOLEAN NOT NULL DEFAULT FALSE, -- a mandate given by text: no page has authenticated it
    active     BOOLEAN NOT NULL,
    created_at BIGINT  NOT NULL,
    PRIMARY KEY (brand, id),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id)
);
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
    created_at     BIGINT  NOT NULL,
    ended_at       BIGINT  NOT NULL DEFAULT 0,
    PRIMARY KEY (brand, id),
    UNIQUE (brand, operation_key),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id)
);
CREATE INDEX payment_setups_customer ON payment_setups (brand, customer);
CREATE UNIQUE INDEX payment_setups_open ON payment_setups (brand, customer) WHERE status = 'open';

-- The SEPA mandates that customers have agreed to by text. They are kept as long as the law wants to see them; an erased
-- customer's keep no name, number of an account, nor address.
CREATE TABLE mandates (
    setup            TEXT   NOT NULL,
    brand            TEXT   NOT NULL,
    customer         TEXT   NOT NULL ,
    reference        TEXT   COLLATE "C" NOT NULL UNIQUE, -- in the order of bytes, so that the index finds how it begins
    creditor_name    TEXT   NOT NULL,
    creditor_address TEXT   NOT NULL,
    creditor_id      TEXT   NOT NULL,
    language         TEXT   NOT NULL,
    text_version     TEXT   NOT NULL,
    text             TEXT   NOT NULL, -- {holder} and {iban} stand for the columns
    holder           TEXT   NOT NULL,
    iban             TEXT   NOT NULL, -- as it may be shown
    channel          TEXT   NOT NULL,
    kind             TEXT   NOT NULL,
    address          TEXT   NOT NULL,
    agreed_at        BIGINT NOT NULL,
    settings         BIGINT NOT NULL,
    sealed           TEXT   NOT NULL, -- the IBAN until the instrument is made
    tries            BIGINT NOT NULL DEFAULT 0,
    tell_at          BIGINT NOT NULL,
    run_at           BIGINT NOT NULL,
    lease_until      BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (brand, setup),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id),
    FOREIGN KEY (brand, setup) REFERENCES payment_setups (brand, id)
);
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
    minor            BIGINT  NOT NULL,
    funding_kind     TEXT    NOT NULL,
    funding_ref      TEXT    NOT NULL,
    funding_provider TEXT    NOT NULL,
    funding_method   TEXT    NOT NULL,
    network          TEXT    NOT NULL,
    settings         BIGINT  NOT NULL, -- the version of its brand's settings; 0 is not known
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
    cost_minor       BIGINT  NOT NULL,
    absents          BIGINT  NOT NULL,
    absent_at        BIGINT  NOT NULL,
    tries            BIGINT  NOT NULL,
    needs_human      BOOLEAN NOT NULL,
    in_flight        BOOLEAN NOT NULL, -- paid by a charge and not ended yet
    by_pin           BOOLEAN NOT NULL DEFAULT FALSE, -- the credit is a code that is to be typed
    after_debit      BOOLEAN NOT NULL DEFAULT FALSE, -- paid by a mandate given by text after a recovery: delivered only once its debit has settled
    created_at       BIGINT  NOT NULL,
    status_at        BIGINT  NOT NULL,
    run_at           BIGINT  NOT NULL,
    lease_until      BIGINT  NOT NULL,
    PRIMARY KEY (brand, id),
    UNIQUE (brand, operation_key)
);
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
    ordered_at   BIGINT NOT NULL,
    number      BIGINT NOT NULL,
    from_status TEXT   NOT NULL,
    to_status   TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (brand, order_id, ordered_at, number),
    FOREIGN KEY (brand, order_id) REFERENCES orders (brand, id)
) PARTITION BY RANGE (ordered_at);
CREATE TABLE order_history_default PARTITION OF order_history DEFAULT;

CREATE TABLE attempts (
    brand        TEXT   NOT NULL,
    order_id     TEXT   NOT NULL,
    ordered_at   BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    step         TEXT   NOT NULL,
    reference    TEXT   NOT NULL,
    outcome      TEXT   NOT NULL,
    code         TEXT   NOT NULL,
    provider_ref TEXT   NOT NULL,
    started_at   BIGINT NOT NULL,
    ended_at     BIGINT NOT NULL,
    PRIMARY KEY (brand, order_id, ordered_at, number),
    FOREIGN KEY (brand, order_id) REFERENCES orders (brand, id)
) PARTITION BY RANGE (ordered_at);
CREATE TABLE attempts_default PARTITION OF attempts DEFAULT;

CREATE TABLE charges (
    id           TEXT    NOT NULL UNIQUE,
    brand        TEXT    NOT NULL,
    order_id     TEXT    NOT NULL,
    holder       INTEGER NOT NULL DEFAULT 0, -- the customer's when it was made; 0 where nobody's instrument is charged
    status       TEXT    NOT NULL,
    provider_ref TEXT    NOT NULL,
    changed_at   BIGINT  NOT NULL,
    PRIMARY KEY (brand, id),
    UNIQUE (brand, order_id),
    FOREIGN KEY (brand, order_id) REFERENCES orders (brand, id)
);

-- Where the credit is a code that is to be typed, it is kept, sealed, until it was handed on.
CREATE TABLE pin_details (
    brand    TEXT   NOT NULL,
    order_id TEXT   NOT NULL,
    sealed   BYTEA  NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (brand, order_id),
    FOREIGN KEY (brand, order_id) REFERENCES orders (brand, id)
);

CREATE TABLE ledger_entries (
    brand      TEXT   NOT NULL,
    order_id   TEXT   NOT NULL, -- or the id of what the entry is about: a developer's payment in advance has no order
    kind     TEXT   NOT NULL,
    ordered_at BIGINT NOT NULL, -- or, without an order, at
    at       BIGINT NOT NULL,
    PRIMARY KEY (brand, order_id, ordered_at, kind)
) PARTITION BY RANGE (ordered_at);
CREATE TABLE ledger_entries_default PARTITION OF ledger_entries DEFAULT;

CREATE TABLE ledger_postings (
    brand      TEXT   NOT NULL,
    order_id   TEXT   NOT NULL,
    ordered_at BIGINT NOT NULL,
    kind     TEXT   NOT NULL,
    number   BIGINT NOT NULL,
    account  TEXT   NOT NULL,
    currency TEXT   NOT NULL,
    minor    BIGINT NOT NULL, -- positive is a debit
    PRIMARY KEY (brand, order_id, ordered_at, kind, number)
) PARTITION BY RANGE (ordered_at);
CREATE TABLE ledger_postings_default PARTITION OF ledger_postings DEFAULT;

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

-- What operators have done by hand, and why. Only the end of a row is ever written later.
CREATE TABLE interventions (
    id       TEXT   NOT NULL UNIQUE,
    brand    TEXT   NOT NULL,
    order_id TEXT   NOT NULL, -- or
    customer TEXT   NOT NULL,
    what     TEXT   NOT NULL,
    who      TEXT   NOT NULL,
    why      TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    outcome  TEXT   NOT NULL DEFAULT '',
    ended_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (brand, id)
);
CREATE INDEX interventions_order ON interventions (order_id) WHERE order_id <> '';
CREATE INDEX interventions_customer ON interventions (customer) WHERE customer <> '';

-- Differences between our ledger and a provider's own report. One that is closed stays, and is not opened
-- again while it is the same difference.
CREATE TABLE open_items (
    id          TEXT   PRIMARY KEY,
    provider    TEXT   NOT NULL,
    reference   TEXT   NOT NULL, -- of the charge or the order, as the provider knows it
    kind        TEXT   NOT NULL, -- charge, refund, return or delivery
    order_id    TEXT   NOT NULL, -- empty where we have none
    currency    TEXT   NOT NULL,
    ours        BIGINT NOT NULL, -- minor units; 0 where one side has nothing
    theirs      BIGINT NOT NULL,
    happened_at BIGINT NOT NULL,
    found_at    BIGINT NOT NULL,
    closed_at   BIGINT NOT NULL DEFAULT 0,
    closed_by   TEXT   NOT NULL DEFAULT '',
    reason      TEXT   NOT NULL DEFAULT '',
    note        TEXT   NOT NULL DEFAULT '', -- the provider's word for what it has and did not carry out
    UNIQUE (provider, reference, kind, currency, ours, theirs)
);
CREATE INDEX open_items_open ON open_items (found_at) WHERE closed_at = 0;

-- What our wallet at a network held, and what our ledger had booked on it: from one reading to the next both must change
-- alike.
CREATE TABLE wallet_readings (
    network  TEXT   NOT NULL,
    currency TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    balance  BIGINT NOT NULL, -- minor units
    booked   BIGINT NOT NULL, -- minor units, the sum of all postings
    postings BIGINT NOT NULL, -- how many they were
    PRIMARY KEY (network, currency, at)
);

-- Cards

CREATE TABLE cards (
    brand        TEXT   NOT NULL,
    serial       TEXT   NOT NULL,
    series       TEXT   NOT NULL,
    number       BIGINT NOT NULL, -- what follows the series in the serial
    currency     TEXT   NOT NULL,
    minor        BIGINT NOT NULL,
    state        TEXT   NOT NULL,
    reseller     TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    released_at  BIGINT NOT NULL, -- when it went on sale; 0: not yet
    order_id     TEXT   NOT NULL, -- of a reserved or spent card
    activated_at BIGINT NOT NULL,
    activated_by TEXT   NOT NULL,
    batch        TEXT   NOT NULL, -- the job that made it
    export       TEXT   NOT NULL DEFAULT '', -- the job that took its code to a print file
    mac          BYTEA  NOT NULL,
    ciphertext   BYTEA  NOT NULL,
    key_version  BIGINT NOT NULL,
    PRIMARY KEY (brand, serial),
    UNIQUE (brand, mac)
);
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
CREATE FUNCTION card_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a spent card stays as it is';
END $$;
-- +goose StatementEnd
CREATE TRIGGER cards_spent_no_update BEFORE UPDATE ON cards FOR EACH ROW
    WHEN (OLD.state = 'spent' AND ROW (OLD.brand, OLD.serial, OLD.series, OLD.number, OLD.currency, OLD.minor, OLD.state,
        OLD.reseller, OLD.created_at, OLD.expires_at, OLD.released_at, OLD.order_id, OLD.activated_at, OLD.batch)
        IS DISTINCT FROM ROW (NEW.brand, NEW.serial, NEW.series, NEW.number, NEW.currency, NEW.minor, NEW.state,
        NEW.reseller, NEW.created_at, NEW.expires_at, NEW.released_at, NEW.order_id, NEW.activated_at, NEW.batch))
    EXECUTE FUNCTION card_is_final();
CREATE TRIGGER cards_spent_no_delete BEFORE DELETE ON cards FOR EACH ROW
    WHEN (OLD.state IN ('reserved', 'spent')) EXECUTE FUNCTION card_is_final();

CREATE TABLE card_series (
    brand       TEXT   NOT NULL,
    series      TEXT   NOT NULL,
    next_serial BIGINT NOT NULL DEFAULT 1,
    issued      BIGINT NOT NULL DEFAULT 0, -- cards ever stored: none is deleted
    PRIMARY KEY (brand, series)
);

CREATE TABLE card_jobs (
    id         TEXT   NOT NULL UNIQUE,
    brand      TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    state      TEXT   NOT NULL, -- under way, done, abandoned
    spec       TEXT   NOT NULL, -- JSON: what is to be done
    by_whom    TEXT   NOT NULL,
    why        TEXT   NOT NULL,
    total      BIGINT NOT NULL,
    done       BIGINT NOT NULL,
    step       BIGINT NOT NULL, -- transactions so far
    after_key  TEXT   NOT NULL,   -- JSON: the last card dealt with
    created_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    PRIMARY KEY (brand, id)
);
CREATE INDEX card_jobs_created ON card_jobs (brand, created_at);
CREATE INDEX card_jobs_open ON card_jobs (brand, id) WHERE state <> 'done';

CREATE TABLE card_audit (
    seq          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           BIGINT NOT NULL,
    brand        TEXT   NOT NULL,
    job          TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    by_whom      TEXT   NOT NULL,
    why          TEXT   NOT NULL,
    first_serial TEXT   NOT NULL,
    last_serial  TEXT   NOT NULL,
    cards        BIGINT NOT NULL
);
CREATE INDEX card_audit_job ON card_audit (job, seq);

-- +goose StatementBegin
CREATE FUNCTION card_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the record of card work is append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER card_audit_append_only BEFORE UPDATE OR DELETE ON card_audit
    FOR EACH ROW EXECUTE FUNCTION card_audit_is_append_only();

-- What tells whether a card key is the one that cards are sealed with. Empty: not known yet.
CREATE TABLE card_keys (
    version     BIGINT PRIMARY KEY,
    check_value BYTEA  NOT NULL
);

CREATE TABLE resellers (
    brand      TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    title      TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT   NOT NULL,
    PRIMARY KEY (brand, name)
);

CREATE TABLE card_tries (
    brand        TEXT   NOT NULL,
    key          TEXT   NOT NULL,
    wrong        BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    PRIMARY KEY (brand, key)
);

CREATE TABLE card_try_keys (
    brand         TEXT   NOT NULL,
    key           TEXT   NOT NULL, -- whose try: the first of card_tries' keys
    operation_key TEXT   NOT NULL,
    wrong         BIGINT NOT NULL, -- what the counting came to
    tried_at      BIGINT NOT NULL,
    PRIMARY KEY (brand, key, operation_key)
);
CREATE INDEX card_try_keys_tried ON card_try_keys (tried_at);

CREATE TABLE card_try_keys_archive (
    brand         TEXT   NOT NULL,
    key           TEXT   NOT NULL,
    operation_key TEXT   NOT NULL,
    wrong         BIGINT NOT NULL,
    tried_at      BIGINT NOT NULL,
    PRIMARY KEY (brand, key, operation_key, tried_at)
) PARTITION BY RANGE (tried_at);
CREATE TABLE card_try_keys_archive_default PARTITION OF card_try_keys_archive DEFAULT;
CREATE INDEX card_try_keys_archive_old ON card_try_keys_archive (brand, tried_at);

-- Developers who top up by the API

CREATE TABLE developer_keys (
    id           TEXT   NOT NULL UNIQUE, -- the client id
    brand        TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    scopes       TEXT   NOT NULL,    -- separated by blanks
    secret_hash  TEXT   NOT NULL,    -- keyed; of the client secret
    currency     TEXT   NOT NULL,
    minor        BIGINT NOT NULL DEFAULT 0 CHECK (minor >= 0), -- what is left: minus the sum of the ledger's postings to developer:{id}
    changed_at   BIGINT NOT NULL, -- when the balance last was
    created_at   BIGINT NOT NULL,
    revoked_at   BIGINT NOT NULL DEFAULT 0,
    suspended_at BIGINT NOT NULL DEFAULT 0, -- a suspended key reads and buys nothing until it is resumed; 0 is not suspended
    PRIMARY KEY (brand, id)
);
CREATE UNIQUE INDEX developer_keys_name ON developer_keys (brand, name) WHERE revoked_at = 0;

-- How many requests a key has made in the window that began last, in which it was last used.
CREATE TABLE developer_rates (
    brand   TEXT   NOT NULL,
    key_id  TEXT   NOT NULL,
    started BIGINT NOT NULL,
    count   BIGINT NOT NULL,
    PRIMARY KEY (brand, key_id),
    FOREIGN KEY (brand, key_id) REFERENCES developer_keys (brand, id)
);

-- What operators have done to keys, and why.
CREATE TABLE developer_deeds (
    brand  TEXT   NOT NULL,
    id     TEXT   NOT NULL UNIQUE,
    key_id TEXT   NOT NULL,
    what   TEXT   NOT NULL,
    who    TEXT   NOT NULL,
    why    TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (brand, id),
    FOREIGN KEY (brand, key_id) REFERENCES developer_keys (brand, id)
);
CREATE INDEX developer_deeds_key ON developer_deeds (brand, key_id, at);

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
    brand              TEXT   NOT NULL,
    order_id           TEXT   NOT NULL,
    key_id             TEXT   NOT NULL,
    identifier         TEXT   NOT NULL, -- the developer's own, "" for none
    identifier_folded  TEXT   NOT NULL, -- in small letters, to be searched for
    operator_id        BIGINT NOT NULL,
    operator_name      TEXT   NOT NULL,
    country            TEXT   NOT NULL,
    sender             TEXT   NOT NULL,
    currency           TEXT   NOT NULL, -- of the account, as the next four
    requested_minor    BIGINT NOT NULL,
    discount_minor     BIGINT NOT NULL,
    price_minor        BIGINT NOT NULL, -- requested - discount
    balance_minor      BIGINT NOT NULL, -- what was left right after the debit
    delivered_currency TEXT   NOT NULL,
    delivered_minor    BIGINT NOT NULL,
    fx                 TEXT   NOT NULL, -- the rate and its date, "" where none was used
    debited_at         BIGINT NOT NULL DEFAULT 0, -- 0: the account is not debited yet, and balance_minor means nothing
    created_at         BIGINT NOT NULL,
    UNIQUE (brand, order_id),
    FOREIGN KEY (brand, order_id) REFERENCES orders (brand, id),
    FOREIGN KEY (brand, key_id) REFERENCES developer_keys (brand, id)
);
CREATE INDEX developer_sales_key ON developer_sales (key_id, number);
CREATE INDEX developer_sales_sender ON developer_sales (brand, sender) WHERE sender <> '';
CREATE INDEX developer_sales_created ON developer_sales (key_id, created_at);
CREATE INDEX developer_sales_identifier ON developer_sales (key_id, identifier_folded) WHERE identifier <> '';

CREATE TABLE developer_webhooks (
    brand      TEXT   NOT NULL,
    key_id     TEXT   NOT NULL,
    url        TEXT   NOT NULL,
    secret     BYTEA  NOT NULL, -- sealed
    created_at BIGINT NOT NULL,
    PRIMARY KEY (brand, key_id),
    FOREIGN KEY (brand, key_id) REFERENCES developer_keys (brand, id)
);

-- One row for each end of an order whose key had a webhook then.
CREATE TABLE developer_deliveries (
    brand       TEXT   NOT NULL,
    id          TEXT   NOT NULL,
    key_id      TEXT   NOT NULL,
    order_id    TEXT   NOT NULL,
    ordered_at  BIGINT NOT NULL,
    state       TEXT   NOT NULL, -- what it tells: SUCCESSFUL, REFUNDED, FAILED
    status      TEXT   NOT NULL CHECK (status IN ('waiting', 'taken', 'given_up')),
    attempts    BIGINT NOT NULL DEFAULT 0,
    run_at      BIGINT NOT NULL,
    lease_until BIGINT NOT NULL DEFAULT 0,
    give_up_at  BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    tried_at    BIGINT NOT NULL DEFAULT 0, -- the last try, as all that follows
    http_status BIGINT NOT NULL DEFAULT 0,
    code        TEXT   NOT NULL DEFAULT '',
    excerpt     TEXT   NOT NULL DEFAULT '', -- of the answer, with numbers masked
    PRIMARY KEY (brand, id, ordered_at),
    UNIQUE (brand, order_id, ordered_at, state),
    FOREIGN KEY (brand, order_id) REFERENCES orders (brand, id),
    FOREIGN KEY (brand, key_id) REFERENCES developer_keys (brand, id)
) PARTITION BY RANGE (ordered_at);
CREATE TABLE developer_deliveries_default PARTITION OF developer_deliveries DEFAULT;
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
    ordered_at  BIGINT  NOT NULL, -- or, without an order, created_at
    due_at      BIGINT  NOT NULL,
    lease_until BIGINT  NOT NULL DEFAULT 0,
    told_at     BIGINT  NOT NULL DEFAULT 0,
    held        TEXT    NOT NULL DEFAULT '',
    held_at     BIGINT  NOT NULL DEFAULT 0,
    retold      BOOLEAN NOT NULL DEFAULT FALSE, -- it was sent in vain, or is told at another address now
    created_at  BIGINT  NOT NULL,
    PRIMARY KEY (brand, id, ordered_at)
) PARTITION BY RANGE (ordered_at);
CREATE TABLE notices_default PARTITION OF notices DEFAULT;
CREATE INDEX notices_id ON notices (id);
CREATE INDEX notices_untold ON notices (due_at) WHERE told_at = 0 AND held = '';
CREATE INDEX notices_held ON notices (held_at) WHERE told_at = 0 AND held <> '';
CREATE INDEX notices_address ON notices (brand, address);
CREATE INDEX notices_old ON notices (brand, ordered_at);

CREATE TABLE outbox (
    seq           BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    brand         TEXT    NOT NULL,
    channel       TEXT    NOT NULL,
    address       TEXT    NOT NULL,
    message_id    TEXT    NOT NULL,
    part          BIGINT  NOT NULL,
    text          TEXT    NOT NULL,
    buttons       TEXT    NOT NULL, -- JSON
    ask_contact   BOOLEAN NOT NULL,
    contact_label TEXT    NOT NULL DEFAULT '', -- what the button says that shares one's number
    can           TEXT    NOT NULL, -- JSON
    repeatable    BOOLEAN NOT NULL,
    answer        BOOLEAN NOT NULL,
    delete_ref    TEXT    NOT NULL,
    attempts      BIGINT  NOT NULL DEFAULT 0,
    status        TEXT    NOT NULL,
    sending       BOOLEAN NOT NULL DEFAULT FALSE, -- claimed, and no end written yet
    lapsed        BOOLEAN NOT NULL DEFAULT FALSE, -- claimed again after a sending that never ended
    run_at        BIGINT  NOT NULL,
    lease_until   BIGINT  NOT NULL DEFAULT 0,
    provider_ref  TEXT    NOT NULL DEFAULT '',
    code          TEXT    NOT NULL DEFAULT '',
    delivery      TEXT    NOT NULL DEFAULT '',
    delivery_rank BIGINT  NOT NULL DEFAULT 0,
    delivery_code TEXT    NOT NULL DEFAULT '',
    delivery_at   BIGINT  NOT NULL DEFAULT 0,
    created_at    BIGINT  NOT NULL,
    ended_at      BIGINT  NOT NULL DEFAULT 0,
    pin_order     TEXT    NOT NULL DEFAULT '', -- the order whose PIN the message shows: its text is sealed, and dropped when it was sent
    sealed        BYTEA   ,
    UNIQUE (brand, channel, address, message_id, part)
);
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
    seq           BIGINT NOT NULL,
    id            TEXT    NOT NULL,
    brand         TEXT    NOT NULL,
    channel       TEXT    NOT NULL,
    address       TEXT    NOT NULL,
    message_id    TEXT    NOT NULL,
    part          BIGINT  NOT NULL,
    text          TEXT    NOT NULL,
    buttons       TEXT    NOT NULL,
    ask_contact   BOOLEAN NOT NULL,
    contact_label TEXT    NOT NULL DEFAULT '',
    can           TEXT    NOT NULL,
    repeatable    BOOLEAN NOT NULL,
    answer        BOOLEAN NOT NULL,
    delete_ref    TEXT    NOT NULL,
    attempts      BIGINT  NOT NULL DEFAULT 0,
    status        TEXT    NOT NULL,
    sending       BOOLEAN NOT NULL DEFAULT FALSE,
    lapsed        BOOLEAN NOT NULL DEFAULT FALSE,
    run_at        BIGINT  NOT NULL,
    lease_until   BIGINT  NOT NULL DEFAULT 0,
    provider_ref  TEXT    NOT NULL DEFAULT '',
    code          TEXT    NOT NULL DEFAULT '',
    delivery      TEXT    NOT NULL DEFAULT '',
    delivery_rank BIGINT  NOT NULL DEFAULT 0,
    delivery_code TEXT    NOT NULL DEFAULT '',
    delivery_at   BIGINT  NOT NULL DEFAULT 0,
    created_at    BIGINT  NOT NULL,
    ended_at      BIGINT  NOT NULL DEFAULT 0,
    pin_order     TEXT    NOT NULL DEFAULT '',
    sealed        BYTEA   ,
    PRIMARY KEY (brand, id, ended_at)
) PARTITION BY RANGE (ended_at);
CREATE TABLE outbox_archive_default PARTITION OF outbox_archive DEFAULT;
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
    message_id TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    entry      BYTEA  NOT NULL, -- JSON, secrets masked
    PRIMARY KEY (brand, sender, message_id)
);
CREATE INDEX transcripts_at ON transcripts (at);
CREATE INDEX transcripts_address ON transcripts (brand, address);

CREATE TABLE transcripts_archive (
    brand      TEXT   NOT NULL,
    address    TEXT   NOT NULL,
    sender     TEXT   NOT NULL,
    message_id TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    entry      BYTEA  NOT NULL,
    PRIMARY KEY (brand, sender, message_id, at)
) PARTITION BY RANGE (at);
CREATE TABLE transcripts_archive_default PARTITION OF transcripts_archive DEFAULT;
CREATE INDEX transcripts_archive_address ON transcripts_archive (brand, address);
CREATE INDEX transcripts_archive_old ON transcripts_archive (brand, at);

-- When a channel's next message may leave: its rate, shared by all copies of the program.
CREATE TABLE send_slots (
    channel TEXT   NOT NULL PRIMARY KEY, -- brand/name
    free_at BIGINT NOT NULL
);

CREATE TABLE channel_switches (
    brand      TEXT    NOT NULL,
    channel    TEXT    NOT NULL,
    is_on      BOOLEAN NOT NULL,
    changed_by TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    changed_at BIGINT  NOT NULL,
    PRIMARY KEY (brand, channel)
);

CREATE TABLE channel_switch_history (
    number     BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    brand      TEXT    NOT NULL,
    channel    TEXT    NOT NULL,
    is_on      BOOLEAN NOT NULL,
    changed_by TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    changed_at BIGINT  NOT NULL
);

-- The program itself

-- Who does a thing that only one copy of the program may do at a time: polling a Telegram bot.
CREATE TABLE leases (
    name        TEXT   NOT NULL PRIMARY KEY,
    holder      TEXT   NOT NULL,
    lease_until BIGINT NOT NULL
);

-- For how many days a brand keeps what, as its settings say, and until when what is older was forgotten.
CREATE TABLE retention (
    brand     TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    days      BIGINT NOT NULL,
    forgotten BIGINT NOT NULL DEFAULT 0, -- nothing of before then is promised to be there
    PRIMARY KEY (brand, kind)
);

-- What tells whether a key outside the database is the one that things in it are hashed or sealed with. Cards have
-- card_keys besides, which is written with each card.
CREATE TABLE key_checks (
    name        TEXT    NOT NULL, -- "pin-pepper", "card-key"
    version     INTEGER NOT NULL,
    check_value BYTEA   NOT NULL,
    PRIMARY KEY (name, version)
);

-- The version of each such key that new things are written with. Whoever changes it holds its row, and so does each copy of the
-- program that says which versions it can read.
CREATE TABLE keys_in_use (
    name       TEXT    NOT NULL PRIMARY KEY,
    version    INTEGER NOT NULL,
    changed_by TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    changed_at BIGINT  NOT NULL
);

CREATE TABLE keys_in_use_history (
    number     BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    changed_by TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    changed_at BIGINT  NOT NULL
);

-- The copies of the server that run. Each says so every few seconds, by the database's clock.
CREATE TABLE copies (
    instance   TEXT    NOT NULL PRIMARY KEY,
    program    TEXT    NOT NULL,
    host       TEXT    NOT NULL,
    started_at BIGINT  NOT NULL,
    seen_at    BIGINT  NOT NULL,
    keys       TEXT    NOT NULL, -- JSON: the check values of the keys that it has, by name and version
    settings   TEXT    NOT NULL  -- JSON: the version of each brand's settings that is in force there
);

-- Partitions

-- The functions that follow make, move and drop what nobody but the owner of the tables may. They run as the owner, whoever calls them.

-- Which kind of a brand's retention keeps the rows of a table that is partitioned by month, how many days they are kept at least whatever
-- a brand says, and the column that says the month. The ledger is never dropped.
-- +goose StatementBegin
CREATE FUNCTION partition_rule(parent TEXT, OUT kind TEXT, OUT days BIGINT, OUT by_column TEXT) LANGUAGE plpgsql AS $$
BEGIN
    by_column := 'ordered_at';
    CASE parent
        WHEN 'ledger_entries', 'ledger_postings', 'order_history', 'attempts' THEN kind := 'orders'; days := 3653;
        WHEN 'notices', 'developer_deliveries' THEN kind := 'news'; days := 400; -- a debit may come back for 13 months, which is news
        WHEN 'outbox_archive' THEN kind := 'messages'; days := 7; by_column := 'ended_at';
        WHEN 'transcripts_archive' THEN kind := 'transcripts'; days := 7; by_column := 'at';
        WHEN 'pin_tries_archive', 'card_try_keys_archive' THEN kind := 'tries'; days := 7; by_column := 'tried_at';
        WHEN 'one_time_code_requests_archive' THEN kind := 'codes'; days := 7; by_column := 'created_at';
        ELSE RAISE EXCEPTION 'table % is not partitioned', parent;
    END CASE;
END $$;
-- +goose StatementEnd

-- What a month is called, where it begins and ends, and which of its table's names is the partition's.
-- +goose StatementBegin
CREATE FUNCTION partition_month(parent TEXT, at BIGINT, OUT low BIGINT, OUT high BIGINT, OUT name TEXT) LANGUAGE plpgsql AS $$
DECLARE
    month TIMESTAMP := date_trunc('month', to_timestamp(at / 1000000) AT TIME ZONE 'UTC');
BEGIN
    low := EXTRACT(EPOCH FROM month)::BIGINT * 1000000;
    high := EXTRACT(EPOCH FROM month + INTERVAL '1 month')::BIGINT * 1000000;
    name := parent || to_char(month, '_YYYY_MM');
END $$;
-- +goose StatementEnd

-- Makes the partition for the month of a time, where there is none, and moves there what the default partition has caught of it. Returns
-- how many rows that were.
-- +goose StatementBegin
CREATE FUNCTION make_partition(parent TEXT, at BIGINT) RETURNS BIGINT LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    rule RECORD;
    m RECORD;
    moved BIGINT;
BEGIN
    SELECT * INTO rule FROM partition_rule(parent);
    SELECT * INTO m FROM partition_month(parent, at);
    PERFORM pg_advisory_xact_lock(hashtext('pulsa partitions'), hashtext(current_schema()));
    IF to_regclass(format('%I.%I', current_schema(), m.name)) IS NOT NULL THEN
        RETURN 0;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', m.name, parent);
    EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', parent || '_default'); -- what is append-only is moved, not changed
    EXECUTE format('WITH strays AS (DELETE FROM %I WHERE %I >= %s AND %I < %s RETURNING *) INSERT INTO %I SELECT * FROM strays',
        parent || '_default', rule.by_column, m.low, rule.by_column, m.high, m.name);
    GET DIAGNOSTICS moved = ROW_COUNT;
    EXECUTE format('ALTER TABLE %I ENABLE TRIGGER USER', parent || '_default');
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', parent, m.name, m.low, m.high);
    RETURN moved;
END $$;
-- +goose StatementEnd

-- Raises where somebody still needs the month of a time: by the table's own rule, by a brand's retention, or because rows are of a brand
-- whose retention is not known. The clock is the database's, whatever the caller's says.
-- +goose StatementBegin
CREATE FUNCTION refuse_kept(parent TEXT, at BIGINT) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    rule RECORD;
    m RECORD;
    age BIGINT;
    keeper TEXT;
BEGIN
    SELECT * INTO rule FROM partition_rule(parent);
    SELECT * INTO m FROM partition_month(parent, at);
    age := floor((EXTRACT(EPOCH FROM clock_timestamp()) - m.high / 1000000) / 86400); -- of the youngest that it may hold, in days
    IF age <= rule.days THEN
        RAISE EXCEPTION '% is kept for % days at least', m.name, rule.days;
    END IF;
    SELECT brand INTO keeper FROM retention WHERE kind = rule.kind AND days >= age LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% is kept by brand %', m.name, keeper;
    END IF;
    EXECUTE format('SELECT p.brand FROM %I p WHERE NOT EXISTS (SELECT 1 FROM retention r WHERE r.brand = p.brand AND r.kind = %L) LIMIT 1',
        m.name, rule.kind) INTO keeper;
    IF keeper IS NOT NULL THEN
        RAISE EXCEPTION '% has rows of brand %, whose retention is not known', m.name, keeper;
    END IF;
END $$;
-- +goose StatementEnd

-- Takes the month of a time out of its table, once nobody needs it there, and leaves it as detached_ and its name. Reports whether there
-- was one.
-- +goose StatementBegin
CREATE FUNCTION detach_partition(parent TEXT, at BIGINT) RETURNS BOOLEAN LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    m RECORD;
BEGIN
    PERFORM partition_rule(parent);
    SELECT * INTO m FROM partition_month(parent, at);
    PERFORM pg_advisory_xact_lock(hashtext('pulsa partitions'), hashtext(current_schema()));
    IF to_regclass(format('%I.%I', current_schema(), m.name)) IS NULL THEN
        RETURN FALSE;
    END IF;
    PERFORM refuse_kept(parent, at);
    EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, m.name);
    EXECUTE format('ALTER TABLE %I RENAME TO %I', m.name, 'detached_' || m.name);
    RETURN TRUE;
END $$;
-- +goose StatementEnd

-- Drops the month of a time, once nobody needs it. Reports whether there was one. Of the ledger nothing is ever dropped.
-- +goose StatementBegin
CREATE FUNCTION drop_partition(parent TEXT, at BIGINT) RETURNS BOOLEAN LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    m RECORD;
BEGIN
    IF parent IN ('ledger_entries', 'ledger_postings') THEN
        RAISE EXCEPTION 'the ledger is never dropped';
    END IF;
    SELECT * INTO m FROM partition_month(parent, at);
    IF NOT detach_partition(parent, at) THEN
        RETURN FALSE;
    END IF;
    EXECUTE format('DROP TABLE %I', 'detached_' || m.name);
    RETURN TRUE;
END $$;
-- +goose StatementEnd

-- Whoever calls them can't put other tables or functions in their way: they look in this schema alone. They never make others wait for
-- long: whoever wants a partition tries again.
-- +goose StatementBegin
DO $$
DECLARE
    f REGPROCEDURE;
BEGIN
    FOREACH f IN ARRAY ARRAY['make_partition(TEXT, BIGINT)', 'detach_partition(TEXT, BIGINT)', 'drop_partition(TEXT, BIGINT)']::REGPROCEDURE[] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', f, current_schema());
        EXECUTE format('ALTER FUNCTION %s SET lock_timeout = %L', f, '3s');
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END $$;
-- +goose StatementEnd
-- Settings

-- Each version of a brand's settings. pulsa brands makes them, and so does a start that finds a new brand in the file.
CREATE TABLE brand_settings (
    brand   TEXT    NOT NULL,
    version BIGINT  NOT NULL,
    parent  BIGINT  NOT NULL, -- the version that it was made from; 0 is none
    text    TEXT    NOT NULL, -- YAML: names credentials, and holds none
    made_by TEXT    NOT NULL,
    why     TEXT    NOT NULL,
    made_at BIGINT  NOT NULL,
    PRIMARY KEY (brand, version)
);

-- Which version is in force.
CREATE TABLE brands (
    brand      TEXT    NOT NULL PRIMARY KEY,
    version    BIGINT  NOT NULL,
    withdrawn  BOOLEAN NOT NULL, -- it sells nothing more; what has begun is brought to its end
    number     BIGINT  NOT NULL, -- of changes so far
    changed_by TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    changed_at BIGINT  NOT NULL,
    FOREIGN KEY (brand, version) REFERENCES brand_settings (brand, version)
);

CREATE TABLE brand_changes (
    brand      TEXT    NOT NULL,
    number     BIGINT  NOT NULL,
    version    BIGINT  NOT NULL,
    withdrawn  BOOLEAN NOT NULL,
    changed_by TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    changed_at BIGINT  NOT NULL,
    PRIMARY KEY (brand, number),
    FOREIGN KEY (brand, version) REFERENCES brand_settings (brand, version)
);

-- +goose StatementBegin
CREATE FUNCTION settings_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'versions of settings are append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER brand_settings_append_only BEFORE UPDATE OR DELETE ON brand_settings
    FOR EACH ROW EXECUTE FUNCTION settings_are_append_only();
CREATE TRIGGER brand_changes_append_only BEFORE UPDATE OR DELETE ON brand_changes
    FOR EACH ROW EXECUTE FUNCTION settings_are_append_only();
