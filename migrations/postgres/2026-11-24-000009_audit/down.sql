DROP TABLE audit_logs;
DROP FUNCTION orgd_audit_logs_stay();
