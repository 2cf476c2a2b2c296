//! Opens SQLite connections with the settings that the rest of the server relies on.

use std::fs::{self, OpenOptions};
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::error::DbError;

/// Marks a database file as one of orgd's, so that the file of another program is refused and left alone. "orgd" in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x6f72_6764;

/// Two connections that write and checkpoint at once could corrupt a database up to 3.51.2.
const OLDEST_SAFE_SQLITE: (u32, u32, u32) = (3, 51, 3);

// `busy_timeout` comes first: the statements after it may meet a lock. Without memory mapping an I/O error is an error and not a signal.
const COMMON: &str = "
    PRAGMA busy_timeout = 5000;
    PRAGMA foreign_keys = ON;
    PRAGMA recursive_triggers = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
    PRAGMA mmap_size = 0;
    PRAGMA temp_store = MEMORY;
";
const WRITER: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA cache_size = -65536;
    PRAGMA wal_autocheckpoint = 1000;
    PRAGMA journal_size_limit = 67108864;
";
/// From here on a commit waits for the disk. That it does not while the schema is brought up to date makes a first start twice as
/// fast and loses nothing: a migration that a power cut undoes is run again, and the first commit after this syncs all before it.
const DURABLE: &str = "PRAGMA synchronous = FULL";
const READER: &str = "
    PRAGMA query_only = ON;
    PRAGMA cache_size = -16384;
";

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

#[derive(QueryableByName)]
struct ApplicationId {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    application_id: i32,
}

#[derive(QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    busy: i32,
}

#[derive(QueryableByName)]
struct Tables {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    tables: i32,
}

/// Opens the connection for writing, makes the file (readable by its owner only) when there is none, and refuses the file of
/// another program and a SQLite with a known corruption bug.
pub fn open_writer(path: &Path) -> Result<SqliteConnection, DbError> {
    create_private(path)?;
    let mut conn = open(path)?;
    check_version(&mut conn, path)?;
    conn.batch_execute(COMMON).map_err(|error| refused(path, &error.to_string()))?;
    let is_new = check_owner(&mut conn, path)?;
    conn.batch_execute(WRITER).map_err(|error| refused(path, &error.to_string()))?;
    if is_new {
        // Only now: before the write-ahead log is on, the mark would cost three times as many waits for the disk.
        conn.batch_execute(&format!("PRAGMA application_id = {APPLICATION_ID}"))?;
    }
    Ok(conn)
}

/// Makes every acknowledged write survive a power cut. To be called once the schema is up to date.
pub fn make_durable(conn: &mut SqliteConnection) -> Result<(), DbError> {
    Ok(conn.batch_execute(DURABLE)?)
}

/// Moves the write-ahead log into the database file and empties it. Readers that are still at work are waited for, and not for long.
pub fn checkpoint(conn: &mut SqliteConnection) -> Result<(), DbError> {
    conn.batch_execute("PRAGMA busy_timeout = 1000")?;
    let Checkpoint { busy } = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(conn)?;
    if busy == 0 { Ok(()) } else { Err(DbError::Unavailable("the database is in use".to_owned())) }
}

/// Gives a fresh connection of the read pool its settings: it can read and nothing else.
pub fn set_up_reader(conn: &mut SqliteConnection) -> Result<(), diesel::result::Error> {
    conn.batch_execute(COMMON)?;
    conn.batch_execute(READER)
}

/// What stands for itself in the path of an SQLite URI.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

/// Opens a file to read it and nothing else. `as_nobodys`: it is in no use, so that no lock is taken and no log looked for.
pub fn open_for_reading(path: &Path, as_nobodys: bool) -> Result<SqliteConnection, DbError> {
    let absolute = fs::canonicalize(path).map_err(|error| refused(path, &error.to_string()))?;
    let name = absolute.to_str().ok_or_else(|| refused(path, "its name is not UTF-8"))?;
    let more = if as_nobodys { "&immutable=1" } else { "" };
    let url = format!("file:{}?mode=ro{more}", utf8_percent_encode(name, PLAIN));
    let mut conn = SqliteConnection::establish(&url).map_err(|error| refused(path, &error.to_string()))?;
    conn.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA mmap_size = 0")
        .map_err(|error| refused(path, &error.to_string()))?;
    Ok(conn)
}

fn open(path: &Path) -> Result<SqliteConnection, DbError> {
    let name = path.to_str().ok_or_else(|| refused(path, "its name is not UTF-8"))?;
    SqliteConnection::establish(name).map_err(|error| refused(path, &error.to_string()))
}

/// Makes the folder that the database file is to be in.
pub fn create_folder(path: &Path) -> Result<(), DbError> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => fs::create_dir_all(folder).map_err(|error| refused(folder, &error.to_string())),
        None => Ok(()),
    }
}

fn create_private(path: &Path) -> Result<(), DbError> {
    create_folder(path)?;
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|error| refused(path, &error.to_string()))
}

fn check_version(conn: &mut SqliteConnection, path: &Path) -> Result<(), DbError> {
    // The first statement: what is no database fails here.
    let row = diesel::sql_query("SELECT sqlite_version() AS version").get_result::<Version>(conn);
    let row = row.map_err(|error| refused(path, &error.to_string()))?;
    let mut parts = row.version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    let version = (part(), part(), part());
    if version < OLDEST_SAFE_SQLITE {
        return Err(DbError::Internal(format!("SQLite {} can corrupt a database; 3.51.3 is needed", row.version)));
    }
    Ok(())
}

/// Refuses the file of another program; true when the file is new and still to be marked.
fn check_owner(conn: &mut SqliteConnection, path: &Path) -> Result<bool, DbError> {
    let found = diesel::sql_query("SELECT application_id FROM pragma_application_id").get_result::<ApplicationId>(conn);
    let id = found.map_err(|error| refused(path, &error.to_string()))?.application_id;
    if id == APPLICATION_ID {
        return Ok(false);
    }
    let Tables { tables } = diesel::sql_query("SELECT count(*) AS tables FROM sqlite_schema").get_result(conn)?;
    if id != 0 || tables != 0 {
        return Err(refused(path, "it is a database of another program; name a file that does not exist yet"));
    }
    Ok(true)
}

/// Refuses what is no database, or another program's, or nobody's yet.
pub fn require_orgd(conn: &mut SqliteConnection, path: &Path) -> Result<(), DbError> {
    if check_owner(conn, path)? { Err(refused(path, "it is an empty database")) } else { Ok(()) }
}

#[derive(QueryableByName)]
struct Problem {
    #[diesel(sql_type = Text)]
    problem: String,
}

/// What is wrong with the structure of the file; nothing, when it is whole.
pub fn problems(conn: &mut SqliteConnection) -> Result<Vec<String>, DbError> {
    checked(conn, "SELECT quick_check AS problem FROM pragma_quick_check WHERE quick_check <> 'ok'")
}

/// The same, with every index compared with its table.
pub fn all_problems(conn: &mut SqliteConnection) -> Result<Vec<String>, DbError> {
    checked(conn, "SELECT integrity_check AS problem FROM pragma_integrity_check WHERE integrity_check <> 'ok'")
}

fn checked(conn: &mut SqliteConnection, query: &str) -> Result<Vec<String>, DbError> {
    let found = diesel::sql_query(query).load::<Problem>(conn)?;
    Ok(found.into_iter().map(|found| found.problem).collect())
}

/// What to do about a file that cannot be opened, by a part of what SQLite or the system says.
const ADVICE: &[(&str, &str)] = &[
    ("file is not a database", "name orgd's own file, or restore a backup; nothing was changed in this one"),
    (
        "malformed",
        "the file is damaged; `orgd doctor` says more; keep a copy of it with its -wal, and restore a backup",
    ),
    ("disk is full", "free some space on its disk"),
    ("No space left", "free some space on its disk"),
    ("disk I/O error", "look whether its disk is full or failing"),
    ("Permission denied", "the user that runs orgd must be able to write the file and the folder that it is in"),
    ("not permitted", "the user that runs orgd must be able to write the file and the folder that it is in"),
    ("readonly", "the user that runs orgd must be able to write the file and the folder that it is in"),
    ("Read-only file system", "orgd must be able to write there; mount it read-write, or name another place"),
    ("Is a directory", "name a file in it"),
    ("Not a directory", "name a file in a folder"),
];

/// The fault with the path, and with what to do where that is known.
pub(super) fn refused(path: &Path, why: &str) -> DbError {
    let advice =
        ADVICE.iter().find(|(part, _)| why.contains(part)).map_or(String::new(), |(_, advice)| format!("; {advice}"));
    DbError::Unavailable(format!("cannot open {}: {why}{advice}", path.display()))
}
