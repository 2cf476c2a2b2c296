//! Where the writer writes, and how the memory of this process follows.

use std::path::Path;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::change::{Change, Publisher};
use crate::config::PostgresUrl;
use crate::db::conn::Conn;
use crate::db::error::DbError;
use crate::db::feed::{Follower, is_urgent};
use crate::db::load;
use crate::db::notice::Questions;
use crate::db::postgres::{self, Purpose};
use crate::db::prepared::Prepared;
use crate::db::readers::Readers;

/// How long the thread sleeps before it looks whether another process has written, such as `orgd token revoke`.
const GLANCE: Duration = Duration::from_millis(25);

/// The database as the writer sees it.
pub enum Store {
    /// A file.
    Sqlite(Sqlite),
    /// A server.
    Postgres(Postgres),
}

/// A file that this process writes, with whoever keeps copies of it in memory.
pub struct Sqlite {
    conn: Conn,
    copies: Option<Copies>,
}

struct Copies {
    publisher: Box<dyn Publisher>,
    readers: Readers,
    questions: Questions,
    /// The version of the file that was last read as a whole; `None` until the first time.
    read: Option<i64>,
}

/// A server that other processes write to as well.
pub struct Postgres {
    conn: Option<Conn>,
    url: PostgresUrl,
    follower: Option<Follower>,
}

#[derive(QueryableByName)]
struct DataVersion {
    #[diesel(sql_type = BigInt)]
    data_version: i64,
}

impl Store {
    /// A file, and nothing in memory.
    pub fn sqlite(conn: Conn) -> Self {
        Self::Sqlite(Sqlite { conn, copies: None })
    }

    /// The file at this path; `publisher` keeps copies in step, and reads through the pool what it has not seen written.
    pub fn served(conn: Conn, path: &Path, publisher: Box<dyn Publisher>, readers: Readers) -> Self {
        let copies = Copies { publisher, readers, questions: Questions::beside(path), read: None };
        Self::Sqlite(Sqlite { conn, copies: Some(copies) })
    }

    /// A server; `follower`, if there is one, keeps copies in step.
    pub fn postgres(url: PostgresUrl, follower: Option<Follower>) -> Self {
        Self::Postgres(Postgres { conn: None, url, follower })
    }

    /// The connection; a lost one is opened again.
    pub(super) fn connection(&mut self) -> Result<&mut Conn, DbError> {
        match self {
            Self::Sqlite(sqlite) => Ok(&mut sqlite.conn),
            Self::Postgres(Postgres { conn: Some(conn), .. }) => Ok(conn),
            Self::Postgres(Postgres { conn, url, .. }) => {
                Ok(conn.insert(Conn::Postgres(postgres::connect(url, Purpose::Write)?)))
            }
        }
    }

    /// True when each statement takes a way over a network or to another process.
    pub(super) fn is_far(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// The connection is of no use any more.
    pub(super) fn forget_connection(&mut self) {
        if let Self::Postgres(postgres) = self {
            postgres.conn = None;
        }
    }

    /// How long to wait for work before looking around.
    pub(super) fn idle_time(&self) -> Option<Duration> {
        matches!(self, Self::Sqlite(_)).then_some(GLANCE)
    }

    /// True when other servers must hear of a change from the transaction itself, for want of a follower that tells them.
    pub(super) fn tells_others_itself(&self) -> bool {
        matches!(self, Self::Postgres(Postgres { follower: None, .. }))
    }

    /// Brings memory up to date with what others wrote.
    pub(super) fn look_around(&mut self) {
        if let Self::Sqlite(Sqlite { conn, copies: Some(copies) }) = self {
            // Asked before the look: what was committed by then is in it.
            let is_asked = copies.questions.are_there();
            if copies.notice_other_writers(conn) && is_asked {
                copies.questions.answer();
            }
        }
    }

    /// Brings memory up to date with what was committed, and answers then.
    pub(super) fn follow(&mut self, changes: Vec<Change>, answer: impl FnOnce() + Send + 'static) {
        match self {
            Self::Sqlite(sqlite) => {
                if let Some(copies) = sqlite.copies.as_mut().filter(|_| !changes.is_empty()) {
                    copies.publisher.publish(changes);
                }
                answer();
            }
            Self::Postgres(Postgres { follower: Some(follower), .. }) if !changes.is_empty() => {
                follower.after_commit(changes.iter().any(is_urgent), Box::new(answer));
            }
            Self::Postgres(_) => answer(),
        }
    }
}

impl Copies {
    /// `data_version` moves when another connection has changed the file, and the only other connections of this process
    /// cannot write. It is read before the contents, so that what is written meanwhile is noticed the next time. True when memory holds
    /// what was committed before the call.
    fn notice_other_writers(&mut self, conn: &mut Conn) -> bool {
        let query = Prepared(diesel::sql_query("SELECT data_version FROM pragma_data_version"));
        let version = query.get_result::<DataVersion>(conn).map(|row| row.data_version).ok();
        if version.is_none() || version == self.read {
            return version.is_some();
        }
        match self.readers.read_now(load::everything) {
            Ok(changes) => {
                self.publisher.publish(changes);
                self.read = version;
                true
            }
            Err(error) => {
                tracing::error!(%error, "cannot read the database into memory; trying again");
                false
            }
        }
    }
}
