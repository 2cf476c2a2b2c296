//! A worker against a server that answers as a test says, with commands that end in every way.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, helpers included"
)]

mod commands;
mod ending;
#[path = "../../../client/tests/support/fake.rs"]
mod fake;
mod orgd;
mod output;
mod server;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use orgd_client::types::OrgdProvisioner;
use orgd_worker::{Phase, Settings, Stop, Worker, WorkerError};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use orgd::Orgd;

/// What a worker that runs a shell script is told.
fn settings(script: &str) -> Settings {
    Settings {
        organization: "acme".to_owned(),
        name: "w".to_owned(),
        tags: HashMap::new(),
        provisioners: vec![OrgdProvisioner::Echo],
        version: "v".to_owned(),
        command: ["sh", "-c", script].map(Into::into).to_vec(),
        poll: Duration::from_secs(1),
        grace: Duration::from_secs(20),
    }
}

/// A worker at work.
struct Working {
    stop: Stop,
    worker: JoinHandle<Result<(), WorkerError>>,
}

impl Working {
    fn start(orgd: &Orgd, settings: Settings) -> Self {
        let stop = Stop::default();
        let (worker, heard) = (Worker::new(orgd.client(), settings).unwrap(), stop.clone());
        Self { stop, worker: tokio::spawn(async move { worker.run(&heard).await }) }
    }

    /// Lets the worker end, and waits for that.
    async fn end(self, phase: Phase) -> Result<(), WorkerError> {
        self.stop.advance(phase);
        tokio::time::timeout(Duration::from_secs(30), self.worker).await.expect("the worker ends").unwrap()
    }
}

/// Runs one job and gives how it ended and its log lines.
async fn run(settings: Settings) -> (String, Vec<String>) {
    let orgd = Orgd::start(1);
    let working = Working::start(&orgd, settings);
    wait(&orgd, |state| state.ends.len() == 1).await;
    working.end(Phase::Draining).await.unwrap();
    orgd.with(|state| (state.ends[0].clone(), state.logs.clone()))
}

/// What a command waits for until the test has done what it must do first, however slow the machine is.
struct Gate(TempDir);

impl Gate {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// The step of a shell script that ends when the gate is open.
    fn step(&self) -> String {
        format!("until [ -e '{}' ]; do sleep 0.05; done", self.path().display())
    }

    fn open(&self) {
        std::fs::write(self.path(), "").unwrap();
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("open")
    }
}

/// Waits without holding up the worker.
async fn wait(orgd: &Orgd, is_so: impl FnMut(&orgd::State) -> bool + Send + 'static) {
    let orgd = orgd.clone();
    tokio::task::spawn_blocking(move || orgd.wait_for(is_so)).await.unwrap();
}

/// Whether this process is there.
fn is_running(process: &str) -> bool {
    // A zombie has ended.
    let status = std::fs::read_to_string(Path::new("/proc").join(process.trim()).join("stat"));
    status.is_ok_and(|status| !status.contains(") Z "))
}
