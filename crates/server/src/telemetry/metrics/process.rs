//! Owns what the system tells about this process. Linux tells it in `/proc`; elsewhere these numbers are absent.

use std::fs;

/// Ticks per second of the times in `/proc`, the same on every Linux that programs see.
const TICKS: f64 = 100.0;

/// What the process uses.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Usage {
    /// Memory in use, in bytes.
    pub(super) resident_bytes: Option<u64>,
    /// Open files, among them each connection.
    pub(super) open_files: Option<u64>,
    /// How many files may be open.
    pub(super) most_files: Option<u64>,
    /// Threads.
    pub(super) threads: Option<u64>,
    /// Processor time, user and system, in seconds.
    pub(super) cpu_seconds: Option<f64>,
}

/// Looks now.
pub(super) fn usage() -> Usage {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    Usage {
        resident_bytes: number_after(&status, "VmRSS:").map(|kibibytes| kibibytes * 1024),
        // The folder is open itself while it is counted.
        open_files: fs::read_dir("/proc/self/fd").ok().map(|files| (files.count() as u64).saturating_sub(1)),
        most_files: number_after(&limits, "Max open files"),
        threads: number_after(&status, "Threads:"),
        cpu_seconds: cpu_seconds(&stat),
    }
}

/// The number that follows `label` at the start of a line.
fn number_after(text: &str, label: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(label))?.split_whitespace().next()?.parse().ok()
}

/// Fields 14 and 15 of `/proc/self/stat`; they are counted from the name, which stands in brackets and may hold blanks.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_formats_of_proc() {
        let status = "Name:\torgd\nVmRSS:\t    2048 kB\nThreads:\t7\n";
        assert_eq!(number_after(status, "VmRSS:"), Some(2048));
        assert_eq!(number_after(status, "Threads:"), Some(7));
        assert_eq!(number_after(status, "VmSwap:"), None);
        let limits = "Max cpu time              unlimited\nMax open files            1024                 4096 files\n";
        assert_eq!(number_after(limits, "Max open files"), Some(1024));
        let stat = "42 (a) name (x)) S 1 1 1 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 12345 1 2";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(cpu_seconds(""), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn sees_this_process() {
        let before = usage();
        let files: Vec<_> = (0..10).map(|_| fs::File::open("/proc/self/status").unwrap()).collect();
        let after = usage();
        assert!(before.resident_bytes.unwrap() > 1_000_000);
        assert!(before.cpu_seconds.unwrap() >= 0.0);
        assert!(before.threads.unwrap() >= 1);
        assert!(before.open_files.unwrap() <= before.most_files.unwrap());
        // Other tests open and close files at the same time, so only the ten are certain.
        assert!(after.open_files.unwrap() >= files.len() as u64);
    }
}
