//! The two databases of a copy: how they are opened, told apart, and kept from everybody else.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::error::CopyError;
use super::mark;
use crate::config::DatabaseUrl;
use crate::db::conn::Conn;
use crate::db::error::DbError;
use crate::db::{self, ServerLock, migrations};

/// Names the lock that a copy holds on its PostgreSQL target. "copy".
const LOCK: i64 = 0x636f_7079;

/// How long a copy waits for one that was killed to be gone.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is going to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// To copy: nobody else may use either database.
    Copy,
    /// To read both and to change nothing.
    Compare,
}

/// An open database.
pub struct End {
    pub(super) conn: Conn,
    /// Its URL without secrets.
    pub(super) name: String,
    /// What it is the same database by, whatever its URL.
    pub(super) identity: String,
    /// Keeps servers, and other copies, from a file.
    _lock: Option<ServerLock>,
}

/// Opens both databases; those that cannot be used are refused, before the target is made where there is none.
pub fn open(from: &DatabaseUrl, to: &DatabaseUrl, intent: Intent) -> Result<(End, End), CopyError> {
    let source = open_source(from, intent)?;
    if let DatabaseUrl::Sqlite { path } = to {
        if canonical(path).is_some_and(|path| path == source.identity) {
            return Err(CopyError::SameDatabase(source.name));
        }
        if intent == Intent::Compare && !path.exists() {
            return Err(CopyError::Missing(path.display().to_string()));
        }
    }
    let target = open_target(to, intent, &source)?;
    Ok((source, target))
}

fn open_source(url: &DatabaseUrl, intent: Intent) -> Result<End, CopyError> {
    if let DatabaseUrl::Sqlite { path } = url
        && !path.exists()
    {
        return Err(CopyError::Missing(path.display().to_string()));
    }
    let mut end = open_end(url, intent)?;
    let prepared = migrations::require_all(&mut end.conn)
        .and_then(|()| mark::refuse_unfinished(&mut end.conn))
        .and_then(|()| forbid_writes(&mut end.conn));
    prepared.map_err(|error| CopyError::Unusable { name: end.name.clone(), error })?;
    Ok(end)
}

fn open_target(url: &DatabaseUrl, intent: Intent, source: &End) -> Result<End, CopyError> {
    let mut end = open_end(url, intent)?;
    if end.identity == source.identity {
        return Err(CopyError::SameDatabase(end.name));
    }
    let prepared = match intent {
        Intent::Copy => {
            keep_other_copies_out(&mut end)?;
            migrations::one_at_a_time(&mut end.conn, migrations::run)
        }
        Intent::Compare => migrations::require_all(&mut end.conn).and_then(|()| forbid_writes(&mut end.conn)),
    };
    prepared.map_err(|error| CopyError::Unusable { name: end.name.clone(), error })?;
    Ok(end)
}

fn open_end(url: &DatabaseUrl, intent: Intent) -> Result<End, CopyError> {
    let name = url.to_string();
    let unusable = |error| CopyError::Unusable { name: name.clone(), error };
    let lock = match url {
        DatabaseUrl::Sqlite { path } if intent == Intent::Copy => {
            if ServerLock::is_held(path) {
                return Err(CopyError::InUse(name));
            }
            Some(ServerLock::acquire(path).map_err(unusable)?)
        }
        _ => None,
    };
    let mut conn = db::open_alone(url)?;
    if intent == Intent::Copy && db::is_served(&mut conn).map_err(unusable)? {
        return Err(CopyError::InUse(name));
    }
    let identity = match url {
        DatabaseUrl::Sqlite { path } => canonical(path).unwrap_or_else(|| name.clone()),
        DatabaseUrl::Postgres(_) => identity_in_cluster(&mut conn).map_err(unusable)?,
    };
    Ok(End { conn, name, identity, _lock: lock })
}

/// The one name of a file that exists.
fn canonical(path: &Path) -> Option<String> {
    fs::canonicalize(path).ok().map(|path| path.display().to_string())
}

#[derive(QueryableByName)]
struct Identity {
    #[diesel(sql_type = Text)]
    identity: String,
}

#[derive(QueryableByName)]
struct Lock {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

fn identity_in_cluster(conn: &mut Conn) -> Result<String, DbError> {
    let query = "SELECT format('postgres %s/%s', system_identifier, oid) AS identity \
                 FROM pg_control_system(), pg_database WHERE datname = current_database()";
    Ok(diesel::sql_query(query).get_result::<Identity>(conn)?.identity)
}

/// On PostgreSQL; a file is locked already. The last statement of a copy that was killed may still be running for a moment.
fn keep_other_copies_out(end: &mut End) -> Result<(), CopyError> {
    let Conn::Postgres(conn) = &mut end.conn else { return Ok(()) };
    let query = format!("SELECT pg_try_advisory_lock({LOCK}) AS taken");
    let until = Instant::now() + PATIENCE;
    while !diesel::sql_query(&query).get_result::<Lock>(conn).map_err(DbError::from)?.taken {
        if Instant::now() > until {
            return Err(CopyError::Running(end.name.clone()));
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn forbid_writes(conn: &mut Conn) -> Result<(), DbError> {
    Ok(conn.batch_execute(match conn {
        Conn::Sqlite(_) => "PRAGMA query_only = ON",
        Conn::Postgres(_) => "SET default_transaction_read_only = on",
    })?)
}
