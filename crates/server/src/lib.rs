//! Server.

pub mod wire;
