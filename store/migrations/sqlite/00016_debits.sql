-- +goose Up
-- A developer's order may be stored before its account is debited: balance_minor is what was left right after that, and
-- means nothing before.
ALTER TABLE developer_sales ADD COLUMN debited_at INTEGER NOT NULL DEFAULT 0;
UPDATE developer_sales SET debited_at = created_at;
