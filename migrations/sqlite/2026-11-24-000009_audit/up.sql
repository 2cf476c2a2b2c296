-- Who changed what: each entry is written in the transaction of its change, and never changed. Old ones are removed where the operator has
-- set an age.
--
-- No reference to other tables: an entry outlives what it tells of. Its number is its place in the order of the commits.

CREATE TABLE audit_logs (
    seq             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id              BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    at              INTEGER NOT NULL,
    user_id         BLOB CHECK (user_id IS NULL OR length(user_id) = 16),
    organization_id BLOB CHECK (organization_id IS NULL OR length(organization_id) = 16),
    ip              TEXT    NOT NULL,
    user_agent      TEXT    NOT NULL,
    request_id      BLOB    NOT NULL CHECK (length(request_id) = 16),
    resource_type   TEXT    NOT NULL,
    resource_id     BLOB    NOT NULL CHECK (length(resource_id) = 16),
    resource_target TEXT    NOT NULL,
    action          TEXT    NOT NULL,
    diff            TEXT    NOT NULL CHECK (json_valid(diff)),
    status_code     INTEGER NOT NULL
) STRICT;

CREATE INDEX audit_logs_by_organization ON audit_logs (organization_id, seq);
CREATE INDEX audit_logs_by_user ON audit_logs (user_id, seq);
CREATE INDEX audit_logs_by_resource ON audit_logs (resource_type, resource_id, seq);
CREATE INDEX audit_logs_by_time ON audit_logs (at);

CREATE TRIGGER audit_logs_stay BEFORE UPDATE ON audit_logs
BEGIN
    SELECT raise(ABORT, 'an entry of the audit log is never changed');
END;
