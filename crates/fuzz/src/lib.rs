//! What is fuzzed: for each parser of the server a function that takes any bytes, and panics when the parser breaks a promise: it panics itself,
//! lets something through that its rules forbid, does not find again what it wrote, or differs from a slow reference.
//!
//! The long form (`cargo xtask fuzz`) drives these with libFuzzer. The short form is the test `hostile` of the server, which includes this file: it
//! gives each of them its seeds and some thousand changed ones.

pub mod bodies;
pub mod files;
pub mod names;
pub mod queries;
pub mod tags;

/// A function to drive with bytes.
pub type Target = fn(&[u8]);

/// Every target by its name, which is that of its folder of seeds and, where it has one, its dictionary.
pub const TARGETS: &[(&str, Target)] = &[
    ("answer", bodies::answer),
    ("body", bodies::body),
    ("configuration", files::configuration),
    ("database_url", files::database_url),
    ("fixture", files::fixture),
    ("idempotency_key", names::idempotency_key),
    ("import", files::import),
    ("job_query", queries::job_query),
    ("list_query", queries::list_query),
    ("media_type", bodies::media_type),
    ("organization", names::organization),
    ("percent", queries::percent),
    ("query_string", queries::query_string),
    ("search", queries::search),
    ("tag_matching", tags::tag_matching),
    ("tags", tags::tags),
    ("timestamp", names::timestamp),
    ("token", names::token),
    ("uuid", names::uuid),
];
