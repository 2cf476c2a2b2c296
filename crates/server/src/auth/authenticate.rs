//! From the text of a session token to the caller.

use std::sync::Arc;

use orgd_api_types::Timestamp;
use uuid::Uuid;

use super::identities::Identities;
use super::permission::{Permission, may};
use super::principal::{Principal, UserStatus};
use super::token::{KeyScope, SessionTokenRecord, TokenFormatError, TokenText};
use crate::db::{Database, DbError};

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user.
    pub principal: Arc<Principal>,
    /// What the session token can be used for.
    pub scope: KeyScope,
}

impl Caller {
    /// True when the caller has the permission, in this organization or, without one, in the whole installation.
    pub fn may(&self, permission: Permission, organization: Option<Uuid>) -> bool {
        may(&self.principal, self.scope, permission, organization)
    }
}

/// Why a caller is not let in.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// No session token was given.
    #[error("Cookie \"coder_session_token\" or query parameter must be provided.")]
    Missing,
    /// What was given does not look like one.
    #[error("Invalid API key format: {0}")]
    Format(#[from] TokenFormatError),
    /// There is none with this id, or it was revoked.
    #[error("API key is invalid.")]
    Unknown,
    /// Its secret is wrong.
    #[error("API key secret is invalid.")]
    WrongSecret,
    /// Its time is over.
    #[error("API key expired at \"{0}\".")]
    Expired(Timestamp),
    /// Its user may not sign in.
    #[error("User is not active (status = \"{}\"). Contact an admin to reactivate your account.", .0.as_str())]
    Inactive(UserStatus),
    /// The database could not be asked.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Whether the caller was known without asking the database; for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// From memory.
    Cache,
    /// From the database.
    Database,
}

/// Finds the caller that a session token stands for.
pub fn authenticate(
    identities: &Identities,
    database: &Database,
    text: &str,
    now: Timestamp,
) -> Result<(Caller, Source), AuthenticationError> {
    let given = TokenText::parse(text)?;
    let mut source = Source::Cache;
    let token = find_token(identities, database, given.id, &mut source)?.ok_or(AuthenticationError::Unknown)?;
    if !given.matches(&token.hashed_secret) {
        return Err(AuthenticationError::WrongSecret);
    }
    if token.expires_at <= now {
        return Err(AuthenticationError::Expired(token.expires_at));
    }
    let principal = find_user(identities, database, token.user_id, &mut source)?.ok_or(AuthenticationError::Unknown)?;
    match principal.status {
        UserStatus::Active | UserStatus::Dormant => Ok((Caller { principal, scope: token.scope }, source)),
        UserStatus::Suspended => Err(AuthenticationError::Inactive(principal.status)),
    }
}

fn find_token(
    identities: &Identities,
    database: &Database,
    id: &str,
    source: &mut Source,
) -> Result<Option<Arc<SessionTokenRecord>>, DbError> {
    if let Some(token) = identities.token(id) {
        return Ok(Some(token));
    }
    *source = Source::Database;
    let fill = identities.begin_fill();
    let token = database.find_session_token(id)?.map(Arc::new);
    if let Some(token) = &token {
        identities.keep_token(fill, token);
    }
    Ok(token)
}

fn find_user(
    identities: &Identities,
    database: &Database,
    id: Uuid,
    source: &mut Source,
) -> Result<Option<Arc<Principal>>, DbError> {
    if let Some(user) = identities.user(id) {
        return Ok(Some(user));
    }
    *source = Source::Database;
    let fill = identities.begin_fill();
    let user = database.find_principal(id)?.map(Arc::new);
    if let Some(user) = &user {
        identities.keep_user(fill, user);
    }
    Ok(user)
}
