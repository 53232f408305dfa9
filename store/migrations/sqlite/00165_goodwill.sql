-- +goose Up

-- Goodwill may be a part of what was paid: how much an attempt gives back, and how much of a charge was given away.
ALTER TABLE attempts ADD COLUMN part_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN part_currency TEXT NOT NULL DEFAULT '';
ALTER TABLE charges ADD COLUMN given_away_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE charges ADD COLUMN given_away_currency TEXT NOT NULL DEFAULT '';
