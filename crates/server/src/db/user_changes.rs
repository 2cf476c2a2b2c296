//! Changes of users, each with the rules that only hold when nobody else changes the same users meanwhile: an owner is touched
//! by owners only, and one owner who may sign in is always left.

use diesel::prelude::*;
use orgd_api_types::{LoginType, Timestamp};
use uuid::Uuid;

use super::Database;
use super::conn::Conn;
use super::error::DbError;
use super::schema::{api_keys, organization_members, users};
use super::types::{DbTime, DbUuid};
use super::users::{User, audited, find_by_id};
use crate::audit::{Action, Fact};
use crate::auth::password::HashedPassword;
use crate::auth::principal::UserStatus;
use crate::auth::roles::{RoleSet, SiteRole};
use crate::change::Change;

/// Sets columns of a user, and the time at which they were changed.
macro_rules! set_columns {
    ($conn:expr, $id:expr, $now:expr, $columns:expr) => {
        diesel::update(users::table.find(DbUuid($id)))
            .set(($columns, users::updated_at.eq(DbTime($now))))
            .execute($conn)
    };
}

/// On whose behalf a user is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Everybody: an owner, somebody who changes themselves, or a command.
    Everybody,
    /// Everybody but owners.
    AllButOwners,
}

/// Why a user was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such user, or no longer.
    NotFound,
    /// The user is an owner, whom the caller may not touch.
    IsOwner,
    /// Nobody would be left who is an owner and may sign in.
    LastOwner,
    /// The password that was given as the present one is not, or no longer.
    OtherPassword,
}

/// What became of a change.
pub type Outcome<T> = Result<T, Refusal>;

/// A change of one user.
#[derive(Debug, Clone)]
pub enum UserChange {
    /// Another name and full name.
    Profile {
        /// The name.
        username: String,
        /// The full name.
        name: String,
    },
    /// Other site roles.
    Roles(RoleSet<SiteRole>),
    /// May sign in.
    Activate,
    /// May not sign in.
    Suspend,
    /// Another password; all session tokens end.
    Password {
        /// The new one.
        hashed: HashedPassword,
        /// The present one, when it was asked for.
        verified: Option<HashedPassword>,
    },
    /// The user goes.
    Delete,
}

impl Database {
    /// Changes a user, and gives their new state: for one who was deleted, the last.
    pub async fn change_user(
        &self,
        id: Uuid,
        reach: Reach,
        change: UserChange,
        now: Timestamp,
    ) -> Result<Outcome<User>, DbError> {
        self.writer
            .write(move |conn| {
                let old = find_by_id(conn, id)?;
                let ended = match run(conn, id, reach, &change, now)? {
                    Ok(ended) => ended,
                    Err(refusal) => return Ok((Err(refusal), Vec::new())),
                };
                let user = match find_by_id(conn, id)? {
                    Some(user) => user,
                    None => return Ok((Err(Refusal::NotFound), Vec::new())),
                };
                if matches!(change, UserChange::Delete) {
                    remove(conn, id, now)?;
                }
                let tokens = ended.into_iter().map(Change::SessionTokenChanged);
                let told = Change::Audited(Box::new(audited_change(&change, old.as_ref(), &user, now)));
                Ok((Ok(user), [Change::UserChanged(id), told].into_iter().chain(tokens).collect()))
            })
            .await
    }
}

fn audited_change(change: &UserChange, old: Option<&User>, new: &User, now: Timestamp) -> Fact {
    match change {
        UserChange::Delete => audited(Action::Delete, old, None, now),
        UserChange::Password { .. } => {
            let mut fact = audited(Action::Write, old, Some(new), now).with_status(204);
            fact.diff = fact.diff.with_secret("hashed_password");
            fact
        }
        UserChange::Profile { .. } | UserChange::Roles(_) | UserChange::Activate | UserChange::Suspend => {
            audited(Action::Write, old, Some(new), now)
        }
    }
}

/// Makes the change, but for the deletion itself, and gives the ids of the session tokens that ended.
fn run(
    conn: &mut Conn,
    id: Uuid,
    reach: Reach,
    change: &UserChange,
    now: Timestamp,
) -> Result<Outcome<Vec<String>>, DbError> {
    let takes_owner = match change {
        UserChange::Roles(roles) => !roles.contains(SiteRole::Owner),
        UserChange::Delete => true,
        UserChange::Suspend | UserChange::Profile { .. } | UserChange::Activate | UserChange::Password { .. } => false,
    };
    // Before the user's own row, and in one order, so that two who remove each other do not wait for each other.
    let owners = if takes_owner { owners_who_may_sign_in(conn, Owners::Held)? } else { Vec::new() };
    let Some(Locked { roles, password }) = lock(conn, id)? else { return Ok(Err(Refusal::NotFound)) };
    if roles.contains(SiteRole::Owner) {
        if reach == Reach::AllButOwners || matches!(change, UserChange::Suspend) {
            return Ok(Err(Refusal::IsOwner));
        }
        if takes_owner && !owners.iter().any(|owner| *owner != id) {
            return Ok(Err(Refusal::LastOwner));
        }
    }
    match change {
        UserChange::Profile { username, name } => {
            set_columns!(conn, id, now, (users::username.eq(username), users::name.eq(name)))?;
        }
        UserChange::Roles(roles) => _ = set_columns!(conn, id, now, users::roles.eq(roles.to_json()))?,
        UserChange::Activate => _ = set_columns!(conn, id, now, users::status.eq(UserStatus::Active.as_str()))?,
        UserChange::Suspend => _ = set_columns!(conn, id, now, users::status.eq(UserStatus::Suspended.as_str()))?,
        UserChange::Password { hashed, verified } => {
            if verified.as_ref().is_some_and(|verified| password.as_deref() != Some(verified.as_str())) {
                return Ok(Err(Refusal::OtherPassword));
            }
            let login_type = users::login_type.eq(LoginType::Password.as_str());
            set_columns!(conn, id, now, (users::hashed_password.eq(Some(hashed.as_str())), login_type))?;
            return end_tokens(conn, id).map(Ok);
        }
        UserChange::Delete => return end_tokens(conn, id).map(Ok),
    }
    Ok(Ok(Vec::new()))
}

/// What decides whether a user can be changed.
struct Locked {
    roles: RoleSet<SiteRole>,
    password: Option<String>,
}

/// A live user, locked: no session token of theirs can be made until the transaction ends.
fn lock(conn: &mut Conn, id: Uuid) -> Result<Option<Locked>, DbError> {
    let row = users::table
        .find(DbUuid(id))
        .filter(users::deleted_at.is_null())
        .filter(users::is_system.eq(false))
        .select((users::roles, users::hashed_password));
    let found: Option<(String, Option<String>)> = match conn {
        Conn::Sqlite(conn) => row.first(conn).optional()?,
        Conn::Postgres(conn) => row.for_update().first(conn).optional()?,
    };
    Ok(found.map(|(roles, password)| Locked { roles: RoleSet::from_json(&roles), password }))
}

/// What is to become of the owners who are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owners {
    /// None of them can cease to be one until the transaction ends.
    Held,
    /// They are only looked at.
    Seen,
}

/// The owners who may sign in.
pub(super) fn owners_who_may_sign_in(conn: &mut Conn, owners_are: Owners) -> Result<Vec<Uuid>, DbError> {
    let pattern = format!("%\"{}\"%", crate::auth::roles::Role::as_str(SiteRole::Owner));
    let owners = users::table
        .filter(users::roles.like(pattern))
        .filter(users::deleted_at.is_null())
        .filter(users::is_system.eq(false))
        .filter(users::status.ne(UserStatus::Suspended.as_str()))
        .order(users::id)
        .select(users::id);
    let ids: Vec<DbUuid> = match conn {
        Conn::Sqlite(conn) => owners.load(conn)?,
        Conn::Postgres(conn) if owners_are == Owners::Held => owners.for_update().load(conn)?,
        Conn::Postgres(conn) => owners.load(conn)?,
    };
    Ok(ids.into_iter().map(Uuid::from).collect())
}

/// Revokes every session token of the user, and gives their ids.
fn end_tokens(conn: &mut Conn, user: Uuid) -> Result<Vec<String>, DbError> {
    let tokens = api_keys::table.filter(api_keys::user_id.eq(DbUuid(user)));
    let ids = tokens.select(api_keys::id).load(conn)?;
    diesel::delete(tokens).execute(conn)?;
    Ok(ids)
}

/// Takes the user out of every organization and frees their name; the row stays, for what they did.
fn remove(conn: &mut Conn, id: Uuid, now: Timestamp) -> Result<(), DbError> {
    diesel::delete(organization_members::table.filter(organization_members::user_id.eq(DbUuid(id)))).execute(conn)?;
    set_columns!(conn, id, now, (users::deleted_at.eq(Some(DbTime(now))), users::hashed_password.eq(None::<String>)))?;
    Ok(())
}
