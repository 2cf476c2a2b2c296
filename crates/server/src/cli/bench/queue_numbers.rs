//! What the queue numbers of one job cost, measured where no request hides it.

use std::hint::black_box;

use anyhow::Context;
use clap::Args;
use orgd_api_types::Timestamp;
use uuid::Uuid;

use crate::cli::output;
use crate::queue::{OrganizationQueue, PriorityClass, ProvisionerType, QueueId, QueueKey, Worker};
use crate::tags::{TagSet, TagSetId, TagSetRegistry};

/// Tag sets in the queue; each has workers of its own, and one worker takes all of them.
const TAG_SETS: usize = 10;
/// Workers of each tag set.
const WORKERS_EACH: usize = 10;
/// Jobs whose numbers are asked for in one measurement.
const ASKED: usize = 1_000;

/// How much to measure.
#[derive(Debug, Args)]
pub struct Flags {
    /// Pending jobs in the organization
    #[arg(long)]
    pending: usize,
    /// Measurements; each is printed
    #[arg(long)]
    rounds: usize,
}

/// Prints, for each round, the processor nanoseconds of one question to an unchanged queue and of one right after a change.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let tag_sets = tag_sets();
    let now = Timestamp::from_micros(1_000_000_000_000_000);
    let pending: Vec<_> = (0..flags.pending).map(pending_job).collect();
    let mut queue = OrganizationQueue::new(pending.iter().copied(), workers(now));
    let mut unchanged = Vec::new();
    let mut changed = Vec::new();
    for round in 0..flags.rounds {
        // A stride that shares no divisor with the length visits the queue from end to end, out of order.
        let asked: Vec<_> = (0..ASKED).map(|step| pending[(step * 7_919 + round) % pending.len()]).collect();
        let begun = processor_nanoseconds()?;
        for (id, key) in &asked {
            black_box(queue.numbers(&tag_sets, now, *id, key));
        }
        unchanged.push(nanoseconds_each(begun)?);
        let begun = processor_nanoseconds()?;
        for (id, key) in &asked {
            // What a writer does between two questions: one job leaves the queue and comes back.
            queue.remove(*id, key);
            queue.insert(*id, *key);
            black_box(queue.numbers(&tag_sets, now, *id, key));
        }
        changed.push(nanoseconds_each(begun)?);
    }
    output::print(&serde_json::json!({ "unchanged": unchanged, "changed": changed }).to_string())
}

fn nanoseconds_each(begun: u64) -> anyhow::Result<u64> {
    Ok((processor_nanoseconds()? - begun) / ASKED as u64)
}

/// Processor time of this thread so far: other programs take part in the time on the clock.
fn processor_nanoseconds() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").context("the kernel counts no processor time")?;
    text.split_whitespace().next().and_then(|first| first.parse().ok()).context("cannot read schedstat")
}

fn tag_sets() -> TagSetRegistry {
    let mut registry = TagSetRegistry::default();
    let mut all = std::collections::BTreeMap::new();
    for number in 0..TAG_SETS {
        let pair = (format!("pool{number}"), "yes".to_owned());
        all.insert(pair.0.clone(), pair.1.clone());
        registry.insert(tag_set_id(number), TagSet::normalise([pair].into(), None));
    }
    registry.insert(tag_set_id(TAG_SETS), TagSet::normalise(all, None));
    registry
}

fn workers(now: Timestamp) -> Vec<Worker> {
    let kinds = (0..TAG_SETS * WORKERS_EACH).map(|number| number % TAG_SETS).chain([TAG_SETS]);
    kinds
        .enumerate()
        .map(|(number, tag_set)| Worker {
            key: None,
            id: Uuid::from_u128(1 + number as u128),
            name: format!("worker-{number}"),
            provisioners: [ProvisionerType::Terraform].into_iter().collect(),
            tags: tag_set_id(tag_set),
            created_at: now,
            last_seen_at: Some(now),
        })
        .collect()
}

fn pending_job(number: usize) -> (QueueId, QueueKey) {
    let queue = QueueId { provisioner: ProvisionerType::Terraform, tag_set: tag_set_id(number % TAG_SETS) };
    let created_at = Timestamp::from_micros(i64::try_from(number).unwrap_or(i64::MAX));
    (queue, QueueKey { class: PriorityClass::People, created_at, id: Uuid::from_u128(number as u128) })
}

fn tag_set_id(number: usize) -> TagSetId {
    TagSetId(i32::try_from(number).unwrap_or(i32::MAX))
}
