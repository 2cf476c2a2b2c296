//! Owns what the checks of pages need around them: Chromium, the npm packages that drive it, and the call of a driver.
//!
//! A driver is a folder below `xtask/` with a `package.json`, its lock file and `drive.mjs`, which reads what to do as JSON from
//! standard input and writes what it saw as JSON to standard output.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::ci::shell::{command, fetch};
use crate::ci::system::{apt, is_root};
use crate::served::source_tree;

/// Where Debian puts it.
pub(crate) const CHROMIUM: &str = "/usr/bin/chromium";

/// The folder of a driver.
pub(crate) fn folder(driver: &str) -> PathBuf {
    source_tree().join("xtask").join(driver)
}

/// Installs what the driver lacks.
///
/// # Errors
/// It cannot be installed from here; the message says how to do it by hand.
pub(crate) fn prepare(driver: &str) -> anyhow::Result<()> {
    if !Path::new(CHROMIUM).exists() {
        if !is_root(&source_tree()) {
            bail!("{CHROMIUM} is missing; as root: apt-get install --no-install-recommends chromium");
        }
        apt(&source_tree(), &["update", "-q"])?;
        apt(&source_tree(), &["install", "-q", "-y", "--no-install-recommends", "chromium"])?;
    }
    let folder = folder(driver);
    // `npm ci` writes this file last, so it is there only after a complete installation.
    let installed = std::fs::metadata(folder.join("node_modules/.package-lock.json")).and_then(|file| file.modified());
    let wanted = std::fs::metadata(folder.join("package-lock.json"))?.modified()?;
    if installed.is_ok_and(|installed| installed >= wanted) {
        return Ok(());
    }
    let arguments = ["ci", "--loglevel=error", "--no-audit", "--no-fund", "--ignore-scripts"];
    fetch(&mut command(&folder, "npm", &arguments))
}

/// Runs the driver on this request, to which the browser is added; what it saw.
///
/// # Errors
/// The browser does not start, or the page does not do what it is told.
pub(crate) fn drive<R: DeserializeOwned>(driver: &str, mut request: Value) -> anyhow::Result<R> {
    request["chromium"] = json!(CHROMIUM);
    // Chromium refuses its own sandbox when root runs it.
    request["sandbox"] = json!(!is_root(&source_tree()));
    let mut node = Command::new("node")
        .arg("drive.mjs")
        .current_dir(folder(driver))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run node")?;
    if let Some(mut input) = node.stdin.take() {
        input.write_all(request.to_string().as_bytes())?;
    }
    let ended = node.wait_with_output()?;
    if !ended.status.success() {
        bail!("the page could not be used; node ended with {}", ended.status);
    }
    serde_json::from_slice(&ended.stdout).context("the driver's report cannot be read")
}
