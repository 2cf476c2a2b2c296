//! The api_keys table: session tokens, known by their id and the SHA-256 of their secret.

use diesel::prelude::*;
use orgd_api_types::{LoginType, Timestamp};
use uuid::Uuid;

use super::conn::{Conn, on_inner};
use super::error::DbError;
use super::schema::{api_keys, users};
use super::types::{DbTime, DbUuid};
use super::{Database, Effort};
use crate::audit::{Action, Diff, Fact, Resource};
use crate::auth::token::{KeyScope, SessionTokenRecord};
use crate::change::Change;

/// A session token with the name of its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedToken {
    /// The token.
    pub token: SessionTokenRecord,
    /// The name of its user.
    pub username: String,
}

/// Which session tokens to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenFilter {
    /// Whose; `None` for everybody's.
    pub user: Option<Uuid>,
    /// Those that ended by this time are left out.
    pub live_at: Option<Timestamp>,
    /// Whether sessions are left out.
    pub tokens_only: bool,
}

impl TokenFilter {
    /// All of them.
    pub const ALL: Self = Self { user: None, live_at: None, tokens_only: false };
}

/// Whose request makes a session token: the user, and the id of the token that it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenMaker {
    /// The user.
    pub user: Uuid,
    /// The part of their token before the hyphen.
    pub token: String,
}

impl Database {
    /// The session token with this id, whoever holds it and whether or not it has expired.
    pub async fn find_session_token(&self, id: &str) -> Result<Option<SessionTokenRecord>, DbError> {
        let id = id.to_owned();
        self.readers.read(Effort::Small, move |conn| find(conn, &id)).await
    }

    /// The user's session token with this name.
    pub async fn find_session_token_by_name(
        &self,
        user: Uuid,
        name: String,
    ) -> Result<Option<SessionTokenRecord>, DbError> {
        self.readers.read(Effort::Small, move |conn| find_by_name(conn, user, &name)).await
    }

    /// Session tokens of users who are not deleted, newest first.
    pub async fn list_session_tokens(&self, filter: TokenFilter) -> Result<Vec<OwnedToken>, DbError> {
        self.readers.read(Effort::Large, move |conn| list(conn, filter)).await
    }

    /// Stores a new session token; false when the token of whoever makes it is gone, in which case so are they.
    pub async fn create_session_token(
        &self,
        token: SessionTokenRecord,
        maker: Option<TokenMaker>,
    ) -> Result<bool, DbError> {
        self.writer
            .write(move |conn| {
                if let Some(maker) = &maker
                    && !hold_maker(conn, maker)?
                {
                    return Ok((false, Vec::new()));
                }
                insert(conn, &token)?;
                Ok((true, vec![audited(Action::Create, &token, token.created_at, 201)]))
            })
            .await
    }

    /// Removes a session token for good, if it belongs to this user where one is given; false when there is none.
    pub async fn revoke_session_token(&self, id: String, user: Option<Uuid>, now: Timestamp) -> Result<bool, DbError> {
        self.end_token(id, user, move |conn, token| {
            diesel::delete(api_keys::table.find(&token.id)).execute(conn)?;
            Ok(Some(audited(Action::Delete, token, now, 204)))
        })
        .await
    }

    /// Removes the session token with which somebody came, who signs out; false when it is gone already.
    pub async fn end_session(&self, id: String, now: Timestamp) -> Result<bool, DbError> {
        self.end_token(id, None, move |conn, token| {
            diesel::delete(api_keys::table.find(&token.id)).execute(conn)?;
            Ok(Some(audited(Action::Logout, token, now, 200)))
        })
        .await
    }

    /// Ends a session token of this user now, unless it has ended; false when there is none.
    pub async fn expire_session_token(&self, id: String, user: Uuid, now: Timestamp) -> Result<bool, DbError> {
        self.end_token(id, Some(user), move |conn, token| {
            if token.expires_at <= now {
                return Ok(None);
            }
            diesel::update(api_keys::table.find(&token.id))
                .set((api_keys::expires_at.eq(DbTime(now)), api_keys::updated_at.eq(DbTime(now))))
                .execute(conn)?;
            Ok(Some(audited(Action::Write, token, now, 204)))
        })
        .await
    }

    /// Ends a token in some way, and says whether there was one.
    async fn end_token<F>(&self, id: String, user: Option<Uuid>, mut end: F) -> Result<bool, DbError>
    where
        F: FnMut(&mut Conn, &SessionTokenRecord) -> Result<Option<Change>, DbError> + Send + 'static,
    {
        self.writer
            .write(move |conn| {
                lock(conn, &id)?;
                let found = find(conn, &id)?.filter(|token| user.is_none_or(|user| user == token.user_id));
                let Some(token) = found else { return Ok((false, Vec::new())) };
                let mut changes: Vec<_> = end(conn, &token)?.into_iter().collect();
                if !changes.is_empty() {
                    changes.push(Change::SessionTokenChanged(id.clone()));
                }
                Ok((true, changes))
            })
            .await
    }
}

/// Makes others who end the same token wait until the transaction ends.
fn lock(conn: &mut Conn, id: &str) -> Result<(), DbError> {
    if let Conn::Postgres(conn) = conn {
        api_keys::table.find(id).select(api_keys::id).for_update().first::<String>(conn).optional()?;
    }
    Ok(())
}

/// What an entry of the audit log says of a session token: never more than its id and what it is for.
pub(super) fn audited(action: Action, token: &SessionTokenRecord, at: Timestamp, status: u16) -> Change {
    let diff = match action {
        Action::Create => Diff::default()
            .with("token_name", serde_json::Value::Null, token.name.as_str())
            .with("scope", serde_json::Value::Null, token.scope.as_str())
            .with("expires_at", serde_json::Value::Null, token.expires_at.to_string()),
        Action::Write => Diff::default().with("expires_at", token.expires_at.to_string(), at.to_string()),
        Action::Delete | Action::Login | Action::Logout => Diff::default(),
    };
    let resource = if matches!(action, Action::Login | Action::Logout) { Resource::User } else { Resource::ApiKey };
    let id = if resource == Resource::User { token.user_id } else { Uuid::nil() };
    Change::Audited(Box::new(
        Fact::new(action, resource, id, token.id.as_str(), at).with_diff(diff).with_status(status),
    ))
}

/// A row of the table, less what every row has.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
struct TokenRow {
    id: String,
    hashed_secret: Vec<u8>,
    user_id: DbUuid,
    token_name: String,
    login_type: String,
    scopes: String,
    lifetime_seconds: i64,
    ip_address: String,
    last_used_at: Option<DbTime>,
    expires_at: DbTime,
    created_at: DbTime,
    updated_at: DbTime,
}

impl TryFrom<TokenRow> for SessionTokenRecord {
    type Error = DbError;

    fn try_from(row: TokenRow) -> Result<Self, DbError> {
        Ok(Self {
            id: row.id,
            hashed_secret: row
                .hashed_secret
                .try_into()
                .map_err(|_| DbError::Internal("a stored token hash is not 32 bytes long".to_owned()))?,
            user_id: row.user_id.into(),
            name: row.token_name,
            // One that this version does not know is not extended by its use.
            login_type: LoginType::from_wire(&row.login_type).unwrap_or(LoginType::Token),
            scope: KeyScope::from_json(&row.scopes),
            lifetime_seconds: row.lifetime_seconds,
            address: row.ip_address,
            last_used_at: row.last_used_at.map(Timestamp::from),
            expires_at: row.expires_at.into(),
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        })
    }
}

fn list(conn: &mut Conn, filter: TokenFilter) -> Result<Vec<OwnedToken>, DbError> {
    let mut tokens = api_keys::table
        .inner_join(users::table)
        .filter(users::deleted_at.is_null())
        .order((api_keys::created_at.desc(), api_keys::id))
        .select((TokenRow::as_select(), users::username))
        .into_boxed();
    if let Some(user) = filter.user {
        tokens = tokens.filter(api_keys::user_id.eq(DbUuid(user)));
    }
    if let Some(now) = filter.live_at {
        tokens = tokens.filter(api_keys::expires_at.gt(DbTime(now)));
    }
    if filter.tokens_only {
        tokens = tokens.filter(api_keys::login_type.eq(LoginType::Token.as_str()));
    }
    let rows: Vec<(TokenRow, String)> = tokens.load(conn)?;
    rows.into_iter().map(|(row, username)| Ok(OwnedToken { token: row.try_into()?, username })).collect()
}

/// Stores a new session token.
pub(super) fn insert(conn: &mut Conn, token: &SessionTokenRecord) -> Result<(), DbError> {
    let row = (
        api_keys::id.eq(&token.id),
        api_keys::hashed_secret.eq(token.hashed_secret.as_slice()),
        api_keys::user_id.eq(DbUuid(token.user_id)),
        api_keys::token_name.eq(&token.name),
        api_keys::login_type.eq(token.login_type.as_str()),
        api_keys::scopes.eq(token.scope.to_json()),
        api_keys::lifetime_seconds.eq(token.lifetime_seconds),
        api_keys::ip_address.eq(&token.address),
        api_keys::expires_at.eq(DbTime(token.expires_at)),
        api_keys::created_at.eq(DbTime(token.created_at)),
        api_keys::updated_at.eq(DbTime(token.updated_at)),
    );
    diesel::insert_into(api_keys::table).values(row).execute(conn)?;
    Ok(())
}

fn find(conn: &mut Conn, id: &str) -> Result<Option<SessionTokenRecord>, DbError> {
    let token = api_keys::table.find(id);
    let row: Option<TokenRow> =
        on_inner!(conn, inner => token.select(TokenRow::as_select()).first(inner)).optional()?;
    row.map(SessionTokenRecord::try_from).transpose()
}

fn find_by_name(conn: &mut Conn, user: Uuid, name: &str) -> Result<Option<SessionTokenRecord>, DbError> {
    let token = api_keys::table
        .filter(api_keys::user_id.eq(DbUuid(user)))
        .filter(api_keys::token_name.eq(name))
        .filter(api_keys::token_name.ne(""));
    let row: Option<TokenRow> = token.select(TokenRow::as_select()).first(conn).optional()?;
    row.map(SessionTokenRecord::try_from).transpose()
}

/// True when the maker's token is there. Whoever ends all tokens of the maker waits for this transaction, or this one for theirs.
fn hold_maker(conn: &mut Conn, maker: &TokenMaker) -> Result<bool, DbError> {
    if let Conn::Postgres(conn) = conn {
        let user = users::table.find(DbUuid(maker.user)).select(users::id);
        user.for_key_share().first::<DbUuid>(conn).optional()?;
    }
    let token = api_keys::table.find(&maker.token).select(api_keys::id);
    Ok(token.first::<String>(conn).optional()?.is_some())
}
