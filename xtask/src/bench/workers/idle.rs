//! Workers that wait for jobs that do not come.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::caller::Caller;
use crate::bench::http;
use crate::bench::server::{Seeded, Server};

/// How long they are watched.
const WATCHED: Duration = Duration::from_secs(20);
/// Until all of them wait.
const SETTLING: Duration = Duration::from_secs(3);

/// What they cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Idle {
    /// Processor time, in percent of a core.
    pub(super) percent: f64,
    /// Resident memory more than before, in MiB.
    pub(super) mib: f64,
    /// Reads of the database and commits in a second.
    pub(super) queries: f64,
}

/// Lets as many workers wait, each on a connection of its own.
pub(super) fn measure(server: &Server, seeded: &Seeded, count: usize) -> anyhow::Result<Idle> {
    let organization = format!("/api/v2/organizations/{}", seeded.jobs_organization);
    let mut owner = Caller::new(server.address(), &seeded.owner)?;
    let mut paths = Vec::new();
    for number in 0..count {
        let body = format!(r#"{{"name":"idle-{number}","provisioners":["terraform"],"tags":{{"idle":"yes"}}}}"#);
        let worker = owner.post(&format!("{organization}/provisionerdaemons"), &body)?;
        let id = worker["id"].as_str().context("a worker has an id")?.to_owned();
        paths.push(format!("{organization}/provisionerdaemons/{id}/acquire"));
    }
    let before = server.resident_kib()?;
    let mut callers = Vec::new();
    for path in &paths {
        let mut caller = Caller::new(server.address(), &seeded.owner)?;
        caller.send(path, r#"{"wait_seconds":60}"#)?;
        callers.push(caller);
    }
    std::thread::sleep(SETTLING);
    let (spent, queries, begun) = (server.processor_seconds()?, queries(server)?, Instant::now());
    std::thread::sleep(WATCHED);
    let seconds = begun.elapsed().as_secs_f64();
    let spent = server.processor_seconds()? - spent;
    Ok(Idle {
        percent: 100.0 * spent / seconds,
        mib: (server.resident_kib()?.saturating_sub(before)) as f64 / 1024.0,
        queries: (self::queries(server)? - queries) / seconds,
    })
}

fn queries(server: &Server) -> anyhow::Result<f64> {
    let text = String::from_utf8(http::get(server.address(), "/metrics", "")?)?;
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
        line.with_context(|| format!("there is no {name}"))
    };
    Ok(value("orgd_database_reads_total ")? + value("orgd_writer_batch_size_count ")?)
}
