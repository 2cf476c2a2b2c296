//! The programs that come from the system's packages: installs what is missing when it may, and says what to type when not.

use std::path::Path;

use anyhow::{Context as _, bail};

use super::place::Place;
use super::shell::{command, fetch, is_installed};
use crate::postgres::Installed;

/// Programs that the steps need, with the Debian package that has each.
const NEEDED: &[(&str, &str)] = &[
    ("curl", "curl"),
    ("javac", "default-jdk-headless"),
    ("openssl", "openssl"),
    ("pkg-config", "pkg-config"),
    ("python3", "python3"),
];

/// Files that the steps need: the browser, what the build with TLS to PostgreSQL includes, and annotations for the client in Java.
const NEEDED_FILES: &[(&str, &str)] = &[
    (crate::browser::CHROMIUM, "chromium"),
    ("/usr/include/openssl/ssl.h", "libssl-dev"),
    (crate::client::JAVA_ANNOTATIONS, "libjakarta-annotation-api-java"),
];

/// A setting of Debian's PostgreSQL packages: installing them makes no cluster, which would also be started. Ours are thrown away.
const NO_CLUSTER: (&str, &str) = ("/etc/postgresql-common/createcluster.d/orgd.conf", "create_main_cluster = false\n");

/// Makes sure that every needed program is there.
///
/// # Errors
/// Something is missing and cannot be installed.
pub(super) fn install(place: &Place) -> anyhow::Result<()> {
    let mut missing: Vec<&str> =
        NEEDED.iter().filter(|(program, _)| !is_installed(program)).map(|(_, package)| *package).collect();
    missing.extend(NEEDED_FILES.iter().filter(|(file, _)| !Path::new(file).is_file()).map(|(_, package)| *package));
    if !makes_environments(&place.root) {
        missing.push("python3-venv");
    }
    // The oldest supported one is the distribution's; Debian keeps its programs away from the search path.
    if !Installed::look(place)?.has_system_one() {
        missing.push("postgresql");
    }
    if missing.is_empty() {
        return Ok(());
    }
    if !is_installed("apt-get") {
        bail!("missing on this machine: {}; install them", missing.join(", "));
    }
    if !is_root(&place.root) {
        bail!("missing on this machine; run: sudo apt-get install --no-install-recommends {}", missing.join(" "));
    }
    apt(&place.root, &["update", "-q"])?;
    without_cluster(|| {
        apt(&place.root, &[&["install", "-q", "-y", "--no-install-recommends"][..], &missing[..]].concat())
    })
}

/// Installs while the setting is there.
fn without_cluster(install: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let (file, text) = NO_CLUSTER;
    let file = Path::new(file);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    let outcome = install();
    std::fs::remove_file(file).with_context(|| format!("cannot remove {}", file.display()))?;
    outcome
}

/// Runs `apt-get`. A machine that has just started may be updating itself, and that is waited for; lists of packages that are not fetched whole are an error.
pub(crate) fn apt(folder: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let settings = ["-o", "DPkg::Lock::Timeout=600", "-o", "APT::Update::Error-Mode=any"];
    let arguments = [&settings[..], arguments].concat();
    fetch(command(folder, "apt-get", &arguments).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Debian keeps what `python3 -m venv` needs in a package of its own.
fn makes_environments(root: &Path) -> bool {
    command(root, "python3", &["-c", "import venv, ensurepip"]).output().is_ok_and(|output| output.status.success())
}

pub(crate) fn is_root(root: &Path) -> bool {
    command(root, "id", &["-u"]).output().is_ok_and(|output| output.stdout == b"0\n")
}
