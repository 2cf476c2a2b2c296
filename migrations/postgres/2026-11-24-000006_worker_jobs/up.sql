-- What each worker does and did last, and which workers a key has brought in.

CREATE INDEX provisioner_jobs_by_worker ON provisioner_jobs (worker_id, completed_at) WHERE worker_id IS NOT NULL;
CREATE INDEX provisioner_daemons_by_key ON provisioner_daemons (key_id) WHERE key_id IS NOT NULL;
