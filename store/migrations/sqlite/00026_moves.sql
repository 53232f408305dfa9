-- How customers leave and move. The PostgreSQL twin of this file is in the folder beside it: change both.
-- +goose Up
-- Who was erased is found again by the number's pseudonym: registering the number anew takes the account up as it was.
ALTER TABLE customers ADD COLUMN pseudonym TEXT NOT NULL DEFAULT '';
ALTER TABLE customers ADD COLUMN erased_as TEXT NOT NULL DEFAULT ''; -- the status until then; '' is not erased
ALTER TABLE customers ADD COLUMN erased_at INTEGER NOT NULL DEFAULT 0;
UPDATE customers SET pseudonym = substr(msisdn, 1, length(msisdn) - length(id) - 1), erased_as = CASE
    WHEN EXISTS (SELECT 1 FROM orders o JOIN charges ch ON ch.order_id = o.id
        WHERE o.customer = customers.id AND o.status = 'delivered' AND ch.status = 'returned')
        AND NOT EXISTS (SELECT 1 FROM interventions i WHERE i.customer = customers.id AND i.what = 'unlock, debt paid')
    THEN 'blocked' ELSE 'active' END WHERE status = 'erased';
CREATE INDEX customers_pseudonym ON customers (brand, pseudonym) WHERE pseudonym <> '';

-- Each change of number and each closing that its customer has asked for. A repeated one finds itself here.
CREATE TABLE customer_moves (
    brand         TEXT NOT NULL,
    operation_key TEXT NOT NULL,
    customer      TEXT NOT NULL REFERENCES customers (id),
    what          TEXT NOT NULL, -- 'number' or 'close'
    former        TEXT NOT NULL, -- the number until then; '' once its customer is erased
    at            INTEGER NOT NULL,
    PRIMARY KEY (brand, operation_key)
) STRICT;
CREATE INDEX customer_moves_customer ON customer_moves (customer);
