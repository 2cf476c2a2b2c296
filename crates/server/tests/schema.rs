//! `db/schema.rs` against a database that the migrations made: the same tables with the same columns, in the same order, of
//! the same types, and null where null is allowed. Diesel itself would notice a difference only when a query fails.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking, helpers included")]

#[path = "support/database.rs"]
mod database;

use std::collections::BTreeMap;

use database::Database;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use orgd::db::{Conn, Schema};

/// Columns as `name type`, with a `?` after the type where null is allowed.
type Tables = BTreeMap<String, Vec<String>>;

/// What SQLite and PostgreSQL call the types of `db/schema.rs`. `SqlUuid` and `SqlTime` are declared in `db/types.rs`.
const TYPES: &[(&str, [&str; 2])] = &[
    ("BigInt", ["INTEGER", "bigint"]),
    ("Binary", ["BLOB", "bytea"]),
    ("Bool", ["INTEGER", "boolean"]),
    ("Integer", ["INTEGER", "integer"]),
    ("SmallInt", ["INTEGER", "smallint"]),
    ("SqlTime", ["INTEGER", "timestamp with time zone"]),
    ("SqlUuid", ["BLOB", "uuid"]),
    ("Text", ["TEXT", "text"]),
];

/// The tables of a SQLite database; SQLite's own and Diesel's are left out.
const OF_SQLITE: &str = "SELECT t.name AS table_name, c.name AS name, c.type AS kind, c.\"notnull\" AS not_null \
     FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
     WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' \
     ORDER BY t.name, c.cid";
/// Those of a PostgreSQL database. `changes` is there alone, and `db/feed` alone knows it.
const OF_POSTGRES: &str = "SELECT table_name::text, column_name::text AS name, data_type::text AS kind, \
     is_nullable = 'NO' AS not_null FROM information_schema.columns WHERE table_schema = current_schema() \
     AND table_name NOT LIKE '\\_\\_diesel%' AND table_name <> 'changes' ORDER BY table_name, ordinal_position";

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    not_null: bool,
}

/// The tables of a migrated database, and which column of [`TYPES`] names its types.
fn migrated() -> (Tables, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Database::new(folder.path());
    let url = database.url().parse().expect("a URL");
    let mut conn = orgd::db::prepare(&url, Schema::Migrate).expect("a migrated database");
    let (query, names) = if conn.is_postgres() { (OF_POSTGRES, 1) } else { (OF_SQLITE, 0) };
    let columns: Vec<Column> = match &mut conn {
        Conn::Sqlite(conn) => diesel::sql_query(query).load(conn),
        Conn::Postgres(conn) => diesel::sql_query(query).load(conn),
    }
    .expect("the tables can be listed");
    let mut tables = Tables::new();
    for Column { table_name, name, kind, not_null } in columns {
        let null = if not_null { "" } else { "?" };
        tables.entry(table_name).or_default().push(format!("{name} {kind}{null}"));
    }
    (tables, names)
}

/// The tables of `table!` declarations.
fn declared(source: &str, names: usize) -> Tables {
    let mut tables = Tables::new();
    for block in source.split("table! {").skip(1) {
        let mut lines = block.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("use "));
        let head = lines.next().expect("a table has a head");
        let table = head.split_once(" (").expect("a table names its key").0;
        let columns = lines.take_while(|line| *line != "}").map(|line| {
            let (name, kind) = line.split_once(" -> ").unwrap_or_else(|| panic!("{table}: {line:?} is no column"));
            let kind = kind.trim_end_matches(',');
            let (kind, null) = match kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>')) {
                Some(inner) => (inner, "?"),
                None => (kind, ""),
            };
            let known = TYPES.iter().find(|(diesel, _)| *diesel == kind);
            let (_, known) = known.unwrap_or_else(|| panic!("{table}.{name} has the unknown type {kind:?}"));
            format!("{name} {}{null}", known[names])
        });
        tables.insert(table.to_owned(), columns.collect());
    }
    tables
}

#[test]
fn the_declared_tables_are_those_of_a_migrated_database() {
    let (migrated, names) = migrated();
    let declared = declared(include_str!("../src/db/schema.rs"), names);
    assert!(migrated.contains_key("organizations"), "{migrated:?}");
    for (table, columns) in &migrated {
        assert_eq!(declared.get(table), Some(columns), "columns of {table}: declared, then migrated");
    }
    assert_eq!(declared.keys().collect::<Vec<_>>(), migrated.keys().collect::<Vec<_>>());
}

#[test]
fn reads_names_types_order_and_null() {
    let source = "table! {\n    use a::*;\n\n    things (id) {\n        id -> SqlUuid,\n        ended_at -> Nullable<SqlTime>,\n    }\n}";
    let expected = vec!["id BLOB".to_owned(), "ended_at INTEGER?".to_owned()];
    assert_eq!(declared(source, 0), Tables::from([("things".to_owned(), expected)]));
}
