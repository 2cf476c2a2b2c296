-- How jobs get to workers and back.

-- What a job works on, so that Coder's clients can cancel it by that: the workspace build, or the template version.
ALTER TABLE provisioner_jobs ADD COLUMN subject_id BLOB CHECK (subject_id IS NULL OR length(subject_id) = 16);
-- How many log lines the worker has sent in the present attempt.
ALTER TABLE provisioner_jobs ADD COLUMN logs_received INTEGER NOT NULL DEFAULT 0;

UPDATE provisioner_jobs SET subject_id = CASE kind
    WHEN 1 THEN unhex(replace(json_extract(input, '$.workspace_build_id'), '-', ''))
    ELSE unhex(replace(json_extract(input, '$.template_version_id'), '-', '')) END
WHERE input <> '{}';

CREATE INDEX provisioner_jobs_by_subject ON provisioner_jobs (subject_id, created_at) WHERE subject_id IS NOT NULL;
-- What the search for lost workers reads.
CREATE INDEX provisioner_jobs_held ON provisioner_jobs (id, attempt, updated_at) WHERE status IN (1, 3);
CREATE UNIQUE INDEX provisioner_keys_secret ON provisioner_keys (hashed_secret);
