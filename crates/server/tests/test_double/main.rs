//! `orgd serve --ephemeral`, run as somebody's tests run it: the real binary, its line of JSON, its control routes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, helpers included")]

mod clock;
mod conformance;
mod described;
mod double;
#[path = "../support/environment.rs"]
mod environment;
mod faults;
mod jobs;
mod life;
mod record;
mod requests;
#[path = "../support/schemas.rs"]
mod schemas;
mod states;
