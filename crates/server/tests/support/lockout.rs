//! Keeps every reader out of the database.

use super::rows::Kind;
use super::server::TestServer;
use super::sql::Sql;
use super::wal_lock::WalLock;

/// No session token and no provisioner key can be looked up until this is dropped.
pub enum Lockout {
    /// As a stuck process on the same machine would.
    Sqlite(#[expect(dead_code, reason = "held until it is dropped")] WalLock),
    /// As somebody does who changes a table.
    Postgres(#[expect(dead_code, reason = "its transaction ends when it is dropped")] Sql),
}

impl Lockout {
    /// Takes the locks.
    pub fn of(server: &TestServer) -> Self {
        if server.kind() == Kind::Sqlite {
            return Self::Sqlite(WalLock::take(&server.database()));
        }
        let mut sql = server.sql();
        sql.begin();
        sql.run("LOCK TABLE api_keys, provisioner_keys, users IN ACCESS EXCLUSIVE MODE");
        Self::Postgres(sql)
    }
}
