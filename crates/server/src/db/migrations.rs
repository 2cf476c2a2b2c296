//! Brings a database to the schema that this binary was built for.

use std::collections::BTreeSet;

use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::conn::Conn;
use super::error::DbError;

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Names the lock that servers of one PostgreSQL database take in turn to change the schema and to make the first rows. "orgd".
const LOCK: i64 = 0x6f72_6764;

/// One step of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationState {
    /// Its name, such as `2026-11-24-000001_identity`.
    pub name: String,
    /// Whether the database has it.
    pub is_applied: bool,
}

/// Every step that this binary knows, oldest first. A database that a newer version has written is refused: Diesel alone would
/// not notice.
pub fn list(conn: &mut Conn) -> Result<Vec<MigrationState>, DbError> {
    match conn {
        Conn::Sqlite(conn) => states(conn, &SQLITE),
        Conn::Postgres(conn) => states(conn, &POSTGRES),
    }
}

/// Runs what is missing, each migration in its own transaction. A database that a newer version has written is refused and
/// left as it is.
pub fn run(conn: &mut Conn) -> Result<(), DbError> {
    let is_complete = list(conn)?.iter().all(|migration| migration.is_applied);
    if is_complete {
        return Ok(());
    }
    match conn {
        Conn::Sqlite(conn) => conn.run_pending_migrations(SQLITE).map(drop),
        Conn::Postgres(conn) => conn.run_pending_migrations(POSTGRES).map(drop),
    }
    .map_err(internal)
}

/// Refuses a database that lacks a migration.
pub fn require_all(conn: &mut Conn) -> Result<(), DbError> {
    match list(conn)?.iter().find(|migration| !migration.is_applied) {
        None => Ok(()),
        Some(missing) => Err(DbError::Unavailable(format!(
            "the database lacks the migration {}; run `orgd migrate run`, or start without --no-migrate",
            missing.name
        ))),
    }
}

/// Runs `work` while no other server of the same PostgreSQL database does; a SQLite file has one server anyway.
pub fn one_at_a_time<T, E: From<DbError>>(
    conn: &mut Conn,
    work: impl FnOnce(&mut Conn) -> Result<T, E>,
) -> Result<T, E> {
    if !conn.is_postgres() {
        return work(conn);
    }
    conn.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).map_err(DbError::from)?;
    let result = work(conn);
    // The lock goes with the connection if this fails.
    let _ = conn.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})"));
    result
}

fn states<C, B>(conn: &mut C, source: &EmbeddedMigrations) -> Result<Vec<MigrationState>, DbError>
where
    C: MigrationHarness<B>,
    B: Backend,
    EmbeddedMigrations: MigrationSource<B>,
{
    let mut known: Vec<_> = MigrationSource::<B>::migrations(source).map_err(internal)?;
    known.sort_by_key(|migration| migration.name().version().to_string());
    let applied: BTreeSet<String> =
        conn.applied_migrations().map_err(internal)?.iter().map(ToString::to_string).collect();
    let versions: BTreeSet<String> = known.iter().map(|migration| migration.name().version().to_string()).collect();
    let newest = versions.last().cloned().unwrap_or_default();
    if let Some(unknown) = applied.iter().find(|version| !versions.contains(*version)) {
        return Err(DbError::Unavailable(format!(
            "database schema {unknown} is newer than this binary, which knows up to {newest}; upgrade orgd or restore a backup"
        )));
    }
    let state = |migration: Box<dyn diesel::migration::Migration<B>>| MigrationState {
        is_applied: applied.contains(&migration.name().version().to_string()),
        name: migration.name().to_string(),
    };
    Ok(known.into_iter().map(state).collect())
}

fn internal(error: impl std::fmt::Display) -> DbError {
    DbError::Internal(error.to_string())
}
