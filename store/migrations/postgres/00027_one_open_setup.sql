-- A customer has one open payment setup at most: the page of an earlier one completes nothing. The SQLite twin of this
-- file is in the folder beside it: change both.
-- +goose Up
UPDATE mandates SET sealed = '', run_at = 0, lease_until = 0 WHERE setup IN (
    SELECT s.id FROM payment_setups s JOIN payment_setups newer ON newer.customer = s.customer AND newer.status = 'open'
    WHERE s.status = 'open' AND (newer.created_at > s.created_at OR newer.created_at = s.created_at AND newer.id > s.id));
UPDATE payment_setups SET status = 'abandoned', ended_at = created_at WHERE id IN (
    SELECT s.id FROM payment_setups s JOIN payment_setups newer ON newer.customer = s.customer AND newer.status = 'open'
    WHERE s.status = 'open' AND (newer.created_at > s.created_at OR newer.created_at = s.created_at AND newer.id > s.id));
CREATE UNIQUE INDEX payment_setups_open ON payment_setups (customer) WHERE status = 'open';
