//! orgd: a server for Coder's Organizations API.
//!
//! A request passes `http` (Actix: binding, extracting, answering), `service` (the rules, which know neither HTTP nor SQL) and `db`
//! (Diesel, the only place that takes a connection). What is read often is answered from `model`, a picture of the database in
//! memory that every write keeps in step.

pub mod audit;
pub mod auth;
pub mod change;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod fixture;
pub mod http;
pub mod model;
pub mod operations;
pub mod queue;
pub mod ratelimit;
pub mod service;
pub mod tags;
pub mod telemetry;
pub mod test_double;
pub mod tls;
pub mod transfer;
pub mod wire;
