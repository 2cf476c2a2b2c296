//! `orgd serve --ephemeral`: a server for tests, with a database that is gone when it ends.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use clap::Args;
use serde::Serialize;
use tempfile::TempDir;

use crate::clock::Clock;
use crate::config::{Config, DatabaseUrl, ServeFlags};
use crate::db::ServerLock;
use crate::fixture::{State, States};
use crate::test_double::Interference;
use crate::test_double::clock::{Start, TestClock};

/// What the folder of a database begins with.
const PREFIX: &str = "orgd-ephemeral-";
/// Where files cost no disk, on Linux.
const MEMORY: &str = "/dev/shm";
/// A job of a state must not fail because its worker is a line in a file.
const LONG: std::time::Duration = std::time::Duration::from_secs(365 * 24 * 60 * 60);

/// Flags of `orgd serve` that make it a server for tests.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "For tests")]
pub struct TestFlags {
    /// Serve a new database that is gone when the server ends; print one line of JSON with `url` and `token` when it is ready
    #[arg(long)]
    pub ephemeral: bool,

    /// What an ephemeral server starts with: a state (default, empty, busy, stuck), a fixture file, or NAME=FILE to have a file at hand for the control routes
    #[arg(long, value_name = "STATE|FILE|NAME=FILE", requires = "ephemeral")]
    pub seed: Vec<String>,

    /// Write the line of JSON to this file, too, once the server is ready
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,

    /// What time it is: system, frozen (where the state says), or a time such as 2026-01-02T03:04:05Z, at which the clock stands
    #[arg(long, value_name = "system|frozen|TIME", requires = "ephemeral", value_parser = parse_clock)]
    pub clock: Option<Start>,

    /// Serve the control routes below /_test on this address of the loopback interface; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS:PORT", requires = "ephemeral")]
    pub control: Option<SocketAddr>,

    /// A file with the token that each request to the control routes must carry: Authorization: Bearer TOKEN
    #[arg(long, value_name = "FILE", requires = "control")]
    pub control_token_file: Option<PathBuf>,

    /// End when standard input is closed, so that the server does not outlive the tests that started it
    #[arg(long)]
    pub exit_with_stdin: bool,
}

fn parse_clock(text: &str) -> Result<Start, String> {
    match text {
        "system" => Ok(Start::Running),
        "frozen" => Ok(Start::Frozen),
        _ => text
            .parse()
            .map(Start::FrozenAt)
            .map_err(|_| "it takes system, frozen, or a time such as 2026-01-02T03:04:05Z".to_owned()),
    }
}

/// What an ephemeral server has that another has not.
pub(super) struct Ephemeral {
    /// Removed with everything in it when this is dropped.
    folder: TempDir,
    pub(super) states: States,
    pub(super) state: State,
    pub(super) clock: Arc<TestClock>,
    pub(super) interference: Arc<Interference>,
    pub(super) control: Option<(TcpListener, Option<String>)>,
}

/// What is printed when the server is ready.
#[derive(Debug, Serialize)]
pub(super) struct Ready {
    pub(super) url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) control_url: Option<String>,
    pub(super) pid: u32,
}

impl Ephemeral {
    /// Makes room for the database, reads the states, and says how the server is configured.
    pub(super) fn prepare(
        flags: &TestFlags,
        mut serve: ServeFlags,
        environment: Vec<(String, String)>,
    ) -> anyhow::Result<(Self, Config)> {
        let elsewhere = serve.common.database_url.is_some()
            || environment.iter().any(|(name, value)| name == "ORGD_DATABASE_URL" && !value.is_empty());
        ensure!(
            !elsewhere,
            "an ephemeral server has a database of its own: leave out --database-url and ORGD_DATABASE_URL, or --ephemeral"
        );
        let (states, state) = States::gather(&flags.seed)?;
        let start = flags.clock.unwrap_or_default();
        let clock = Arc::new(TestClock::new(start, state.contents.now));
        let control = flags.control.map(listen_for_control).transpose()?;
        let folder = make_folder()?;
        let path = folder.path().join("orgd.db");
        serve.common.database_url = Some(format!("sqlite://{}", path.display()));
        let config = Config::load_over(defaults(start), serve, environment)?;
        let secret = flags.control_token_file.as_deref().map(read_secret).transpose()?;
        let control = control.map(|listener| (listener, secret));
        let interference = Arc::default();
        Ok((Self { folder, states, state, clock, interference, control }, config))
    }
}

impl Drop for Ephemeral {
    /// SQLite removes files of its own as its connections are closed, on threads that end by themselves; what it removes while the folder
    /// is being removed would make that fail.
    fn drop(&mut self) {
        for _ in 0..100 {
            if std::fs::remove_dir_all(self.folder.path()).is_ok() || !self.folder.path().exists() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

/// What an ephemeral server is configured like where nobody says otherwise.
fn defaults(start: Start) -> Config {
    let mut config = Config::default();
    config.http.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.http.rate_limit = 0;
    config.http.drain = std::time::Duration::from_secs(1);
    config.log.filter = "warn".to_owned();
    config.log.access = false;
    if start == Start::Running {
        config.queue.hung_after = LONG;
        config.queue.forget_workers_after = LONG;
    }
    config
}

fn listen_for_control(address: SocketAddr) -> anyhow::Result<TcpListener> {
    if !address.ip().is_loopback() {
        bail!(
            "--control {address}: whoever reaches the control routes can do everything, so they listen on the loopback interface only, such as 127.0.0.1:0"
        );
    }
    TcpListener::bind(address).with_context(|| format!("cannot listen on {address} for the control routes"))
}

fn read_secret(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let secret = text.trim().to_owned();
    ensure!(!secret.is_empty(), "{} holds no token", file.display());
    Ok(secret)
}

fn make_folder() -> anyhow::Result<TempDir> {
    let folder = |builder: &tempfile::Builder<'_, '_>| {
        builder.tempdir_in(MEMORY).or_else(|_| builder.tempdir()).context("cannot make a folder for the database")
    };
    let folder = folder(tempfile::Builder::new().prefix(PREFIX))?;
    if let Some(parent) = folder.path().parent() {
        sweep(parent);
    }
    Ok(folder)
}

/// Removes what servers left behind that were killed. Those that live hold a lock on their database; one that was just made has none
/// yet and is left alone.
fn sweep(parent: &Path) {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let left = entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(PREFIX))
    });
    for path in left {
        let database = path.join("orgd.db");
        if ServerLock::was_held(&database) && !ServerLock::is_held(&database) {
            // Another server may sweep at the same time.
            let _ = std::fs::remove_dir_all(&path);
        }
    }
}

impl Ready {
    /// Prints it, and writes the file: whoever finds the file finds all of it.
    pub(super) fn tell(&self, prints: bool, file: Option<&Path>) -> anyhow::Result<()> {
        let line = serde_json::to_string(self)?;
        if let Some(path) = file {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let mut written = tempfile::NamedTempFile::new_in(folder)
                .with_context(|| format!("cannot write the ready file {}", path.display()))?;
            writeln!(written, "{line}")?;
            written.persist(path).with_context(|| format!("cannot write the ready file {}", path.display()))?;
        }
        if prints { super::output::print(&line) } else { Ok(()) }
    }
}

/// Calls `stop` when standard input ends.
pub(super) fn when_stdin_ends(stop: impl FnOnce() + Send + 'static) {
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        let mut input = std::io::stdin().lock();
        while matches!(input.read(&mut bytes), Ok(read) if read > 0) {}
        stop();
    });
}

/// What time it is.
pub(super) fn clock_of(ephemeral: Option<&Ephemeral>) -> Arc<dyn Clock> {
    match ephemeral {
        Some(ephemeral) => ephemeral.clock.clone(),
        None => Arc::new(crate::clock::SystemClock::new()),
    }
}

/// The file of a database, where it has one.
pub(super) fn file_of(url: &DatabaseUrl) -> Option<&Path> {
    match url {
        DatabaseUrl::Sqlite { path } => Some(path),
        DatabaseUrl::Postgres(_) => None,
    }
}
