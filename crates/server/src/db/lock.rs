//! One server for each SQLite file: a lock on a file beside it.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::error::DbError;
use super::{beside, sqlite};

/// For how long a lock that is held may be held by somebody who only looks at it.
const GLANCE: Duration = Duration::from_millis(100);

/// Holds the database for one server process. Released when dropped, also by `kill -9`.
#[derive(Debug)]
pub struct ServerLock {
    _file: File,
}

impl ServerLock {
    /// Takes the lock beside the database file, or says that another server has it.
    pub fn acquire(database: &Path) -> Result<Self, DbError> {
        sqlite::create_folder(database)?;
        let path = lock_path(database);
        if let Some(file) = make_locked(&path) {
            return Ok(Self { _file: file });
        }
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = open.map_err(|error| sqlite::refused(&path, &error.to_string()))?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                // A command that looks whether there is a server holds it for a moment.
                Err(TryLockError::WouldBlock) if begun.elapsed() < GLANCE => std::thread::sleep(GLANCE / 50),
                Err(TryLockError::WouldBlock) => {
                    return Err(DbError::Unavailable(format!("another orgd serves {}", database.display())));
                }
                Err(TryLockError::Error(error)) => {
                    return Err(DbError::Unavailable(format!("cannot lock {}: {error}", path.display())));
                }
            }
        }
    }

    /// True when a server holds the database, or held it.
    pub fn was_held(database: &Path) -> bool {
        lock_path(database).exists()
    }

    /// True when a server holds the database.
    pub fn is_held(database: &Path) -> bool {
        let file = OpenOptions::new().write(true).open(lock_path(database));
        file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }
}

/// A new file with the lock on it before it has its name: whoever finds it finds the server that made it. `None` where there is one, and where this
/// cannot be done.
fn make_locked(path: &Path) -> Option<File> {
    if path.exists() {
        return None;
    }
    let mut file = tempfile::Builder::new();
    let file = file.permissions(Permissions::from_mode(0o666)).tempfile_in(path.parent()?).ok()?;
    file.as_file().try_lock().ok()?;
    file.persist_noclobber(path).ok()
}

fn lock_path(database: &Path) -> PathBuf {
    beside(database, ".lock")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::{ServerLock, lock_path, make_locked};

    #[test]
    fn who_finds_the_file_finds_the_server() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..200 {
            let database = folder.path().join(number.to_string());
            let over = AtomicBool::new(false);
            std::thread::scope(|scope| {
                let looking = scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        assert!(!ServerLock::was_held(&database) || ServerLock::is_held(&database));
                    }
                });
                let lock = ServerLock::acquire(&database);
                over.store(true, Ordering::Relaxed);
                looking.join().unwrap();
                lock.expect("nobody else serves it");
            });
        }
    }

    #[test]
    fn who_only_looks_keeps_no_server_from_starting_and_another_server_does() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("orgd.db");
        drop(ServerLock::acquire(&database).unwrap());
        assert!(ServerLock::was_held(&database) && !ServerLock::is_held(&database));
        assert!(make_locked(&lock_path(&database)).is_none(), "it is there");
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    ServerLock::is_held(&database);
                }
            });
            let started = (0..200).filter(|_| ServerLock::acquire(&database).is_ok()).count();
            over.store(true, Ordering::Relaxed);
            // A busy machine may let the other one hold it for long now and then; without patience it would be in the way half of the time.
            assert!(started > 180, "{started}");
        });
        let held = ServerLock::acquire(&database).unwrap();
        let refused = ServerLock::acquire(&database).unwrap_err().to_string();
        assert!(refused.contains("another orgd serves"), "{refused}");
        drop(held);
        ServerLock::acquire(&database).unwrap();
    }
}
