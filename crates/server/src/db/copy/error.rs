//! Why a copy was refused or did not succeed, in words for the person who started it.

use crate::db::error::DbError;

/// Why there is no copy, or not a whole one.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A file does not exist.
    #[error("there is no database at {0}")]
    Missing(String),
    /// Both URLs lead to one database.
    #[error("--from and --to name the same database, {0}")]
    SameDatabase(String),
    /// A server, or another copy, uses one of the databases.
    #[error(
        "a server or another copy uses {0}; stop it first, since a copy must miss nothing and meet no other writer"
    )]
    InUse(String),
    /// Another copy writes to the target at this moment.
    #[error("another copy into {0} is running")]
    Running(String),
    /// The target holds rows that no interrupted copy has put there.
    #[error("{target} is not empty: {table} has {}; copy into a new database", counted(*.rows))]
    NotEmpty {
        /// The target.
        target: String,
        /// The first table with rows.
        table: &'static str,
        /// How many.
        rows: u64,
    },
    /// The target holds the beginning of a copy of another database.
    #[error("{target} holds an unfinished copy of {source_name}; finish that one, or copy into a new database")]
    OtherSource {
        /// The target.
        target: String,
        /// What was being copied.
        source_name: String,
    },
    /// One of the databases cannot be opened or used.
    #[error("{name}: {error}")]
    Unusable {
        /// Which.
        name: String,
        /// Why.
        error: DbError,
    },
    /// Reading or writing a table failed.
    #[error("{step} {table}: {error}")]
    Table {
        /// What was being done.
        step: &'static str,
        /// The table.
        table: &'static str,
        /// Why.
        error: DbError,
    },
    /// The databases differ.
    #[error("{}", differences(.0))]
    Different(Vec<Difference>),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// A table that is not the same in both databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: &'static str,
    /// Rows of the source.
    pub source_rows: u64,
    /// Rows of the target.
    pub target_rows: u64,
    /// The key of the first row that differs or is missing.
    pub first: String,
}

fn counted(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

fn differences(list: &[Difference]) -> String {
    let mut text = "the two databases differ; if that is not expected, copy again into a new database".to_owned();
    for Difference { table, source_rows, target_rows, first } in list {
        let rows = if source_rows == target_rows {
            format!("{} in both", counted(*source_rows))
        } else {
            format!("{} in the source, {} in the target", counted(*source_rows), counted(*target_rows))
        };
        text.push_str(&format!("\n  {table}: {rows}; the first difference is at {first}"));
    }
    text
}
