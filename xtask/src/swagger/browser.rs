//! Owns what the check needs around it: Chromium, the npm package that drives it, and the call of the driver.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::served::{Served, source_tree};

/// Where Debian puts it.
const CHROMIUM: &str = "/usr/bin/chromium";

/// What the driver saw.
#[derive(Debug, Deserialize)]
pub(super) struct Report {
    /// The versions beside the title.
    pub(super) badge: String,
    /// The operations that the page offers.
    pub(super) operations: Vec<String>,
    /// What came of the operations that were executed, by operation id.
    pub(super) executed: Map<String, Value>,
    /// Requests to other hosts. They were not let through.
    pub(super) foreign: Vec<String>,
    /// Errors that scripts threw or wrote to the console.
    pub(super) errors: Vec<String>,
}

fn folder() -> PathBuf {
    source_tree().join("xtask/swagger")
}

/// Installs what is missing.
///
/// # Errors
/// It cannot be installed from here; the message says how to do it by hand.
pub(super) fn prepare() -> anyhow::Result<()> {
    if !Path::new(CHROMIUM).exists() {
        if !is_root() {
            bail!("{CHROMIUM} is missing; as root: apt-get install --no-install-recommends chromium");
        }
        run(Command::new("apt-get").args(["update", "-qq"]))?;
        run(Command::new("apt-get").args(["install", "-y", "-qq", "--no-install-recommends", "chromium"]))?;
    }
    // `npm ci` writes this file last, so it is there only after a complete installation.
    let installed =
        std::fs::metadata(folder().join("node_modules/.package-lock.json")).and_then(|file| file.modified());
    let wanted = std::fs::metadata(folder().join("package-lock.json"))?.modified()?;
    if installed.is_ok_and(|installed| installed >= wanted) {
        return Ok(());
    }
    run(Command::new("npm")
        .args(["ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(folder()))
}

/// Opens the page, authorizes and executes the operations in this order.
///
/// # Errors
/// The browser does not start, or the page does not do what it is told.
pub(super) fn drive(served: &Served, operations: &[&str], screenshot: Option<Value>) -> anyhow::Result<Report> {
    let request = json!({
        "url": format!("{}/swagger/", served.url),
        "token": served.token,
        "chromium": CHROMIUM,
        // Chromium refuses its own sandbox when root runs it.
        "sandbox": !is_root(),
        "operations": operations,
        "screenshot": screenshot,
    });
    let mut driver = Command::new("node")
        .arg("drive.mjs")
        .current_dir(folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run node")?;
    if let Some(mut input) = driver.stdin.take() {
        input.write_all(request.to_string().as_bytes())?;
    }
    let ended = driver.wait_with_output()?;
    if !ended.status.success() {
        bail!("the page could not be used; node ended with {}", ended.status);
    }
    serde_json::from_slice(&ended.stdout).context("the driver's report cannot be read")
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.stdout(Stdio::null()).status().with_context(|| format!("cannot run {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}
