DROP FUNCTION orgd_note_write() CASCADE;
DROP TABLE changes;
