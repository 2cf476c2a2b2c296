//! The pool of connections that can only read.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::Connection;
use diesel::r2d2::R2D2Connection;
use r2d2::{ManageConnection, NopErrorHandler, Pool, PooledConnection};
use tokio::sync::Semaphore;

use super::conn::Conn;
use super::error::DbError;
use super::postgres::{self, Purpose};
use super::sqlite;
use crate::config::{DatabaseUrl, PostgresUrl};

/// How long a request waits for a connection before it is told to come back.
const WAIT: Duration = Duration::from_secs(2);
/// How long it waits for what it reads. A PostgreSQL server that works ends every statement earlier; one that stands still says nothing.
const ANSWER: Duration = Duration::from_secs(8);

/// How much a read may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Less than half a millisecond on an embedded database, where it then runs on the calling thread: handing it to another
    /// thread costs as much as a whole request.
    Small,
    /// More than that.
    Large,
}

/// A pool of read-only connections.
#[derive(Clone)]
pub struct Readers {
    pool: Pool<Opener>,
    /// One permit for each connection, so that callers wait for one without holding a thread.
    permits: Arc<Semaphore>,
    /// Moves when a connection turns out to be lost: those opened before it are then not used again.
    epoch: Arc<AtomicU64>,
    /// How often the database was read.
    reads: Arc<AtomicU64>,
    is_local: bool,
}

/// Opens the pool's connections.
struct Opener {
    place: Place,
    epoch: Arc<AtomicU64>,
}

enum Place {
    Sqlite(String),
    Postgres(PostgresUrl),
}

/// A pooled connection.
pub struct Session {
    conn: Conn,
    epoch: u64,
    is_lost: bool,
}

impl ManageConnection for Opener {
    type Connection = Session;
    type Error = DbError;

    fn connect(&self) -> Result<Session, DbError> {
        let epoch = self.epoch.load(Ordering::Acquire);
        let conn = match &self.place {
            Place::Sqlite(path) => {
                let opened = diesel::SqliteConnection::establish(path);
                let mut conn = opened.map_err(|error| DbError::Unavailable(error.to_string()))?;
                sqlite::set_up_reader(&mut conn)?;
                Conn::Sqlite(conn)
            }
            Place::Postgres(url) => Conn::Postgres(postgres::connect(url, Purpose::Read)?),
        };
        Ok(Session { conn, epoch, is_lost: false })
    }

    fn is_valid(&self, session: &mut Session) -> Result<(), DbError> {
        Ok(session.conn.ping()?)
    }

    fn has_broken(&self, session: &mut Session) -> bool {
        session.is_lost || session.conn.is_broken()
    }
}

impl Readers {
    /// Makes the pool; connections are opened when they are first needed.
    pub fn open(url: &DatabaseUrl, size: u32) -> Result<Self, DbError> {
        let place = match url {
            DatabaseUrl::Sqlite { path } => Place::Sqlite(text_of(path)?),
            DatabaseUrl::Postgres(url) => Place::Postgres(url.clone()),
        };
        let is_local = matches!(place, Place::Sqlite(_));
        let size = size.max(1);
        let epoch = Arc::new(AtomicU64::new(0));
        let pool = Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .connection_timeout(WAIT)
            .error_handler(Box::new(NopErrorHandler))
            .build_unchecked(Opener { place, epoch: Arc::clone(&epoch) });
        let permits = Arc::new(Semaphore::new(size as usize));
        Ok(Self { pool, permits, epoch, reads: Arc::default(), is_local })
    }

    /// Runs a read: on the calling thread where that is cheap, else on a thread for blocking work, so that a slow or absent
    /// database holds up no thread that serves requests. `Unavailable` when no connection is free within two seconds, within which
    /// it runs again when its connection turns out to be lost, and when there is no result within eight more.
    pub async fn read<T, F>(&self, effort: Effort, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: Fn(&mut Conn) -> Result<T, DbError> + Send + 'static,
    {
        if self.is_local && effort == Effort::Small {
            return self.read_now(work);
        }
        let begun = Instant::now();
        let permit = tokio::time::timeout(WAIT, Arc::clone(&self.permits).acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return Err(DbError::Unavailable("all connections for reading are busy".to_owned()));
        };
        let readers = self.clone();
        let read = tokio::task::spawn_blocking(move || {
            let result = readers.read_until(begun + WAIT, work);
            drop(permit);
            result
        });
        match tokio::time::timeout(ANSWER, read).await {
            Ok(ended) => ended.map_err(|error| DbError::Internal(error.to_string()))?,
            // The thread and the connection stay with the database, which has them.
            Err(_) => Err(DbError::Unavailable("the database did not answer in time".to_owned())),
        }
    }

    /// Runs a read on the calling thread.
    pub fn read_now<T>(&self, work: impl Fn(&mut Conn) -> Result<T, DbError>) -> Result<T, DbError> {
        self.read_until(Instant::now() + WAIT, work)
    }

    fn read_until<T>(&self, deadline: Instant, work: impl Fn(&mut Conn) -> Result<T, DbError>) -> Result<T, DbError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        loop {
            let mut session = self.take(deadline)?;
            let result = work(&mut session.conn);
            let is_lost = matches!(result, Err(DbError::Lost(_)));
            if is_lost {
                self.give_up(session);
            }
            if !is_lost || Instant::now() >= deadline {
                return result;
            }
        }
    }

    /// A connection that was opened after the last one that turned out to be lost.
    fn take(&self, deadline: Instant) -> Result<PooledConnection<Opener>, DbError> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            let mut session = self.pool.get_timeout(left).map_err(|error| DbError::Unavailable(error.to_string()))?;
            if session.epoch == self.epoch.load(Ordering::Acquire) {
                return Ok(session);
            }
            session.is_lost = true;
        }
    }

    fn give_up(&self, mut session: PooledConnection<Opener>) {
        session.is_lost = true;
        // Of many that fail at once, one moves the epoch.
        let _ = self.epoch.compare_exchange(session.epoch, session.epoch + 1, Ordering::AcqRel, Ordering::Acquire);
    }

    /// How often the database was read, for the metrics.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// How many connections are open, and how many of them are in use; for the metrics.
    pub fn usage(&self) -> (u32, u32) {
        let state = self.pool.state();
        (state.connections, state.connections - state.idle_connections)
    }
}

fn text_of(path: &Path) -> Result<String, DbError> {
    let text = path.to_str().ok_or_else(|| DbError::Unavailable("the database path is not UTF-8".to_owned()))?;
    Ok(text.to_owned())
}
