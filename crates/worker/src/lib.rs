//! A worker that anybody can use: it takes jobs from orgd one after the other, runs a command for each, and reports what the
//! command writes and how it ends. It knows the server only through `orgd-client`.

mod command;
mod error;
mod job;
mod lease;
mod lines;
mod report;
mod retry;
mod settings;
mod stop;
mod worker;

pub use error::WorkerError;
pub use settings::{LONGEST_POLL, Settings};
pub use stop::{Phase, Stop};
pub use worker::Worker;
