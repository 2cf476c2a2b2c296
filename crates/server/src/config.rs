//! Owns the configuration: what can be set, its defaults, and reading it from a file, the environment and flags, in that order
//! from weakest to strongest. The only module that looks at the environment of the process.

mod client;
mod database_url;
mod error;
mod flags;
mod keys;
mod layers;
mod limits;
#[cfg(test)]
mod tests;
mod values;

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

pub use client::{ClientFlags, Secret, ServerAccess, WorkerFlags, second_token};
pub use database_url::{DatabaseUrl, PostgresUrl};
pub use error::{ConfigError, Origin, ShownValue};
pub use flags::{CommonFlags, LimitFlags, ServeFlags};
pub use keys::{CONFIG_VARIABLE, KEYS, Key, nearest};
pub use limits::LimitsConfig;

/// Everything that an operator can set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// The listener and what it grants to callers.
    pub http: HttpConfig,
    /// Deadlines of a connection, and how much may be under way at once.
    pub limits: LimitsConfig,
    /// Where the data lives.
    pub database: DatabaseConfig,
    /// When jobs, workers and entries of the audit log are given up.
    pub queue: QueueConfig,
    /// What is written to standard error, and where traces go.
    pub log: LogConfig,
}

/// The listener and what it grants to callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// `listen`, `ORGD_LISTEN`: the address to listen on; port 0 picks a free one. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// `plain_http`, `ORGD_PLAIN_HTTP`: whether plain HTTP is served on an address that other machines reach. Default false.
    pub plain_http: bool,
    /// `tls_certificate` and `tls_key`, `ORGD_TLS_CERTIFICATE` and `ORGD_TLS_KEY`: what HTTPS is served with. Default none, which
    /// is plain HTTP.
    pub tls: Option<TlsFiles>,
    /// `public_url`, `ORGD_PUBLIC_URL`: the URL under which clients reach the server, without a slash at its end. By default
    /// it is derived from the address: see [`HttpConfig::public_url`].
    pub public_url: Option<String>,
    /// `trusted_proxies`, `ORGD_TRUSTED_PROXIES`: from where `X-Forwarded-For` is believed. Default none.
    pub trusted_proxies: Vec<IpNet>,
    /// `cors_origins`, `ORGD_CORS_ORIGINS`: origins whose pages may call the API. Default none.
    pub cors_origins: Vec<String>,
    /// `swagger_ui`, `ORGD_SWAGGER_UI`: whether Swagger UI is served. Default true.
    pub swagger_ui: bool,
    /// `workers`, `ORGD_WORKERS`: threads that serve requests, 0 for one per core. Default 0; see [`HttpConfig::workers`].
    pub workers: usize,
    /// `rate_limit`, `ORGD_RATE_LIMIT`: requests per minute of one user, or of one address without a user, to one path; 0
    /// for no limit. Default 512.
    pub rate_limit: u32,
    /// `drain_seconds`, `ORGD_DRAIN_SECONDS`: how long requests under way may take after the signal to stop. Default 25.
    pub drain: Duration,
    /// `drain_delay`, `ORGD_DRAIN_DELAY`: how long after that signal everything is served still, while `/readyz` says 503.
    /// Default none.
    pub drain_delay: Duration,
}

/// What HTTPS is served with, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The file with the certificate and those that lead to its issuer.
    pub certificate: PathBuf,
    /// The file with its private key.
    pub key: PathBuf,
}

/// Where the data lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseConfig {
    /// `database_url`, `ORGD_DATABASE_URL`. Default `sqlite://orgd.db`.
    pub url: DatabaseUrl,
    /// `migrate`, `ORGD_MIGRATE`: whether the schema is brought up to date at the start. Default true.
    pub migrate: bool,
    /// `first_owner`, `ORGD_FIRST_OWNER`: whether a first start makes an owner, or leaves it to the first who asks. Default true.
    pub first_owner: bool,
    /// `read_connections`, `ORGD_READ_CONNECTIONS`: 0 for one per worker and at least 4. Default 0; see
    /// [`Config::read_connections`].
    pub read_connections: u32,
}

/// When jobs, workers and entries of the audit log are given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueConfig {
    /// `hung_after`, `ORGD_HUNG_AFTER`: how long a job may make no progress before it fails. Default 5 minutes.
    pub hung_after: Duration,
    /// `pending_limit`, `ORGD_PENDING_LIMIT`: how long a job may wait for a worker before it fails, if there is a limit. Default none.
    pub pending_limit: Option<Duration>,
    /// `forget_workers_after`, `ORGD_FORGET_WORKERS_AFTER`: how long a worker that is not seen stays listed. Default 7 days.
    pub forget_workers_after: Duration,
    /// `reaper_interval`, `ORGD_REAPER_INTERVAL`: how often to look for the above. Default 15 seconds.
    pub reaper_interval: Duration,
    /// `audit_retention`, `ORGD_AUDIT_RETENTION`: how long entries of the audit log are kept, if not for ever. Default for ever.
    pub audit_retention: Option<Duration>,
}

/// What is written to standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// `log`, `ORGD_LOG`: which lines are written, in the syntax of tracing's `EnvFilter`. Default `info`.
    pub filter: String,
    /// `log_format`, `ORGD_LOG_FORMAT`. Default `text`.
    pub format: LogFormat,
    /// `access_log`, `ORGD_ACCESS_LOG`: whether each request gets a line. Default true.
    pub access: bool,
    /// `otlp_endpoint`, `ORGD_OTLP_ENDPOINT`: where traces are sent, if anywhere. Default nowhere.
    pub otlp_endpoint: Option<String>,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people, in colours if standard error is a terminal.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

impl Config {
    /// Reads the configuration. `environment` is [`process_environment`], or what a test takes for it.
    ///
    /// # Errors
    /// The first thing that cannot be used: a file, a key or a value. Keys and `ORGD_*` variables that orgd does not know are
    /// errors too, since a misspelt one would otherwise be a setting that silently has no effect.
    pub fn load(
        flags: ServeFlags,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        Self::load_over(Self::default(), flags, environment)
    }

    /// The same with other defaults.
    ///
    /// # Errors
    /// See [`Config::load`].
    pub fn load_over(
        defaults: Self,
        flags: ServeFlags,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let (file, flags) = flags.into_parts();
        let given = layers::Layers::gather(file, flags, environment)?;
        let Self { http, limits, database, queue, log } = defaults;
        Ok(Self {
            http: http_config(&given, http)?,
            limits: LimitsConfig::load(&given, limits)?,
            database: DatabaseConfig {
                url: given.get(&keys::DATABASE_URL, str::parse)?.unwrap_or(database.url),
                migrate: given.get(&keys::MIGRATE, values::boolean)?.unwrap_or(database.migrate),
                first_owner: given.get(&keys::FIRST_OWNER, values::boolean)?.unwrap_or(database.first_owner),
                read_connections: given
                    .get(&keys::READ_CONNECTIONS, values::up_to(1024))?
                    .unwrap_or(database.read_connections),
            },
            queue: queue_config(&given, queue)?,
            log: LogConfig {
                filter: given.get(&keys::LOG, values::log_filter)?.unwrap_or(log.filter),
                format: given.get(&keys::LOG_FORMAT, values::log_format)?.unwrap_or(log.format),
                access: given.get(&keys::ACCESS_LOG, values::boolean)?.unwrap_or(log.access),
                otlp_endpoint: given.get(&keys::OTLP_ENDPOINT, values::public_url)?.unwrap_or(log.otlp_endpoint),
            },
        })
    }

    /// How many connections for reading to open: as configured, or one per worker and at least 4, so that no worker waits for
    /// another one's query.
    pub fn read_connections(&self) -> u32 {
        match self.database.read_connections {
            0 => u32::try_from(self.http.workers()).unwrap_or(u32::MAX).max(4),
            configured => configured,
        }
    }
}

/// The longest span that can be set.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

fn http_config(given: &layers::Layers, default: HttpConfig) -> Result<HttpConfig, ConfigError> {
    let seconds = given.get(&keys::DRAIN_SECONDS, values::up_to(3600))?;
    let delay = values::span(Duration::ZERO, Duration::from_secs(60 * 60));
    Ok(HttpConfig {
        listen: given.get(&keys::LISTEN, values::address)?.unwrap_or(default.listen),
        plain_http: given.get(&keys::PLAIN_HTTP, values::boolean)?.unwrap_or(default.plain_http),
        tls: tls_files(given)?.or(default.tls),
        public_url: given.get(&keys::PUBLIC_URL, values::public_url)?.unwrap_or(default.public_url),
        trusted_proxies: given.get(&keys::TRUSTED_PROXIES, values::networks)?.unwrap_or(default.trusted_proxies),
        cors_origins: given.get(&keys::CORS_ORIGINS, values::origins)?.unwrap_or(default.cors_origins),
        swagger_ui: given.get(&keys::SWAGGER_UI, values::boolean)?.unwrap_or(default.swagger_ui),
        workers: given.get(&keys::WORKERS, values::up_to(1024))?.unwrap_or(default.workers),
        rate_limit: given.get(&keys::RATE_LIMIT, values::up_to(u32::MAX))?.unwrap_or(default.rate_limit),
        drain: seconds.map_or(default.drain, Duration::from_secs),
        drain_delay: given.get(&keys::DRAIN_DELAY, delay)?.unwrap_or(default.drain_delay),
    })
}

fn tls_files(given: &layers::Layers) -> Result<Option<TlsFiles>, ConfigError> {
    let certificate = given.get(&keys::TLS_CERTIFICATE, values::path)?.flatten();
    let key = given.get(&keys::TLS_KEY, values::path)?.flatten();
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(ConfigError::Alone { given: &keys::TLS_CERTIFICATE, missing: &keys::TLS_KEY }),
        (None, Some(_)) => Err(ConfigError::Alone { given: &keys::TLS_KEY, missing: &keys::TLS_CERTIFICATE }),
    }
}

fn queue_config(given: &layers::Layers, default: QueueConfig) -> Result<QueueConfig, ConfigError> {
    let second = Duration::from_secs(1);
    let span = || values::span(second, LONGEST);
    let interval = values::span(Duration::from_millis(100), Duration::from_secs(60 * 60));
    Ok(QueueConfig {
        hung_after: given.get(&keys::HUNG_AFTER, span())?.unwrap_or(default.hung_after),
        pending_limit: given
            .get(&keys::PENDING_LIMIT, values::span_or_off(second, LONGEST))?
            .unwrap_or(default.pending_limit),
        forget_workers_after: given.get(&keys::FORGET_WORKERS_AFTER, span())?.unwrap_or(default.forget_workers_after),
        reaper_interval: given.get(&keys::REAPER_INTERVAL, interval)?.unwrap_or(default.reaper_interval),
        audit_retention: given
            .get(&keys::AUDIT_RETENTION, values::span_or_off(60 * 60 * second, 100 * LONGEST))?
            .unwrap_or(default.audit_retention),
    })
}

impl HttpConfig {
    /// Says why this server must not listen where it is told to: session tokens and passwords would cross a network in the clear.
    ///
    /// # Errors
    /// An address that other machines reach, and no word that this is meant.
    pub fn check_exposure(&self) -> Result<(), ConfigError> {
        if self.is_local() || self.plain_http || self.tls.is_some() {
            Ok(())
        } else {
            Err(ConfigError::Exposed { listen: self.listen })
        }
    }

    /// How many threads serve requests: as configured, or one per core.
    pub fn workers(&self) -> usize {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            configured => configured,
        }
    }

    /// Whether browsers come over TLS, as far as this server knows.
    pub fn is_secure(&self) -> bool {
        self.tls.is_some() || self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }

    /// Whether browsers are told to come over TLS only from now on (HSTS). They hold it against every port of the host, so a server
    /// on the loopback interface does not say it of `localhost`; a proxy says it for itself.
    pub fn insists_on_tls(&self) -> bool {
        let is_named = self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
        self.tls.is_some() && (is_named || !self.is_local())
    }

    fn is_local(&self) -> bool {
        self.listen.ip().to_canonical().is_loopback()
    }

    /// The URL under which clients reach the server, without a slash at its end: as configured, or derived from the address it
    /// is bound to. "Every address" becomes `localhost`, which a browser can open.
    pub fn public_url(&self, bound: SocketAddr) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        match &self.public_url {
            Some(configured) => configured.clone(),
            None if bound.ip().is_unspecified() => format!("{scheme}://localhost:{}", bound.port()),
            None => format!("{scheme}://{bound}"),
        }
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            plain_http: false,
            tls: None,
            public_url: None,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            swagger_ui: true,
            workers: 0,
            rate_limit: 512,
            drain: Duration::from_secs(25),
            drain_delay: Duration::ZERO,
        }
    }
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            hung_after: Duration::from_secs(5 * 60),
            pending_limit: None,
            forget_workers_after: Duration::from_secs(7 * 24 * 60 * 60),
            reaper_interval: Duration::from_secs(15),
            audit_retention: None,
        }
    }
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: DatabaseUrl::Sqlite { path: "orgd.db".into() },
            migrate: true,
            first_owner: true,
            read_connections: 0,
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Text, access: true, otlp_endpoint: None }
    }
}

/// The arguments of the process, its own name first.
pub fn process_arguments() -> Vec<std::ffi::OsString> {
    std::env::args_os().collect()
}

/// The environment of this process, for [`Config::load`]. Bytes that are not UTF-8 become U+FFFD, which no key accepts.
pub fn process_environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .map(|(name, text)| (name.to_string_lossy().into_owned(), text.to_string_lossy().into_owned()))
        .collect()
}
