//! What the tests share: servers, clients, the database behind a server's back, and the contract that every answer must keep.

mod answer;
mod client;
mod contract;
mod database;
mod environment;
mod events;
mod lockout;
pub mod plain;
mod robot;
mod rows;
mod schemas;
mod server;
mod sql;
mod subjects;
mod wal_lock;
mod worker_client;

pub use answer::{Answer, time};
pub use client::{BASE, Begun, Client, exchange_raw};
pub use contract::documented;
pub use environment::without_settings;
pub use events::{Event, EventStream};
pub use lockout::Lockout;
pub use robot::{Ledger, Robot, all_jobs, queue_all_the_time};
pub use rows::{Job, Kind, Worker};
pub use server::{TestServer, eventually, is_token};
pub use subjects::{BUILD, DRY_RUN, VERSION, queue_one_of_each_type};
pub use worker_client::{Held, WorkerClient, log_lines};

/// Opens the database with this URL.
pub fn open_sql(url: &str) -> sql::Sql {
    sql::Sql::open(url)
}

/// What answers to anybody who may not know whether a thing exists.
pub const NOT_FOUND: &str = "{\"message\":\"Resource not found or you do not have access to this resource\"}\n";
/// The message of every answer to somebody who is not signed in.
pub const SIGNED_OUT: &str = "You are signed out or your session has expired. Please sign in again to continue.";
