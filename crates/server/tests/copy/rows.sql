-- What the commands do not make: rows of a SQLite database with every kind of value.

INSERT INTO organizations VALUES
    (x'00000000000040008000000000000001', 'gone', 'Gönè "1"', '', '', 0, -1, 1, 1767323045123456);
INSERT INTO organizations
    SELECT x'00000000000040008000000000000002', 'Gone', '', '', '', 0, 5, 5, NULL;

INSERT INTO users VALUES
    (x'00000000000040008000000000000011', 'bea', 'bea@example.com', 'Bea', 'suspended', 'password', '$argon2id$x', '["owner"]', 0,
     7, 1, 2, NULL),
    (x'00000000000040008000000000000012', 'system', 'system@localhost', '', 'active', 'none', NULL, '[]', 1, NULL, 1, 1, NULL),
    (x'00000000000040008000000000000013', 'bea', 'bea@example.com', '', 'dormant', 'oidc', NULL, '[]', 0, NULL, 1, 2, 3);

INSERT INTO api_keys VALUES
    ('aaaaaaaaaa', x'00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff', x'00000000000040008000000000000011', 'laptop',
     'token', '["all"]', '["*:*"]', 4000000000, '::1', 9, 253402300799999999, 1, 1),
    ('ZZZZZZZZZZ', zeroblob(32), x'00000000000040008000000000000011', '', 'password', '["all"]', '["*:*"]', 1, '', NULL, 2, 1, 1);

INSERT INTO organization_members
    SELECT users.id, organizations.id, '["organization-admin"]', 1, 2 FROM users, organizations;

INSERT INTO tag_sets VALUES (41, '{"owner":"","scope":"organization","zone":"é"}'), (1000, '{"rare":"yes"}');

INSERT INTO provisioner_keys VALUES
    (x'00000000000040008000000000000021', x'00000000000040008000000000000002', 'key', randomblob(32), 41, 1);

INSERT INTO provisioner_daemons VALUES
    (x'00000000000040008000000000000031', x'00000000000040008000000000000002', x'00000000000040008000000000000021', 'w1', '',
     '["terraform"]', 41, 'v1', '1.2', 1, 4102444800000002),
    (x'00000000000040008000000000000032', x'00000000000040008000000000000002', NULL, 'w2', 'ana', '["echo"]', 1000, '', '', 4102444800000001, NULL);

-- Later jobs with smaller identifiers, and a gap before them.
INSERT INTO provisioner_jobs
    (seq, id, organization_id, initiator_id, file_id, kind, provisioner, class, tag_set_id, status, created_at, updated_at,
     started_at, canceled_at, completed_at, error, error_code, worker_id, worker_name, attempt, input, metadata, logs_length,
     logs_overflowed)
VALUES
    (5000, x'00000000000040008000000000000042', x'00000000000040008000000000000001', zeroblob(16), zeroblob(16), 1, 1, 1, 1000, 5,
     3, 4, 5, 6, 7, 'no', 'X', x'00000000000040008000000000000031', 'w1', 3, '{"a":[1,null]}', '{"template_name":"t"}', 12, 1),
    (5001, x'00000000000040008000000000000041', x'00000000000040008000000000000002', zeroblob(16), zeroblob(16), 2, 0, 0, 41, 0,
     3, 3, NULL, NULL, NULL, '', '', NULL, '', 0, '{}', '{}', 0, 0);

INSERT INTO provisioner_job_logs VALUES
    (70, x'00000000000040008000000000000042', 8, 'provisioner', 'info', 'Plan', 'first' || char(10) || 'line'),
    (9, x'00000000000040008000000000000041', 8, 'provisioner_daemon', 'trace', '', '');

INSERT INTO audit_logs VALUES
    (12, x'00000000000040008000000000000062', 9, x'00000000000040008000000000000011', x'00000000000040008000000000000001', '::1', 'curl',
     x'00000000000040008000000000000071', 'organization', x'00000000000040008000000000000001', 'acme', 'write',
     '{"name":{"old":"a","new":"b","secret":false}}', 200),
    (7, x'00000000000040008000000000000061', 8, NULL, NULL, '', '', zeroblob(16), 'user', zeroblob(16), '', 'create', '{}', 201);
