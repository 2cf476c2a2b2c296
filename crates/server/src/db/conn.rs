//! The one connection type that every query of the server runs on. Which database it leads to is decided by the URL, in
//! `sqlite` and `postgres`; Diesel's own `establish` would guess and throw the reason of a failure away.

use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

/// Runs a query on the connection inside. Diesel then knows the database while it compiles and finds a prepared statement by its
/// type; through the enum it would write the statement's text anew each time, which costs as much as a small query. For the
/// queries of the request path, and where the enum cannot do what both databases can.
macro_rules! on_inner {
    ($conn:expr, $inner:ident => $run:expr) => {
        match $conn {
            $crate::db::conn::Conn::Sqlite($inner) => $run,
            $crate::db::conn::Conn::Postgres($inner) => $run,
        }
    };
}
pub(super) use on_inner;

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
