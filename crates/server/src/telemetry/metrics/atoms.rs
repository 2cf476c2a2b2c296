//! Owns the atomic numbers that metrics are made of.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn inc(&self) {
        self.add(1);
    }

    /// `count` more.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// The number so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// One more.
    pub fn inc(&self) {
        self.add(1);
    }

    /// One less.
    pub fn dec(&self) {
        self.add(-1);
    }

    /// `change` more, or less if it is negative.
    pub fn add(&self, change: i64) {
        self.0.fetch_add(change, Ordering::Relaxed);
    }

    /// Sets it.
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// The number now.
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts values by size: `N` buckets with upper bounds, and one for all that is larger.
#[derive(Debug)]
pub(super) struct Histogram<const N: usize> {
    bounds: &'static [u64; N],
    buckets: [Counter; N],
    beyond: Counter,
    sum: Counter,
}

/// A histogram read at one moment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// Upper bounds with the number of values up to each.
    pub(super) cumulative: Vec<(u64, u64)>,
    /// The number of values.
    pub(super) count: u64,
    /// Their sum.
    pub(super) sum: u64,
}

impl<const N: usize> Histogram<N> {
    /// Empty. `bounds` ascend; a value that equals one belongs to its bucket.
    pub(super) fn new(bounds: &'static [u64; N]) -> Self {
        Self {
            bounds,
            buckets: std::array::from_fn(|_| Counter::default()),
            beyond: Counter::default(),
            sum: Counter::default(),
        }
    }

    /// Counts `value`.
    pub(super) fn observe(&self, value: u64) {
        let bucket = self.bounds.iter().position(|bound| value <= *bound);
        bucket.map_or(&self.beyond, |bucket| &self.buckets[bucket]).inc();
        self.sum.add(value);
    }

    /// What was counted so far. The count is the sum of the buckets, so the two agree even while others count.
    pub(super) fn read(&self) -> Reading {
        let mut count = 0;
        let cumulative = self
            .bounds
            .iter()
            .zip(&self.buckets)
            .map(|(bound, bucket)| {
                count += bucket.get();
                (*bound, count)
            })
            .collect();
        Reading { cumulative, count: count + self.beyond.get(), sum: self.sum.get() }
    }
}
