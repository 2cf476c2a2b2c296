//! A server under measurement: starts it, watches its processor time and memory, and stops it.

use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use super::http;

/// Kernel ticks in a second, which every Linux tells user programs.
const TICKS: f64 = 100.0;
/// How long a server may take until all of its jobs are in memory.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where servers come from and where their files go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The executable `orgd-bench`.
    pub(super) executable: &'a Path,
    /// A folder on a disk.
    pub(super) folder: &'a Path,
}

/// What a filled database holds; printed by `orgd-bench seed`.
#[derive(Debug, Deserialize)]
pub(super) struct Seeded {
    pub(super) owner: String,
    pub(super) callers: Vec<(String, Vec<String>)>,
    pub(super) jobs_organization: String,
    pub(super) common_initiator: String,
    pub(super) rare_initiator: String,
    pub(super) common_env: String,
    pub(super) rare_env: String,
    pub(super) newest_ids: Vec<String>,
    pub(super) oldest_ids: Vec<String>,
    pub(super) workers: Vec<String>,
}

/// A running server; stopped when dropped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

impl Server {
    /// Fills a database with this many jobs and serves it.
    pub(super) fn seeded(place: Place<'_>, name: &str, jobs: usize) -> anyhow::Result<(Self, Seeded)> {
        let seeded = seed(place, &embedded(place, name), jobs)?;
        Ok((Self::ready(place, name, &embedded(place, name), &["serve"])?, seeded))
    }

    /// The same without request ids, metrics and access records.
    pub(super) fn seeded_unobserved(place: Place<'_>, name: &str, jobs: usize) -> anyhow::Result<(Self, Seeded)> {
        let seeded = seed(place, &embedded(place, name), jobs)?;
        Ok((Self::ready(place, name, &embedded(place, name), &["serve-unobserved"])?, seeded))
    }

    /// Fills a database with this many jobs and serves it; no more than so many requests that write may be under way.
    pub(super) fn seeded_bounded(
        place: Place<'_>,
        name: &str,
        jobs: usize,
        most: u32,
    ) -> anyhow::Result<(Self, Seeded)> {
        let seeded = seed(place, &embedded(place, name), jobs)?;
        let most = most.to_string();
        Ok((Self::ready(place, name, &embedded(place, name), &["serve", "--max-requests", &most])?, seeded))
    }

    /// Serves a database with this command and its flags, and waits until everything is in memory.
    pub(super) fn ready(place: Place<'_>, name: &str, database: &str, command: &[&str]) -> anyhow::Result<Self> {
        let server = Self::launch(place, name, database, command, Stdio::null())?;
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Starts a server on the embedded database of this name. It may not answer yet.
    pub(super) fn start(place: Place<'_>, name: &str, stdout: Stdio) -> anyhow::Result<Self> {
        Self::launch(place, name, &embedded(place, name), &["serve"], stdout)
    }

    fn launch(place: Place<'_>, name: &str, database: &str, command: &[&str], stdout: Stdio) -> anyhow::Result<Self> {
        let log = place.folder.join(format!("{name}.log"));
        let address = free_address()?;
        let child = Command::new(place.executable)
            .args(command)
            .args(["--rate-limit", "0", "--listen", &address.to_string(), "--database-url", database])
            .stdin(Stdio::null())
            .stdout(stdout)
            // Appending, so that the file can be emptied under the server's hands.
            .stderr(OpenOptions::new().create(true).append(true).open(&log)?)
            .spawn()
            .context("cannot start the server")?;
        Ok(Self { child, address, log })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://` and where it listens.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the server's standard output was connected to, if it was a pipe; once.
    pub(super) fn take_stdout(&mut self) -> anyhow::Result<std::process::ChildStdout> {
        self.child.stdout.take().context("the server's standard output is not a pipe")
    }

    fn wait_until_ready(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            match http::get(self.address, "/readyz", "") {
                Ok(_) => return Ok(()),
                Err(error) => ensure!(
                    begun.elapsed() < PATIENCE,
                    "the server is not ready: {error:#}; its log: {}",
                    fs::read_to_string(&self.log).unwrap_or_default()
                ),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Empties the log, so that it does not fill the disk.
    pub(super) fn empty_log(&self) -> anyhow::Result<()> {
        File::create(&self.log).map(drop).context("cannot empty the server's log")
    }

    /// Processor time of all its threads so far, user and system, in seconds.
    pub(super) fn processor_seconds(&self) -> anyhow::Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).context("the server is gone")?;
        // The name of the process, in parentheses, may hold spaces.
        let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect::<Vec<_>>());
        let ticks = |index: usize| fields.as_ref()?.get(index)?.parse::<f64>().ok();
        let (user, system) = (ticks(11), ticks(12));
        user.zip(system).map(|(user, system)| (user + system) / TICKS).context("cannot read /proc/PID/stat")
    }

    /// Processor time of the threads that it has now, to the nanosecond, as the scheduler counts it.
    pub(super) fn processor_nanoseconds(&self) -> anyhow::Result<u64> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id())).context("the server is gone")?;
        let mut all = 0;
        for thread in threads {
            // A thread may end meanwhile.
            let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            all += text.split_whitespace().next().and_then(|first| first.parse::<u64>().ok()).unwrap_or_default();
        }
        Ok(all)
    }

    /// Resident memory in KiB.
    pub(super) fn resident_kib(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).context("the server is gone")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("there is no VmRSS")?;
        line.trim().trim_end_matches(" kB").parse().context("cannot read VmRSS")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Fills a database with this many jobs.
pub(super) fn seed(place: Place<'_>, database: &str, jobs: usize) -> anyhow::Result<Seeded> {
    let mut seed = Command::new(place.executable);
    seed.args(["seed", "--jobs", &jobs.to_string(), "--database", database]);
    serde_json::from_slice(&output_of(seed)?).context("cannot read what was seeded")
}

/// The same, with all jobs in this state: `--pending` or `--held`.
pub(super) fn seed_all(place: Place<'_>, database: &str, jobs: usize, state: &str) -> anyhow::Result<Seeded> {
    let mut seed = Command::new(place.executable);
    seed.args(["seed", "--jobs", &jobs.to_string(), "--database", database, state]);
    serde_json::from_slice(&output_of(seed)?).context("cannot read what was seeded")
}

/// The URL of an embedded database of this name.
pub(super) fn embedded(place: Place<'_>, name: &str) -> String {
    format!("sqlite://{}", place.folder.join(format!("{name}.db")).display())
}

/// Runs a command of the executable and gives what it prints.
pub(super) fn output_of(mut command: Command) -> anyhow::Result<Vec<u8>> {
    let output = command.stderr(Stdio::inherit()).output().context("cannot run orgd-bench")?;
    ensure!(output.status.success(), "{command:?} failed");
    Ok(output.stdout)
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
