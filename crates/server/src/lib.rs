//! Server.

pub mod operations;
pub mod queue;
pub mod tags;
pub mod wire;
