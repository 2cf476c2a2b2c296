//! `orgd import` and `orgd export`, run as people run them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, helpers included")]

#[path = "../support/database.rs"]
mod database;
#[path = "../support/environment.rs"]
mod environment;
#[path = "../support/plain.rs"]
mod plain;

mod beside_a_server;
mod everyday;
mod refusals;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::{Value, json};
use tempfile::TempDir;

use database::Database;
use environment::without_settings;

/// The default organization of `docs/examples`.
const CODER: &str = "1b7f3a52-8d4e-4c6f-9a10-2f3e4d5c6b7a";
/// The other one.
const RESEARCH: &str = "7c60d51f-b44e-4682-87d6-449835ea4de6";

/// A folder with a database and files.
struct Place {
    database: Database,
    folder: TempDir,
}

/// What a run said.
struct Ran {
    success: bool,
    stdout: String,
    stderr: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { database: Database::new(folder.path()), folder }
    }

    /// The URL of the database, as the commands are told it: a file by its relative path.
    fn url(&self) -> &str {
        if self.is_sqlite() { "sqlite://orgd.db" } else { self.database.url() }
    }

    fn is_sqlite(&self) -> bool {
        self.database.url().starts_with("sqlite://")
    }

    /// The database, opened behind the commands' back.
    fn open(&self) -> orgd::db::Conn {
        orgd::db::prepare(&self.database.url().parse().unwrap(), orgd::db::Schema::Migrate).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    fn file(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = without_settings(Command::new(env!("CARGO_BIN_EXE_orgd")));
        command.current_dir(self.folder.path()).env("ORGD_DATABASE_URL", self.url()).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with_input(arguments, b"")
    }

    fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A run that refuses its input early closes it early.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap().into()
    }

    /// Runs and returns what was said to standard error.
    fn succeed(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert!(ran.success, "{}", ran.stderr);
        ran.stderr
    }

    /// Runs, checks that nothing was changed, and returns the complaint without its last line feed.
    fn fail(&self, arguments: &[&str]) -> String {
        self.fail_with_input(arguments, b"")
    }

    fn fail_with_input(&self, arguments: &[&str], input: &[u8]) -> String {
        let before = self.row_counts();
        let ran = self.run_with_input(arguments, input);
        assert!(!ran.success, "succeeded: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
        assert_eq!(self.row_counts(), before, "a failed import left something behind");
        ran.stderr.trim_end().to_owned()
    }

    /// The faults that a failing import names, one a line.
    fn faults(&self, arguments: &[&str]) -> Vec<String> {
        let said = self.fail(arguments);
        let mut lines = said.lines();
        let head = lines.next().unwrap();
        assert!(head.starts_with("orgd: nothing was imported, because of "), "{said}");
        lines.map(|line| line.trim_start().to_owned()).collect()
    }

    fn export(&self) -> String {
        let ran = self.run(&["export"]);
        assert!(ran.success, "{}", ran.stderr);
        ran.stdout
    }

    fn row_counts(&self) -> Vec<i64> {
        let mut conn = self.open();
        let count = |table: &&str| {
            let query = diesel::sql_query(format!("SELECT count(*) AS count FROM {table}"));
            query.get_result::<Count>(&mut conn).unwrap().count
        };
        ["organizations", "provisioner_jobs", "tag_sets"].iter().map(count).collect()
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

/// An organization, with the keys of `changes` in place of its own.
fn organization(changes: Value) -> Value {
    merged(
        json!({
            "id": "00000000-0000-4000-8000-000000000001", "name": "acme", "display_name": "Acme", "icon": "",
            "description": "", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
            "is_default": false,
        }),
        changes,
    )
}

/// A pending job of that organization with this number as its id.
fn job(number: u32, changes: Value) -> Value {
    merged(
        json!({
            "id": format!("00000000-0000-4000-9000-{number:012}"), "created_at": "2026-01-02T03:04:05Z",
            "status": "pending", "file_id": "8a0cfb4f-ddc9-436d-91bb-75133c583767",
            "tags": {"owner": "", "scope": "organization"}, "queue_position": 0, "queue_size": 0,
            "organization_id": "00000000-0000-4000-8000-000000000001",
            "initiator_id": "06588898-9a84-4b35-ba8f-f9cbd64946f3", "input": {}, "type": "workspace_build",
            "metadata": {}, "logs_overflowed": false,
        }),
        changes,
    )
}

fn merged(mut object: Value, changes: Value) -> Value {
    object.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    object
}

/// One object a line.
fn lines(objects: &[Value]) -> String {
    objects.iter().map(|object| format!("{object}\n")).collect()
}
