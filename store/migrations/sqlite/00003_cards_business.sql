-- What a card business needs beside the cards themselves: search by every column, work that goes on where it
-- was interrupted, a record of who did what and why, and resellers.

-- +goose Up
ALTER TABLE cards ADD COLUMN number      INTEGER NOT NULL DEFAULT 0;  -- what follows the series in the serial
ALTER TABLE cards ADD COLUMN released_at INTEGER NOT NULL DEFAULT 0;  -- when it went on sale; 0: not yet
ALTER TABLE cards ADD COLUMN batch       TEXT    NOT NULL DEFAULT ''; -- the job that made it
ALTER TABLE cards ADD COLUMN export      TEXT    NOT NULL DEFAULT ''; -- the job that took its code to a print file
UPDATE cards SET number = CAST(substr(serial, instr(serial, '-') + 1) AS INTEGER),
    released_at = CASE WHEN state = 'generated' THEN 0 ELSE created_at END;

-- Each order that cards are listed in has its index; what few cards have is indexed for those alone.
CREATE INDEX cards_number ON cards (brand, series, number, serial);
CREATE INDEX cards_created ON cards (brand, created_at, series, number, serial);
CREATE INDEX cards_expires ON cards (brand, expires_at, series, number, serial) WHERE expires_at > 0;
CREATE INDEX cards_activated ON cards (brand, activated_at, series, number, serial) WHERE activated_at > 0;
CREATE INDEX cards_customer ON cards (brand, activated_by) WHERE activated_by <> '';
CREATE INDEX cards_reseller ON cards (brand, reseller, series, number, serial) WHERE reseller <> '';

CREATE TABLE card_jobs (
    id         TEXT PRIMARY KEY,
    brand      TEXT NOT NULL,
    kind       TEXT NOT NULL,
    state      TEXT NOT NULL, -- under way, done, abandoned
    spec       TEXT NOT NULL, -- JSON: what is to be done
    by_whom    TEXT NOT NULL,
    why        TEXT NOT NULL,
    total      INTEGER NOT NULL,
    done       INTEGER NOT NULL,
    step       INTEGER NOT NULL, -- transactions so far
    after_key  TEXT NOT NULL,    -- JSON: the last card dealt with
    created_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX card_jobs_created ON card_jobs (brand, created_at);
CREATE INDEX card_jobs_open ON card_jobs (brand, id) WHERE state <> 'done';

CREATE TABLE card_audit (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    brand        TEXT NOT NULL,
    job          TEXT NOT NULL,
    kind         TEXT NOT NULL,
    by_whom      TEXT NOT NULL,
    why          TEXT NOT NULL,
    first_serial TEXT NOT NULL,
    last_serial  TEXT NOT NULL,
    cards        INTEGER NOT NULL
) STRICT;
CREATE INDEX card_audit_job ON card_audit (job, seq);

CREATE TABLE resellers (
    brand      TEXT NOT NULL,
    name       TEXT NOT NULL,
    title      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (brand, name)
) STRICT;
INSERT INTO resellers (brand, name, title, created_at, created_by)
    SELECT brand, reseller, '', MIN(created_at), '' FROM cards WHERE reseller <> '' GROUP BY brand, reseller;

CREATE INDEX card_try_keys_tried ON card_try_keys (brand, tried_at);

-- A spent card stays as it is, whoever is at the keyboard: only its code may be sealed anew, and its
-- customer's number erased.
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
