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
    /// It registered, and again, and the server knows nothing of it all the same.
    #[error("the server does not know this worker any more, though it registered again: {0}")]
    Unknown(CallError),
    /// The server refuses to give it jobs.
    #[error("cannot get jobs: {0}")]
    Jobs(CallError),
}
