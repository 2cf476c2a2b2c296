DROP INDEX provisioner_keys_secret;
DROP INDEX provisioner_jobs_held;
DROP INDEX provisioner_jobs_by_subject;
ALTER TABLE provisioner_jobs DROP COLUMN logs_received;
ALTER TABLE provisioner_jobs DROP COLUMN subject_id;
