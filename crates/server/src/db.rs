//! Everything that speaks SQL, and the only place that takes a connection.
//!
//! Reads run on a pool of connections that cannot write; writes go through one thread (see `writer`). The functions here know
//! no rules beyond those that the schema states.

pub mod api_keys;
pub mod audit;
pub mod backup;
#[cfg(feature = "bench")]
pub mod bench;
pub mod bootstrap;
mod conn;
pub mod copy;
pub mod doctor;
mod error;
pub mod feed;
pub mod idempotency;
pub mod jobs;
pub mod load;
mod lock;
pub mod member_changes;
mod member_list;
pub(crate) mod members;
pub mod migrations;
pub mod notice;
pub mod organizations;
mod postgres;
mod prepared;
pub mod provisioner_keys;
mod readers;
mod schema;
pub mod seed;
pub mod sessions;
mod sqlite;
#[cfg(test)]
mod statement_tests;
pub mod tag_sets;
mod types;
pub mod user_changes;
pub mod user_list;
pub mod users;
pub mod worker_list;
pub mod workers;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;

pub use conn::Conn;
pub use error::{Constraint, DbError};
pub use lock::ServerLock;
pub use readers::{Effort, Readers};
pub use writer::{Uncounted, Writer, WriterObserver};

use crate::audit::Origin;
use crate::change::Publisher;
use crate::config::DatabaseUrl;
use audit::Recording;
use feed::{Feed, Follower};
use postgres::Purpose;
use writer::Store;

/// How long a request waits for its turn to ask the change feed.
const LOOK_WAIT: Duration = Duration::from_secs(2);

/// A database that is open for reading and, through its writer thread, for writing.
#[derive(Clone)]
pub struct Database {
    readers: Readers,
    writer: Recording,
    feed: Option<Arc<Followed>>,
}

/// A change feed that requests may have to ask themselves.
struct Followed {
    feed: Arc<Feed>,
    /// One request looks at a time, on behalf of all that came before.
    turn: tokio::sync::Mutex<()>,
}

/// What to do about a schema that is not the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Bring it up to date.
    Migrate,
    /// Refuse to work with it.
    Require,
}

impl Database {
    /// Starts the writer thread, and what keeps the publisher's memory in step. `conn` comes from [`prepare`]. The organizations
    /// are in memory when this returns, the queue follows.
    pub fn serve(
        url: &DatabaseUrl,
        mut conn: Conn,
        readers: Readers,
        mut publisher: Box<dyn Publisher>,
        observer: Arc<dyn WriterObserver>,
    ) -> Result<Self, DbError> {
        let (store, feed) = match url {
            DatabaseUrl::Sqlite { path } => {
                let organizations = load::organizations(&mut conn)?;
                publisher.publish(vec![crate::change::Change::OrganizationsRead(organizations)]);
                (Store::served(conn, path, publisher, readers.clone()), None)
            }
            DatabaseUrl::Postgres(url) => {
                let feed = Arc::new(Feed::new(publisher));
                feed.begin(&mut conn)?;
                let follower = Follower::start(Arc::clone(&feed), url.clone()).map_err(not_started)?;
                (Store::postgres(url.clone(), Some(follower)), Some(feed))
            }
        };
        let (writer, _) = Writer::start(store, observer).map_err(not_started)?;
        let feed = feed.map(|feed| Arc::new(Followed { feed, turn: tokio::sync::Mutex::default() }));
        Ok(Self { readers, writer: Recording::new(writer), feed })
    }

    /// For a process that keeps nothing in memory, such as a command.
    pub fn for_command(url: &DatabaseUrl, conn: Conn, readers: Readers) -> Result<Self, DbError> {
        let store = match url {
            DatabaseUrl::Sqlite { .. } => Store::sqlite(conn),
            DatabaseUrl::Postgres(url) => Store::postgres(url.clone(), None),
        };
        let (writer, _) = Writer::start(store, Arc::new(Uncounted)).map_err(not_started)?;
        let writer = Recording::new(writer).by(Some(Arc::new(Origin::of_command())));
        Ok(Self { readers, writer, feed: None })
    }

    /// The read pool, for tests that take its connections away and for metrics.
    pub fn readers(&self) -> &Readers {
        &self.readers
    }

    /// The change feed, on PostgreSQL.
    pub fn feed(&self) -> Option<&Feed> {
        self.feed.as_deref().map(|followed| &*followed.feed)
    }

    /// True while memory may be used as it is; otherwise [`Database::refresh`] comes first.
    pub fn is_fresh(&self) -> bool {
        self.feed().is_none_or(Feed::is_fresh)
    }

    /// Takes everything into memory that was committed before this call, by whichever server.
    pub async fn refresh(&self) -> Result<(), DbError> {
        let Some(followed) = &self.feed else { return Ok(()) };
        let asked = followed.feed.now();
        let Ok(_turn) = tokio::time::timeout(LOOK_WAIT, followed.turn.lock()).await else {
            return Err(DbError::Unavailable("the change feed cannot be read".to_owned()));
        };
        if followed.feed.was_looked_at_since(asked) {
            return Ok(());
        }
        let feed = Arc::clone(&followed.feed);
        self.readers.read(Effort::Large, move |conn| feed.look(conn)).await
    }

    /// True when a read succeeds.
    pub async fn can_read(&self) -> bool {
        let read = |conn: &mut Conn| Ok(conn.batch_execute("SELECT 1 FROM organizations LIMIT 1")?);
        self.readers.read(Effort::Small, read).await.is_ok()
    }

    /// Ends when everything that was queued for the writer before is written.
    pub async fn flush(&self) -> Result<(), DbError> {
        self.writer.write(|_| Ok(((), Vec::new()))).await
    }

    /// True when the writer takes work and the database confirms it.
    pub fn can_write(&self) -> bool {
        self.writer.can_write()
    }
}

fn not_started(error: std::io::Error) -> DbError {
    DbError::Unavailable(format!("cannot start a thread: {error}"))
}

/// Runs reads that must all see the same moment.
pub(crate) fn in_one_moment<T, E: From<DbError>>(
    conn: &mut Conn,
    read: impl FnOnce(&mut Conn) -> Result<T, E>,
) -> Result<T, E> {
    // The read's own error must keep its kind, so it is carried past Diesel's.
    conn.transaction(|conn| {
        if conn.is_postgres() {
            conn.batch_execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
        }
        Ok::<_, diesel::result::Error>(read(conn))
    })
    .map_err(DbError::from)?
}

/// Lets the transaction under way refer to rows that it inserts later; what still refers to nothing fails its commit.
pub(crate) fn defer_references(conn: &mut Conn) -> Result<(), DbError> {
    Ok(conn.batch_execute(match conn {
        Conn::Sqlite(_) => "PRAGMA defer_foreign_keys = ON",
        Conn::Postgres(_) => "SET CONSTRAINTS ALL DEFERRED",
    })?)
}

/// Runs writes in one transaction, outside the writer thread, and undoes all of them when one fails.
pub(crate) fn all_or_nothing<T, E: From<DbError>>(
    conn: &mut Conn,
    write: impl FnOnce(&mut Conn) -> Result<T, E>,
) -> Result<T, E> {
    let mut outcome = None;
    let ended = immediate_transaction(conn, |conn| match outcome.insert(write(conn)) {
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

/// Runs a transaction that has SQLite's write lock from its beginning: one that reads first could not wait for it later.
fn immediate_transaction(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> QueryResult<()>) -> QueryResult<()> {
    let Conn::Sqlite(sqlite) = conn else { return conn.transaction(work) };
    AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN IMMEDIATE")?;
    match work(conn) {
        Ok(()) => <Conn as Connection>::TransactionManager::commit_transaction(conn),
        Err(error) => {
            <Conn as Connection>::TransactionManager::rollback_transaction(conn)?;
            Err(error)
        }
    }
}

/// Runs a write that may be refused inside a transaction that goes on: PostgreSQL would end the whole transaction with it.
pub(crate) fn refusable<T>(conn: &mut Conn, write: impl FnOnce(&mut Conn) -> Result<T, DbError>) -> Result<T, DbError> {
    if !conn.is_postgres() {
        return write(conn);
    }
    let mut refused = None;
    let ended = conn.transaction(|conn| {
        write(conn).map_err(|error| {
            refused = Some(error);
            diesel::result::Error::RollbackTransaction
        })
    });
    ended.map_err(|error| refused.unwrap_or_else(|| error.into()))
}

/// Opens a connection for writing and sees to the schema. Servers of one PostgreSQL database take turns.
pub fn prepare(url: &DatabaseUrl, schema: Schema) -> Result<Conn, DbError> {
    prepare_unnamed(url, schema).map_err(|error| name_file(url, error))
}

/// Says which file it is that SQLite finds something wrong with: its own words name none.
pub fn name_file(url: &DatabaseUrl, error: DbError) -> DbError {
    match (url, error) {
        (DatabaseUrl::Sqlite { path }, DbError::Internal(why)) => sqlite::refused(path, &why),
        (DatabaseUrl::Sqlite { path }, DbError::Unavailable(why)) if !why.contains(&*path.to_string_lossy()) => {
            sqlite::refused(path, &why)
        }
        (_, error) => error,
    }
}

fn prepare_unnamed(url: &DatabaseUrl, schema: Schema) -> Result<Conn, DbError> {
    let mut conn = open_alone(url)?;
    match schema {
        Schema::Migrate => migrations::one_at_a_time(&mut conn, migrations::run)?,
        Schema::Require => migrations::require_all(&mut conn)?,
    }
    copy::refuse_unfinished(&mut conn)?;
    if let Conn::Sqlite(conn) = &mut conn {
        sqlite::make_durable(conn)?;
    }
    Ok(conn)
}

/// Moves SQLite's write-ahead log into the database file and empties it; another database needs nothing of the kind.
pub fn checkpoint(url: &DatabaseUrl) -> Result<(), DbError> {
    let DatabaseUrl::Sqlite { path } = url else { return Ok(()) };
    sqlite::checkpoint(&mut sqlite::open_writer(path)?)
}

/// Opens a connection for writing whatever the schema.
pub fn open_alone(url: &DatabaseUrl) -> Result<Conn, DbError> {
    match url {
        DatabaseUrl::Sqlite { path } => Ok(Conn::Sqlite(sqlite::open_writer(path)?)),
        DatabaseUrl::Postgres(url) => {
            let mut conn = postgres::connect(url, Purpose::Maintain)?;
            postgres::check_server(&mut conn)?;
            Ok(Conn::Postgres(conn))
        }
    }
}

/// False for a database that no orgd has touched yet.
pub fn has_schema(conn: &mut Conn) -> Result<bool, DbError> {
    match conn {
        // The file of another program was refused already, and an empty one is brought up to date as it is opened.
        Conn::Sqlite(_) => Ok(true),
        Conn::Postgres(conn) => postgres::has_table(conn, "organizations"),
    }
}

/// True when a server uses the PostgreSQL database that this connection leads to.
pub fn is_served(conn: &mut Conn) -> Result<bool, DbError> {
    let Conn::Postgres(conn) = conn else { return Ok(false) };
    Ok(postgres::count_followers(conn, None)? > 0)
}

/// The file beside this one whose name is longer by `ending`.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
