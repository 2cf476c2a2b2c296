-- What was answered to writes that their callers may repeat: each row comes with the change that it tells of, and is kept for a day.

CREATE TABLE idempotency_keys (
    user_id      uuid        NOT NULL REFERENCES users (id) DEFERRABLE,
    key          text        COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    -- SHA-256 of operation, path and body.
    request_hash bytea       NOT NULL CHECK (length(request_hash) = 32),
    status       smallint    NOT NULL CHECK (status BETWEEN 200 AND 299),
    body         bytea       NOT NULL,
    created_at   timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_user_id_key PRIMARY KEY (user_id, key)
);

CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);
