//! The tables in the order in which they are copied, and what is done with each: count, copy, compare.

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::rows::*;
use crate::db;
use crate::db::conn::Conn;
use crate::db::error::DbError;

/// Is told that so many more rows were dealt with.
pub(super) type Seen<'a> = &'a mut dyn FnMut(usize);

/// A table, whatever its rows are.
pub(super) struct Table {
    /// Its name.
    pub name: &'static str,
    /// The column that the database numbers by itself.
    pub numbered_by: Option<&'static str>,
    /// How many rows there are.
    pub count: fn(&mut Conn) -> QueryResult<i64>,
    /// Copies what comes after the last row of the target.
    pub copy: fn(&mut Conn, &mut Conn, Seen<'_>) -> Result<(), DbError>,
    /// Reads both databases and says whether they differ.
    pub compare: fn(&mut Conn, &mut Conn, Seen<'_>) -> Result<Comparison, DbError>,
}

/// A row refers to rows of earlier tables only.
pub(super) const TABLES: &[Table] = &[
    Table::of::<Organization>(),
    Table::of::<User>(),
    Table::of::<ApiKey>(),
    Table::of::<Member>(),
    Table::of::<TagSet>(),
    Table::of::<ProvisionerKey>(),
    Table::of::<ProvisionerDaemon>(),
    Table::of::<ProvisionerJob>(),
    Table::of::<ProvisionerJobLog>(),
    Table::of::<AuditLog>(),
];

impl Table {
    const fn of<R: Copied>() -> Self {
        Self { name: R::TABLE, numbered_by: R::NUMBERED_BY, count: R::count, copy: copy::<R>, compare: compare::<R> }
    }
}

/// The rows of one table in one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contents {
    /// How many there are.
    pub rows: u64,
    /// SHA-256 of all columns in the order of the key, as hexadecimal digits.
    pub checksum: String,
}

/// A table in two databases.
pub(super) struct Comparison {
    /// What the source holds.
    pub source: Contents,
    /// What the target holds.
    pub target: Contents,
    /// The key of the first row that is not the same in both.
    pub first_difference: Option<String>,
}

/// Each chunk is one transaction, so that the target holds the beginning of the table in the order of the key, whenever the copy
/// is interrupted.
fn copy<R: Copied>(source: &mut Conn, target: &mut Conn, seen: Seen<'_>) -> Result<(), DbError> {
    let mut last = R::last(target)?;
    loop {
        let mut rows = R::read_after(source, last.as_ref())?;
        if rows.is_empty() {
            return Ok(());
        }
        db::all_or_nothing(target, |target| R::insert(target, &rows).map_err(DbError::from))?;
        seen(rows.len());
        last = rows.pop();
    }
}

/// Reads one database chunk by chunk.
struct Walk<R> {
    chunk: Vec<R>,
    rows: u64,
    sum: Sha256,
}

impl<R: Copied> Walk<R> {
    fn new() -> Self {
        Self { chunk: Vec::new(), rows: 0, sum: Sha256::new() }
    }

    /// Goes on to the next chunk; at the end it is empty, and stays so.
    fn go_on(&mut self, conn: &mut Conn) -> Result<(), DbError> {
        if self.rows > 0 && self.chunk.is_empty() {
            return Ok(());
        }
        self.chunk = R::read_after(conn, self.chunk.last())?;
        self.rows += self.chunk.len() as u64;
        self.chunk.iter().for_each(|row| row.add_to(&mut self.sum));
        Ok(())
    }

    fn contents(self) -> Contents {
        let checksum = self.sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Contents { rows: self.rows, checksum }
    }
}

fn compare<R: Copied>(source: &mut Conn, target: &mut Conn, seen: Seen<'_>) -> Result<Comparison, DbError> {
    let (mut ours, mut theirs) = (Walk::<R>::new(), Walk::<R>::new());
    let mut first_difference = None;
    loop {
        ours.go_on(source)?;
        theirs.go_on(target)?;
        if ours.chunk.is_empty() && theirs.chunk.is_empty() {
            break;
        }
        // Up to the first difference both chunks begin at the same row.
        first_difference = first_difference.or_else(|| difference(&ours.chunk, &theirs.chunk));
        seen(ours.chunk.len());
    }
    Ok(Comparison { source: ours.contents(), target: theirs.contents(), first_difference })
}

fn difference<R: Copied>(ours: &[R], theirs: &[R]) -> Option<String> {
    let at = (0..ours.len().max(theirs.len())).find(|&at| ours.get(at) != theirs.get(at))?;
    match (ours.get(at), theirs.get(at)) {
        (Some(ours), Some(theirs)) if theirs.is_before(ours) => Some(theirs.key()),
        (ours, theirs) => ours.or(theirs).map(R::key),
    }
}

#[cfg(test)]
mod tests {
    use super::TABLES;

    /// Tables that are not copied, and why.
    const LEFT_OUT: &[(&str, &str)] = &[
        ("copies", "says of the target that a copy into it is not finished"),
        ("idempotency_keys", "answers of requests that may be repeated, kept for a day"),
    ];

    #[test]
    fn every_table_is_copied_or_left_out_on_purpose() {
        let source = include_str!("../schema.rs");
        let declared: Vec<&str> = source
            .split("table! {")
            .skip(1)
            .filter_map(|block| block.lines().find_map(|line| line.trim().split_once(" (").map(|(name, _)| name)))
            .collect();
        assert!(declared.len() >= TABLES.len() && declared.contains(&"organizations"), "{declared:?}");
        for name in &declared {
            let is_copied = TABLES.iter().any(|table| table.name == *name);
            let is_left_out = LEFT_OUT.iter().any(|(table, _)| table == name);
            assert!(is_copied != is_left_out, "{name}: `orgd copy` must take it along or leave it out on purpose");
        }
        assert!(TABLES.iter().all(|table| declared.contains(&table.name)));
    }
}
