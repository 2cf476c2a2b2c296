//! Owns the numbers that describe the running server. Counting is a relaxed atomic addition: no lock, and no label is looked
//! up. Which series exist is fixed at the start; nothing that a client sends becomes a label.

mod atoms;
#[cfg(test)]
mod deployed;
mod process;
mod render;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use orgd_api_types::Timestamp;

use self::atoms::Histogram;
pub use self::atoms::{Counter, Gauge};
use super::dropped::DroppedLines;

/// The media type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// The statuses that are counted one by one; any other is counted as `other`.
const STATUSES: [u16; 26] = [
    200, 201, 202, 204, 301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 408, 409, 412, 413, 414, 415, 422, 428, 429,
    431, 500, 503,
];

/// Upper bounds of the buckets for latencies, in microseconds.
const LATENCIES: [u64; 11] =
    [100, 250, 1_000, 2_500, 10_000, 25_000, 100_000, 250_000, 1_000_000, 2_500_000, 10_000_000];

/// Upper bounds of the buckets for the number of writes in one commit.
const BATCHES: [u64; 7] = [1, 2, 4, 8, 16, 32, 64];

/// Counts what happens. One for the server, shared by reference.
#[derive(Debug)]
pub struct Metrics {
    /// Panics that were caught while a request was handled.
    pub panics: Counter,
    /// Requests that the rate limit refused.
    pub rate_limited: Counter,
    /// Requests that were refused because too many were under way.
    pub shed: Counter,
    /// Writing requests under way that wait for a job or for their own body.
    pub waiting: Gauge,
    /// Open connections.
    pub connections: Gauge,
    /// Connections that were refused because their address had too many.
    pub connections_refused: Counter,
    /// Connections that were closed because nothing whole came or their body was not wanted.
    pub connections_given_up: Counter,
    /// Session tokens that were found in the cache.
    pub auth_cache_hits: Counter,
    /// Session tokens that the database had to be asked for.
    pub auth_cache_misses: Counter,
    /// Writes that wait for the database's writer.
    pub writer_queue: Gauge,
    /// Writes that were refused because the writer's queue was full or no turn came in time.
    pub writer_rejected: Counter,
    /// Open connections for reading.
    pub read_connections: Gauge,
    /// Those of them that are in use.
    pub read_connections_used: Gauge,
    /// How often the database was read.
    pub database_reads: Gauge,
    /// Workers that wait for a job.
    pub workers_waiting: Gauge,
    /// Provisioner jobs that wait for a worker.
    pub jobs_pending: Gauge,
    /// How this server follows the others' writes; set where it does.
    pub following: OnceLock<Following>,
    writer_batches: Histogram<{ BATCHES.len() }>,
    in_flight: [Gauge; 2],
    operations: Box<[OperationMetrics]>,
    dropped: DroppedLines,
    started: Timestamp,
}

/// How a server of a PostgreSQL database follows what the others write.
#[derive(Debug, Default)]
pub struct Following {
    /// 1 while the notifying connection is up.
    pub is_notified: Gauge,
    /// How long ago memory was last brought up to date, in microseconds.
    pub age: Gauge,
}

#[derive(Debug)]
struct OperationMetrics {
    label: &'static str,
    /// In the order of [`STATUSES`], then the others.
    statuses: [Counter; STATUSES.len() + 1],
    latency: Histogram<{ LATENCIES.len() }>,
}

impl OperationMetrics {
    fn new(label: &'static str) -> Self {
        Self { label, statuses: std::array::from_fn(|_| Counter::default()), latency: Histogram::new(&LATENCIES) }
    }
}

impl Metrics {
    /// All at zero. `operations` are the labels, in the order that [`Metrics::record`] numbers them; `dropped` is the log's
    /// count; `started` is when the process began, as far as the metrics tell.
    pub fn new(operations: &'static [&'static str], dropped: DroppedLines, started: Timestamp) -> Self {
        let labels = operations.iter().copied().chain([super::AccessRecord::NO_OPERATION]);
        Self {
            panics: Counter::default(),
            rate_limited: Counter::default(),
            shed: Counter::default(),
            waiting: Gauge::default(),
            connections: Gauge::default(),
            connections_refused: Counter::default(),
            connections_given_up: Counter::default(),
            auth_cache_hits: Counter::default(),
            auth_cache_misses: Counter::default(),
            writer_queue: Gauge::default(),
            writer_rejected: Counter::default(),
            read_connections: Gauge::default(),
            read_connections_used: Gauge::default(),
            database_reads: Gauge::default(),
            workers_waiting: Gauge::default(),
            jobs_pending: Gauge::default(),
            following: OnceLock::new(),
            writer_batches: Histogram::new(&BATCHES),
            in_flight: Default::default(),
            operations: labels.map(OperationMetrics::new).collect(),
            dropped,
            started,
        }
    }

    /// Counts an answer. `operation` is its number in the labels given to [`Metrics::new`]; `None`, or a number beyond them, is
    /// a request that no route matched.
    pub fn record(&self, operation: Option<usize>, status: u16, latency: Duration) {
        let last = self.operations.len().saturating_sub(1);
        let Some(metrics) = self.operations.get(operation.unwrap_or(last).min(last)) else { return };
        metrics.statuses[status_slot(status)].inc();
        metrics.latency.observe(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
    }

    /// Counts a request as under way until the guard is dropped, which also happens when its connection or its handler dies.
    pub fn enter(self: &Arc<Self>, kind: RequestKind) -> InFlight {
        self.in_flight[kind as usize].inc();
        InFlight(Arc::clone(self), kind)
    }

    /// Requests under way.
    pub fn in_flight(&self) -> i64 {
        self.in_flight.iter().map(Gauge::get).sum()
    }

    /// Requests of this kind under way, less those that wait for something that costs nothing.
    pub fn busy(&self, kind: RequestKind) -> i64 {
        let waiting = if kind == RequestKind::Write { self.waiting.get() } else { 0 };
        self.in_flight[kind as usize].get() - waiting
    }

    /// Counts a writing request as waiting until the guard is dropped.
    pub fn wait(self: &Arc<Self>) -> Waiting {
        self.waiting.inc();
        Waiting(Arc::clone(self))
    }

    /// Counts a commit of `writes` writes.
    pub fn record_writer_batch(&self, writes: u64) {
        self.writer_batches.observe(writes);
    }

    /// All numbers, in the text format of Prometheus ([`CONTENT_TYPE`]). The order of series never changes; a series of an
    /// operation is left out until it has counted something.
    pub fn render(&self) -> String {
        render::text(self)
    }
}

/// A request under way; see [`Metrics::enter`].
#[derive(Debug)]
#[must_use = "the request counts as finished when this is dropped"]
pub struct InFlight(Arc<Metrics>, RequestKind);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight[self.1 as usize].dec();
    }
}

/// What a request may do. The two kinds use different parts of the server, and too many of one do not keep the other out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// It reads.
    Read = 0,
    /// It may change something.
    Write = 1,
}

/// A request that waits; see [`Metrics::wait`].
#[derive(Debug)]
#[must_use = "the request counts as busy again when this is dropped"]
pub struct Waiting(Arc<Metrics>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.dec();
    }
}

/// Where a status is counted.
fn status_slot(status: u16) -> usize {
    const SLOTS: [u8; 600] = {
        let mut slots = [STATUSES.len() as u8; 600];
        let mut slot = 0;
        while slot < STATUSES.len() {
            slots[STATUSES[slot] as usize] = slot as u8;
            slot += 1;
        }
        slots
    };
    SLOTS.get(usize::from(status)).map_or(STATUSES.len(), |slot| usize::from(*slot))
}
