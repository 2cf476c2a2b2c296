//! Copies a whole installation into another database: all columns of all rows, chunk by chunk in the order of the keys, so that a
//! copy that is interrupted goes on where it was.

mod ends;
mod error;
mod fields;
mod mark;
mod rows;
mod tables;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use orgd_api_types::Timestamp;

pub use ends::{End, Intent, open};
pub use error::{CopyError, Difference};
pub(super) use mark::refuse_unfinished;
use tables::{TABLES, Table};

use super::backup::Counted;
use super::conn::Conn;
use super::error::DbError;
use super::sqlite;

/// What takes long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Rows are copied.
    Copy,
    /// Both databases are read and compared.
    Verify,
}

/// Is told how far a copy has come.
pub trait Progress {
    /// A step begins: so many rows of so many are there already.
    fn begin(&mut self, step: Step, done: u64, rows: u64);
    /// So many more rows of this table were dealt with.
    fn advanced(&mut self, table: &'static str, rows: u64);
}

/// A table that is the same in both databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its name.
    pub table: &'static str,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 of all columns in the order of the key, as hexadecimal digits; the same on either kind of database.
    pub checksum: String,
}

/// Copies what is missing, compares everything, and only then lets the target be used.
pub fn run(
    source: &mut End,
    target: &mut End,
    now: Timestamp,
    progress: &mut dyn Progress,
) -> Result<Vec<Verified>, CopyError> {
    mark::begin(&mut target.conn, &target.name, (&source.identity, &source.name), now)?;
    let to = &mut target.conn;
    let verified = super::in_one_moment(&mut source.conn, |from| {
        let done = count_all(to)?;
        progress.begin(Step::Copy, done, count_all(from)?);
        for table in TABLES {
            let seen = &mut |rows| progress.advanced(table.name, rows as u64);
            (table.copy)(from, to, seen).map_err(|error| failed("cannot copy", table, error))?;
        }
        compare_all(from, to, progress)
    })?;
    finish(to)?;
    Ok(verified)
}

/// How many rows each table has that is copied.
pub(super) fn count(conn: &mut Conn) -> Result<Vec<Counted>, DbError> {
    let counted = |table: &Table| Ok(Counted { table: table.name, rows: (table.count)(conn)?.unsigned_abs() });
    TABLES.iter().map(counted).collect()
}

/// Compares two databases, each at one moment.
pub fn verify(source: &mut End, target: &mut End, progress: &mut dyn Progress) -> Result<Vec<Verified>, CopyError> {
    super::in_one_moment(&mut source.conn, |from| {
        super::in_one_moment(&mut target.conn, |to| compare_all(from, to, progress))
    })
}

fn count_all(conn: &mut Conn) -> Result<u64, CopyError> {
    let counts = TABLES.iter().map(|table| {
        let rows = (table.count)(conn).map_err(|error| failed("cannot count", table, error.into()))?;
        Ok(rows.unsigned_abs())
    });
    counts.sum()
}

fn compare_all(from: &mut Conn, to: &mut Conn, progress: &mut dyn Progress) -> Result<Vec<Verified>, CopyError> {
    progress.begin(Step::Verify, 0, count_all(from)?);
    let mut verified = Vec::with_capacity(TABLES.len());
    let mut different = Vec::new();
    for table in TABLES {
        let seen = &mut |rows| progress.advanced(table.name, rows as u64);
        let compared = (table.compare)(from, to, seen).map_err(|error| failed("cannot compare", table, error))?;
        if compared.source == compared.target {
            verified.push(Verified {
                table: table.name,
                rows: compared.source.rows,
                checksum: compared.source.checksum,
            });
        } else {
            different.push(Difference {
                table: table.name,
                source_rows: compared.source.rows,
                target_rows: compared.target.rows,
                first: compared.first_difference.unwrap_or_default(),
            });
        }
    }
    if different.is_empty() { Ok(verified) } else { Err(CopyError::Different(different)) }
}

/// Lets the target be used.
fn finish(target: &mut Conn) -> Result<(), DbError> {
    if let Conn::Sqlite(conn) = target {
        // The commit that follows waits until all before it is on the disk.
        sqlite::make_durable(conn)?;
    }
    super::all_or_nothing(target, |target| {
        if target.is_postgres() {
            go_on_numbering(target)?;
        }
        mark::remove(target)
    })?;
    if target.is_postgres() {
        let names: Vec<_> = TABLES.iter().map(|table| table.name).collect();
        // The first queries should not have to wait for autovacuum to learn how large the tables are.
        target.batch_execute(&format!("ANALYZE {}", names.join(", ")))?;
    }
    Ok(())
}

/// PostgreSQL's own numbers go on after those that were copied.
fn go_on_numbering(target: &mut Conn) -> QueryResult<()> {
    TABLES.iter().filter_map(|table| Some((table.name, table.numbered_by?))).try_for_each(|(table, column)| {
        target.batch_execute(&format!(
            "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), (SELECT max({column}) FROM {table}))"
        ))
    })
}

fn failed(step: &'static str, table: &Table, error: DbError) -> CopyError {
    CopyError::Table { step, table: table.name, error }
}
