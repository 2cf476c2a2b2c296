-- A row is here while a copy of another database into this one is not finished; nothing serves it until then.

CREATE TABLE copies (
    identity TEXT    NOT NULL PRIMARY KEY,
    source   TEXT    NOT NULL,
    began_at INTEGER NOT NULL
) STRICT;
