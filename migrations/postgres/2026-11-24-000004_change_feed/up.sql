-- How every server's memory follows what all servers write: each transaction says here which rows it touched.
--
-- A transaction of a server writes one row, with a line for each thing that it touched: its kind and its key. `transaction` tells
-- which rows may still become visible after a younger one did. Rows are kept for an hour.

CREATE TABLE changes (
    seq         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction xid8        NOT NULL DEFAULT pg_current_xact_id(),
    entries     text        COLLATE "C" NOT NULL,
    at          timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX changes_by_transaction ON changes (transaction);

-- Speaks for writers that do not: imports, copies, and people with psql. Once for each table and transaction, and not for a
-- server, which has set `orgd.feed` on its connection and says in finer detail what it touched.
CREATE FUNCTION orgd_note_write() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noted text := 'orgd.noted_' || TG_TABLE_NAME;
BEGIN
    IF current_setting(noted, true) IS DISTINCT FROM 'on' THEN
        PERFORM set_config(noted, 'on', true);
        INSERT INTO changes (entries) VALUES ('table ' || TG_TABLE_NAME);
        PERFORM pg_notify('orgd_changes', '');
    END IF;
    RETURN NULL;
END
$$;

DO $$
DECLARE
    watched text;
BEGIN
    FOREACH watched IN ARRAY ARRAY['organizations', 'users', 'api_keys', 'organization_members', 'tag_sets',
                                   'provisioner_keys', 'provisioner_daemons', 'provisioner_jobs'] LOOP
        EXECUTE format('CREATE TRIGGER orgd_note_write AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT '
                       'WHEN (current_setting(''orgd.feed'', true) IS DISTINCT FROM ''on'') '
                       'EXECUTE FUNCTION orgd_note_write()', watched);
    END LOOP;
END
$$;
