//! The Python environment below the target folder. It has the test tools, a Node and a PostgreSQL of known versions, all pinned
//! in `xtask/python/requirements.txt`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::place::Place;
use super::shell::{command, fetch, run};

/// An environment with everything of the requirements in it.
#[derive(Debug)]
pub(crate) struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// The environment, made or brought up to date first when the requirements have changed.
    ///
    /// # Errors
    /// The requirements cannot be read or installed.
    pub(crate) fn ready(place: &Place) -> anyhow::Result<Self> {
        let requirements = place.root.join("xtask/python/requirements.txt");
        let folder = folder(place);
        let wanted = std::fs::read_to_string(&requirements)
            .with_context(|| format!("cannot read {}", requirements.display()))?;
        let environment = Self { folder: folder.clone() };
        let stamp = folder.join("requirements-installed.txt");
        if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(environment);
        }
        let folder = folder.as_os_str();
        run(&mut command(&place.root, "python3", &["-m".as_ref(), "venv".as_ref(), "--clear".as_ref(), folder]))?;
        let arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"];
        fetch(environment.command(&place.root, "python", &arguments)?.arg(&requirements))?;
        std::fs::write(&stamp, wanted)?;
        Ok(environment)
    }

    /// A program of the environment, which in turn finds the environment's other programs first.
    ///
    /// # Errors
    /// The search path cannot be put together.
    pub(crate) fn command(&self, folder: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = command(folder, self.folder.join("bin").join(program), arguments);
        // Nothing is to appear in the source tree.
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("HYPOTHESIS_STORAGE_DIRECTORY", self.folder.join("hypothesis"));
        self.come_first(&mut command)?;
        Ok(command)
    }

    /// Lets a program find the environment's programs, Node among them, before all others.
    ///
    /// # Errors
    /// A folder of the search path cannot be part of one.
    pub(crate) fn come_first(&self, command: &mut Command) -> anyhow::Result<()> {
        command.env("PATH", self.search_path()?);
        Ok(())
    }

    /// A file of an installed package.
    ///
    /// # Errors
    /// It is not there.
    pub(crate) fn package(&self, file: &str) -> anyhow::Result<PathBuf> {
        let packages = packages_of(&self.folder).context("the Python environment has no packages")?;
        let file = packages.join(file);
        ensure!(file.is_file(), "{} is missing in the Python environment", file.display());
        Ok(file)
    }

    fn search_path(&self) -> anyhow::Result<OsString> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.folder.join("bin")).chain(std::env::split_paths(&path));
        std::env::join_paths(folders).context("cannot put a search path together")
    }
}

/// The folder that the environment's packages are in, when it has been made.
pub(crate) fn packages(place: &Place) -> Option<PathBuf> {
    packages_of(&folder(place))
}

fn packages_of(environment: &Path) -> Option<PathBuf> {
    let versions = std::fs::read_dir(environment.join("lib")).ok()?;
    versions.flatten().map(|version| version.path().join("site-packages")).find(|packages| packages.is_dir())
}

fn folder(place: &Place) -> PathBuf {
    place.work.join("venv")
}

/// Installs exactly what the lock file of a folder's `package.json` says, unless that is there already.
///
/// # Errors
/// npm fails.
pub(crate) fn npm(place: &Place, environment: &Environment, folder: &str) -> anyhow::Result<PathBuf> {
    let folder = place.root.join(folder);
    install_npm(environment, &folder)?;
    Ok(folder)
}

/// The same for a folder wherever it is.
///
/// # Errors
/// npm fails.
pub(crate) fn install_npm(environment: &Environment, folder: &Path) -> anyhow::Result<()> {
    let lock = folder.join("package-lock.json");
    let wanted = std::fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let stamp = folder.join("node_modules/.installed-lock.json");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let arguments = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    fetch(&mut environment.command(folder, "npm", &arguments)?)?;
    std::fs::write(&stamp, wanted)?;
    Ok(())
}
