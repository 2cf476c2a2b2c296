//! Brings a database to the schema that this binary was built for.

use std::collections::BTreeSet;

use diesel::migration::MigrationSource;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::Conn;
use super::error::DbError;

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Runs what is missing, each migration in its own transaction. A database that a newer version has written is refused and
/// left as it is: Diesel alone would not notice.
pub fn run(conn: &mut Conn) -> Result<(), DbError> {
    let known: BTreeSet<String> = MigrationSource::<Sqlite>::migrations(&SQLITE)
        .map_err(internal)?
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect();
    let applied = conn.applied_migrations().map_err(internal)?;
    let newest = known.last().cloned().unwrap_or_default();
    if let Some(unknown) = applied.iter().map(ToString::to_string).find(|version| !known.contains(version)) {
        return Err(DbError::Unavailable(format!(
            "database schema {unknown} is newer than this binary, which knows up to {newest}; upgrade orgd or restore a backup"
        )));
    }
    conn.run_pending_migrations(SQLITE).map_err(internal)?;
    Ok(())
}

fn internal(error: impl std::fmt::Display) -> DbError {
    DbError::Internal(error.to_string())
}
