//! Server.

pub mod queue;
pub mod tags;
