//! Owns which databases can be named and how. Opens none.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The database that holds everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// SQLite in a file.
    Sqlite {
        /// The file, taken literally: nothing is decoded, and a relative path starts at the working directory.
        path: PathBuf,
    },
    /// A PostgreSQL server, or several of which one takes writes.
    Postgres(PostgresUrl),
}

/// A connection URL as libpq takes it. Shown without what may be secret.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

impl PostgresUrl {
    /// The URL with its password, for libpq alone, with these parameters added where it does not set them itself.
    pub fn with_defaults(&self, defaults: &[(&str, &str)]) -> String {
        let mut url = self.0.clone();
        for (name, value) in defaults {
            if !self.sets(name) {
                url.push(if parameters(&url).is_some() { '&' } else { '?' });
                url.push_str(name);
                url.push('=');
                url.push_str(value);
            }
        }
        url
    }

    fn sets(&self, name: &str) -> bool {
        let parameters = parameters(&self.0).unwrap_or_default();
        form_urlencoded::parse(parameters.as_bytes()).any(|(known, _)| known == name)
    }

    /// The URL without user, password and parameters: scheme, hosts and database.
    fn shown(&self) -> String {
        let scheme = self.0.split_once("://").map_or("postgres", |(scheme, _)| scheme);
        format!("{scheme}://{}", visible(after_scheme(&self.0)).unwrap_or("…"))
    }
}

fn after_scheme(url: &str) -> &str {
    url.split_once("://").map_or("", |(_, rest)| rest)
}

fn parameters(url: &str) -> Option<&str> {
    split_parameters(after_scheme(url)).1
}

/// What comes after the scheme, up to its parameters and from there on. As libpq reads it: user and password end at an `@` before the first slash, and
/// may hold question marks.
fn split_parameters(rest: &str) -> (&str, Option<&str>) {
    let credentials = rest.find(['@', '/']).filter(|at| rest[*at..].starts_with('@')).unwrap_or_default();
    match rest[credentials..].find('?') {
        Some(mark) => (&rest[..credentials + mark], Some(&rest[credentials + mark + 1..])),
        None => (rest, None),
    }
}

/// The part of what comes after the scheme that may be shown, which is neither user, password nor parameters. None when that cannot be
/// told apart: a password with a slash or an `@` that should have been encoded.
pub(super) fn visible(rest: &str) -> Option<&str> {
    let (start, parameters) = split_parameters(rest);
    if parameters.is_some_and(|parameters| parameters.contains('@')) {
        return None;
    }
    Some(start.rsplit_once('@').map_or(start, |(_, end)| end))
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PostgresUrl({})", self.shown())
    }
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lower = text.to_lowercase();
        if lower.contains(":memory:") {
            return Err("which no second connection could see and no restart would find again".to_owned());
        }
        if text.contains(['\0', char::REPLACEMENT_CHARACTER]) {
            return Err("which holds NUL or bytes that are not UTF-8".to_owned());
        }
        if lower.starts_with("postgres://") || lower.starts_with("postgresql://") {
            return Ok(Self::Postgres(PostgresUrl(text.to_owned())));
        }
        let Some(path) = text.strip_prefix("sqlite://") else {
            return Err("which starts neither with sqlite:// nor with postgres://".to_owned());
        };
        if path.is_empty() {
            return Err("which names no file".to_owned());
        }
        // SQLite itself would take these for a URI of its own, with switches that orgd decides.
        if path.contains('?') || path.starts_with("file:") {
            return Err("which carries parameters".to_owned());
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
            Self::Postgres(url) => url.fmt(formatter),
        }
    }
}
