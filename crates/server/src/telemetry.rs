//! Owns what an operator sees of the server: the log, a line for each request, metrics, and traces. None of it makes a request wait.

pub mod access;
mod dropped;
pub mod log;
pub mod metrics;
pub mod traces;

pub use access::{AccessLog, AccessLogGuard, AccessRecord};
pub use dropped::DroppedLines;
pub use log::LogGuard;
pub use metrics::Metrics;
pub use traces::{Traces, TracesGuard};
