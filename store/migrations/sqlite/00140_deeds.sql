-- +goose Up

-- What people did as operators, and who, in which role, from where, why. Never changed. What is done to a customer names them by id; what
-- a deed says about one stands in deed_details, which erasure empties: the deed keeps a salted digest of it.
CREATE TABLE deeds (
    brand       TEXT   NOT NULL, -- '' for what belongs to no brand
    id          TEXT   NOT NULL UNIQUE,
    what        TEXT   NOT NULL,
    kind        TEXT   NOT NULL, -- of the object
    object      TEXT   NOT NULL,
    old_value   TEXT   NOT NULL,
    new_value   TEXT   NOT NULL,
    details     TEXT   NOT NULL, -- the digest of deed_details; '' where there are none
    outcome_of  TEXT   NOT NULL, -- the id of the deed that this is the outcome of; or ''
    who         TEXT   NOT NULL,
    why         TEXT   NOT NULL,
    role        TEXT   NOT NULL,
    origin      TEXT   NOT NULL, -- an IP address, or machine
    approved_by TEXT   NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (brand, id)
) STRICT;
CREATE INDEX deeds_object ON deeds (kind, object, at, id);
CREATE INDEX deeds_brand ON deeds (brand, at, id);
CREATE INDEX deeds_who ON deeds (who, at, id);
CREATE INDEX deeds_what ON deeds (what, at, id);
CREATE INDEX deeds_origin ON deeds (origin, at, id);
CREATE INDEX deeds_at ON deeds (at, id);
CREATE INDEX deeds_outcome ON deeds (outcome_of) WHERE outcome_of <> '';

CREATE TABLE deed_details (
    brand TEXT NOT NULL,
    deed  TEXT NOT NULL,
    about TEXT NOT NULL,
    salt  TEXT NOT NULL,
    PRIMARY KEY (brand, deed),
    FOREIGN KEY (brand, deed) REFERENCES deeds (brand, id) ON DELETE CASCADE
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER deeds_no_update BEFORE UPDATE ON deeds
BEGIN
    SELECT RAISE(ABORT, 'the record of deeds is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER deeds_kept BEFORE DELETE ON deeds WHEN OLD.at > (unixepoch() - 3653 * 86400) * 1000000
BEGIN
    SELECT RAISE(ABORT, 'deeds is kept for 10 years');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER deed_details_no_update BEFORE UPDATE ON deed_details
BEGIN
    SELECT RAISE(ABORT, 'the record of deeds is append-only');
END;
-- +goose StatementEnd

-- The seal: all new deeds of a brand become one link of a hash chain. A link's digest is over the one before, and over each of its deeds.
CREATE TABLE deed_links (
    brand     TEXT    NOT NULL,
    number    INTEGER NOT NULL, -- from 1
    sealed_at INTEGER NOT NULL,
    deeds     INTEGER NOT NULL, -- how many
    digest    TEXT    NOT NULL,
    PRIMARY KEY (brand, number)
) STRICT;
CREATE TABLE deed_sealed (
    brand  TEXT    NOT NULL,
    deed   TEXT    NOT NULL, -- may be gone, once it is ten years old
    link   INTEGER NOT NULL,
    at     INTEGER NOT NULL, -- of the deed
    digest TEXT    NOT NULL, -- of the deed
    PRIMARY KEY (brand, deed),
    FOREIGN KEY (brand, link) REFERENCES deed_links (brand, number)
) STRICT;
CREATE INDEX deed_sealed_link ON deed_sealed (brand, link, deed);
-- +goose StatementBegin
CREATE TRIGGER deed_links_no_update BEFORE UPDATE ON deed_links
BEGIN
    SELECT RAISE(ABORT, 'the record of deeds is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER deed_links_no_delete BEFORE DELETE ON deed_links
BEGIN
    SELECT RAISE(ABORT, 'the record of deeds is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER deed_sealed_no_update BEFORE UPDATE ON deed_sealed
BEGIN
    SELECT RAISE(ABORT, 'the record of deeds is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER deed_sealed_no_delete BEFORE DELETE ON deed_sealed
BEGIN
    SELECT RAISE(ABORT, 'the record of deeds is append-only');
END;
-- +goose StatementEnd

-- The records that were kept before move here. What an operator had done to an order and to its customer is the order's; what took time is
-- two deeds, as it is now. All of it was done by commands.
INSERT INTO deeds (brand, id, what, kind, object, old_value, new_value, details, outcome_of, who, why, role, origin, approved_by, at)
SELECT brand, id, what, CASE WHEN order_id <> '' THEN 'order' ELSE 'customer' END, CASE WHEN order_id <> '' THEN order_id ELSE customer END,
	'', CASE WHEN outcome = 'done' AND ended_at = at THEN '' ELSE 'begun' END, '', '', who, why, 'machine', 'machine', '', at
FROM interventions;
INSERT INTO deeds (brand, id, what, kind, object, old_value, new_value, details, outcome_of, who, why, role, origin, approved_by, at)
SELECT brand, id || '-end', what, CASE WHEN order_id <> '' THEN 'order' ELSE 'customer' END, CASE WHEN order_id <> '' THEN order_id ELSE customer END,
	'', outcome, '', id, who, why, 'machine', 'machine', '', ended_at
FROM interventions WHERE ended_at > 0 AND NOT (outcome = 'done' AND ended_at = at);
INSERT INTO deeds (brand, id, what, kind, object, old_value, new_value, details, outcome_of, who, why, role, origin, approved_by, at)
SELECT brand, id, what, 'developer', key_id, '', '', '', '', who, why, 'machine', 'machine', '', at FROM developer_deeds;
INSERT INTO deeds (brand, id, what, kind, object, old_value, new_value, details, outcome_of, who, why, role, origin, approved_by, at)
SELECT brand, 'switch-' || number, 'switch', 'channel', channel, '', CASE WHEN is_on THEN 'on' ELSE 'off' END, '', '', changed_by, why, 'machine', 'machine', '', changed_at
FROM channel_switch_history;
DROP TABLE interventions;
DROP TABLE developer_deeds;
DROP TABLE channel_switch_history;
