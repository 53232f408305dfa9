-- One-time codes have a budget: what was sent is counted by channel and by the block of 100 numbers too, and what of it
-- was used. The PostgreSQL twin of this file is in the folder beside it: change both.
-- +goose Up
ALTER TABLE one_time_code_requests ADD COLUMN channel TEXT NOT NULL DEFAULT '';
ALTER TABLE one_time_code_requests ADD COLUMN block TEXT NOT NULL DEFAULT ''; -- the number without its last two digits
ALTER TABLE one_time_code_requests ADD COLUMN used INTEGER NOT NULL DEFAULT FALSE;
UPDATE one_time_code_requests SET block = substr(msisdn, 1, length(msisdn) - 2);
CREATE INDEX one_time_code_requests_brand ON one_time_code_requests (brand, created_at);
CREATE INDEX one_time_code_requests_created ON one_time_code_requests (created_at);
