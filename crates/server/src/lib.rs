//! Server.

pub mod clock;
pub mod config;
pub mod operations;
pub mod queue;
pub mod ratelimit;
pub mod tags;
pub mod telemetry;
pub mod wire;
