-- Conversations, where there is no Redis: written and read by store/sessions alone. Times are microseconds
-- since 1970. What has lapsed is ignored at once and swept by later commits.

-- +goose Up
CREATE TABLE session_senders (
    sender     TEXT    NOT NULL PRIMARY KEY,
    session    BLOB    NOT NULL,
    version    INTEGER NOT NULL,
    kept_until INTEGER NOT NULL, -- 0 before the first commit
    lock_token TEXT    NOT NULL, -- '' where no turn is under way
    lock_until INTEGER NOT NULL
) STRICT;
CREATE INDEX session_senders_kept ON session_senders (kept_until);

-- The turns that wait, first come, first served.
CREATE TABLE session_line (
    place  INTEGER PRIMARY KEY,
    sender TEXT    NOT NULL,
    token  TEXT    NOT NULL,
    until  INTEGER NOT NULL,
    UNIQUE (sender, token)
) STRICT;

-- The answers to messages that have been answered.
CREATE TABLE session_memos (
    sender     TEXT    NOT NULL,
    message_id TEXT    NOT NULL,
    memo       BLOB    NOT NULL,
    kept_until INTEGER NOT NULL,
    PRIMARY KEY (sender, message_id)
) STRICT;
CREATE INDEX session_memos_kept ON session_memos (kept_until);

-- Transcript entries on their way to where support reads them.
CREATE TABLE session_transcripts (
    id         INTEGER PRIMARY KEY AUTOINCREMENT, -- never given again, so that a drain forgets only what it saved
    sender     TEXT    NOT NULL,
    message_id TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    entry      BLOB    NOT NULL
) STRICT;
