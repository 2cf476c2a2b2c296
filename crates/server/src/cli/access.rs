//! How a command gets at the database, beside a running server or alone.

use std::future::Future;

use anyhow::{Context, bail};

use super::output;
use crate::config::{CommonFlags, Config, DatabaseUrl, process_environment};
use crate::db::notice::{self, Notice};
use crate::db::{self, Conn, Database, Readers, Schema, ServerLock};

/// The database that the flags and the environment name.
pub struct Access {
    url: DatabaseUrl,
}

impl Access {
    /// Reads the configuration.
    pub fn new(flags: CommonFlags) -> anyhow::Result<Self> {
        let config = Config::load(flags.into(), process_environment())?;
        Ok(Self { url: config.database.url })
    }

    /// What the database is.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Opens the database for writing by this process alone or beside a server. A first start must have made it.
    pub fn open(&self) -> anyhow::Result<Conn> {
        self.require_file()?;
        if !db::has_schema(&mut db::open_alone(&self.url)?)? {
            bail!("there are no tables of orgd in {}; `orgd serve` makes them at its first start", self.url);
        }
        self.open_or_create()
    }

    /// As [`Access::open`], and leaves the schema as it is.
    pub fn open_as_it_is(&self) -> anyhow::Result<Conn> {
        self.require_file()?;
        Ok(db::open_alone(&self.url)?)
    }

    /// Opens the database, or makes it, to change its schema. A file must not have a server; the lock keeps it so.
    pub fn open_for_migration(&self) -> anyhow::Result<(Conn, Option<ServerLock>)> {
        let lock = match &self.url {
            DatabaseUrl::Sqlite { path } => Some(ServerLock::acquire(path)?),
            DatabaseUrl::Postgres(_) => None,
        };
        Ok((db::open_alone(&self.url)?, lock))
    }

    /// Refuses a file that does not exist.
    pub fn require_file(&self) -> anyhow::Result<()> {
        match &self.url {
            DatabaseUrl::Sqlite { path } if !path.exists() => {
                bail!("there is no database at {}; `orgd serve` makes it at its first start", path.display())
            }
            _ => Ok(()),
        }
    }

    /// As [`Access::open`], and makes the database where there is none; the first start then adds what is missing.
    pub fn open_or_create(&self) -> anyhow::Result<Conn> {
        Ok(db::prepare(&self.url, Schema::Migrate)?)
    }

    /// Runs `work` with the database and, when a server is running, waits until it has seen the result.
    pub fn with_database<T, F>(&self, work: impl FnOnce(Database) -> F) -> anyhow::Result<T>
    where
        F: Future<Output = anyhow::Result<T>>,
    {
        let result = self.look_into(work)?;
        self.wait_until_noticed();
        Ok(result)
    }

    /// Runs `work`, which only reads, with the database.
    pub fn look_into<T, F>(&self, work: impl FnOnce(Database) -> F) -> anyhow::Result<T>
    where
        F: Future<Output = anyhow::Result<T>>,
    {
        let readers = Readers::open(&self.url, 1)?;
        let database = Database::for_command(&self.url, self.open()?, readers)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().context("cannot start")?;
        runtime.block_on(work(database))
    }

    /// Lets a running server see what was written, so that the command's success holds there too.
    pub fn wait_until_noticed(&self) {
        if notice::wait(&self.url) == Notice::Late {
            output::say("Warning: the change is made, but a running server has not said in time that it has seen it.");
        }
    }
}
