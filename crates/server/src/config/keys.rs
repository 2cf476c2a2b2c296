//! Owns the list of configuration keys: their names, defaults and the words for what they accept. Knows no values.

/// One configuration key.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in the configuration file, such as `rate_limit`.
    pub name: &'static str,
    /// Its default, as one would write it in an environment variable.
    pub default: &'static str,
    /// Completes "it takes …".
    pub accepts: &'static str,
}

impl Key {
    /// The environment variable: `ORGD_RATE_LIMIT`.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.name.to_uppercase())
    }

    /// The flag: `--rate-limit`.
    pub fn flag(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }
}

/// What every environment variable of orgd starts with.
pub(super) const VARIABLE_PREFIX: &str = "ORGD_";

/// The variable that names the configuration file. It has no key of its own in that file.
pub const CONFIG_VARIABLE: &str = "ORGD_CONFIG";

macro_rules! keys {
    ($($constant:ident: $name:literal = $default:literal, $accepts:literal;)+) => {
        $(
            #[doc = concat!("`", $name, "`, by default `", $default, "`: ", $accepts, ".")]
            pub(super) const $constant: Key = Key { name: $name, default: $default, accepts: $accepts };
        )+
        /// Every key, in the order of the sample file.
        pub const KEYS: &[&Key] = &[$(&$constant),+];
    };
}

keys! {
    LISTEN: "listen" = "127.0.0.1:8080",
        "an IP address and a port, such as 127.0.0.1:8080, 0.0.0.0:80 or [::1]:8080 (port 0 picks a free one)";
    PLAIN_HTTP: "plain_http" = "false",
        "true or false";
    TLS_CERTIFICATE: "tls_certificate" = "",
        "nothing, or the path of a PEM file with the certificate and those that lead to its issuer";
    TLS_KEY: "tls_key" = "",
        "nothing, or the path of a PEM file with the private key of tls_certificate";
    PUBLIC_URL: "public_url" = "",
        "nothing (derived from listen) or http:// or https:// and a host, such as https://orgd.example.com";
    TRUSTED_PROXIES: "trusted_proxies" = "",
        "nothing, or addresses and networks separated by commas, such as 10.0.0.7, 192.168.0.0/16 or fd00::/8";
    CORS_ORIGINS: "cors_origins" = "",
        "nothing, or origins separated by commas, each http:// or https:// and a host as a browser sends it, such as https://portal.example.com";
    SWAGGER_UI: "swagger_ui" = "true",
        "true or false";
    DATABASE_URL: "database_url" = "sqlite://orgd.db",
        "sqlite:// and the path of a file, such as sqlite:///var/lib/orgd/orgd.db, or a PostgreSQL URL, such as postgres://orgd@db.example.com/orgd";
    MIGRATE: "migrate" = "true",
        "true or false";
    FIRST_OWNER: "first_owner" = "true",
        "true or false";
    READ_CONNECTIONS: "read_connections" = "0",
        "a whole number of connections from 0 (one per worker, at least 4) to 1024";
    WORKERS: "workers" = "0",
        "a whole number of threads from 0 (one per core) to 1024";
    RATE_LIMIT: "rate_limit" = "512",
        "a whole number of requests per minute from 0 (off) to 4294967295";
    DRAIN_SECONDS: "drain_seconds" = "25",
        "a whole number of seconds from 0 to 3600";
    DRAIN_DELAY: "drain_delay" = "0s",
        "a span from 0s to 1h, such as 5s";
    HEAD_TIMEOUT: "head_timeout" = "5s",
        "a span from 100ms to 1h, such as 5s";
    BODY_TIMEOUT: "body_timeout" = "10s",
        "a span from 100ms to 1h, such as 10s";
    ANSWER_TIMEOUT: "answer_timeout" = "30s",
        "a span from 100ms to 1h, such as 30s";
    IDLE_TIMEOUT: "idle_timeout" = "75s",
        "a span from 100ms to 1h, such as 75s";
    MAX_CONNECTIONS: "max_connections" = "10000",
        "a whole number of connections from 1 to 1000000";
    MAX_CONNECTIONS_PER_ADDRESS: "max_connections_per_address" = "1024",
        "a whole number of connections from 0 (no limit) to 1000000";
    MAX_REQUESTS: "max_requests" = "2048",
        "a whole number of requests from 1 to 1000000";
    HUNG_AFTER: "hung_after" = "5m",
        "a span from 1s to 365d, such as 90s, 5m or 1h30m";
    PENDING_LIMIT: "pending_limit" = "off",
        "off, or a span from 1s to 365d, such as 30m";
    FORGET_WORKERS_AFTER: "forget_workers_after" = "7d",
        "a span from 1s to 365d, such as 7d";
    REAPER_INTERVAL: "reaper_interval" = "15s",
        "a span from 100ms to 1h, such as 15s";
    AUDIT_RETENTION: "audit_retention" = "off",
        "off (entries stay for ever), or a span from 1h to 36500d, such as 365d";
    LOG: "log" = "info",
        "off, error, warn, info, debug or trace, or a comma-separated list of these and of target=level, such as info,orgd=debug";
    LOG_FORMAT: "log_format" = "text",
        "text or json";
    ACCESS_LOG: "access_log" = "true",
        "true or false";
    OTLP_ENDPOINT: "otlp_endpoint" = "",
        "nothing (no traces) or http:// or https:// and a host, such as http://localhost:4318";
}

/// The variable by which OpenTelemetry's programs are told what `otlp_endpoint` says; it counts where ours says nothing.
pub(super) const OTLP_VARIABLE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// The known name that looks most like `given`.
pub fn nearest<'known>(given: &str, known: impl IntoIterator<Item = &'known str>) -> &'known str {
    let given = given.to_lowercase();
    known
        .into_iter()
        .max_by(|left, right| {
            let score = |name: &str| strsim::jaro_winkler(&given, &name.to_lowercase());
            score(left).total_cmp(&score(right))
        })
        .unwrap_or_default()
}

/// Whether Kubernetes sets `variable` for a service that is named `orgd`: it puts `ORGD_PORT`, `ORGD_SERVICE_HOST`,
/// `ORGD_PORT_8080_TCP_ADDR` and so on into every container, and none of them is a mistake of the operator.
pub(super) fn is_kubernetes_link(variable: &str) -> bool {
    let Some(rest) = variable.strip_prefix(VARIABLE_PREFIX) else { return false };
    rest == "PORT"
        || rest == "SERVICE_HOST"
        || rest == "SERVICE_PORT"
        || rest.starts_with("SERVICE_PORT_")
        || rest.strip_prefix("PORT_").is_some_and(|port| port.starts_with(|first: char| first.is_ascii_digit()))
}
