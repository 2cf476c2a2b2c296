//! Owns which databases can be named and how. Opens none.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The database that holds everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// SQLite in a file.
    Sqlite {
        /// The file, taken literally: nothing is decoded, and a relative path starts at the working directory.
        path: PathBuf,
    },
}

impl DatabaseUrl {
    /// The file of an embedded database.
    pub fn path(&self) -> &Path {
        match self {
            Self::Sqlite { path } => path,
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lower = text.to_lowercase();
        if lower.starts_with("postgres://") || lower.starts_with("postgresql://") {
            return Err("and this version of orgd serves SQLite only".to_owned());
        }
        if lower.contains(":memory:") {
            return Err("which no second connection could see and no restart would find again".to_owned());
        }
        let Some(path) = text.strip_prefix("sqlite://") else {
            return Err("which does not start with sqlite://".to_owned());
        };
        if path.is_empty() {
            return Err("which names no file".to_owned());
        }
        // SQLite itself would take these for a URI of its own, with switches that orgd decides.
        if path.contains('?') || path.starts_with("file:") {
            return Err("which carries parameters".to_owned());
        }
        if path.contains(['\0', char::REPLACEMENT_CHARACTER]) {
            return Err("which holds NUL or bytes that are not UTF-8".to_owned());
        }
        if path.ends_with('/') {
            return Err("which names a folder".to_owned());
        }
        Ok(Self::Sqlite { path: PathBuf::from(path) })
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path } => write!(formatter, "sqlite://{}", path.display()),
        }
    }
}
