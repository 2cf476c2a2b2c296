//! Why a worker gives up.

use orgd_client::CallError;

/// A worker cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// It was told something that cannot be done.
    #[error("{0}")]
    Settings(String),
    /// The server does not let it register.
    #[error("cannot register: {0}")]
    Registration(CallError),
    /// It has registered just now, and the server knows nothing of it all the same, or of its key.
    #[error("the server does not let this worker ask for jobs, though it has just registered: {0}")]
    Unknown(CallError),
    /// The server refuses to give it jobs.
    #[error("cannot get jobs: {0}")]
    Jobs(CallError),
}
