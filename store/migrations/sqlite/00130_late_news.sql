-- +goose Up

-- When an address has last written on a channel whose messenger takes our own words only for a while after that, and how the provider
-- writes the address, which messages must be sent to: it may be a form of the number that its country has left.
CREATE TABLE last_inbound (
    brand   TEXT    NOT NULL,
    channel TEXT    NOT NULL,
    address TEXT    NOT NULL,
    sender  TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    shut    INTEGER NOT NULL DEFAULT FALSE, -- the provider has said since that the while is over
    PRIMARY KEY (brand, address, channel)
) STRICT;
CREATE INDEX last_inbound_old ON last_inbound (brand, at);

-- What a message is sent by where its messenger takes our own words no more; and what follows where it is unknown whether it was sent: the
-- provider is asked after it at doubt_at, which is 0 where there is nothing to find out. The archive has the same columns.
ALTER TABLE outbox ADD COLUMN template_id     TEXT    NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN template_values TEXT    NOT NULL DEFAULT 'null'; -- JSON
ALTER TABLE outbox ADD COLUMN doubt           TEXT    NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN again_mark      TEXT    NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN doubt_at        INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox_archive ADD COLUMN template_id     TEXT    NOT NULL DEFAULT '';
ALTER TABLE outbox_archive ADD COLUMN template_values TEXT    NOT NULL DEFAULT 'null'; -- JSON
ALTER TABLE outbox_archive ADD COLUMN doubt           TEXT    NOT NULL DEFAULT '';
ALTER TABLE outbox_archive ADD COLUMN again_mark      TEXT    NOT NULL DEFAULT '';
ALTER TABLE outbox_archive ADD COLUMN doubt_at        INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_doubt ON outbox (doubt_at) WHERE doubt_at > 0;

-- Whoever writes is told what is held for them.
CREATE INDEX notices_held_for ON notices (brand, address) WHERE told_at = 0 AND held <> '';
