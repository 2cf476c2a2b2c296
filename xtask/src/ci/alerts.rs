//! Holds the alerts of `deploy/prometheus` against their tests, with Prometheus's own tool.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};

use super::place::Place;
use super::shell::{command, is_installed, run};
use super::system::{apt, is_root};

/// Checks the rules, and brings each alert about.
///
/// # Errors
/// A rule is none, a test fails, or the tool cannot be had.
pub(super) fn check(place: &Place) -> anyhow::Result<()> {
    let promtool = promtool(place)?;
    let folder = place.root.join("deploy/prometheus");
    run(&mut command(&folder, &promtool, &["check", "rules", "orgd.rules.yml"]))?;
    run(&mut command(&folder, &promtool, &["test", "rules", "orgd.rules.test.yml"]))
}

/// The tool of this machine, or the one of Debian's package. That is unpacked and not installed, which would start a server.
pub(super) fn promtool(place: &Place) -> anyhow::Result<PathBuf> {
    if is_installed("promtool") {
        return Ok("promtool".into());
    }
    let folder = place.work.join("prometheus");
    let unpacked = folder.join("usr/bin/promtool");
    if unpacked.is_file() {
        return Ok(unpacked);
    }
    ensure!(is_installed("apt-get"), "promtool is missing on this machine; it comes with Prometheus");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // Lists of packages may be missing, or be older than what they list.
    if is_root(&folder) {
        apt(&folder, &["update", "-q"])?;
    }
    apt(&folder, &["download", "-q", "prometheus"])?;
    for entry in std::fs::read_dir(&folder)? {
        let package = entry?.path();
        if package.extension().is_some_and(|extension| extension == "deb") {
            run(command(&folder, "dpkg", &["-x"]).arg(&package).arg(&folder))?;
        }
    }
    ensure!(unpacked.is_file(), "Debian's package of Prometheus has no promtool");
    Ok(unpacked)
}
