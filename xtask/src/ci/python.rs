//! The Python environment below the target folder. It has the test tools and a Node of a known version, both pinned in
//! `xtask/python/requirements.txt`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::place::Place;
use super::shell::{command, run};

/// An environment with everything of the requirements in it.
#[derive(Debug)]
pub(super) struct Environment {
    programs: PathBuf,
}

impl Environment {
    /// The environment, made or brought up to date first when the requirements have changed.
    ///
    /// # Errors
    /// The requirements cannot be read or installed.
    pub(super) fn ready(place: &Place) -> anyhow::Result<Self> {
        let requirements = place.root.join("xtask/python/requirements.txt");
        let folder = place.work.join("venv");
        let wanted = std::fs::read_to_string(&requirements)
            .with_context(|| format!("cannot read {}", requirements.display()))?;
        let environment = Self { programs: folder.join("bin") };
        let stamp = folder.join("requirements-installed.txt");
        if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(environment);
        }
        let folder = folder.as_os_str();
        run(&mut command(&place.root, "python3", &["-m".as_ref(), "venv".as_ref(), "--clear".as_ref(), folder]))?;
        let arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"];
        run(environment.command(&place.root, "python", &arguments)?.arg(&requirements))?;
        std::fs::write(&stamp, wanted)?;
        Ok(environment)
    }

    /// A program of the environment, which in turn finds the environment's other programs first.
    ///
    /// # Errors
    /// The search path cannot be put together.
    pub(super) fn command(&self, folder: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = command(folder, self.programs.join(program), arguments);
        command.env("PATH", self.search_path()?).env("PYTHONDONTWRITEBYTECODE", "1");
        Ok(command)
    }

    /// The search path with the environment's programs before all others.
    ///
    /// # Errors
    /// A folder in it cannot be part of a search path.
    pub(super) fn search_path(&self) -> anyhow::Result<OsString> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.programs.clone()).chain(std::env::split_paths(&path));
        std::env::join_paths(folders).context("cannot put a search path together")
    }
}

/// Installs exactly what the lock file of a folder's `package.json` says, unless that is there already.
///
/// # Errors
/// npm fails.
pub(super) fn npm(place: &Place, environment: &Environment, folder: &str) -> anyhow::Result<PathBuf> {
    let folder = place.root.join(folder);
    let lock = folder.join("package-lock.json");
    let wanted = std::fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let stamp = folder.join("node_modules/.installed-lock.json");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    let arguments = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    run(&mut environment.command(&folder, "npm", &arguments)?)?;
    std::fs::write(&stamp, wanted)?;
    Ok(folder)
}
