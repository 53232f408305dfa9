-- +goose Up

-- Jobs that the server does: by one copy at a time, which holds the lease.
ALTER TABLE card_jobs ADD COLUMN served INTEGER NOT NULL DEFAULT FALSE; -- a command does it
ALTER TABLE card_jobs ADD COLUMN lease_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE card_jobs ADD COLUMN trouble TEXT NOT NULL DEFAULT ''; -- why the last try failed
ALTER TABLE card_jobs ADD COLUMN was TEXT NOT NULL DEFAULT ''; -- the cards by state, as it began
ALTER TABLE card_jobs ADD COLUMN wants TEXT NOT NULL DEFAULT ''; -- what is set
CREATE INDEX card_jobs_due ON card_jobs (lease_until) WHERE served AND state = 'under way';

-- Who prints our cards: the public keys that print files are sealed to.
CREATE TABLE card_printers (
    brand    TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    key      TEXT    NOT NULL,
    added_at INTEGER NOT NULL,
    added_by TEXT    NOT NULL,
    PRIMARY KEY (brand, name)
) STRICT;

-- Print files, sealed to printers, until they are fetched and confirmed.
CREATE TABLE card_files (
    brand      TEXT    NOT NULL,
    job        TEXT    NOT NULL,
    file       TEXT    NOT NULL, -- of its parts
    cards      INTEGER NOT NULL,
    checksum   TEXT    NOT NULL, -- SHA-256 of its lines, in clear
    bytes      INTEGER NOT NULL,
    made_at    INTEGER NOT NULL,
    fetched_at INTEGER NOT NULL, -- 0: not yet
    gone_at    INTEGER NOT NULL, -- when its parts were deleted; 0: they are there
    PRIMARY KEY (brand, job)
) STRICT;
CREATE INDEX card_files_kept ON card_files (made_at) WHERE gone_at = 0;

-- Parts of files: print files, sealed to printers, and uploads, sealed with the card key.
CREATE TABLE card_file_parts (
    file    TEXT    NOT NULL,
    part    INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    data    BLOB    NOT NULL,
    PRIMARY KEY (file, part)
) STRICT;
CREATE INDEX card_file_parts_made ON card_file_parts (made_at);

-- What a job changed of cards, with what they were before: a row for a run of consecutive serials that were alike. A run is 1,000 wide at
-- most, so that those that hold a serial are found by one range of the index.
CREATE TABLE card_changes (
    brand        TEXT    NOT NULL,
    series       TEXT    NOT NULL,
    width        INTEGER NOT NULL, -- digits of the serials' numbers
    first_number INTEGER NOT NULL,
    last_number  INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    job          TEXT    NOT NULL,
    state        TEXT    NOT NULL, -- before
    reseller     TEXT    NOT NULL,
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (brand, series, last_number, width, job)
) STRICT;
CREATE INDEX card_changes_at ON card_changes (at);
