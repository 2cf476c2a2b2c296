//! The api_keys table: session tokens, known by their id and the SHA-256 of their secret.

use diesel::prelude::*;
use orgd_api_types::Timestamp;

use super::conn::{Conn, on_inner};
use super::error::DbError;
use super::schema::{api_keys, users};
use super::types::{DbTime, DbUuid};
use super::{Database, Effort};
use crate::auth::token::{KeyScope, SessionTokenRecord};
use crate::change::Change;

/// A session token as the command line lists it: everything but its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSummary {
    /// The part before the hyphen.
    pub id: String,
    /// The name that its maker gave it.
    pub name: String,
    /// Whose token it is.
    pub username: String,
    /// What it can be used for.
    pub scope: KeyScope,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Database {
    /// The session token with this id, whoever holds it and whether or not it has expired.
    pub async fn find_session_token(&self, id: &str) -> Result<Option<SessionTokenRecord>, DbError> {
        let id = id.to_owned();
        self.readers.read(Effort::Small, move |conn| find(conn, &id)).await
    }

    /// Every session token of users who are not deleted, newest first.
    pub async fn list_session_tokens(&self) -> Result<Vec<TokenSummary>, DbError> {
        self.readers.read(Effort::Large, list).await
    }

    /// Stores a new session token.
    pub async fn create_session_token(&self, token: SessionTokenRecord) -> Result<(), DbError> {
        self.writer.write(move |conn| insert(conn, &token).map(|()| ((), Vec::new()))).await
    }

    /// Removes a session token for good; false when there is none with this id.
    pub async fn revoke_session_token(&self, id: String) -> Result<bool, DbError> {
        self.writer
            .write(move |conn| {
                let removed = diesel::delete(api_keys::table.find(&id)).execute(conn)? > 0;
                Ok((removed, vec![Change::SessionTokenChanged(id.clone())]))
            })
            .await
    }
}

/// Every session token of users who are not deleted, newest first.
fn list(conn: &mut Conn) -> Result<Vec<TokenSummary>, DbError> {
    let rows: Vec<(String, String, String, String, DbTime, DbTime)> = api_keys::table
        .inner_join(users::table)
        .filter(users::deleted_at.is_null())
        .order((api_keys::created_at.desc(), api_keys::id))
        .select((
            api_keys::id,
            api_keys::token_name,
            users::username,
            api_keys::scopes,
            api_keys::created_at,
            api_keys::expires_at,
        ))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(id, name, username, scopes, created_at, expires_at)| TokenSummary {
            id,
            name,
            username,
            scope: KeyScope::from_json(&scopes),
            created_at: created_at.into(),
            expires_at: expires_at.into(),
        })
        .collect())
}

/// Stores a new session token.
pub(super) fn insert(conn: &mut Conn, token: &SessionTokenRecord) -> Result<(), DbError> {
    let row = (
        api_keys::id.eq(&token.id),
        api_keys::hashed_secret.eq(token.hashed_secret.as_slice()),
        api_keys::user_id.eq(DbUuid(token.user_id)),
        api_keys::token_name.eq(&token.name),
        api_keys::login_type.eq("token"),
        api_keys::scopes.eq(token.scope.to_json()),
        api_keys::lifetime_seconds.eq(token.lifetime_seconds),
        api_keys::expires_at.eq(DbTime(token.expires_at)),
        api_keys::created_at.eq(DbTime(token.created_at)),
        api_keys::updated_at.eq(DbTime(token.created_at)),
    );
    diesel::insert_into(api_keys::table).values(row).execute(conn)?;
    Ok(())
}

fn find(conn: &mut Conn, id: &str) -> Result<Option<SessionTokenRecord>, DbError> {
    type Row = (String, Vec<u8>, DbUuid, String, String, i64, DbTime, DbTime);
    let token = api_keys::table.find(id).select((
        api_keys::id,
        api_keys::hashed_secret,
        api_keys::user_id,
        api_keys::token_name,
        api_keys::scopes,
        api_keys::lifetime_seconds,
        api_keys::expires_at,
        api_keys::created_at,
    ));
    let row: Option<Row> = on_inner!(conn, inner => token.first(inner)).optional()?;
    row.map(|(id, hash, user, name, scopes, lifetime_seconds, expires_at, created_at)| {
        Ok(SessionTokenRecord {
            id,
            hashed_secret: hash
                .try_into()
                .map_err(|_| DbError::Internal("a stored token hash is not 32 bytes long".to_owned()))?,
            user_id: user.into(),
            name,
            scope: KeyScope::from_json(&scopes),
            lifetime_seconds,
            expires_at: expires_at.into(),
            created_at: created_at.into(),
        })
    })
    .transpose()
}
