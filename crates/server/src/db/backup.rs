//! Backups of a database file: made beside a running server, read through before they get their name, and put back.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use orgd_api_types::Timestamp;
use serde::Serialize;
use tempfile::NamedTempFile;

use super::conn::Conn;
use super::error::DbError;
use super::{ServerLock, beside, copy, migrations, sqlite};

/// The rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Its name.
    pub table: &'static str,
    /// How many there are.
    pub rows: u64,
}

/// What is to be done about a file that is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InTheWay {
    /// Nothing is written.
    Refuse,
    /// A backup is replaced; a database is kept under another name.
    Replace,
}

/// Why there is no backup, or why it was not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no such file.
    #[error("there is no file {}", .0.display())]
    Missing(PathBuf),
    /// A file is in the way.
    #[error("{} exists already; {advice}", .path.display())]
    Exists {
        /// Which.
        path: PathBuf,
        /// What can be done.
        advice: &'static str,
    },
    /// A backup of a database into itself.
    #[error("{} is the database itself; name another file", .0.display())]
    Itself(PathBuf),
    /// A server uses the database that is to be replaced.
    #[error("a server uses {}; stop it first", .0.display())]
    InUse(PathBuf),
    /// The file is no whole backup.
    #[error("{} cannot be restored: {why}", .path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The file cannot be written, or be given its name.
    #[error("cannot write {}: {error}", .path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The database cannot be read.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Writes everything that is committed when this is called into `file`, which is on the disk and was read through when this returns.
/// Writers are not held up.
pub fn make(source: &mut Conn, database: &Path, file: &Path, way: InTheWay) -> Result<Vec<Counted>, BackupError> {
    if same_file(database, file) {
        return Err(BackupError::Itself(file.to_owned()));
    }
    if way == InTheWay::Refuse && file.exists() {
        return Err(BackupError::Exists { path: file.to_owned(), advice: "name another file, or add --force" });
    }
    copy::refuse_unfinished(source)?;
    let partial = new_beside(file)?;
    let into = partial.path().to_str().ok_or_else(|| unusable(file, "its name is not UTF-8"))?;
    diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(into).execute(source).map_err(DbError::from)?;
    let counted = inspect(partial.path()).map_err(|error| renamed(error, file))?;
    put(partial, file, way)?;
    Ok(counted)
}

/// Reads a backup through: the structure of the file, its schema, what it holds. Changes nothing.
pub fn inspect(file: &Path) -> Result<Vec<Counted>, BackupError> {
    let metadata = fs::metadata(file).map_err(|_| BackupError::Missing(file.to_owned()))?;
    if metadata.len() == 0 {
        return Err(unusable(file, "it is empty"));
    }
    let log = beside(file, "-wal");
    if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        let why = format!(
            "{} beside it holds a part of it, so it is a copy of a database in use; make backups with `orgd backup`",
            log.display()
        );
        return Err(unusable(file, why));
    }
    let refused = |error: DbError| unusable(file, error.to_string());
    let mut conn = sqlite::open_for_reading(file, true).map_err(refused)?;
    sqlite::require_orgd(&mut conn, file).map_err(refused)?;
    let problems = sqlite::problems(&mut conn).map_err(refused)?;
    if let Some(first) = problems.first() {
        return Err(unusable(file, format!("it is damaged: {first}")));
    }
    let mut conn = Conn::Sqlite(conn);
    // Refuses what a newer version has written; older schemas are brought up to date when a server starts.
    let known = migrations::list(&mut conn).map_err(refused)?;
    if known.iter().any(|migration| !migration.is_applied) {
        return Ok(Vec::new());
    }
    copy::refuse_unfinished(&mut conn).map_err(refused)?;
    copy::count(&mut conn).map_err(refused)
}

/// What putting a backup back has done.
#[derive(Debug)]
pub struct Restored {
    /// What it holds; empty where its schema is older than this version's.
    pub counted: Vec<Counted>,
    /// Where the database that was there is now.
    pub replaced: Option<PathBuf>,
    /// How many session tokens were revoked.
    pub revoked: Option<usize>,
}

/// Puts a backup in the place of a database that no server uses. At every moment either the one or the other is there.
pub fn restore(
    file: &Path,
    database: &Path,
    way: InTheWay,
    revoke_tokens: bool,
    now: Timestamp,
) -> Result<Restored, BackupError> {
    if same_file(database, file) {
        return Err(BackupError::Itself(file.to_owned()));
    }
    let counted = inspect(file)?;
    if ServerLock::is_held(database) {
        return Err(BackupError::InUse(database.to_owned()));
    }
    let _lock = ServerLock::acquire(database)?;
    let exists = fs::metadata(database).is_ok_and(|found| found.len() > 0);
    if exists && way == InTheWay::Refuse {
        let advice =
            "restore into a new database, or add --force, which keeps the one that is there under another name";
        return Err(BackupError::Exists { path: database.to_owned(), advice });
    }
    let mut partial = new_beside(database)?;
    let mut from = File::open(file).map_err(|error| write_error(file, error))?;
    io::copy(&mut from, partial.as_file_mut()).map_err(|error| write_error(database, error))?;
    let revoked = if revoke_tokens { Some(revoke_all(partial.path())?) } else { None };
    partial.as_file().sync_all().map_err(|error| write_error(database, error))?;
    let replaced = if exists { Some(set_aside(database, now)?) } else { None };
    put(partial, database, InTheWay::Replace)?;
    Ok(Restored { counted, replaced, revoked })
}

/// Gives the database another name, and its log the one that belongs to it. The name in use stays until the backup takes it.
fn set_aside(database: &Path, now: Timestamp) -> Result<PathBuf, BackupError> {
    let moment = now.to_string().replace([':', '-'], "");
    let aside = beside(database, &format!(".replaced-{moment}"));
    fs::hard_link(database, &aside).map_err(|error| write_error(&aside, error))?;
    // A log of the old database must not be found beside the new one. The index of the log is made anew from it.
    for (ending, kept) in [("-wal", true), ("-shm", false)] {
        let found = beside(database, ending);
        let moved = if kept { fs::rename(&found, beside(&aside, ending)) } else { fs::remove_file(&found) };
        match moved {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(write_error(&found, error)),
            _ => {}
        }
    }
    Ok(aside)
}

/// Session tokens that were revoked after the backup was made would be valid again.
fn revoke_all(file: &Path) -> Result<usize, BackupError> {
    let name = file.to_str().ok_or_else(|| unusable(file, "its name is not UTF-8"))?;
    let mut conn = SqliteConnection::establish(name).map_err(|error| unusable(file, error.to_string()))?;
    // No log beside a file that is about to be renamed.
    conn.batch_execute("PRAGMA journal_mode = DELETE").map_err(DbError::from)?;
    let revoked = diesel::delete(super::schema::api_keys::table).execute(&mut conn).map_err(DbError::from)?;
    Ok(revoked)
}

/// A file in the same folder that goes away unless it is given its name; readable by its owner only.
fn new_beside(file: &Path) -> Result<NamedTempFile, BackupError> {
    sqlite::create_folder(file)?;
    let folder = folder_of(file);
    tempfile::Builder::new()
        .prefix(".orgd-")
        .suffix(".partial")
        .tempfile_in(folder)
        .map_err(|error| write_error(folder, error))
}

/// Gives the file its name, once it is on the disk; on the disk, too, is then that it has it.
fn put(partial: NamedTempFile, file: &Path, way: InTheWay) -> Result<(), BackupError> {
    let failed = |error| write_error(file, error);
    partial.as_file().sync_all().map_err(failed)?;
    let put = match way {
        InTheWay::Refuse => partial.persist_noclobber(file),
        InTheWay::Replace => partial.persist(file),
    };
    put.map_err(|error| failed(error.error))?;
    File::open(folder_of(file)).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn same_file(one: &Path, other: &Path) -> bool {
    fs::canonicalize(one).is_ok_and(|one| fs::canonicalize(other).is_ok_and(|other| one == other))
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn unusable(path: &Path, why: impl Into<String>) -> BackupError {
    BackupError::Unusable { path: path.to_owned(), why: why.into() }
}

fn write_error(path: &Path, error: io::Error) -> BackupError {
    BackupError::Write { path: path.to_owned(), error }
}

/// The error speaks of the name that was asked for.
fn renamed(error: BackupError, file: &Path) -> BackupError {
    match error {
        BackupError::Unusable { why, .. } => BackupError::Unusable { path: file.to_owned(), why },
        other => other,
    }
}
