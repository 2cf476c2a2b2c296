//! The HTTP side: binds operations to paths, reads requests, writes answers. The rules are in `service`.

mod answer;
mod api_keys;
mod audit;
mod body;
mod cancel;
#[cfg(feature = "bench")]
mod ceiling;
mod connections;
pub mod control;
mod cors;
pub mod document;
mod entity_tag;
mod error;
mod errors_documented;
mod examples;
mod gate;
mod general;
mod headers;
mod health;
mod idempotency;
mod interfere;
mod job_logs;
mod job_queue;
mod logins;
mod members;
pub mod middleware;
mod open_files;
mod organizations;
mod pages;
mod paths;
mod provisioner_daemons;
mod provisioner_jobs;
mod provisioner_keys;
mod published;
mod queue_page;
mod refusals;
mod request_id;
mod routes;
pub mod server;
mod state;
mod user_access;
mod users;
mod worker_jobs;
mod workers;

pub use cors::Origins;
pub use state::App;
