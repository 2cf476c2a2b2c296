//! Owns the count of log lines that were given up so that no request had to wait for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing_appender::non_blocking::ErrorCounter;

/// Counts the log lines that were given up. Clones share the counts.
#[derive(Debug, Clone, Default)]
pub struct DroppedLines {
    pub(super) access: DropCounter,
    pub(super) unwritten: DropCounter,
    pub(super) full: Option<ErrorCounter>,
}

impl DroppedLines {
    /// Lines of requests that found the queue of the access log full.
    pub fn access_queue_full(&self) -> u64 {
        self.access.get()
    }

    /// Lines of any kind that found the queue in front of standard error full.
    pub fn log_queue_full(&self) -> u64 {
        self.full.as_ref().map_or(0, |full| full.dropped_lines() as u64)
    }

    /// Lines that standard error did not take, as on a full disk.
    pub fn write_failed(&self) -> u64 {
        self.unwritten.get()
    }
}

/// One of the counts.
#[derive(Debug, Clone, Default)]
pub(super) struct DropCounter(Arc<AtomicU64>);

impl DropCounter {
    pub(super) fn add(&self, lines: u64) {
        self.0.fetch_add(lines, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
