-- +goose Up

-- The key of the operation that a deed tells of: a form's, an approval's; '' for none. One deed has it.
ALTER TABLE deeds ADD COLUMN operation TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX deeds_operation ON deeds (operation) WHERE operation <> '';

-- Forms that people sent on the desk: sent twice, one does its work once. Kept for two days.
CREATE TABLE desk_forms (
    person   TEXT   NOT NULL,
    form_key TEXT   NOT NULL,
    asks     TEXT   NOT NULL, -- a digest of what it asks for
    at       INTEGER NOT NULL,
    ended_at INTEGER NOT NULL, -- 0: it is being carried out, or was cut off
    result   TEXT   NOT NULL, -- JSON
    PRIMARY KEY (person, form_key)
) STRICT;
CREATE INDEX desk_forms_at ON desk_forms (at);

-- What one person asked for and another must agree to, frozen as it was asked for. The record of it is the deeds'.
CREATE TABLE approvals (
    brand         TEXT   NOT NULL, -- '' for what belongs to no brand
    id            TEXT   NOT NULL UNIQUE,
    kind          TEXT   NOT NULL, -- of the operation
    operation     TEXT   NOT NULL, -- JSON
    act           TEXT   NOT NULL, -- the row of the table of rights
    object_kind   TEXT   NOT NULL,
    object        TEXT   NOT NULL,
    does          TEXT   NOT NULL,
    reads         TEXT   NOT NULL,
    state         TEXT   NOT NULL, -- what it depends on: where that differs, the approval lapses
    asker         TEXT   NOT NULL,
    asked_who     TEXT   NOT NULL,
    asked_why     TEXT   NOT NULL,
    asked_role    TEXT   NOT NULL,
    asked_from    TEXT   NOT NULL,
    asked_at      INTEGER NOT NULL,
    lapses_at     INTEGER NOT NULL,
    status        TEXT   NOT NULL, -- asked, deciding, carried out, refused, lapsed, failed
    decider       TEXT   NOT NULL,
    decided_who   TEXT   NOT NULL,
    decided_why   TEXT   NOT NULL,
    decided_role  TEXT   NOT NULL,
    decided_from  TEXT   NOT NULL,
    decided_at    INTEGER NOT NULL,
    outcome       TEXT   NOT NULL,
    ended_at      INTEGER NOT NULL,
    lease_until   INTEGER NOT NULL, -- of who carries it out
    PRIMARY KEY (brand, id)
) STRICT;
CREATE INDEX approvals_open ON approvals (status, lapses_at) WHERE ended_at = 0;
CREATE INDEX approvals_asked ON approvals (brand, asked_at);
CREATE INDEX approvals_object ON approvals (object_kind, object);
CREATE INDEX approvals_ended ON approvals (ended_at);

-- What our staff is to be told of them, by webhook or mail.
CREATE TABLE desk_notices (
    id          TEXT   NOT NULL UNIQUE,
    brand       TEXT   NOT NULL,
    event       TEXT   NOT NULL,
    approval    TEXT   NOT NULL,
    way         TEXT   NOT NULL,
    created_at  INTEGER NOT NULL,
    run_at      INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    code        TEXT   NOT NULL,
    ended_at    INTEGER NOT NULL,
    PRIMARY KEY (brand, id),
    UNIQUE (brand, approval, event, way)
) STRICT;
CREATE INDEX desk_notices_due ON desk_notices (run_at) WHERE ended_at = 0;
CREATE INDEX desk_notices_ended ON desk_notices (ended_at);
