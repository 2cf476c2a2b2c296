-- A row is here while a copy of another database into this one is not finished; nothing serves it until then.

CREATE TABLE copies (
    identity text        COLLATE "C" NOT NULL PRIMARY KEY,
    source   text        COLLATE "C" NOT NULL,
    began_at timestamptz NOT NULL
);
