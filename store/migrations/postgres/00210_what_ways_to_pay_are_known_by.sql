-- +goose Up

-- What a way to pay is known by when it is set up again: digests, made with a key, of the fingerprint that its gateway tells, and of the IBAN
-- where the customer has texted it.
ALTER TABLE instruments ADD COLUMN fingerprint_digest TEXT NOT NULL DEFAULT '';
ALTER TABLE instruments ADD COLUMN iban_digest TEXT NOT NULL DEFAULT '';
ALTER TABLE mandates ADD COLUMN iban_digest TEXT NOT NULL DEFAULT '';

-- What a block shows is not looked for any more.
DROP INDEX blocks_shows;
