//! Everything that speaks SQL, and the only place that takes a connection.
//!
//! Reads run on a pool of connections that cannot write; writes go through one thread (see `writer`). The functions here know
//! no rules beyond those that the schema states.

pub mod api_keys;
#[cfg(feature = "bench")]
pub mod bench;
pub mod bootstrap;
mod connection;
mod error;
pub mod jobs;
pub mod load;
pub(crate) mod members;
mod migrations;
pub mod organizations;
mod readers;
mod schema;
#[cfg(test)]
mod statement_tests;
pub mod tag_sets;
mod types;
pub mod users;
pub mod workers;
mod writer;

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

pub use connection::Conn;
pub use error::{Constraint, DbError};
pub use readers::Readers;
pub use writer::{Writer, WriterObserver};

use crate::change::Publisher;

/// A database that is open for reading and, through its writer thread, for writing.
#[derive(Clone)]
pub struct Database {
    readers: Readers,
    writer: Writer,
}

/// Holds the database for one server process. Released when dropped, also by `kill -9`.
#[derive(Debug)]
pub struct ServerLock {
    _file: File,
}

impl Database {
    /// Starts the writer thread on a connection from [`prepare`].
    pub fn open(
        conn: Conn,
        readers: Readers,
        publisher: Box<dyn Publisher>,
        observer: Arc<dyn WriterObserver>,
    ) -> Result<(Self, JoinHandle<()>), DbError> {
        let (writer, thread) = Writer::start(conn, publisher, observer)
            .map_err(|error| DbError::Unavailable(format!("cannot start the writer: {error}")))?;
        Ok((Self { readers, writer }, thread))
    }

    /// The read pool, for tests that take its connections away and for readiness checks.
    pub fn readers(&self) -> &Readers {
        &self.readers
    }

    /// True when a read succeeds and the writer takes work.
    pub fn is_ready(&self) -> bool {
        let reads =
            self.readers.get().is_ok_and(|mut conn| conn.batch_execute("SELECT 1 FROM organizations LIMIT 1").is_ok());
        reads && self.writer.is_alive()
    }
}

/// Runs reads that must all see the same moment.
pub(crate) fn in_one_moment<T, E: From<DbError>>(
    conn: &mut Conn,
    read: impl FnOnce(&mut Conn) -> Result<T, E>,
) -> Result<T, E> {
    // The read's own error must keep its kind, so it is carried past Diesel's.
    conn.transaction(|conn| Ok::<_, diesel::result::Error>(read(conn))).map_err(DbError::from)?
}

/// Lets the transaction under way refer to rows that it inserts later; what still refers to nothing fails its commit.
pub(crate) fn defer_references(conn: &mut Conn) -> Result<(), DbError> {
    Ok(conn.batch_execute("PRAGMA defer_foreign_keys = ON")?)
}

/// Runs writes in one transaction, outside the writer thread, and undoes all of them when one fails.
pub(crate) fn all_or_nothing<T, E: From<DbError>>(
    conn: &mut Conn,
    write: impl FnOnce(&mut Conn) -> Result<T, E>,
) -> Result<T, E> {
    let mut outcome = None;
    let ended = conn.immediate_transaction(|conn| match outcome.insert(write(conn)) {
        Ok(_) => Ok(()),
        Err(_) => Err(diesel::result::Error::RollbackTransaction),
    });
    match (outcome, ended) {
        (Some(Err(error)), _) => Err(error),
        (Some(Ok(value)), Ok(())) => Ok(value),
        (_, Err(error)) => Err(DbError::from(error).into()),
        (None, Ok(())) => Err(DbError::Internal("the transaction did not run".to_owned()).into()),
    }
}

/// Opens the write connection alone and brings the schema up to date.
pub fn prepare(path: &Path) -> Result<Conn, DbError> {
    let mut conn = connection::open_writer(path)?;
    migrations::run(&mut conn)?;
    connection::make_durable(&mut conn)?;
    Ok(conn)
}

impl ServerLock {
    /// Takes the lock beside the database file, or says that another server has it.
    pub fn acquire(database: &Path) -> Result<Self, DbError> {
        connection::create_folder(database)?;
        let path = lock_path(database);
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = open.map_err(|error| DbError::Unavailable(format!("cannot open {}: {error}", path.display())))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(DbError::Unavailable(format!("another orgd serves {}", database.display())))
            }
            Err(TryLockError::Error(error)) => {
                Err(DbError::Unavailable(format!("cannot lock {}: {error}", path.display())))
            }
        }
    }

    /// True when a server holds the database.
    pub fn is_held(database: &Path) -> bool {
        let file = OpenOptions::new().write(true).open(lock_path(database));
        file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }
}

fn lock_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
