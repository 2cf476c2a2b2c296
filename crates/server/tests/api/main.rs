//! The API as its clients meet it: every test starts the real binary on a database of its own and speaks HTTP to it.
//!
//! What a test sends and what it expects is in the test; that every answer keeps the documented contract is checked by the
//! harness, for each answer of each test.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, helpers included"
)]
#![expect(clippy::print_stderr, reason = "a failing test shows the log of its server")]

#[path = "../support/harness.rs"]
#[expect(dead_code, reason = "the tests of PostgreSQL use the rest")]
mod harness;

mod audit;
mod authorization;
mod backup;
mod bodies;
mod cancel;
mod command_line;
mod crash;
mod create;
mod credentials;
mod delete;
mod doctor;
mod first_user;
mod framing;
mod general;
mod headers;
mod idempotency;
mod job_filters;
mod job_list;
mod job_logs;
mod job_object;
mod job_queue;
mod last_owner;
mod login;
mod lost_workers;
mod member_roles;
mod members;
mod my_organizations;
mod order_of_checks;
mod organization_list;
mod organization_reference;
mod passwords;
mod people;
mod permissions;
mod provisioner_daemons;
mod provisioner_keys;
mod proxies;
mod queue_numbers;
mod races;
mod rate_limit;
mod revocation;
mod routes;
mod sessions;
mod single_job;
mod start;
mod statuses;
mod stop;
mod tls;
mod tokens;
mod traces;
mod update;
mod upgrade;
mod user_commands;
mod user_list;
mod user_permissions;
mod user_statuses;
mod users;
mod worker_acquire;
mod worker_crash;
mod worker_presence;
mod worker_races;
mod worker_registration;
mod worker_reports;
