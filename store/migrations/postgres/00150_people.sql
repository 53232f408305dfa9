-- +goose Up

-- Our own staff. A person is never deleted: deeds name them.
CREATE TABLE people (
    id          TEXT    NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL,
    email       TEXT    NOT NULL UNIQUE, -- in lower case
    language    TEXT    NOT NULL,
    time_zone   TEXT    NOT NULL,
    compact     BOOLEAN NOT NULL, -- rows of tables
    keys_off    BOOLEAN NOT NULL, -- the desk's single keys
    roles       TEXT    NOT NULL, -- JSON: {"acme": ["support"]}; "*" is every brand
    goodwill    TEXT    NOT NULL, -- JSON: {"EUR": 2500}
    state       TEXT    NOT NULL, -- 'active', 'left'
    password    TEXT    NOT NULL, -- Argon2id; '' where there is none
    factor      BYTEA   NOT NULL, -- the secret of one-time passwords, sealed under the card key; empty where there is none
    factor_step BIGINT  NOT NULL, -- of the last code that was used
    issuer      TEXT    NOT NULL, -- of OpenID Connect; '' for who signs in with a password
    subject     TEXT    NOT NULL,
    created_at  BIGINT  NOT NULL,
    changed_at  BIGINT  NOT NULL
);
CREATE UNIQUE INDEX people_subject ON people (issuer, subject) WHERE subject <> '';

-- Links that let their reader set a password, or enter the demo. Each works once.
CREATE TABLE people_links (
    hash       TEXT    NOT NULL PRIMARY KEY, -- SHA-256 of the token, which is in the link alone
    person     TEXT    NOT NULL REFERENCES people (id),
    purpose    TEXT    NOT NULL, -- 'set up', 'demo'
    created_at BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL,
    used_at    BIGINT  NOT NULL
);
CREATE INDEX people_links_person ON people_links (person);
CREATE INDEX people_links_expires ON people_links (expires_at);

-- Sessions of the desk.
CREATE TABLE desk_sessions (
    hash       TEXT    NOT NULL PRIMARY KEY, -- SHA-256 of the token, which is in the cookie alone
    person     TEXT    NOT NULL REFERENCES people (id),
    origin     TEXT    NOT NULL, -- the IP address that signed in
    agent      TEXT    NOT NULL, -- the browser, as it calls itself
    way        TEXT    NOT NULL, -- 'password', 'oidc', 'demo'
    started_at BIGINT  NOT NULL,
    fresh_at   BIGINT  NOT NULL, -- when the second factor was given last
    seen_at    BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL
);
CREATE INDEX desk_sessions_person ON desk_sessions (person);
CREATE INDEX desk_sessions_expires ON desk_sessions (expires_at);

-- Tries to sign in, by the digest of the e-mail address that was typed, and by the IP address. A right one is taken back.
CREATE TABLE sign_in_tries (
    who          TEXT    NOT NULL PRIMARY KEY,
    tries        BIGINT  NOT NULL,
    since        BIGINT  NOT NULL,
    locked_until BIGINT  NOT NULL
);
CREATE INDEX sign_in_tries_since ON sign_in_tries (since);
