//! Server.

pub mod queue;
pub mod tags;
pub mod wire;
