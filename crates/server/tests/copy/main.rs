//! `orgd copy` and `orgd migrate`, run as people run them. The other side of a copy is a file, or, when `ORGD_TEST_POSTGRES` holds
//! the URL of a maintenance database, a PostgreSQL database that is made for the test.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, helpers included")]

#[path = "../support/database.rs"]
mod database;
#[path = "../support/environment.rs"]
mod environment;
#[path = "../support/plain.rs"]
mod plain;

mod interruption;
mod migrate;
mod refusals;
mod round_trip;
mod server;
mod verification;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use orgd::db::Conn;
use serde_json::Value;
use tempfile::TempDir;

use database::Database;
use environment::without_settings;

/// A folder with databases; those in a cluster go with it.
struct Place {
    folder: TempDir,
    made: std::cell::RefCell<Vec<Database>>,
}

/// What a run said.
struct Ran {
    success: bool,
    stdout: String,
    stderr: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

#[derive(QueryableByName)]
struct Words {
    #[diesel(sql_type = Text)]
    value: String,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), made: Default::default() }
    }

    /// The URL of a file in the folder.
    fn sqlite(&self, name: &str) -> String {
        format!("sqlite://{}", self.path(name).display())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The URL of an empty database of the other kind, if there is one; otherwise of a file in the folder.
    fn other(&self, name: &str) -> String {
        if std::env::var_os("ORGD_TEST_POSTGRES").is_none() {
            return self.sqlite(name);
        }
        let database = Database::new(self.folder.path());
        let url = database.url().to_owned();
        self.made.borrow_mut().push(database);
        url
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = without_settings(Command::new(env!("CARGO_BIN_EXE_orgd")));
        command.current_dir(self.folder.path()).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).output().unwrap().into()
    }

    /// Runs and returns what was printed.
    #[track_caller]
    fn succeed(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert!(ran.success, "{arguments:?}: {}", ran.stderr);
        ran.stdout
    }

    /// Runs and returns the complaint.
    #[track_caller]
    fn fail(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert!(!ran.success, "{arguments:?} succeeded: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
        ran.stderr.trim_end().to_owned()
    }

    /// Copies, and returns the tables that were printed as JSON.
    #[track_caller]
    fn copy(&self, from: &str, to: &str) -> Value {
        serde_json::from_str(&self.succeed(&["copy", "--from", from, "--to", to, "--output", "json"])).unwrap()
    }

    /// A database with rows in every table: values of every kind, absent ones, deleted ones, and gaps in the numbers.
    fn filled(&self, name: &str) -> String {
        let url = self.sqlite(name);
        self.succeed(&[
            "import",
            "--database-url",
            &url,
            &example("organizations.json"),
            &example("provisioner-jobs.json"),
        ]);
        self.succeed(&["user", "create", "ana", "--database-url", &url]);
        execute(&url, include_str!("rows.sql"));
        url
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            success: output.status.success(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A file of `docs/examples`.
fn example(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples").join(name).display().to_string()
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres")
}

fn open(url: &str) -> Conn {
    orgd::db::open_alone(&url.parse().unwrap()).unwrap()
}

/// Runs statements behind the back of all others.
#[track_caller]
fn execute(url: &str, sql: &str) {
    open(url).batch_execute(sql).unwrap();
}

/// The number that a query answers as `value`.
fn number(url: &str, sql: &str) -> i64 {
    diesel::sql_query(sql).get_result::<Number>(&mut open(url)).unwrap().value
}

/// The text that a query answers as `value`.
fn words(url: &str, sql: &str) -> String {
    diesel::sql_query(sql).get_result::<Words>(&mut open(url)).unwrap().value
}
