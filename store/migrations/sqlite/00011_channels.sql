-- +goose Up
-- When a channel's next message may leave: its rate, shared by all copies of the program.
CREATE TABLE send_slots (
    channel TEXT   NOT NULL PRIMARY KEY, -- brand/name
    free_at INTEGER NOT NULL
) STRICT;

-- How a channel fares is read from a window of time, however many messages there are.
CREATE INDEX outbox_ended ON outbox (brand, channel, status, ended_at) WHERE ended_at > 0;
CREATE INDEX outbox_undelivered ON outbox (brand, channel, delivery_at) WHERE delivery = 'failed';
