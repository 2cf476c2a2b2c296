//! A client of orgd. What it can call is generated from the documented contract when it is built ([`Api`], [`types`]); by hand
//! is only what no document says: how long to wait, what to send along, what an error means, and following a log.

mod client;
mod credential;
mod error;
mod follow;
mod generated;

pub use client::{BuildError, Client};
pub use credential::Credential;
pub use error::{CallError, Refusal};
pub use follow::{Follow, LogEvent};
pub use generated::{Client as Api, types};
