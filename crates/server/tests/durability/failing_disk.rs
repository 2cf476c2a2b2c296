//! A disk that fails on request: a library in front of the C library's calls on database files. It takes no root, and any call can be the one
//! that fails, which a real disk cannot be told.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::errno::Errno;
use tempfile::TempDir;

use crate::disk::run;
use crate::harness::TestServer;

/// Which calls fail, and how.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// For people.
    pub name: &'static str,
    /// `r`, `w`, `s`.
    calls: &'static str,
    error: Errno,
}

impl Fault {
    /// True when what is in the file cannot be read.
    pub fn hits_reads(self) -> bool {
        self.calls.contains('r')
    }
}

/// Everything that a disk can do to a database.
pub const FAULTS: [Fault; 6] = [
    Fault { name: "a full disk", calls: "w", error: Errno::ENOSPC },
    Fault { name: "a quota that is used up", calls: "w", error: Errno::EDQUOT },
    Fault { name: "writes that fail", calls: "w", error: Errno::EIO },
    Fault { name: "a file system that became read-only", calls: "w", error: Errno::EROFS },
    Fault { name: "syncs that fail", calls: "s", error: Errno::EIO },
    Fault { name: "reads that fail", calls: "r", error: Errno::EIO },
];

/// The library, and the file that tells it what to do.
pub struct FailingDisk {
    folder: TempDir,
    orders: Cell<u32>,
}

impl FailingDisk {
    /// One that does not fail yet. `None` on PostgreSQL, whose disk is its own business.
    pub fn new() -> Option<Self> {
        if std::env::var_os("ORGD_TEST_POSTGRES").is_some() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        build(folder.path(), "failing_disk", include_str!("failing_disk.c"));
        Some(Self { folder, orders: Cell::new(0) })
    }

    /// A server whose database is on it.
    pub fn server(&self) -> TestServer {
        let library = self.folder.path().join("failing_disk.so");
        let order = self.order();
        TestServer::with(&[("LD_PRELOAD", library.to_str().unwrap()), ("FAILING_DISK", order.to_str().unwrap())])
    }

    /// From now on such calls fail after so many have succeeded; all further ones, or so many.
    pub fn fail(&self, fault: Fault, after: u32, count: Option<u32>) {
        self.orders.set(self.orders.get() + 1);
        let number = self.orders.get();
        let count = count.map_or_else(|| "-1".to_owned(), |count| count.to_string());
        let new = self.folder.path().join("order.new");
        std::fs::write(&new, format!("{number} {} {} {after} {count}\n", fault.calls, fault.error as i32)).unwrap();
        std::fs::rename(new, self.order()).unwrap();
    }

    /// From now on nothing fails.
    pub fn heal(&self) {
        std::fs::remove_file(self.order()).unwrap();
    }

    fn order(&self) -> PathBuf {
        self.folder.path().join("order")
    }
}

/// Makes a library of C source, to be loaded before all others.
pub fn build(folder: &Path, name: &str, source: &str) -> PathBuf {
    let file = folder.join(format!("{name}.c"));
    std::fs::write(&file, source).unwrap();
    let library = folder.join(format!("{name}.so"));
    run(Command::new("cc").args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(&file)).unwrap();
    library
}
