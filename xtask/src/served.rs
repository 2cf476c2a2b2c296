//! A server to try things on: built from this source tree, on a database of its own that goes with it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context as _, anyhow, bail};
use tempfile::TempDir;

use crate::ci::shell::command;

/// A running `orgd` on a new database and a free port. Stopped when dropped.
pub(crate) struct Served {
    process: Child,
    // A server whose standard output is closed while it prints ends.
    _output: BufReader<ChildStdout>,
    folder: TempDir,
    binary: PathBuf,
    /// Where it answers, without a slash at the end.
    pub(crate) url: String,
    /// The owner's session token, as the first start printed it.
    pub(crate) token: String,
}

/// The root of the source tree that this binary was built from.
pub(crate) fn source_tree() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

impl Served {
    /// Builds the server and starts it.
    ///
    /// # Errors
    /// It does not build or does not start.
    pub(crate) fn start() -> anyhow::Result<Self> {
        Self::start_with(&[])
    }

    /// Builds the server and starts it with these environment variables.
    ///
    /// # Errors
    /// It does not build or does not start.
    pub(crate) fn start_with(settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let binary = build()?;
        let folder = tempfile::tempdir()?;
        let mut process = orgd(&binary, folder.path())
            .env("ORGD_LISTEN", "127.0.0.1:0")
            .env("ORGD_LOG", "warn")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let mut output = BufReader::new(process.stdout.take().context("the server has no standard output")?);
        let (url, token) = read_announcement(&mut output).inspect_err(|_| {
            // It is of no use; whether it could be stopped changes nothing about that.
            let _ = process.kill();
        })?;
        Ok(Self { process, _output: output, folder, binary, url, token })
    }

    /// A command of this server's binary, on this server's database.
    pub(crate) fn command(&self) -> Command {
        orgd(&self.binary, self.folder.path())
    }

    /// The server's executable.
    pub(crate) fn executable(&self) -> &Path {
        &self.binary
    }

    /// The URL of its database, as orgd is told it.
    pub(crate) fn database_url(&self) -> String {
        database_url(self.folder.path())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Builds the server as the caller's profile does; the path of the executable.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["build", "--quiet", "--workspace", "--bin", "orgd", "--message-format=json-render-diagnostics"];
    let built =
        command(&source_tree(), cargo, &arguments).stderr(Stdio::inherit()).output().context("cannot run cargo")?;
    if !built.status.success() {
        bail!("the server does not build");
    }
    let messages = String::from_utf8_lossy(&built.stdout).into_owned();
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "orgd")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .ok_or_else(|| anyhow!("cargo does not say where the server's executable is"))
}

fn orgd(binary: &Path, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    // Settings of whoever runs this must not reach the server under test.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ORGD_")) {
        command.env_remove(name);
    }
    command.env("ORGD_DATABASE_URL", database_url(folder)).current_dir(source_tree()).stdin(Stdio::null());
    command
}

fn database_url(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("orgd.db").display())
}

/// Reads the URL and the token from what a first start prints.
fn read_announcement(output: &mut BufReader<ChildStdout>) -> anyhow::Result<(String, String)> {
    let mut text = String::new();
    for line in output.by_ref().lines() {
        let line = line?;
        if let Some(call) = line.strip_prefix("First call: ") {
            let token = call.split('\'').nth(1).and_then(|header| header.strip_prefix("Coder-Session-Token: "));
            let url = call.split_whitespace().last().and_then(|url| url.strip_suffix("/api/v2/organizations"));
            if let (Some(url), Some(token)) = (url, token) {
                return Ok((url.to_owned(), token.to_owned()));
            }
        }
        text.push_str(&line);
        text.push('\n');
    }
    bail!("the server did not say where it answers; it printed:\n{text}")
}
