//! Owns the words for a configuration that cannot be used. Each is one line and names the key, its place and the rule.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::database_url::visible;
use super::keys::Key;

/// Where a value was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The configuration file.
    File(PathBuf),
    /// The key's own environment variable.
    Environment,
    /// An environment variable that other programs know, too.
    Shared(&'static str),
    /// A flag on the command line.
    Flag,
}

impl Origin {
    /// The place in words: `/etc/orgd.toml`, `environment variable ORGD_LISTEN` or `flag --listen`.
    fn of(&self, key: &Key) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Environment => format!("environment variable {}", key.variable()),
            Self::Shared(variable) => format!("environment variable {variable}"),
            Self::Flag => format!("flag {}", key.flag()),
        }
    }
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The configuration file cannot be read.
    #[error("cannot read the configuration file {}: {cause}", path.display())]
    Unreadable {
        /// The file that was asked for.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The configuration file is not TOML.
    #[error("{}, line {line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// The configuration file holds a key that orgd does not know.
    #[error("{}: unknown key {name:?}; did you mean {nearest:?}?", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key as written.
        name: String,
        /// The known key that looks most like it.
        nearest: &'static str,
    },
    /// An environment variable starts with `ORGD_` and is not one of orgd's.
    #[error("unknown environment variable {name}; did you mean {nearest}?")]
    UnknownVariable {
        /// The variable as written.
        name: String,
        /// The known variable that looks most like it.
        nearest: String,
    },
    /// A file that holds a secret cannot be read.
    #[error("cannot read the secret file {}: {cause}", path.display())]
    UnreadableSecret {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A file that is to hold a secret holds nothing.
    #[error("the secret file {} is empty", path.display())]
    EmptySecret {
        /// The file.
        path: PathBuf,
    },
    /// There is nothing to show a server.
    #[error("no secret to show the server: give {flags}, or set {variables}")]
    NoSecret {
        /// The flags that name a file with one.
        flags: &'static str,
        /// The variables that hold one.
        variables: &'static str,
    },
    /// Two keys go together.
    #[error("{} ({}) is set and {} is not: HTTPS needs both", given.name, given.variable(), missing.name)]
    Alone {
        /// The key that was given.
        given: &'static Key,
        /// The key that is missing.
        missing: &'static Key,
    },
    /// The server would serve plain HTTP to other machines, and nobody said that it should.
    #[error(
        "other machines reach {listen}, and plain HTTP shows session tokens and passwords to everybody on the way: \
         set tls_certificate and tls_key, or listen on 127.0.0.1 behind a proxy with TLS, or allow plain HTTP with plain_http = true (--plain-http, \
         ORGD_PLAIN_HTTP=true) where only trusted machines reach it"
    )]
    Exposed {
        /// Where it was to listen.
        listen: SocketAddr,
    },
    /// A value is not among those that its key accepts.
    #[error("{}: {} is {value}, {problem}; it takes {}", origin.of(key), key.name, key.accepts)]
    Invalid {
        /// The key.
        key: &'static Key,
        /// Where the value was given.
        origin: Origin,
        /// The value, shown without credentials.
        value: ShownValue,
        /// What is wrong with it, as in "which is not a number".
        problem: String,
    },
}

/// A value as it may be shown: quoted, shortened, and without the credentials that a URL can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownValue(String);

impl From<&str> for ShownValue {
    fn from(value: &str) -> Self {
        // Also of a URL that is written wrongly, which is why it is shown.
        let scheme = value.find("://").map_or("", |end| &value[..end + 3]);
        let rest = &value[scheme.len()..];
        let shown = match visible(rest) {
            Some(part) => {
                let before = if rest.starts_with(part) { "" } else { "…@" };
                let after = if rest.ends_with(part) { "" } else { "?…" };
                format!("{scheme}{before}{part}{after}")
            }
            None => format!("{scheme}…"),
        };
        // libpq has another form, `host=db password=…`, which orgd does not take.
        let shown = match shown.to_ascii_lowercase().find("password") {
            Some(at) => format!("{}…", &shown[..at]),
            None => shown,
        };
        Self(if shown.chars().count() > 200 { shown.chars().take(200).chain(['…']).collect() } else { shown })
    }
}

impl fmt::Display for ShownValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.0)
    }
}
