CREATE TABLE plain_logs (
    id         INTEGER NOT NULL PRIMARY KEY,
    job_id     BLOB    NOT NULL REFERENCES provisioner_jobs (id),
    created_at INTEGER NOT NULL,
    source     TEXT    NOT NULL CHECK (source IN ('provisioner', 'provisioner_daemon')),
    level      TEXT    NOT NULL CHECK (level IN ('trace', 'debug', 'info', 'warn', 'error')),
    stage      TEXT    NOT NULL,
    output     TEXT    NOT NULL
) STRICT;

INSERT INTO plain_logs SELECT id, job_id, created_at, source, level, stage, output FROM provisioner_job_logs;
DROP TABLE provisioner_job_logs;
ALTER TABLE plain_logs RENAME TO provisioner_job_logs;
CREATE INDEX provisioner_job_logs_by_job ON provisioner_job_logs (job_id, id);
