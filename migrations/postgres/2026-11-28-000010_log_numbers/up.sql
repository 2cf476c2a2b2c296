-- On SQLite, numbers of log lines are never given again from here on. Sequences are so from the beginning.
SELECT 1;
