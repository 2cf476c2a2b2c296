//! `cargo xtask bench --workers`: what it costs to take a job from a long queue and from a short one, how fast many workers empty
//! a queue, how long a waiting worker waits, what workers that wait cost, and how soon the jobs of lost workers are settled.

mod caller;
mod idle;
mod lost;
mod take;

use super::goals::{Goal, Line, cpu, rate, ratio};
use super::loads::{self, Load};
use super::rounds::{Measured, Spread, sample};
use super::server::{Place, Seeded, Server, embedded, seed_all};
use super::{Extent, report};

/// Pending jobs in the short queue.
const FEW: usize = 500;
/// Jobs of workers that are gone.
const ORPHANS: usize = 10_000;
/// Workers that wait at once.
const IDLE: usize = 1_000;

/// Measures all of it.
pub(super) fn run(place: Place<'_>, extent: Extent) -> anyhow::Result<(Measured, Vec<Line>)> {
    report::progress(&format!("filling databases with {} and {FEW} pending jobs", extent.pending));
    let (many, few) = (pending(place, "pending-many", extent.pending)?, pending(place, "pending-few", FEW)?);
    let mut measured = Measured::new();
    let reads = reads(&few, &many);
    for round in 0..=extent.rounds {
        report::progress(&format!("round {round} of {}", extent.rounds));
        for load in &reads {
            let taken = sample(load, extent.seconds, place.folder, "read")?;
            // The first round fills caches.
            if round > 0 {
                measured.entry(load.name.clone()).or_default().push(taken);
            }
        }
        for (name, taken) in take::round(&few, &many, extent.seconds)? {
            if round > 0 {
                measured.entry(name.to_owned()).or_default().push(taken);
            }
        }
    }
    report::progress("waking one waiting worker again and again");
    let waits = take::waits(&few)?;
    report::progress(&format!("letting {IDLE} workers wait"));
    let idle = idle::measure(&few.0, &few.1, IDLE)?;
    drop((few, many));
    report::progress(&format!("losing the workers of {ORPHANS} jobs"));
    let periods = lost::measure(place, ORPHANS)?;
    Ok((measured.clone(), judge(extent, &measured, &waits, &idle, periods)))
}

fn pending(place: Place<'_>, name: &str, jobs: usize) -> anyhow::Result<(Server, Seeded)> {
    let database = embedded(place, name);
    let seeded = seed_all(place, &database, jobs, "--pending")?;
    Ok((Server::ready(place, name, &database, &["serve"])?, seeded))
}

/// One job, and the list of pending jobs, with few and with many of them.
fn reads<'a>(few: &'a (Server, Seeded), many: &'a (Server, Seeded)) -> Vec<Load<'a>> {
    let job = |seeded: &Seeded| {
        let path = format!("/api/v2/organizations/{}/provisionerjobs", seeded.jobs_organization);
        seeded.newest_ids.iter().map(|id| format!("{path}/{id}")).collect()
    };
    let list = |seeded: &Seeded| vec![loads::filtered(seeded, "status, common")];
    vec![
        loads::get("one job; few", (&few.0, &few.1), job),
        loads::get("one job; many", (&many.0, &many.1), job),
        loads::get("50 pending; few", (&few.0, &few.1), list),
        loads::get("50 pending; many", (&many.0, &many.1), list),
    ]
}

fn judge(extent: Extent, measured: &Measured, waits: &[f64], idle: &idle::Idle, periods: f64) -> Vec<Line> {
    let pending = extent.pending;
    let flat = |name: &str, many: &str, few: &str| {
        let name = format!("{name}, {pending} / {FEW} pending: cpu");
        ratio(measured, &name, many, few, cpu, Goal::AtMost(2.0))
    };
    let single =
        |name: &str, unit, value: f64, goal| Line { name: name.to_owned(), unit, figure: Spread::of([value]), goal };
    vec![
        flat("acquire", "acquire; many", "acquire; few"),
        flat("get one job", "one job; many", "one job; few"),
        flat("list 50 pending", "50 pending; many", "50 pending; few"),
        ratio(
            measured,
            "64 workers at one queue / durable creates by 64 callers: per second",
            "acquire, 64 workers",
            "create, 64 callers by the same client",
            rate,
            Goal::AtLeast(0.5),
        ),
        single("enqueue to acquired by a waiting worker, p50", "ms", quantile(waits, 0.5), Goal::None),
        single("the same, p99", "ms", quantile(waits, 0.99), Goal::AtMost(20.0)),
        single("1000 waiting workers: processor", "% of a core", idle.percent, Goal::AtMost(1.0)),
        single("the same: memory", "MiB", idle.mib, Goal::AtMost(64.0)),
        single("the same: reads and commits", "per s", idle.queries, Goal::AtMost(1.0)),
        single("10,000 jobs of lost workers settled after", "reaper periods", periods, Goal::AtMost(2.0)),
    ]
}

fn quantile(values: &[f64], at: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let index = (at * sorted.len() as f64).ceil() as usize;
    sorted.get(index.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let values: Vec<_> = (1..=200).rev().map(f64::from).collect();
        assert_eq!([0.5, 0.99, 1.0].map(|at| quantile(&values, at)), [100.0, 198.0, 200.0]);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
