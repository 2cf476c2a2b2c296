//! The queue numbers of one job, measured inside the process by `orgd-bench queue-numbers`.

use std::process::Command;

use anyhow::Context as _;
use serde::Deserialize;

use super::Extent;
use super::server::{Place, output_of};

/// Nanoseconds for one question, once for each round.
#[derive(Debug, Deserialize)]
pub(super) struct QueueNumbers {
    /// To a queue that nobody changes.
    pub(super) unchanged: Vec<f64>,
    /// With a job that leaves and one that comes between two questions; includes both.
    pub(super) changed: Vec<f64>,
}

/// Asks.
pub(super) fn measure(place: Place<'_>, extent: Extent) -> anyhow::Result<QueueNumbers> {
    let mut command = Command::new(place.executable);
    command.args(["queue-numbers", "--pending", &extent.pending.to_string(), "--rounds", "9"]);
    serde_json::from_slice(&output_of(command)?).context("cannot read the queue's figures")
}
