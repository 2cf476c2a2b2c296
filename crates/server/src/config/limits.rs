//! Owns what keeps slow and many callers within bounds: deadlines of a connection, and how much may be under way at once.

use std::time::Duration;

use super::error::ConfigError;
use super::layers::Layers;
use super::{keys, values};

/// Deadlines of a connection, and how much may be under way at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitsConfig {
    /// `head_timeout`, `ORGD_HEAD_TIMEOUT`: how long the head of a request may take. Default 5 seconds.
    pub head_timeout: Duration,
    /// `body_timeout`, `ORGD_BODY_TIMEOUT`: how long a body may take, and a second more for each 64 KiB that came. Default 10 seconds.
    pub body_timeout: Duration,
    /// `answer_timeout`, `ORGD_ANSWER_TIMEOUT`: how long a caller may take nothing of its answer. Default 30 seconds.
    pub answer_timeout: Duration,
    /// `idle_timeout`, `ORGD_IDLE_TIMEOUT`: how long a connection may be idle between two requests. Default 75 seconds.
    pub idle_timeout: Duration,
    /// `max_connections`, `ORGD_MAX_CONNECTIONS`: how many connections may be open; further ones wait. Default 10000.
    pub max_connections: u32,
    /// `max_connections_per_address`, `ORGD_MAX_CONNECTIONS_PER_ADDRESS`: how many of them one address may have, 0 for no
    /// limit. Default 1024.
    pub max_connections_per_address: u32,
    /// `max_requests`, `ORGD_MAX_REQUESTS`: how many requests that read, and how many that write, may be under way; further ones
    /// are refused. Default 2048.
    pub max_requests: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            max_connections: 10_000,
            max_connections_per_address: 1024,
            max_requests: 2048,
        }
    }
}

impl LimitsConfig {
    pub(super) fn load(given: &Layers, default: Self) -> Result<Self, ConfigError> {
        let span = || values::span(Duration::from_millis(100), Duration::from_secs(60 * 60));
        Ok(Self {
            head_timeout: given.get(&keys::HEAD_TIMEOUT, span())?.unwrap_or(default.head_timeout),
            body_timeout: given.get(&keys::BODY_TIMEOUT, span())?.unwrap_or(default.body_timeout),
            answer_timeout: given.get(&keys::ANSWER_TIMEOUT, span())?.unwrap_or(default.answer_timeout),
            idle_timeout: given.get(&keys::IDLE_TIMEOUT, span())?.unwrap_or(default.idle_timeout),
            max_connections: given
                .get(&keys::MAX_CONNECTIONS, values::from_to(1, 1_000_000))?
                .unwrap_or(default.max_connections),
            max_connections_per_address: given
                .get(&keys::MAX_CONNECTIONS_PER_ADDRESS, values::up_to(1_000_000))?
                .unwrap_or(default.max_connections_per_address),
            max_requests: given
                .get(&keys::MAX_REQUESTS, values::from_to(1, 1_000_000))?
                .unwrap_or(default.max_requests),
        })
    }
}
