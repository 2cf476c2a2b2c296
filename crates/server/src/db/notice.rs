//! How a command hears that a running server has seen what it wrote. On SQLite it puts a file beside the database, and the server, which looks
//! for other writers anyway, removes it when its memory holds all that was committed before the file was there. A PostgreSQL database is asked
//! what the followers of its servers have done.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::error::DbError;
use super::{Conn, ServerLock, beside, open_alone, postgres};
use crate::config::DatabaseUrl;

/// A running server that cannot be asked looks for other writers every 25 ms, or is told of them; after this time it should have seen what the
/// command wrote.
const UNTIL_NOTICED: Duration = Duration::from_millis(150);
/// How long a command waits for a running server to say that it has.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a command looks whether it was answered.
const PAUSE: Duration = Duration::from_millis(2);
/// How often PostgreSQL is asked what its servers have done.
const FAR_PAUSE: Duration = Duration::from_millis(10);

/// The server's side.
pub(super) struct Questions {
    file: PathBuf,
}

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The server has seen it, or there is none any more.
    Taken,
    /// It has not answered in time.
    Late,
    /// It cannot be asked: no file can be made beside the database.
    Unasked,
}

impl Questions {
    pub(super) fn beside(database: &Path) -> Self {
        Self { file: question(database) }
    }

    /// True while a command waits. It committed before this was true.
    pub(super) fn are_there(&self) -> bool {
        self.file.exists()
    }

    /// Tells it that memory holds what it committed.
    pub(super) fn answer(&self) {
        if let Err(error) = fs::remove_file(&self.file) {
            tracing::debug!(%error, file = ?self.file, "a command waits in vain to hear that its change was seen");
        }
    }
}

/// Waits until every server on this database has seen everything that was committed before this call. Where that cannot be asked, until it should
/// have.
pub fn wait(database: &DatabaseUrl) -> Notice {
    let notice = match database {
        DatabaseUrl::Sqlite { path } if ServerLock::is_held(path) => wait_for_holder(path, PATIENCE),
        DatabaseUrl::Sqlite { .. } => Notice::Taken,
        DatabaseUrl::Postgres(_) => wait_for_followers(database).unwrap_or(Notice::Unasked),
    };
    if notice == Notice::Unasked {
        std::thread::sleep(UNTIL_NOTICED);
    }
    notice
}

fn wait_for_followers(database: &DatabaseUrl) -> Result<Notice, DbError> {
    let Conn::Postgres(mut conn) = open_alone(database)? else { return Ok(Notice::Taken) };
    let committed = postgres::server_time(&mut conn)?;
    if postgres::count_followers(&mut conn, None)? == 0 {
        return Ok(Notice::Taken);
    }
    // A look that was under way then may end without it; the next one does not.
    std::thread::sleep(UNTIL_NOTICED);
    let begun = Instant::now();
    while postgres::count_followers(&mut conn, Some(&committed))? > 0 {
        if begun.elapsed() >= PATIENCE {
            return Ok(Notice::Late);
        }
        std::thread::sleep(FAR_PAUSE);
    }
    Ok(Notice::Taken)
}

/// The same for the server that holds this file, for so long at most.
fn wait_for_holder(database: &Path, patience: Duration) -> Notice {
    let (file, begun) = (question(database), Instant::now());
    let own = uuid::Uuid::new_v4().to_string();
    let is_over = || begun.elapsed() >= patience;
    // Another command's answer says nothing of what was committed after its question.
    while let Err(error) = put(&file, &own) {
        match error.kind() {
            ErrorKind::AlreadyExists if !ServerLock::is_held(database) => return Notice::Taken,
            ErrorKind::AlreadyExists if is_over() => return Notice::Late,
            ErrorKind::AlreadyExists => std::thread::sleep(PAUSE),
            _ => return Notice::Unasked,
        }
    }
    while fs::read_to_string(&file).is_ok_and(|asked| asked == own) {
        let is_served = ServerLock::is_held(database);
        if !is_served || is_over() {
            // It may be gone by now.
            let _ = fs::remove_file(&file);
            return if is_served { Notice::Late } else { Notice::Taken };
        }
        std::thread::sleep(PAUSE);
    }
    Notice::Taken
}

fn put(file: &Path, own: &str) -> std::io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(file)?.write_all(own.as_bytes())
}

fn question(database: &Path) -> PathBuf {
    beside(database, ".asked")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Notice, Questions, wait_for_holder};
    use crate::db::ServerLock;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(20);

    #[test]
    fn a_command_waits_for_the_answer_to_its_own_question() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("orgd.db");
        let _lock = ServerLock::acquire(&database).unwrap();
        let questions = Questions::beside(&database);
        assert!(!questions.are_there());
        std::thread::scope(|scope| {
            let commands: Vec<_> = (0..3).map(|_| scope.spawn(|| wait_for_holder(&database, LONG))).collect();
            for left in (0..3).rev() {
                while !questions.are_there() {
                    std::thread::sleep(SHORT);
                }
                questions.answer();
                while commands.iter().filter(|command| !command.is_finished()).count() > left {
                    std::thread::sleep(SHORT);
                }
            }
            assert!(commands.into_iter().all(|command| command.join().unwrap() == Notice::Taken));
        });
        assert!(!questions.are_there());
    }

    #[test]
    fn a_server_that_does_not_answer_is_given_up_and_no_question_stays() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("orgd.db");
        let lock = ServerLock::acquire(&database).unwrap();
        assert_eq!(wait_for_holder(&database, SHORT), Notice::Late);
        assert!(!Questions::beside(&database).are_there());
        // One that goes meanwhile has nothing to be told.
        std::thread::scope(|scope| {
            let command = scope.spawn(|| wait_for_holder(&database, LONG));
            while !Questions::beside(&database).are_there() {
                std::thread::sleep(SHORT);
            }
            drop(lock);
            assert_eq!(command.join().unwrap(), Notice::Taken);
        });
        assert_eq!(wait_for_holder(&folder.path().join("nowhere/orgd.db"), LONG), Notice::Unasked);
    }
}
