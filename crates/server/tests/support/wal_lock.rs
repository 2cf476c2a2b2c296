//! Keeps every reader of a SQLite database out, as a stuck process on the same machine would: with locks on the file of the
//! write-ahead log's index.

use std::fs::{File, OpenOptions};
use std::path::Path;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

/// Where the locks of readers are: <https://sqlite.org/walformat.html#wal_locks>.
const READERS: std::ops::Range<i64> = 123..128;

/// No connection can begin to read until this is dropped. The test itself must not use the database meanwhile: locks of this
/// kind belong to the process.
pub struct WalLock {
    _file: File,
}

impl WalLock {
    /// Takes the locks as soon as no reader has them.
    pub fn take(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-shm");
        let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
        let lock = libc::flock {
            l_type: libc::F_WRLCK.try_into().unwrap(),
            l_whence: libc::SEEK_SET.try_into().unwrap(),
            l_start: READERS.start,
            l_len: READERS.end - READERS.start,
            l_pid: 0,
        };
        fcntl(&file, FcntlArg::F_SETLKW(&lock)).unwrap();
        Self { _file: file }
    }
}
