//! The one connection type that every query of the server runs on. Which database it leads to is decided by the URL, in
//! `sqlite` and `postgres`; Diesel's own `establish` would guess and throw the reason of a failure away.

use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// An embedded database.
    Sqlite(SqliteConnection),
    /// A PostgreSQL server.
    Postgres(PgConnection),
}

impl Conn {
    /// True when this leads to a PostgreSQL server.
    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}
