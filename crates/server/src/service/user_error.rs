//! How operations on users and their sessions end other than well, besides what can happen to any operation.

use crate::auth::password::PasswordError;
use crate::db::user_changes::Refusal;
use crate::db::{Constraint, DbError};
use crate::service::ServiceError;

/// Every such way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// Address and password do not belong together; which of them is wrong is not said.
    #[error("incorrect email or password")]
    BadLogin,
    /// The password is right, and the user may not sign in.
    #[error("the account is suspended")]
    Suspended,
    /// The password was guessed too often; the next attempt counts after so many seconds.
    #[error("too many attempts to log in")]
    TooManyAttempts(u64),
    /// There is no user yet.
    #[error("the initial user has not been created")]
    NoFirstUser,
    /// There is one already.
    #[error("the initial user has already been created")]
    FirstUserExists,
    /// Another user has this name (true) or this mail address (false).
    #[error("the user exists already")]
    Taken(TakenField),
    /// The user has another session token of this name.
    #[error("token name {0:?} is taken")]
    TokenNameTaken(String),
    /// The user would be the last owner who goes.
    #[error("the last owner cannot be removed")]
    LastOwner,
    /// The user is an owner, and the caller is none.
    #[error("only an owner may change an owner")]
    IsOwner,
    /// The request asks for something that nobody may do, in words.
    #[error("{0}")]
    Refused(&'static str),
    /// The session that makes the request was ended meanwhile.
    #[error("the session has ended")]
    SessionEnded,
}

/// What of a user is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenField {
    /// The name.
    Username,
    /// The mail address.
    Email,
}

impl TakenField {
    /// The key of the body.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Email => "email",
        }
    }
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::IsOwner => Self::User(UserError::IsOwner),
            Refusal::LastOwner => Self::User(UserError::LastOwner),
            Refusal::OtherPassword => Self::User(UserError::BadLogin),
        }
    }
}

impl From<PasswordError> for ServiceError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Unavailable(error.to_string()),
            PasswordError::Failed(_) => Self::Internal(error.to_string()),
        }
    }
}

/// What is taken when a user cannot be stored.
pub(super) fn user_conflict(error: DbError) -> ServiceError {
    match error {
        DbError::Conflict(Constraint::Username) => ServiceError::User(UserError::Taken(TakenField::Username)),
        DbError::Conflict(Constraint::Email) => ServiceError::User(UserError::Taken(TakenField::Email)),
        DbError::Conflict(Constraint::LiveOrganization) => ServiceError::NotFound,
        other => other.into(),
    }
}
