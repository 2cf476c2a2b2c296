//! Jobs whose workers are gone.

use std::time::{Duration, Instant};

use anyhow::ensure;

use super::caller::Caller;
use crate::bench::server::{Place, Server, embedded, seed_all};

/// How long a job may make no progress, and how often it is looked for.
const HUNG_AFTER: Duration = Duration::from_secs(4);
const PERIOD: Duration = Duration::from_secs(4);
const PATIENCE: Duration = Duration::from_secs(120);

/// Periods between the moment at which all jobs were lost and the one at which all were settled.
pub(super) fn measure(place: Place<'_>, jobs: usize) -> anyhow::Result<f64> {
    let database = embedded(place, "orphans");
    let seeded = seed_all(place, &database, jobs, "--held")?;
    let flags = ["serve", "--hung-after", "4s", "--reaper-interval", "4s"];
    let server = Server::ready(place, "orphans", &database, &flags)?;
    // The server looked first as it started.
    let begun = Instant::now();
    let mut owner = Caller::new(server.address(), &seeded.owner)?;
    let path = format!("/api/v2/organizations/{}/provisionerjobs?limit=1&status=running", seeded.jobs_organization);
    loop {
        if owner.get(&path)?.as_array().is_some_and(Vec::is_empty) {
            let late = begun.elapsed().saturating_sub(HUNG_AFTER);
            return Ok(late.as_secs_f64() / PERIOD.as_secs_f64());
        }
        ensure!(begun.elapsed() < PATIENCE, "the jobs are still running");
        std::thread::sleep(Duration::from_millis(50));
    }
}
