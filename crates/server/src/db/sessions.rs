//! Sessions: how they begin, and what is noted of their use.

use diesel::prelude::*;
use orgd_api_types::Timestamp;
use uuid::Uuid;

use super::conn::{Conn, on_inner};
use super::error::DbError;
use super::schema::{api_keys, users};
use super::types::{DbTime, DbUuid};
use super::users::{User, UserRow, lower};
use super::{Database, Effort, api_keys as stored, members, organizations, users as stored_users};
use crate::audit::{Action, Fact, Resource};
use crate::auth::password::HashedPassword;
use crate::auth::principal::UserStatus;
use crate::auth::token::SessionTokenRecord;
use crate::change::Change;

/// That a session token was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenUse {
    /// Whose token it is.
    pub user: Uuid,
    /// The part of the token before the hyphen.
    pub token: String,
    /// When.
    pub at: Timestamp,
    /// From where; empty when that is not known.
    pub address: String,
    /// When the token is to end now, if its use extends it.
    pub expires_at: Option<Timestamp>,
}

impl Database {
    /// True when there is a user who is neither deleted nor one of the system's own.
    pub async fn has_users(&self) -> Result<bool, DbError> {
        self.readers.read(Effort::Small, has_users).await
    }

    /// Makes the first user, a member of the default organization, whose id it gives; `None` when there is a user already. Of
    /// several such attempts at once, on whatever server, one succeeds.
    pub async fn create_first_user(&self, user: User, password: HashedPassword) -> Result<Option<Uuid>, DbError> {
        self.writer
            .write(move |conn| {
                let organization = lock_default(conn)?;
                if has_users(conn)? {
                    return Ok((None, Vec::new()));
                }
                stored_users::insert(conn, &user, Some(&password))?;
                members::insert(conn, user.id, organization, "[]", user.created_at)?;
                Ok((Some(organization), stored_users::told_of_new(&user, true)))
            })
            .await
    }

    /// The live user with this mail address, in whatever case, and the password.
    pub async fn find_login(&self, email: &str) -> Result<Option<(User, Option<HashedPassword>)>, DbError> {
        let email = email.to_ascii_lowercase();
        self.readers.read(Effort::Small, move |conn| find_login(conn, &email)).await
    }

    /// The password of a live user, if they have one.
    pub async fn find_password(&self, user: Uuid) -> Result<Option<HashedPassword>, DbError> {
        let find = move |conn: &mut Conn| {
            let live = users::table.find(DbUuid(user)).filter(users::deleted_at.is_null());
            let found: Option<Option<String>> = live.select(users::hashed_password).first(conn).optional()?;
            Ok(found.flatten().map(HashedPassword::from_stored))
        };
        self.readers.read(Effort::Small, find).await
    }

    /// Stores the token of a user who has just signed in with this password; false when the password was changed meanwhile,
    /// or the user deleted or suspended.
    pub async fn start_session(&self, token: SessionTokenRecord, verified: HashedPassword) -> Result<bool, DbError> {
        self.writer
            .write(move |conn| {
                let user = token.user_id;
                let Some(status) = lock_login(conn, user, &verified)? else { return Ok((false, Vec::new())) };
                stored::insert(conn, &token)?;
                let now = DbTime(token.created_at);
                diesel::update(users::table.find(DbUuid(user))).set(users::last_seen_at.eq(Some(now))).execute(conn)?;
                let is_woken = status == UserStatus::Dormant && wake(conn, user, token.created_at)?;
                let fact = Fact::new(Action::Login, Resource::User, user, token.id.as_str(), token.created_at);
                let mut changes = vec![Change::Audited(Box::new(fact))];
                changes.extend(is_woken.then_some(Change::UserChanged(user)));
                Ok((true, changes))
            })
            .await
    }

    /// Notes that tokens were used, and so their users were seen; tokens that are gone or over stay so.
    pub async fn note_uses(&self, mut uses: Vec<TokenUse>, now: Timestamp) -> Result<(), DbError> {
        // In the order in which others lock: users first, and each kind by its key.
        uses.sort_by(|one, other| (one.user, &one.token).cmp(&(other.user, &other.token)));
        self.writer
            .write(move |conn| {
                let mut changes = Vec::new();
                for of_user in uses.chunk_by(|one, other| one.user == other.user) {
                    let Some(TokenUse { user, at, .. }) = of_user.iter().max_by_key(|used| used.at) else { continue };
                    let row = diesel::update(users::table.find(DbUuid(*user)).filter(users::deleted_at.is_null()));
                    row.set(users::last_seen_at.eq(Some(DbTime(*at)))).execute(conn)?;
                    if wake(conn, *user, now)? {
                        changes.push(Change::UserChanged(*user));
                    }
                }
                for used in &uses {
                    note_use(conn, used, now)?;
                    changes.push(Change::SessionTokenChanged(used.token.clone()));
                }
                Ok(((), changes))
            })
            .await
    }
}

fn has_users(conn: &mut Conn) -> Result<bool, DbError> {
    let live = users::table.filter(users::deleted_at.is_null()).filter(users::is_system.eq(false));
    let first: Option<DbUuid> = on_inner!(conn, inner => live.select(users::id).first(inner)).optional()?;
    Ok(first.is_some())
}

/// The default organization, locked, so that first users are made one after the other.
fn lock_default(conn: &mut Conn) -> Result<Uuid, DbError> {
    let organization = organizations::find_default(conn)?.ok_or_else(|| {
        DbError::Internal("there is no default organization, which the start of a server makes".to_owned())
    })?;
    organizations::lock(conn, organization.id)?;
    Ok(organization.id)
}

fn find_login(conn: &mut Conn, lower_email: &str) -> Result<Option<(User, Option<HashedPassword>)>, DbError> {
    let live = users::table
        .filter(lower(users::email).eq(lower_email))
        .filter(users::deleted_at.is_null())
        .filter(users::is_system.eq(false));
    let found: Option<(UserRow, Option<String>)> = on_inner!(conn, inner => live
        .select((UserRow::as_select(), users::hashed_password))
        .first(inner))
    .optional()?;
    Ok(found.map(|(user, password)| (user.into(), password.map(HashedPassword::from_stored))))
}

/// The status of a user who may sign in with this password, who is locked until the transaction ends.
fn lock_login(conn: &mut Conn, user: Uuid, verified: &HashedPassword) -> Result<Option<UserStatus>, DbError> {
    let row = users::table
        .find(DbUuid(user))
        .filter(users::deleted_at.is_null())
        .filter(users::hashed_password.eq(verified.as_str()))
        .select(users::status);
    let status: Option<String> = match conn {
        Conn::Sqlite(conn) => row.first(conn).optional()?,
        Conn::Postgres(conn) => row.for_update().first(conn).optional()?,
    };
    Ok(status.map(|status| UserStatus::from_name(&status)).filter(|status| *status != UserStatus::Suspended))
}

/// Makes a dormant user active; false when they are not dormant.
fn wake(conn: &mut Conn, user: Uuid, now: Timestamp) -> Result<bool, DbError> {
    let dormant = users::table.find(DbUuid(user)).filter(users::status.eq(UserStatus::Dormant.as_str()));
    let woken = diesel::update(dormant)
        .set((users::status.eq(UserStatus::Active.as_str()), users::updated_at.eq(DbTime(now))))
        .execute(conn)?;
    Ok(woken > 0)
}

fn note_use(conn: &mut Conn, used: &TokenUse, now: Timestamp) -> Result<(), DbError> {
    // One that was ended meanwhile is not to live on.
    let live = api_keys::table.find(&used.token).filter(api_keys::expires_at.gt(DbTime(now)));
    diesel::update(live)
        .set((api_keys::last_used_at.eq(Some(DbTime(used.at))), api_keys::ip_address.eq(&used.address)))
        .execute(conn)?;
    if let Some(expires_at) = used.expires_at {
        diesel::update(live)
            .set((api_keys::expires_at.eq(DbTime(expires_at)), api_keys::updated_at.eq(DbTime(now))))
            .execute(conn)?;
    }
    Ok(())
}
