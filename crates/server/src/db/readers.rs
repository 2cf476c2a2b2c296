//! The pool of connections that can only read.

use std::path::Path;
use std::time::Duration;

use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection};

use super::connection::{Conn, set_up_reader};
use super::error::DbError;

/// How long a request waits for a connection before it is told to come back.
const WAIT: Duration = Duration::from_secs(2);

/// A pool of read-only connections. A read that takes less than half a millisecond runs on the calling thread: handing it to
/// another thread costs as much as a whole request.
#[derive(Clone)]
pub struct Readers {
    pool: Pool<ConnectionManager<Conn>>,
}

#[derive(Debug)]
struct ReadOnly;

impl CustomizeConnection<Conn, diesel::r2d2::Error> for ReadOnly {
    fn on_acquire(&self, conn: &mut Conn) -> Result<(), diesel::r2d2::Error> {
        set_up_reader(conn).map_err(diesel::r2d2::Error::QueryError)
    }
}

impl Readers {
    /// Makes the pool; connections are opened when they are first needed.
    pub fn open(path: &Path, size: u32) -> Result<Self, DbError> {
        let name = path.to_str().ok_or_else(|| DbError::Unavailable("the database path is not UTF-8".to_owned()))?;
        let pool = Pool::builder()
            .max_size(size.max(1))
            .min_idle(Some(0))
            .test_on_check_out(false)
            .connection_timeout(WAIT)
            .connection_customizer(Box::new(ReadOnly))
            .build_unchecked(ConnectionManager::new(name));
        Ok(Self { pool })
    }

    /// A connection, or `Unavailable` when all of them stay busy for two seconds.
    pub fn get(&self) -> Result<PooledConnection<ConnectionManager<Conn>>, DbError> {
        self.pool.get().map_err(|error| DbError::Unavailable(error.to_string()))
    }
}
