-- +goose Up

-- The books of cards: each row moves a number of cards of one batch between two places, or to or from a reseller. Rows are only ever
-- added, so that what was delivered stays told after it was returned. Where a card stands follows from its own row; lapsed_at is when its
-- expiry was booked, 0 until then.
ALTER TABLE cards ADD COLUMN lapsed_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX cards_lapsing ON cards (brand, expires_at, serial) WHERE lapsed_at = 0 AND expires_at > 0 AND state IN ('generated', 'live', 'locked');

CREATE TABLE card_movements (
    brand        TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    at           BIGINT NOT NULL,
    kind         TEXT    NOT NULL, -- made, delivered, returned, transferred, released, activated, expired …
    reseller     TEXT    NOT NULL, -- whose stock it changes; '' is our own
    batch        TEXT    NOT NULL,
    from_place   TEXT    NOT NULL, -- stock, sale, locked in stock, locked on sale, expired, void, spent; '': none
    to_place     TEXT    NOT NULL,
    currency     TEXT    NOT NULL,
    cards        BIGINT NOT NULL,
    minor        BIGINT NOT NULL, -- their face value together
    first_serial TEXT    NOT NULL,
    last_serial  TEXT    NOT NULL,
    job          TEXT    NOT NULL, -- the work on cards that it is part of; ''
    order_id     TEXT    NOT NULL, -- the order that spent the card; ''
    who          TEXT    NOT NULL,
    why          TEXT    NOT NULL,
    PRIMARY KEY (brand, id)
);
CREATE INDEX card_movements_at ON card_movements (brand, at, reseller, currency, from_place, to_place, cards, minor);
CREATE INDEX card_movements_reseller ON card_movements (brand, reseller, at, kind, currency, from_place, to_place, cards, minor);
CREATE INDEX card_movements_batch ON card_movements (brand, batch, from_place, to_place, cards, minor);
-- +goose StatementBegin
CREATE FUNCTION card_movements_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the books of cards are append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER card_movements_append_only BEFORE UPDATE OR DELETE ON card_movements FOR EACH ROW EXECUTE FUNCTION card_movements_are_append_only();

-- What there was before: where each card stands now is where the books begin. The ledger had booked no release, and each card that was spent as a
-- debit of card_liability: one entry for each brand makes it what is still owed, without what orders under way have taken of it.
-- +goose StatementBegin
UPDATE cards SET lapsed_at = (EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) * 1000000)::BIGINT WHERE state IN ('generated', 'live', 'locked') AND expires_at > 0 AND expires_at <= (EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) * 1000000)::BIGINT;
-- +goose StatementEnd
INSERT INTO card_movements (brand, id, at, kind, reseller, batch, from_place, to_place, currency, cards, minor, first_serial, last_serial, job, order_id, who, why)
SELECT brand, 'opening-' || ROW_NUMBER() OVER (ORDER BY brand, reseller, batch, currency, place), 0, 'opening', reseller, batch, '', place, currency,
    COUNT(*), CAST(SUM(minor) AS BIGINT), MIN(serial), MAX(serial), '', '', 'pulsa', 'the books of cards begin'
FROM (
    SELECT brand, reseller, batch, currency, minor, serial, CASE
        WHEN state = 'spent' THEN 'spent'
        WHEN state = 'void' THEN 'void'
        WHEN state = 'reserved' THEN 'sale'
        WHEN lapsed_at > 0 THEN 'expired'
        WHEN state = 'generated' THEN 'stock'
        WHEN state = 'live' THEN 'sale'
        WHEN released_at > 0 THEN 'locked on sale'
        ELSE 'locked in stock' END AS place
    FROM cards) AS standing
GROUP BY brand, reseller, batch, currency, place;
-- +goose StatementBegin
CREATE TEMPORARY TABLE card_opening AS
SELECT brand, currency, CAST(SUM(minor) AS BIGINT) AS minor FROM (
    SELECT brand, currency, minor FROM card_movements WHERE to_place IN ('sale', 'locked on sale')
    UNION ALL
    SELECT p.brand, p.currency, p.minor FROM ledger_postings p WHERE p.account = 'card_liability' AND NOT EXISTS (
        SELECT 1 FROM orders o WHERE o.brand = p.brand AND o.id = p.order_id AND o.status NOT IN ('declined', 'delivered', 'refunded')
            AND NOT EXISTS (SELECT 1 FROM cards k WHERE k.brand = o.brand AND k.serial = o.funding_ref AND k.state = 'spent' AND k.order_id = o.id))
) AS owed GROUP BY brand, currency HAVING SUM(minor) <> 0;
-- +goose StatementEnd
-- +goose StatementBegin
INSERT INTO ledger_entries (brand, order_id, ordered_at, kind, at) SELECT DISTINCT brand, 'cards-opening', (EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) * 1000000)::BIGINT, 'opening', (EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) * 1000000)::BIGINT FROM card_opening;
-- +goose StatementEnd
-- +goose StatementBegin
INSERT INTO ledger_postings (brand, order_id, ordered_at, kind, number, account, currency, minor)
SELECT brand, 'cards-opening', (SELECT MAX(e.ordered_at) FROM ledger_entries e WHERE e.brand = o.brand AND e.order_id = 'cards-opening'), 'opening',
    ROW_NUMBER() OVER (PARTITION BY brand ORDER BY currency, account), account, currency, minor
FROM (SELECT brand, currency, 'cards_outstanding' AS account, minor FROM card_opening
    UNION ALL SELECT brand, currency, 'card_liability', -minor FROM card_opening) AS o;
-- +goose StatementEnd
-- +goose StatementBegin
DROP TABLE card_opening;
-- +goose StatementEnd
