-- What runs where: tag sets, workers and their keys, provisioner jobs and their logs.

-- Tags are compared as whole sets, so each distinct set is stored once, as JSON with sorted keys, and referred to by number.
-- A set is never changed and never deleted.
CREATE TABLE tag_sets (
    id   INTEGER NOT NULL PRIMARY KEY,
    tags TEXT    NOT NULL UNIQUE CHECK (json_valid(tags))
) STRICT;

CREATE TABLE provisioner_keys (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB    NOT NULL REFERENCES organizations (id),
    name            TEXT    NOT NULL,
    hashed_secret   BLOB    NOT NULL CHECK (length(hashed_secret) = 32),
    tag_set_id      INTEGER NOT NULL REFERENCES tag_sets (id),
    created_at      INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX provisioner_keys_name ON provisioner_keys (organization_id, lower(name));

-- A worker is known by organization, name and owner; registering again keeps its row and its id.
CREATE TABLE provisioner_daemons (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB    NOT NULL REFERENCES organizations (id),
    key_id          BLOB    REFERENCES provisioner_keys (id),
    name            TEXT    NOT NULL CHECK (length(name) <= 64),
    owner           TEXT    NOT NULL DEFAULT '',
    provisioners    TEXT    NOT NULL CHECK (json_valid(provisioners)),
    tag_set_id      INTEGER NOT NULL REFERENCES tag_sets (id),
    version         TEXT    NOT NULL DEFAULT '',
    api_version     TEXT    NOT NULL DEFAULT '',
    created_at      INTEGER NOT NULL,
    last_seen_at    INTEGER
) STRICT;

CREATE UNIQUE INDEX provisioner_daemons_identity ON provisioner_daemons (organization_id, name, lower(owner));

-- `status` is kept beside the times that it follows from, because every list and every queue asks for it.
-- 0 pending, 1 running, 2 succeeded, 3 canceling, 4 canceled, 5 failed.
CREATE TABLE provisioner_jobs (
    seq             INTEGER NOT NULL PRIMARY KEY,
    id              BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    organization_id BLOB    NOT NULL REFERENCES organizations (id),
    initiator_id    BLOB    NOT NULL CHECK (length(initiator_id) = 16),
    file_id         BLOB    NOT NULL CHECK (length(file_id) = 16),
    kind            INTEGER NOT NULL CHECK (kind IN (0, 1, 2)),
    provisioner     INTEGER NOT NULL CHECK (provisioner IN (0, 1)),
    class           INTEGER NOT NULL DEFAULT 0 CHECK (class IN (0, 1)),
    tag_set_id      INTEGER NOT NULL REFERENCES tag_sets (id),
    status          INTEGER NOT NULL CHECK (status = CASE
                        WHEN error <> '' THEN 5
                        WHEN completed_at IS NOT NULL THEN iif(canceled_at IS NOT NULL, 4, 2)
                        WHEN canceled_at IS NOT NULL THEN 3
                        WHEN started_at IS NOT NULL THEN 1
                        ELSE 0 END),
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    started_at      INTEGER,
    canceled_at     INTEGER,
    completed_at    INTEGER,
    error           TEXT    NOT NULL DEFAULT '',
    error_code      TEXT    NOT NULL DEFAULT '',
    worker_id       BLOB,
    worker_name     TEXT    NOT NULL DEFAULT '',
    attempt         INTEGER NOT NULL DEFAULT 0,
    input           TEXT    NOT NULL CHECK (json_valid(input)),
    metadata        TEXT    NOT NULL CHECK (json_valid(metadata)),
    logs_length     INTEGER NOT NULL DEFAULT 0,
    logs_overflowed INTEGER NOT NULL DEFAULT 0 CHECK (logs_overflowed IN (0, 1))
) STRICT;

-- Every filter of the job list has its own index that ends in the order of the list, so that the newest fifty cost the same
-- among a thousand jobs and among a million.
CREATE INDEX provisioner_jobs_newest ON provisioner_jobs (organization_id, created_at DESC, id);
CREATE INDEX provisioner_jobs_by_status ON provisioner_jobs (organization_id, status, created_at DESC, id);
CREATE INDEX provisioner_jobs_by_tag_set ON provisioner_jobs (organization_id, tag_set_id, created_at DESC, id);
CREATE INDEX provisioner_jobs_by_initiator ON provisioner_jobs (organization_id, initiator_id, created_at DESC, id);
-- Holds all that the queue index in memory is built from.
CREATE INDEX provisioner_jobs_pending
    ON provisioner_jobs (organization_id, provisioner, tag_set_id, class, created_at, id) WHERE status = 0;

CREATE TABLE provisioner_job_logs (
    id         INTEGER NOT NULL PRIMARY KEY,
    job_id     BLOB    NOT NULL REFERENCES provisioner_jobs (id),
    created_at INTEGER NOT NULL,
    source     TEXT    NOT NULL CHECK (source IN ('provisioner', 'provisioner_daemon')),
    level      TEXT    NOT NULL CHECK (level IN ('trace', 'debug', 'info', 'warn', 'error')),
    stage      TEXT    NOT NULL,
    output     TEXT    NOT NULL
) STRICT;

CREATE INDEX provisioner_job_logs_by_job ON provisioner_job_logs (job_id, id);
