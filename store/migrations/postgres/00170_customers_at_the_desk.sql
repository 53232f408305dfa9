-- +goose Up

-- What operators write about a customer, for each other. Erased with the customer.
CREATE TABLE customer_notes (
    brand    TEXT   NOT NULL,
    id       TEXT   NOT NULL UNIQUE,
    customer TEXT   NOT NULL,
    who      TEXT   NOT NULL,
    text     TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (brand, id),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id)
);
CREATE INDEX customer_notes_customer ON customer_notes (brand, customer, at);
CREATE INDEX customer_notes_at ON customer_notes (brand, at);

-- What a person at the desk may see whole of a customer, and until when: the number, the conversation.
CREATE TABLE customer_sightings (
    brand    TEXT   NOT NULL,
    customer TEXT   NOT NULL,
    person   TEXT   NOT NULL,
    what     TEXT   NOT NULL,
    until    BIGINT NOT NULL,
    PRIMARY KEY (brand, customer, person, what),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id)
);
CREATE INDEX customer_sightings_until ON customer_sightings (brand, until);

-- How people at the desk have checked who is calling: each code that was sent, and each answer that was right or wrong. The fact itself is
-- not kept.
CREATE TABLE caller_checks (
    brand    TEXT   NOT NULL,
    id       TEXT   NOT NULL UNIQUE,
    customer TEXT   NOT NULL,
    person   TEXT   NOT NULL,
    fact     TEXT   NOT NULL, -- code, or what the caller was asked
    outcome  TEXT   NOT NULL, -- sent, right or wrong
    code     TEXT   NOT NULL, -- the notice that sends the code; '' for a fact
    at       BIGINT NOT NULL,
    PRIMARY KEY (brand, id),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id)
);
CREATE INDEX caller_checks_customer ON caller_checks (brand, customer, at);
CREATE INDEX caller_checks_at ON caller_checks (brand, at);

-- What people search by.
CREATE INDEX charges_provider_ref ON charges (provider_ref) WHERE provider_ref <> '';
CREATE INDEX orders_network_ref ON orders (network_ref) WHERE network_ref <> '';
