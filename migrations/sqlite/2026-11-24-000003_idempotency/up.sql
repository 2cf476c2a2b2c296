-- What was answered to writes that their callers may repeat: each row comes with the change that it tells of, and is kept for a day.

CREATE TABLE idempotency_keys (
    user_id      BLOB    NOT NULL REFERENCES users (id),
    key          TEXT    NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    -- SHA-256 of operation, path and body.
    request_hash BLOB    NOT NULL CHECK (length(request_hash) = 32),
    status       INTEGER NOT NULL CHECK (status BETWEEN 200 AND 299),
    body         BLOB    NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (user_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);
