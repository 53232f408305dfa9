-- +goose Up
-- What the button says that shares one's number, in the customer's language.
ALTER TABLE outbox ADD COLUMN contact_label TEXT NOT NULL DEFAULT '';
