//! Opens PostgreSQL connections with the settings that the rest of the server relies on.

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use super::error::DbError;
use crate::config::PostgresUrl;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Reading, on behalf of a request.
    Read,
    /// The one that writes what requests change.
    Write,
    /// Following what other servers write.
    Follow,
    /// Commands and the schema: no time limit on a statement.
    Maintain,
}

/// The oldest release that the tests run on.
const OLDEST_SUPPORTED: i32 = 150_000;

/// A host that does not answer is given up after two seconds, also one that goes away in the middle; of several hosts the one
/// that takes writes is found.
const CONNECTING: &[(&str, &str)] = &[
    ("connect_timeout", "2"),
    ("target_session_attrs", "read-write"),
    ("keepalives_idle", "2"),
    ("keepalives_interval", "1"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "3000"),
];

const COMMON: &str = "
    SET TimeZone = 'UTC';
    SET default_transaction_isolation = 'read committed';
    SET client_min_messages = warning;
    SET idle_in_transaction_session_timeout = '10s';
";
const LIMITED: &str = "SET statement_timeout = '5s'; SET lock_timeout = '1s';";

impl Purpose {
    fn application_name(self) -> &'static str {
        match self {
            Self::Read => "orgd%20read",
            Self::Write => "orgd%20write",
            Self::Follow => "orgd%20follow",
            Self::Maintain => "orgd%20command",
        }
    }

    fn settings(self) -> String {
        let own = match self {
            Self::Read => format!("{LIMITED} SET default_transaction_read_only = on;"),
            // The triggers of the change feed leave this connection alone: the server says what it changed in finer detail.
            Self::Write => format!("{LIMITED} SET statement_timeout = '3s'; SET orgd.feed = 'on';"),
            // Reading the queue after a start may take longer than any request. What is written here, a notification, is a hint.
            Self::Follow => "SET statement_timeout = '60s'; SET synchronous_commit = off;".to_owned(),
            Self::Maintain => "SET idle_in_transaction_session_timeout = 0;".to_owned(),
        };
        format!("{COMMON}{own}")
    }
}

/// Opens a connection.
pub fn connect(url: &PostgresUrl, purpose: Purpose) -> Result<PgConnection, DbError> {
    let mut parameters = CONNECTING.to_vec();
    parameters.push(("application_name", purpose.application_name()));
    let connected = PgConnection::establish(&url.with_defaults(&parameters));
    let mut conn = connected.map_err(|error| {
        let hint = if cfg!(feature = "pg-tls") || !error.to_string().contains("SSL support is not compiled in") {
            ""
        } else {
            " (build orgd with --features pg-tls)"
        };
        DbError::Unavailable(format!("cannot connect to {url}: {error}{hint}"))
    })?;
    conn.batch_execute(&purpose.settings())?;
    Ok(conn)
}

#[derive(QueryableByName)]
struct Server {
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = Text)]
    version_text: String,
    #[diesel(sql_type = Text)]
    fsync: String,
    #[diesel(sql_type = Text)]
    full_page_writes: String,
    #[diesel(sql_type = Text)]
    encoding: String,
    #[diesel(sql_type = Text)]
    language: String,
}

/// Refuses a server that is too old or whose database cannot hold every text; warns of one that may lose what it confirmed or whose
/// messages are not understood.
pub fn check_server(conn: &mut PgConnection) -> Result<(), DbError> {
    let server: Server = diesel::sql_query(
        "SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS version_text, \
         current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes, \
         current_setting('server_encoding') AS encoding, current_setting('lc_messages') AS language",
    )
    .get_result(conn)?;
    if server.version < OLDEST_SUPPORTED {
        let why = format!("PostgreSQL {} is too old; 15 or newer is needed", server.version_text);
        return Err(DbError::Unavailable(why));
    }
    if server.encoding != "UTF8" {
        let why = format!("the database has the encoding {}; create one with ENCODING 'UTF8'", server.encoding);
        return Err(DbError::Unavailable(why));
    }
    // Some passing faults (a deadlock, a lock held for too long) are known by the text of their messages alone.
    if !["", "C", "POSIX"].contains(&server.language.as_str()) && !server.language.to_lowercase().starts_with("en") {
        tracing::warn!(
            "PostgreSQL speaks {}, so that orgd cannot tell passing faults from defects; for orgd's role, set lc_messages = 'C'",
            server.language
        );
    }
    for (name, value) in [("fsync", &server.fsync), ("full_page_writes", &server.full_page_writes)] {
        if value != "on" {
            tracing::warn!(
                "PostgreSQL runs with {name} = {value}: a power cut can lose acknowledged writes or the database"
            );
        }
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Whether there is a table of this name.
pub fn has_table(conn: &mut PgConnection, name: &str) -> Result<bool, DbError> {
    let found = diesel::sql_query(
        "SELECT count(*) AS count FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1",
    );
    Ok(found.bind::<Text, _>(name).get_result::<Count>(conn)?.count > 0)
}

/// How many servers follow the changes of this database; with a time those only whose last question was asked before it, or has no answer yet.
pub fn count_followers(conn: &mut PgConnection, before: Option<&str>) -> Result<i64, DbError> {
    let followers = diesel::sql_query(
        "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() \
         AND application_name = 'orgd follow' AND ($1 IS NULL OR state <> 'idle' OR query_start <= $1::timestamptz)",
    );
    Ok(followers.bind::<Nullable<Text>, _>(before).get_result::<Count>(conn)?.count)
}

#[derive(QueryableByName)]
struct Time {
    #[diesel(sql_type = Text)]
    time: String,
}

/// The server's clock, as text that it understands.
pub fn server_time(conn: &mut PgConnection) -> Result<String, DbError> {
    Ok(diesel::sql_query("SELECT clock_timestamp()::text AS time").get_result::<Time>(conn)?.time)
}
