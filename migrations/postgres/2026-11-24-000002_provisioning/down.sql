DROP TABLE provisioner_job_logs;
DROP TABLE provisioner_jobs;
DROP TABLE provisioner_daemons;
DROP TABLE provisioner_keys;
DROP TABLE tag_sets;
