//! Server.

pub mod operations;
