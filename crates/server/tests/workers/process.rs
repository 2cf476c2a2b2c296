//! A worker as a process of its own.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::harness::{TestServer, without_settings};

/// How long a worker may take to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command of orgd that is told of the server by variables, and of nothing else.
pub fn orgd(server: &TestServer, arguments: &[&str]) -> Command {
    let mut command = without_settings(Command::new(env!("CARGO_BIN_EXE_orgd")));
    command.env("ORGD_URL", format!("http://{}", server.address())).args(arguments).stdin(Stdio::null());
    command
}

/// A running worker. Dropped, it is killed.
pub struct WorkerProcess {
    child: Child,
    folder: TempDir,
}

impl WorkerProcess {
    /// Starts a worker with this provisioner key that runs a shell script for each job, in a folder of its own.
    pub fn start(server: &TestServer, key: &str, flags: &[&str], script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = orgd(server, &["provisioner", "start", "--name", "builder", "--provisioner", "echo"]);
        // Short, because a worker that drains takes as long.
        let poll: &[&str] = if flags.contains(&"--poll") { &[] } else { &["--poll", "1s"] };
        command.args(poll).args(flags).args(["--", "sh", "-c", script]);
        command.env("ORGD_PROVISIONER_KEY", key).current_dir(folder.path()).stdout(Stdio::null()).stderr(log);
        Self { child: command.spawn().unwrap(), folder }
    }

    /// A file in its folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What it wrote to standard error.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.file("log")).unwrap()
    }

    /// Sends it a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success(), "the worker is gone:\n{}", self.log());
    }

    /// Waits for it to end.
    #[track_caller]
    pub fn ends(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "the worker is still there:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the log of the worker:\n{}", self.log());
        }
    }
}
