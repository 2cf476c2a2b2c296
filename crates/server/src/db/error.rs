//! What can go wrong in the database, sorted by what the caller can do about it.

use diesel::result::{DatabaseErrorKind, Error};

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
    /// A defect of the program or of the file. Goes to the log, never to a caller.
    #[error("database failure: {0}")]
    Internal(String),
}

impl From<Error> for DbError {
    fn from(error: Error) -> Self {
        let Error::DatabaseError(kind, information) = &error else {
            return Self::Internal(error.to_string());
        };
        let message = information.message();
        match kind {
            DatabaseErrorKind::UniqueViolation => match constraint_in(message) {
                Some(constraint) => Self::Conflict(constraint),
                None => Self::Internal(message.to_owned()),
            },
            _ if is_passing(message) => Self::Unavailable(message.to_owned()),
            _ => Self::Internal(message.to_owned()),
        }
    }
}

/// SQLite names the columns or the index of a broken rule in its message and nowhere else.
fn constraint_in(message: &str) -> Option<Constraint> {
    const NAMES: &[(&str, Constraint)] = &[
        ("organizations_live_name", Constraint::OrganizationName),
        ("organizations.id", Constraint::OrganizationId),
        ("users_live_username", Constraint::Username),
        ("users_live_email", Constraint::Email),
        ("api_keys.user_id, api_keys.token_name", Constraint::TokenName),
        ("organization_members.user_id", Constraint::Membership),
        ("provisioner_jobs.id", Constraint::ProvisionerJobId),
    ];
    NAMES.iter().find(|(name, _)| message.contains(name)).map(|(_, constraint)| *constraint)
}

/// The texts of SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL (which is a lock on the write-ahead log that nobody gives back),
/// SQLITE_FULL, SQLITE_READONLY, SQLITE_IOERR and SQLITE_CANTOPEN: Diesel passes on no result code.
fn is_passing(message: &str) -> bool {
    const TEXTS: &[&str] = &[
        "database is locked",
        "database table is locked",
        "locking protocol",
        "database or disk is full",
        "attempt to write a readonly database",
        "disk I/O error",
        "unable to open database file",
    ];
    TEXTS.iter().any(|text| message.contains(text))
}
