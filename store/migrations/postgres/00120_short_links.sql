-- +goose Up

-- The short links that texts carry. What a link leads to is read where it stands: payment_setups.url or orders.action_url.
CREATE TABLE short_links (
    brand      TEXT   NOT NULL,
    token      TEXT   NOT NULL UNIQUE, -- 12 letters and digits
    kind       TEXT   NOT NULL, -- 'setup' or 'order'
    target     TEXT   NOT NULL, -- the setup's or the order's id
    customer   TEXT   NOT NULL,
    language   TEXT   NOT NULL, -- of the pages that say why a link leads nowhere
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (brand, token),
    UNIQUE (brand, kind, target),
    FOREIGN KEY (brand, customer) REFERENCES customers (brand, id)
);
CREATE INDEX short_links_customer ON short_links (brand, customer);
CREATE INDEX short_links_expires ON short_links (brand, expires_at);

-- How many links that do not exist an address has asked for: an IPv4 address, or an IPv6 network of 64 bits.
CREATE TABLE short_link_misses (
    address TEXT   NOT NULL PRIMARY KEY,
    misses  BIGINT NOT NULL,
    since   BIGINT NOT NULL -- when the first of them was counted
);
CREATE INDEX short_link_misses_since ON short_link_misses (since);
