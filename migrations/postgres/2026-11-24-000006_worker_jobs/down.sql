DROP INDEX provisioner_daemons_by_key;
DROP INDEX provisioner_jobs_by_worker;
