//! Workers that take jobs.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::caller::Caller;
use crate::bench::rounds::Sample;
use crate::bench::server::{Seeded, Server};

/// Jobs that are taken to compare a long queue with a short one.
const TAKEN: usize = 200;
/// Callers that do.
const CALLERS: usize = 8;
/// Workers that empty one queue.
const CROWD: usize = 64;
/// How often a waiting worker is woken.
const WAITS: usize = 300;

type Served = (Server, Seeded);

/// One round: taking jobs from each queue, many workers at one queue, and creations to hold that against.
pub(super) fn round(few: &Served, many: &Served, seconds: u32) -> anyhow::Result<Vec<(&'static str, Sample)>> {
    let samples = vec![
        ("acquire; few", some(few)?),
        ("acquire; many", some(many)?),
        ("acquire, 64 workers", crowd(many, seconds)?),
        ("create, 64 callers by the same client", creates(many, seconds)?),
    ];
    // The short queue is as long as before.
    let mut owner = Caller::new(few.0.address(), &few.1.owner)?;
    for number in 0..TAKEN {
        owner.post(
            &jobs(&few.1),
            &format!(r#"{{"type":"workspace_build","tags":{{"env":"env-{}"}}}}"#, number % CALLERS),
        )?;
    }
    Ok(samples)
}

fn jobs(seeded: &Seeded) -> String {
    format!("/api/v2/organizations/{}/provisionerjobs", seeded.jobs_organization)
}

fn acquire(seeded: &Seeded, worker: &str) -> String {
    format!("/api/v2/organizations/{}/provisionerdaemons/{worker}/acquire", seeded.jobs_organization)
}

/// Each caller is a worker with tags of its own.
fn some((server, seeded): &Served) -> anyhow::Result<Sample> {
    let before = server.processor_nanoseconds()?;
    let begun = Instant::now();
    together(CALLERS, |number| {
        let mut caller = Caller::new(server.address(), &seeded.owner)?;
        let path = acquire(seeded, &seeded.workers[number]);
        for _ in 0..TAKEN / CALLERS {
            let got = caller.post(&path, r#"{"wait_seconds":0}"#)?;
            ensure!(got.get("job").is_some(), "the queue is empty");
        }
        Ok(())
    })?;
    let per_second = TAKEN as f64 / begun.elapsed().as_secs_f64();
    let spent = server.processor_nanoseconds()?.saturating_sub(before);
    Ok(Sample { microseconds: spent as f64 / 1000.0 / TAKEN as f64, per_second })
}

/// All take from one queue; no job may be got twice.
fn crowd((server, seeded): &Served, seconds: u32) -> anyhow::Result<Sample> {
    let path = acquire(seeded, &seeded.workers[9]);
    let until = Instant::now() + Duration::from_secs(seconds.into());
    let before = server.processor_nanoseconds()?;
    let begun = Instant::now();
    let taken = together(CROWD, |_| {
        let mut caller = Caller::new(server.address(), &seeded.owner)?;
        let mut taken = Vec::new();
        while Instant::now() < until {
            let got = caller.post(&path, r#"{"wait_seconds":0}"#)?;
            let id = got["job"]["job"]["id"].as_str().context("the queue is empty")?;
            taken.push(id.to_owned());
        }
        Ok(taken)
    })?;
    let took = begun.elapsed().as_secs_f64();
    let spent = server.processor_nanoseconds()?.saturating_sub(before);
    let count = taken.iter().map(Vec::len).sum::<usize>();
    let distinct: HashSet<_> = taken.into_iter().flatten().collect();
    ensure!(distinct.len() == count, "{} jobs were got twice", count - distinct.len());
    Ok(Sample { microseconds: spent as f64 / 1000.0 / count as f64, per_second: count as f64 / took })
}

fn creates((server, seeded): &Served, seconds: u32) -> anyhow::Result<Sample> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let until = Instant::now() + Duration::from_secs(seconds.into());
    let before = server.processor_nanoseconds()?;
    let begun = Instant::now();
    let created = together(CROWD, |_| {
        let mut caller = Caller::new(server.address(), &seeded.owner)?;
        let mut count = 0;
        while Instant::now() < until {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            caller.post("/api/v2/organizations", &format!(r#"{{"name":"n{number}"}}"#))?;
            count += 1;
        }
        Ok(count)
    })?;
    let count = created.into_iter().sum::<usize>() as f64;
    let spent = server.processor_nanoseconds()?.saturating_sub(before);
    Ok(Sample { microseconds: spent as f64 / 1000.0 / count, per_second: count / begun.elapsed().as_secs_f64() })
}

/// Milliseconds from the request that queues a job to the answer that gives it to a worker that waited for it.
pub(super) fn waits((server, seeded): &Served) -> anyhow::Result<Vec<f64>> {
    let mut owner = Caller::new(server.address(), &seeded.owner)?;
    let organization = format!("/api/v2/organizations/{}", seeded.jobs_organization);
    let worker = owner.post(
        &format!("{organization}/provisionerdaemons"),
        r#"{"name":"waiting","provisioners":["terraform"],"tags":{"waits":"yes"}}"#,
    )?;
    let path = acquire(seeded, text(&worker["id"])?);
    let (got, gets) = mpsc::channel();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| -> anyhow::Result<()> {
            let mut caller = Caller::new(server.address(), &seeded.owner)?;
            while !stop.load(Ordering::Relaxed) {
                let answer = caller.post(&path, r#"{"wait_seconds":2}"#)?;
                if answer.get("job").is_some() {
                    got.send(Instant::now()).context("nobody counts")?;
                }
            }
            Ok(())
        });
        let mut waited = Vec::new();
        for _ in 0..WAITS {
            // Until the worker waits again.
            std::thread::sleep(Duration::from_millis(10));
            let begun = Instant::now();
            owner.post(&jobs(seeded), r#"{"type":"workspace_build","tags":{"waits":"yes"}}"#)?;
            let at = gets.recv_timeout(Duration::from_secs(30)).context("a waiting worker was not woken")?;
            waited.push(at.saturating_duration_since(begun).as_secs_f64() * 1000.0);
        }
        stop.store(true, Ordering::Relaxed);
        waiting.join().map_err(|_| anyhow::anyhow!("the worker panicked"))??;
        Ok(waited)
    })
}

fn text(value: &Value) -> anyhow::Result<&str> {
    value.as_str().context("an answer lacks a text")
}

/// Runs as many at once, and gives what each found.
fn together<T: Send>(count: usize, work: impl Fn(usize) -> anyhow::Result<T> + Sync) -> anyhow::Result<Vec<T>> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| {
                scope.spawn({
                    let work = &work;
                    move || work(number)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a caller panicked"))?).collect()
    })
}
