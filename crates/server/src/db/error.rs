//! What can go wrong in the database, sorted by what the caller can do about it.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};

/// A rule of the database that a write broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    /// A live organization has this name, in whatever case.
    OrganizationName,
    /// A live user has this name, in whatever case.
    Username,
    /// A live user has this address, in whatever case.
    Email,
    /// The user has another session token of this name.
    TokenName,
    /// The user is a member already.
    Membership,
    /// A job with this identifier exists.
    ProvisionerJobId,
    /// An organization with this identifier exists.
    OrganizationId,
    /// The organization was deleted in between.
    LiveOrganization,
    /// The user was deleted in between.
    LiveUser,
    /// A provisioner key of the organization has this name, in whatever case.
    ProvisionerKeyName,
    /// The user has given this idempotency key with another request.
    IdempotencyKey,
}

/// Why a statement or a transaction failed.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// Nothing was changed and the same request may succeed later: the write queue is full, the database is locked, the disk
    /// is full, or the process is going down.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The write breaks a rule that another row holds.
    #[error("conflict with {0:?}")]
    Conflict(Constraint),
    /// The connection is gone or leads to a server that takes no writes any more. Nothing was changed; another connection may do.
    #[error("the connection to the database was lost: {0}")]
    Lost(String),
    /// Another transaction was in the way, and this one was chosen to give way. Nothing was changed; the same may succeed at once.
    #[error("another transaction was in the way: {0}")]
    InTheWay(String),
    /// The database was asked to make the change and did not say in time whether it did.
    #[error("it is not known whether the change was made: {0}")]
    OutcomeUnknown(String),
    /// A defect of the program or of the file. Goes to the log, never to a caller.
    #[error("database failure: {0}")]
    Internal(String),
}

impl DbError {
    /// True when the same request may succeed later, because it changed nothing.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Lost(_) | Self::InTheWay(_))
    }

    /// True when the disk below an SQLite file did not read, write or sync.
    pub fn is_of_the_disk(&self) -> bool {
        matches!(self, Self::Unavailable(why) if why.contains(IO_ERROR))
    }
}

impl From<Error> for DbError {
    fn from(error: Error) -> Self {
        match error {
            Error::DatabaseError(kind, information) => of_database(kind, information.as_ref()),
            Error::BrokenTransactionManager => Self::Lost(error.to_string()),
            Error::RollbackErrorOnCommit { commit_error, .. } => Self::from(*commit_error),
            other => Self::Internal(other.to_string()),
        }
    }
}

fn of_database(kind: DatabaseErrorKind, information: &dyn DatabaseErrorInformation) -> DbError {
    let message = information.message().trim();
    match kind {
        // PostgreSQL names the broken rule beside its message, SQLite inside.
        DatabaseErrorKind::UniqueViolation => match constraint_in(information.constraint_name().unwrap_or(message)) {
            Some(constraint) => DbError::Conflict(constraint),
            None => DbError::Internal(message.to_owned()),
        },
        DatabaseErrorKind::ClosedConnection
        | DatabaseErrorKind::UnableToSendCommand
        | DatabaseErrorKind::ReadOnlyTransaction => DbError::Lost(message.to_owned()),
        DatabaseErrorKind::SerializationFailure => DbError::InTheWay(message.to_owned()),
        _ if contains_one_of(message, LOST) => DbError::Lost(message.to_owned()),
        _ if contains_one_of(message, IN_THE_WAY) => DbError::InTheWay(message.to_owned()),
        _ if contains_one_of(message, PASSING) => DbError::Unavailable(message.to_owned()),
        _ => DbError::Internal(message.to_owned()),
    }
}

/// The names of rules: on PostgreSQL that of the index, on SQLite that or the columns.
fn constraint_in(text: &str) -> Option<Constraint> {
    const NAMES: &[(&str, Constraint)] = &[
        ("organizations_live_name", Constraint::OrganizationName),
        ("organizations.id", Constraint::OrganizationId),
        ("organizations_id", Constraint::OrganizationId),
        ("users_live_username", Constraint::Username),
        ("users_live_email", Constraint::Email),
        ("api_keys.user_id, api_keys.token_name", Constraint::TokenName),
        ("api_keys_token_name", Constraint::TokenName),
        ("organization_members.user_id", Constraint::Membership),
        ("organization_members_user_id", Constraint::Membership),
        ("provisioner_keys_name", Constraint::ProvisionerKeyName),
        ("provisioner_jobs.id", Constraint::ProvisionerJobId),
        ("provisioner_jobs_id", Constraint::ProvisionerJobId),
    ];
    NAMES.iter().find(|(name, _)| text.contains(name)).map(|(_, constraint)| *constraint)
}

// Diesel passes on no code for these, so they are known by their texts.

/// PostgreSQL is going down, was told to end the connection, or is not the primary any more.
const LOST: &[&str] = &[
    "terminating connection",
    "server closed the connection",
    "no connection to the server",
    "could not receive data from server",
    "could not send data to server",
    "connection not open",
    "SSL connection has been closed",
    "SSL SYSCALL error",
    "SSL error",
    "in a read-only transaction",
    "terminating walsender",
];

const IN_THE_WAY: &[&str] = &["deadlock detected", "could not serialize access"];

const IO_ERROR: &str = "disk I/O error";

/// SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL (which is a lock on the write-ahead log that nobody gives back), SQLITE_FULL,
/// SQLITE_READONLY, SQLITE_IOERR and SQLITE_CANTOPEN; then a PostgreSQL server that is overloaded, starting, or out of space.
const PASSING: &[&str] = &[
    "database is locked",
    "database table is locked",
    "locking protocol",
    "database or disk is full",
    "attempt to write a readonly database",
    IO_ERROR,
    "unable to open database file",
    "due to lock timeout",
    "due to statement timeout",
    "due to user request",
    "too many clients already",
    "remaining connection slots",
    "the database system is",
    "No space left on device",
    "could not extend file",
    "out of memory",
    "out of shared memory",
];

fn contains_one_of(message: &str, texts: &[&str]) -> bool {
    texts.iter().any(|text| message.contains(text))
}
