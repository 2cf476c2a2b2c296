//! Owns the flags that configure orgd, and their help. Checks no value: the configuration does, in the same words for all places.

use std::path::PathBuf;

use super::keys::{self, Key};

/// Flags of every command that opens the database.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct CommonFlags {
    /// Configuration file in TOML; environment variables and flags win over it [default: none] [env: ORGD_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Database: sqlite://PATH, relative to the working directory or absolute, or postgres://USER@HOST/DATABASE [default: sqlite://orgd.db] [env: ORGD_DATABASE_URL]
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,

    /// What to log: off, error, warn, info, debug, trace, or a list such as info,orgd=debug [default: info] [env: ORGD_LOG]
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,

    /// How to log, to standard error: text for people or json, one object a line [default: text] [env: ORGD_LOG_FORMAT]
    #[arg(long, value_name = "text|json")]
    pub log_format: Option<String>,
}

/// Flags about slow callers and many of them.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct LimitFlags {
    /// How long the head of a request may take [default: 5s] [env: ORGD_HEAD_TIMEOUT]
    #[arg(long, value_name = "SPAN")]
    pub head_timeout: Option<String>,

    /// How long the body of a request may take, besides a second for each 64 KiB [default: 10s] [env: ORGD_BODY_TIMEOUT]
    #[arg(long, value_name = "SPAN")]
    pub body_timeout: Option<String>,

    /// How long a caller may take nothing of its answer [default: 30s] [env: ORGD_ANSWER_TIMEOUT]
    #[arg(long, value_name = "SPAN")]
    pub answer_timeout: Option<String>,

    /// How long a connection may be idle between two requests [default: 75s] [env: ORGD_IDLE_TIMEOUT]
    #[arg(long, value_name = "SPAN")]
    pub idle_timeout: Option<String>,

    /// Connections that may be open; further ones wait [default: 10000] [env: ORGD_MAX_CONNECTIONS]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub max_connections: Option<String>,

    /// Connections that one address may have, 0 for no limit [default: 1024] [env: ORGD_MAX_CONNECTIONS_PER_ADDRESS]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub max_connections_per_address: Option<String>,

    /// Requests that read, and requests that write, that may be under way; further ones are refused [default: 2048] [env: ORGD_MAX_REQUESTS]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub max_requests: Option<String>,
}

impl LimitFlags {
    fn into_parts(self) -> [(&'static Key, Option<String>); 7] {
        [
            (&keys::HEAD_TIMEOUT, self.head_timeout),
            (&keys::BODY_TIMEOUT, self.body_timeout),
            (&keys::ANSWER_TIMEOUT, self.answer_timeout),
            (&keys::IDLE_TIMEOUT, self.idle_timeout),
            (&keys::MAX_CONNECTIONS, self.max_connections),
            (&keys::MAX_CONNECTIONS_PER_ADDRESS, self.max_connections_per_address),
            (&keys::MAX_REQUESTS, self.max_requests),
        ]
    }
}

/// Flags of `orgd serve`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ServeFlags {
    /// Address to listen on; port 0 picks a free one [default: 127.0.0.1:8080] [env: ORGD_LISTEN]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,

    /// Serve HTTPS with the certificate in this PEM file, followed by those that lead to its issuer [default: none] [env: ORGD_TLS_CERTIFICATE]
    #[arg(long, value_name = "FILE")]
    pub tls_certificate: Option<String>,

    /// The private key of the certificate, in PEM [default: none] [env: ORGD_TLS_KEY]
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<String>,

    /// Whether to serve plain HTTP on an address that other machines reach [default: false] [env: ORGD_PLAIN_HTTP]
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    pub plain_http: Option<String>,

    /// URL under which clients reach this server, if a proxy stands before it [default: http:// or https:// and the address] [env: ORGD_PUBLIC_URL]
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,

    /// Proxies whose X-Forwarded-For is believed: addresses and networks, separated by commas [default: none] [env: ORGD_TRUSTED_PROXIES]
    #[arg(long, value_name = "NETWORK,…")]
    pub trusted_proxies: Option<String>,

    /// Origins whose pages may call the API from a browser, separated by commas [default: none] [env: ORGD_CORS_ORIGINS]
    #[arg(long, value_name = "ORIGIN,…")]
    pub cors_origins: Option<String>,

    /// Whether Swagger UI is served at /swagger/; the document is in any case [default: true] [env: ORGD_SWAGGER_UI]
    #[arg(long, value_name = "true|false")]
    pub swagger_ui: Option<String>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print a comment here as the description of the whole command")]
    pub common: CommonFlags,

    /// Whether to bring the schema up to date at the start, or to refuse a database where it is not [default: true] [env: ORGD_MIGRATE]
    #[arg(long, value_name = "true|false")]
    pub migrate: Option<String>,

    /// Short for --migrate false
    #[arg(long, conflicts_with = "migrate")]
    pub no_migrate: bool,

    /// Whether a first start makes the user `owner` with a session token, or leaves it to the first who logs in [default: true] [env: ORGD_FIRST_OWNER]
    #[arg(long, value_name = "true|false")]
    pub first_owner: Option<String>,

    /// Short for --first-owner false
    #[arg(long, conflicts_with = "first_owner")]
    pub no_first_owner: bool,

    /// Connections for reading, 0 for one per worker and at least 4 [default: 0] [env: ORGD_READ_CONNECTIONS]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub read_connections: Option<String>,

    /// Threads that serve requests, 0 for one per core [default: 0] [env: ORGD_WORKERS]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub workers: Option<String>,

    /// Requests per minute that a user, or an address without one, may send to one path; 0 for no limit [default: 512] [env: ORGD_RATE_LIMIT]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub rate_limit: Option<String>,

    /// Seconds that requests under way may take after the signal to stop [default: 25] [env: ORGD_DRAIN_SECONDS]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub drain_seconds: Option<String>,

    /// How long to go on serving after the signal to stop, not ready, so that load balancers turn away first [default: 0s] [env: ORGD_DRAIN_DELAY]
    #[arg(long, value_name = "SPAN")]
    pub drain_delay: Option<String>,

    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print a comment here as the description of the whole command")]
    pub limits: LimitFlags,

    /// How long a job may make no progress before its worker counts as lost and it fails [default: 5m] [env: ORGD_HUNG_AFTER]
    #[arg(long, value_name = "SPAN")]
    pub hung_after: Option<String>,

    /// How long a job may wait for a worker before it fails, or off [default: off] [env: ORGD_PENDING_LIMIT]
    #[arg(long, value_name = "SPAN|off")]
    pub pending_limit: Option<String>,

    /// How long a worker that is not seen stays listed [default: 7d] [env: ORGD_FORGET_WORKERS_AFTER]
    #[arg(long, value_name = "SPAN")]
    pub forget_workers_after: Option<String>,

    /// How often to look for lost workers [default: 15s] [env: ORGD_REAPER_INTERVAL]
    #[arg(long, value_name = "SPAN")]
    pub reaper_interval: Option<String>,

    /// How long entries of the audit log are kept, or off for ever [default: off] [env: ORGD_AUDIT_RETENTION]
    #[arg(long, value_name = "SPAN|off")]
    pub audit_retention: Option<String>,

    /// Whether to log a line for each request [default: true] [env: ORGD_ACCESS_LOG]
    #[arg(long, value_name = "true|false")]
    pub access_log: Option<String>,

    /// Where to send traces over OTLP (HTTP); OTEL_EXPORTER_OTLP_ENDPOINT counts where nothing is said here [default: none] [env: ORGD_OTLP_ENDPOINT]
    #[arg(long, value_name = "URL")]
    pub otlp_endpoint: Option<String>,
}

impl ServeFlags {
    /// The file that `--config` names, and what the other flags say.
    pub(super) fn into_parts(self) -> (Option<PathBuf>, Vec<(&'static Key, String)>) {
        let Self {
            listen,
            plain_http,
            tls_certificate,
            tls_key,
            public_url,
            trusted_proxies,
            cors_origins,
            swagger_ui,
            common,
            migrate,
            no_migrate,
            first_owner,
            no_first_owner,
            read_connections,
            workers,
            rate_limit,
            drain_seconds,
            drain_delay,
            limits,
            hung_after,
            pending_limit,
            forget_workers_after,
            reaper_interval,
            audit_retention,
            access_log,
            otlp_endpoint,
        } = self;
        let CommonFlags { config, database_url, log, log_format } = common;
        let given = [
            (&keys::LISTEN, listen),
            (&keys::PLAIN_HTTP, plain_http),
            (&keys::TLS_CERTIFICATE, tls_certificate),
            (&keys::TLS_KEY, tls_key),
            (&keys::PUBLIC_URL, public_url),
            (&keys::TRUSTED_PROXIES, trusted_proxies),
            (&keys::CORS_ORIGINS, cors_origins),
            (&keys::SWAGGER_UI, swagger_ui),
            (&keys::DATABASE_URL, database_url),
            (&keys::MIGRATE, migrate.or_else(|| no_migrate.then(|| "false".to_owned()))),
            (&keys::FIRST_OWNER, first_owner.or_else(|| no_first_owner.then(|| "false".to_owned()))),
            (&keys::READ_CONNECTIONS, read_connections),
            (&keys::WORKERS, workers),
            (&keys::RATE_LIMIT, rate_limit),
            (&keys::DRAIN_SECONDS, drain_seconds),
            (&keys::DRAIN_DELAY, drain_delay),
            (&keys::HUNG_AFTER, hung_after),
            (&keys::PENDING_LIMIT, pending_limit),
            (&keys::FORGET_WORKERS_AFTER, forget_workers_after),
            (&keys::REAPER_INTERVAL, reaper_interval),
            (&keys::AUDIT_RETENTION, audit_retention),
            (&keys::LOG, log),
            (&keys::LOG_FORMAT, log_format),
            (&keys::ACCESS_LOG, access_log),
            (&keys::OTLP_ENDPOINT, otlp_endpoint),
        ];
        (config, given.into_iter().chain(limits.into_parts()).filter_map(|(key, text)| Some((key, text?))).collect())
    }
}

impl From<CommonFlags> for ServeFlags {
    fn from(common: CommonFlags) -> Self {
        Self { common, ..Self::default() }
    }
}
