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
    at          BIGINT NOT NULL,
    PRIMARY KEY (brand, id)
);
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
);

-- +goose StatementBegin
CREATE FUNCTION deeds_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the record of deeds is append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER deeds_append_only BEFORE UPDATE ON deeds FOR EACH ROW EXECUTE FUNCTION deeds_are_append_only();
CREATE TRIGGER deeds_kept BEFORE DELETE ON deeds FOR EACH ROW EXECUTE FUNCTION kept_for_ten_years('at');
CREATE TRIGGER deed_details_append_only BEFORE UPDATE ON deed_details FOR EACH ROW EXECUTE FUNCTION deeds_are_append_only();

-- The seal: all new deeds of a brand become one link of a hash chain. A link's digest is over the one before, and over each of its deeds.
CREATE TABLE deed_links (
    brand     TEXT    NOT NULL,
    number    BIGINT  NOT NULL, -- from 1
    sealed_at BIGINT  NOT NULL,
    deeds     BIGINT  NOT NULL, -- how many
    digest    TEXT    NOT NULL,
    PRIMARY KEY (brand, number)
);
CREATE TABLE deed_sealed (
    brand  TEXT    NOT NULL,
    deed   TEXT    NOT NULL, -- may be gone, once it is ten years old
    link   BIGINT  NOT NULL,
    at     BIGINT  NOT NULL, -- of the deed
    digest TEXT    NOT NULL, -- of the deed
    PRIMARY KEY (brand, deed),
    FOREIGN KEY (brand, link) REFERENCES deed_links (brand, number)
);
CREATE INDEX deed_sealed_link ON deed_sealed (brand, link, deed);
CREATE TRIGGER deed_links_append_only BEFORE UPDATE OR DELETE ON deed_links FOR EACH ROW EXECUTE FUNCTION deeds_are_append_only();
CREATE TRIGGER deed_sealed_append_only BEFORE UPDATE OR DELETE ON deed_sealed FOR EACH ROW EXECUTE FUNCTION deeds_are_append_only();

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
-- +goose StatementBegin
DROP FUNCTION developer_deeds_are_append_only();
-- +goose StatementEnd
