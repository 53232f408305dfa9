-- +goose Up
-- An opt-out says where it was said: channel is '' for our own word STOP, which holds on all channels, else the
-- channel whose carrier or messenger delivers nothing more to the address. What was kept before is taken as our own
-- word: a carrier says its own again at the next message.
CREATE TABLE opt_outs_by_channel (
    brand      TEXT NOT NULL,
    address    TEXT NOT NULL,
    channel    TEXT NOT NULL,
    is_out     BOOLEAN NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (brand, address, channel)
);
INSERT INTO opt_outs_by_channel (brand, address, channel, is_out, changed_at)
SELECT brand, address, '', is_out, changed_at FROM opt_outs;
DROP TABLE opt_outs;
ALTER TABLE opt_outs_by_channel RENAME TO opt_outs;

-- News that nobody can be told for now is held: 'stop' until they write, because they want no messages; 'carrier'
-- because no address of theirs can be reached, 'undelivered' because the provider refused it: those are on the
-- operators' list.
ALTER TABLE notices ADD COLUMN held TEXT NOT NULL DEFAULT '';
ALTER TABLE notices ADD COLUMN held_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE notices ADD COLUMN retold BOOLEAN NOT NULL DEFAULT FALSE; -- it was sent in vain, or is told at another address now
DROP INDEX notices_untold;
CREATE INDEX notices_untold ON notices (due_at) WHERE told_at = 0 AND held = '';
CREATE INDEX notices_held ON notices (held_at) WHERE told_at = 0 AND held <> '';
CREATE INDEX notices_address ON notices (brand, address);
