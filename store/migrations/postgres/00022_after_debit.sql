-- +goose Up
-- An order paid by a mandate given by text after a recovery: delivered only once its debit has settled.
ALTER TABLE orders ADD COLUMN after_debit BOOLEAN NOT NULL DEFAULT FALSE;
-- Until now every customer was the first holder of their number.
UPDATE charges SET holder = 1 WHERE holder = 0 AND order_id IN (SELECT id FROM orders WHERE funding_kind = 'charge');
