//! From the text of a session token to the caller, and from the secret of a provisioner key to the key.

use std::sync::Arc;

use orgd_api_types::Timestamp;
use uuid::Uuid;

use super::identities::Identities;
use super::permission::{Permission, may};
use super::principal::{Principal, UserStatus};
use super::provisioner_secret::hash_of;
use super::token::{KeyScope, SessionTokenRecord, TokenFormatError, TokenText};
use crate::audit::Origin;
use crate::db::provisioner_keys::ProvisionerKeyRecord;
use crate::db::{Database, DbError};

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user.
    pub principal: Arc<Principal>,
    /// The session token.
    pub token: Arc<SessionTokenRecord>,
    /// From where, for the audit log; only of a request that may change something.
    pub origin: Option<Arc<Origin>>,
}

impl Caller {
    /// True when the caller has the permission, in this organization or, without one, in the whole installation.
    pub fn may(&self, permission: Permission, organization: Option<Uuid>) -> bool {
        may(&self.principal, self.token.scope, permission, organization)
    }

    /// True when the caller has the permission over this user, who may be themselves.
    pub fn may_to(&self, permission: Permission, user: Uuid) -> bool {
        self.may(permission, None)
            || (user == self.principal.user_id && permission.is_over_oneself() && self.token.scope == KeyScope::All)
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
    /// There is no provisioner key with this secret, or it was deleted.
    #[error("Provisioner key is invalid.")]
    UnknownProvisionerKey,
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

/// Finds the caller that a session token stands for, if memory alone can tell; `None` when the database must be asked.
pub fn authenticate_from_memory(
    identities: &Identities,
    text: &str,
    now: Timestamp,
) -> Option<Result<Caller, AuthenticationError>> {
    let given = match TokenText::parse(text) {
        Ok(given) => given,
        Err(error) => return Some(Err(error.into())),
    };
    let token = identities.token(given.id)?;
    if let Err(error) = check(&token, &given, now) {
        return Some(Err(error));
    }
    Some(admit(identities.user(token.user_id)?, token))
}

/// Finds the caller that a session token stands for; what memory does not know is read from the database.
pub async fn authenticate(
    identities: &Identities,
    database: &Database,
    text: &str,
    now: Timestamp,
) -> Result<Caller, AuthenticationError> {
    let given = TokenText::parse(text)?;
    let token = find_token(identities, database, given.id).await?.ok_or(AuthenticationError::Unknown)?;
    check(&token, &given, now)?;
    let principal = find_user(identities, database, token.user_id).await?.ok_or(AuthenticationError::Unknown)?;
    admit(principal, token)
}

fn check(token: &SessionTokenRecord, given: &TokenText<'_>, now: Timestamp) -> Result<(), AuthenticationError> {
    if !given.matches(&token.hashed_secret) {
        return Err(AuthenticationError::WrongSecret);
    }
    if token.expires_at <= now {
        return Err(AuthenticationError::Expired(token.expires_at));
    }
    Ok(())
}

fn admit(principal: Arc<Principal>, token: Arc<SessionTokenRecord>) -> Result<Caller, AuthenticationError> {
    match principal.status {
        UserStatus::Active | UserStatus::Dormant => Ok(Caller { principal, token, origin: None }),
        UserStatus::Suspended => Err(AuthenticationError::Inactive(principal.status)),
    }
}

async fn find_token(
    identities: &Identities,
    database: &Database,
    id: &str,
) -> Result<Option<Arc<SessionTokenRecord>>, DbError> {
    if let Some(token) = identities.token(id) {
        return Ok(Some(token));
    }
    let fill = identities.begin_fill();
    let token = database.find_session_token(id).await?.map(Arc::new);
    if let Some(token) = &token {
        identities.keep_token(fill, token);
    }
    Ok(token)
}

async fn find_user(identities: &Identities, database: &Database, id: Uuid) -> Result<Option<Arc<Principal>>, DbError> {
    if let Some(user) = identities.user(id) {
        return Ok(Some(user));
    }
    let fill = identities.begin_fill();
    let user = database.find_principal(id).await?.map(Arc::new);
    if let Some(user) = &user {
        identities.keep_user(fill, user);
    }
    Ok(user)
}

/// Finds the provisioner key that a secret belongs to.
pub async fn authenticate_worker(
    identities: &Identities,
    database: &Database,
    secret: &str,
) -> Result<Arc<ProvisionerKeyRecord>, AuthenticationError> {
    // Whoever can find a secret by its hash knows the secret.
    let hashed = hash_of(secret);
    if let Some(key) = identities.provisioner_key(&hashed) {
        return Ok(key);
    }
    let fill = identities.begin_fill();
    let found = database.find_provisioner_key(hashed).await?.map(Arc::new);
    let key = found.ok_or(AuthenticationError::UnknownProvisionerKey)?;
    identities.keep_provisioner_key(fill, hashed, &key);
    Ok(key)
}
