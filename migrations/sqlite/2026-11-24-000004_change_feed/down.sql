-- PostgreSQL has a table here through which servers follow each other. A SQLite file has one server, which asks `data_version`
-- whether another process wrote.
SELECT 1;
