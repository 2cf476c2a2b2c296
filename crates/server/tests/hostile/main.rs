//! What no honest client sends, sent to every operation of the contract. The harness holds each answer against its documented statuses and
//! schemas, and searches the log for panics; the tables here say what is sent and which class of answer must come.
//!
//! The operations are read from `openapi/`, so a new one is met by all of this without a line here.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, helpers included"
)]
#![expect(clippy::print_stderr, reason = "a failing test shows the log of its server")]

#[path = "../support/harness.rs"]
#[expect(dead_code, unused_imports, reason = "the black-box tests use the rest")]
mod harness;

mod bodies;
mod databases;
mod fields;
mod headers;
mod injection;
mod parsers;
mod paths;
mod queries;
mod terminal;
#[path = "../support/world.rs"]
mod world;
