-- +goose Up
-- A suspended key reads and buys nothing, until it is resumed; 0 is not suspended.
ALTER TABLE developer_keys ADD COLUMN suspended_at BIGINT NOT NULL DEFAULT 0;
