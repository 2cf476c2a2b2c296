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
                Ok((true, vec![audited_token(&token)]))
            })
            .await
    }

    /// Removes a session token for good, if it belongs to this user where one is given; false when there is none. `action` says
    /// how that is called.
    pub async fn revoke_session_token(
        &self,
        id: String,
        user: Option<Uuid>,
        action: Action,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        self.writer
            .write(move |conn| {
                let Some((owner, name)) = owner_of(conn, &id)? else { return Ok((false, Vec::new())) };
                if user.is_some_and(|user| user != owner) {
                    return Ok((false, Vec::new()));
                }
                let removed = diesel::delete(api_keys::table.find(&id)).execute(conn)? > 0;
                let told = Change::Audited(Box::new(fact_of(action, owner, &id, &name, now)));
                Ok((removed, if removed { vec![Change::SessionTokenChanged(id.clone()), told] } else { Vec::new() }))
            })
            .await
    }

    /// Ends a session token of this user now, unless it has ended; false when there is none.
    pub async fn expire_session_token(&self, id: String, user: Uuid, now: Timestamp) -> Result<bool, DbError> {
        self.writer
            .write(move |conn| {
                let own = api_keys::table.find(&id).filter(api_keys::user_id.eq(DbUuid(user)));
                let found: Option<DbTime> = own.select(api_keys::expires_at).first(conn).optional()?;
                let live = own.filter(api_keys::expires_at.gt(DbTime(now)));
                let ended = diesel::update(live)
                    .set((api_keys::expires_at.eq(DbTime(now)), api_keys::updated_at.eq(DbTime(now))))
                    .execute(conn)?;
                if ended == 0 {
                    return Ok((found.is_some(), Vec::new()));
                }
                let name = owner_of(conn, &id)?.map(|(_, name)| name).unwrap_or_default();
                let fact = fact_of(Action::Write, user, &id, &name, now).with_status(204);
                let diff = Diff::default().with("expires_at", found.map(|at| at.0.to_string()), now.to_string());
                let told = Change::Audited(Box::new(fact.with_diff(diff)));
                Ok((true, vec![Change::SessionTokenChanged(id.clone()), told]))
            })
            .await
    }
}

/// Whose token it is, and its name.
fn owner_of(conn: &mut Conn, id: &str) -> Result<Option<(Uuid, String)>, DbError> {
    let row = api_keys::table.find(id).select((api_keys::user_id, api_keys::token_name));
    let found: Option<(DbUuid, String)> = row.first(conn).optional()?;
    Ok(found.map(|(user, name)| (user.into(), name)))
}

/// What the audit log says of a token; its id is no UUID, so it is found under that of its user.
fn fact_of(action: Action, user: Uuid, id: &str, name: &str, at: Timestamp) -> Fact {
    let fact = Fact::new(action, Resource::ApiKey, user, if name.is_empty() { id } else { name }, at);
    if action == Action::Delete { fact.with_status(204) } else { fact }
}

/// What the audit log says of a token that was made.
pub(super) fn audited_token(token: &SessionTokenRecord) -> Change {
    let diff = Diff::default()
        .with("id", serde_json::Value::Null, token.id.as_str())
        .with("login_type", serde_json::Value::Null, token.login_type.as_str())
        .with("expires_at", serde_json::Value::Null, token.expires_at.to_string())
        .with_secret("hashed_secret");
    let fact = fact_of(Action::Create, token.user_id, &token.id, &token.name, token.created_at);
    Change::Audited(Box::new(fact.with_diff(diff)))
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
