//! The users table.

use diesel::prelude::*;
use orgd_api_types::Timestamp;
use uuid::Uuid;

use super::conn::{Conn, on_inner};
use super::error::DbError;
use super::schema::users;
use super::types::{DbTime, DbUuid};
use super::{Database, Effort, members};
use crate::auth::principal::{Membership, Principal, UserStatus};
use crate::auth::roles::{OrganizationRole, RoleSet, SiteRole};
use crate::change::Change;

/// A user as the command line lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// User ID.
    pub id: Uuid,
    /// Unique without regard to case.
    pub username: String,
    /// Unique without regard to case.
    pub email: String,
    /// Whether the user may sign in.
    pub status: UserStatus,
    /// Site roles.
    pub roles: RoleSet<SiteRole>,
    /// When the user was created.
    pub created_at: Timestamp,
}

type UserRow = (DbUuid, String, String, String, String, DbTime);

fn user_of((id, username, email, status, roles, created_at): UserRow) -> User {
    User {
        id: id.into(),
        username,
        email,
        status: UserStatus::from_name(&status),
        roles: RoleSet::from_json(&roles),
        created_at: created_at.into(),
    }
}

/// What is granted to a user, on top of what they have.
#[derive(Debug, Clone, Copy)]
pub enum Grant {
    /// These site roles.
    Site(RoleSet<SiteRole>),
    /// Membership of the organization, and these roles in it.
    Organization(Uuid, RoleSet<OrganizationRole>),
}

impl Database {
    /// What the user may do, or `None` when there is no such user or they are deleted.
    pub async fn find_principal(&self, user: Uuid) -> Result<Option<Principal>, DbError> {
        self.readers.read(Effort::Small, move |conn| find_principal(conn, user)).await
    }

    /// Every user who is neither deleted nor one of the system's own, by name.
    pub async fn list_users(&self) -> Result<Vec<User>, DbError> {
        self.readers.read(Effort::Large, list).await
    }

    /// The live user with this name, in whatever case, or with this id.
    pub async fn find_user(&self, name_or_id: &str) -> Result<Option<User>, DbError> {
        let wanted = name_or_id.to_ascii_lowercase();
        let users = self.list_users().await?;
        Ok(users.into_iter().find(|user| user.username.to_ascii_lowercase() == wanted || user.id.to_string() == wanted))
    }

    /// The user's memberships and their roles.
    pub async fn list_memberships(&self, user: Uuid) -> Result<Vec<Membership>, DbError> {
        self.readers.read(Effort::Small, move |conn| members::list_of_user(conn, user)).await
    }

    /// Inserts a user.
    pub async fn create_user(&self, user: User) -> Result<(), DbError> {
        self.writer.write(move |conn| insert(conn, &user).map(|()| ((), Vec::new()))).await
    }

    /// Adds what is granted; what the user has already stays.
    pub async fn grant(&self, user: Uuid, grant: Grant, now: Timestamp) -> Result<(), DbError> {
        self.writer
            .write(move |conn| {
                match grant {
                    Grant::Site(roles) => add_site_roles(conn, user, roles, now)?,
                    Grant::Organization(organization, roles) => {
                        members::add_roles(conn, user, organization, roles, now)?;
                    }
                }
                Ok(((), vec![Change::UserChanged(user)]))
            })
            .await
    }
}

/// Inserts a user.
pub(super) fn insert(conn: &mut Conn, user: &User) -> Result<(), DbError> {
    let row = (
        users::id.eq(DbUuid(user.id)),
        users::username.eq(&user.username),
        users::email.eq(&user.email),
        users::name.eq(""),
        users::status.eq(user.status.as_str()),
        users::login_type.eq("none"),
        users::roles.eq(user.roles.to_json()),
        users::created_at.eq(DbTime(user.created_at)),
        users::updated_at.eq(DbTime(user.created_at)),
    );
    diesel::insert_into(users::table).values(row).execute(conn)?;
    Ok(())
}

fn list(conn: &mut Conn) -> Result<Vec<User>, DbError> {
    let rows = users::table
        .filter(users::deleted_at.is_null())
        .filter(users::is_system.eq(false))
        .order(users::username)
        .select((users::id, users::username, users::email, users::status, users::roles, users::created_at))
        .load::<UserRow>(conn)?;
    Ok(rows.into_iter().map(user_of).collect())
}

fn add_site_roles(conn: &mut Conn, user: Uuid, roles: RoleSet<SiteRole>, now: Timestamp) -> Result<(), DbError> {
    let row = users::table.find(DbUuid(user)).select(users::roles);
    // Nobody else may add to what is read here.
    let held: String = match conn {
        Conn::Sqlite(conn) => row.first(conn)?,
        Conn::Postgres(conn) => row.for_update().first(conn)?,
    };
    let roles: RoleSet<SiteRole> = RoleSet::from_json(&held).iter().chain(roles.iter()).collect();
    diesel::update(users::table.find(DbUuid(user)))
        .set((users::roles.eq(roles.to_json()), users::updated_at.eq(DbTime(now))))
        .execute(conn)?;
    Ok(())
}

fn find_principal(conn: &mut Conn, user: Uuid) -> Result<Option<Principal>, DbError> {
    let row = users::table.find(DbUuid(user)).filter(users::deleted_at.is_null()).select((
        users::username,
        users::status,
        users::roles,
    ));
    let found: Option<(String, String, String)> = on_inner!(conn, inner => row.first(inner)).optional()?;
    let Some((username, status, roles)) = found else { return Ok(None) };
    let memberships = members::list_of_user(conn, user)?;
    Ok(Some(Principal::new(user, username, UserStatus::from_name(&status), RoleSet::from_json(&roles), memberships)))
}
