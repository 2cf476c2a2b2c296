//! What every request handler can reach.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::cors::Origins;
use super::proxies::TrustedProxies;
use crate::auth::identities::Identities;
use crate::clock::Clock;
use crate::config::LimitsConfig;
use crate::db::Database;
use crate::model::ReadModel;
use crate::ratelimit::RateLimiter;
use crate::service::Services;
use crate::telemetry::access::AccessLog;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::Traces;
use crate::test_double::Interference;

/// The parts of a running server. One for all worker threads.
pub struct App {
    /// The operations.
    pub services: Arc<Services>,
    /// The picture of the database.
    pub model: Arc<ReadModel>,
    /// The database, for authentication and readiness.
    pub database: Database,
    /// Known session tokens and users.
    pub identities: Arc<Identities>,
    /// How many requests each caller may send.
    pub limiter: RateLimiter,
    /// How many attempts to log in each address may make.
    pub login_limiter: RateLimiter,
    /// Whose word on where a request comes from is believed.
    pub proxies: TrustedProxies,
    /// How long callers may take, and how much may be under way at once.
    pub limits: LimitsConfig,
    /// Whether browsers are told to send the session cookie over TLS only.
    pub secure_cookies: bool,
    /// Whether browsers are told to come over TLS only.
    pub insists_on_tls: bool,
    /// Whether Swagger UI is served.
    pub has_swagger: bool,
    /// Which pages of other origins may call; none where there is none.
    pub cors: Option<Origins>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Where a record of each request goes.
    pub access_log: AccessLog,
    /// Where a span of each request goes.
    pub traces: Traces,
    /// The URL under which clients reach the server, without a slash at its end, when it is configured.
    pub public_url: Option<String>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// True from the signal to stop on.
    pub is_stopping: AtomicBool,
    /// What a test double does around each request; a normal server has none.
    pub interference: Option<Arc<Interference>>,
}
