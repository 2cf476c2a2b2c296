//! The database of one test: a file of its own on SQLite; on PostgreSQL, when `ORGD_TEST_POSTGRES` names a cluster, a database of
//! its own in it.

#![expect(clippy::expect_used, reason = "a test fails by panicking, helpers included")]

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use uuid::Uuid;

/// The database of one test; on PostgreSQL gone when dropped.
#[derive(Debug)]
pub struct Database {
    url: String,
    /// On PostgreSQL: where databases are made, and the name of this one.
    made: Option<(String, String)>,
}

impl Database {
    /// A new one. A file is put into the folder.
    pub fn new(folder: &Path) -> Self {
        match std::env::var("ORGD_TEST_POSTGRES") {
            Err(_) => Self { url: format!("sqlite://{}", folder.join("orgd.db").display()), made: None },
            Ok(maintenance) => Self::in_cluster(maintenance),
        }
    }

    fn in_cluster(maintenance: String) -> Self {
        let name = format!("orgd_{}", Uuid::new_v4().simple());
        let mut conn = PgConnection::establish(&maintenance).expect("the cluster of ORGD_TEST_POSTGRES");
        conn.batch_execute(&format!("CREATE DATABASE {name}")).expect("a new database");
        // postgres://user@host/postgres?host=/socket: the path is the name of the database.
        let (start, parameters) = maintenance.split_once('?').unwrap_or((&maintenance, ""));
        let (server, _) = start.rsplit_once('/').expect("a URL with a database");
        Self { url: format!("{server}/{name}?{parameters}"), made: Some((maintenance, name)) }
    }

    /// Its URL, as orgd takes it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some((maintenance, name)) = &self.made else { return };
        // The whole cluster goes soon; a database that stays until then does no harm.
        let _ = PgConnection::establish(maintenance)
            .map(|mut conn| conn.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")));
    }
}
