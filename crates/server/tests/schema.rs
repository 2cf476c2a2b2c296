//! `db/schema.rs` against a database that the migrations made: the same tables with the same columns, in the same order, of
//! the same types, and null where null is allowed. Diesel itself would notice a difference only when a query fails.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking, helpers included")]

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use orgd::config::DatabaseUrl;
use orgd::db::Schema;

/// Columns as `name type`, with a `?` after the type where null is allowed.
type Tables = BTreeMap<String, Vec<String>>;

/// What SQLite calls the types of `db/schema.rs`. `SqlUuid` and `SqlTime` are declared in `db/types.rs`.
const TYPES: &[(&str, &str)] = &[
    ("BigInt", "INTEGER"),
    ("Binary", "BLOB"),
    ("Bool", "INTEGER"),
    ("Integer", "INTEGER"),
    ("SmallInt", "INTEGER"),
    ("SqlTime", "INTEGER"),
    ("SqlUuid", "BLOB"),
    ("Text", "TEXT"),
];

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

/// The tables of a migrated database, without SQLite's own and Diesel's.
fn migrated() -> Tables {
    let folder = tempfile::tempdir().expect("a folder");
    let mut conn = orgd::db::prepare(&DatabaseUrl::Sqlite { path: folder.path().join("orgd.db") }, Schema::Migrate)
        .expect("a migrated database");
    let columns: Vec<Column> = diesel::sql_query(
        "SELECT t.name AS table_name, c.name AS name, c.type AS kind, c.\"notnull\" AS not_null \
         FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' \
         ORDER BY t.name, c.cid",
    )
    .load(&mut conn)
    .expect("the tables can be listed");
    let mut tables = Tables::new();
    for Column { table_name, name, kind, not_null } in columns {
        let null = if not_null { "" } else { "?" };
        tables.entry(table_name).or_default().push(format!("{name} {kind}{null}"));
    }
    tables
}

/// The tables of `table!` declarations.
fn declared(source: &str) -> Tables {
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
            let (_, sqlite) = known.unwrap_or_else(|| panic!("{table}.{name} has the unknown type {kind:?}"));
            format!("{name} {sqlite}{null}")
        });
        tables.insert(table.to_owned(), columns.collect());
    }
    tables
}

#[test]
fn the_declared_tables_are_those_of_a_migrated_database() {
    let (declared, migrated) = (declared(include_str!("../src/db/schema.rs")), migrated());
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
    assert_eq!(declared(source), Tables::from([("things".to_owned(), expected)]));
}
