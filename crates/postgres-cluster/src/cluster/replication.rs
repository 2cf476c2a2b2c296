//! Streaming replication between two clusters: standby, synchronous commit, promotion.

use std::fs;

use super::Cluster;
use super::sql::quote_name;
use crate::error::Error;
use crate::installation::run;
use crate::wait;

impl Cluster {
    /// Copies the primary and starts the copy as its standby, which follows under this name. Returns when it streams. Options
    /// are the primary's; a TCP port is a free one.
    ///
    /// # Errors
    /// The primary does not answer, the installation lacks `pg_basebackup` or `psql`, or the standby does not start.
    pub fn standby_of(primary: &Self, name: &str) -> Result<Self, Error> {
        let mut options = primary.options.clone();
        if let Some(tcp) = &mut options.tcp {
            tcp.port = 0;
        }
        let mut standby = Self::prepare(&primary.installation, &options, primary.password.clone())?;
        let data = standby.home.data();
        let mut copy = standby.home.command(&standby.installation, "pg_basebackup");
        // The name in the connection is the one by which the primary knows the standby.
        let source = format!(
            "host={} port={} user=postgres application_name={}",
            quote_keyword(&primary.socket_folder()),
            primary.port,
            quote_keyword(name)
        );
        copy.args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync", "--dbname"]);
        run(copy.arg(source).arg("--pgdata").arg(&data))?;
        // The copy has the primary's settings: promoted, it would wait for itself.
        let file = data.join("postgresql.auto.conf");
        let given = fs::read_to_string(&file).map_err(Error::file("read", &file))?;
        standby.home.write(&file, format!("{given}synchronous_standby_names = ''\n").as_bytes())?;
        standby.launch()?;
        let query = format!(
            "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND application_name = {}",
            quote_text(name)
        );
        primary.wait_for(&query, "1", "the standby streams")?;
        Ok(standby)
    }

    /// Lets every commit wait until each of these standbys has it on disk (`synchronous_standby_names`); none of them ends the
    /// waiting. Returns when each is synchronous.
    ///
    /// # Errors
    /// The server does not answer, or a standby does not become synchronous within a minute.
    pub fn set_synchronous(&self, names: &[&str]) -> Result<(), Error> {
        let list: Vec<String> = names.iter().map(|name| quote_name(name)).collect();
        let value =
            if names.is_empty() { String::new() } else { format!("FIRST {} ({})", names.len(), list.join(", ")) };
        self.sql("postgres", &format!("ALTER SYSTEM SET synchronous_standby_names = {}", quote_text(&value)))?;
        self.sql("postgres", "SELECT pg_reload_conf()")?;
        let wanted = format!("SELECT current_setting('synchronous_standby_names') = {}", quote_text(&value));
        self.wait_for(&wanted, "t", "the new setting is in force")?;
        for name in names {
            let state = format!(
                "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND application_name = {}",
                quote_text(name)
            );
            self.wait_for(&state, "1", "the standby is synchronous")?;
        }
        Ok(())
    }

    /// Makes the standby a primary. Returns when it accepts writes.
    ///
    /// # Errors
    /// It is no standby, does not answer, or does not accept writes within a minute.
    pub fn promote(&self) -> Result<(), Error> {
        self.sql("postgres", "SELECT pg_promote()")?;
        self.wait_for("SELECT pg_is_in_recovery()", "f", "the promoted standby accepts writes")
    }

    /// Asks until the answer is this one.
    fn wait_for(&self, query: &str, answer: &str, what: &str) -> Result<(), Error> {
        let seen = wait::until_some(|| Ok::<_, Error>((self.sql("postgres", query)? == answer).then_some(())))?;
        seen.ok_or_else(|| self.too_slow(what))
    }
}

/// A text in SQL.
fn quote_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A value in a connection string of keywords.
fn quote_keyword(value: &str) -> String {
    format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
}
