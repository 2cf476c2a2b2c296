//! The users table: who there is, and who asks.

use diesel::define_sql_function;
use diesel::prelude::*;
use diesel::sql_types::Text;
use orgd_api_types::{LoginType, Timestamp};
use serde::Serialize;
use uuid::Uuid;

use super::conn::{Conn, on_inner};
use super::error::{Constraint, DbError};
use super::schema::users;
use super::types::{DbTime, DbUuid};
use super::{Database, Effort, members, organizations};
use crate::audit::{Action, Diff, Fact, Resource};
use crate::auth::password::HashedPassword;
use crate::auth::principal::{Membership, Principal, UserStatus};
use crate::auth::roles::{OrganizationRole, Role, RoleSet, SiteRole};
use crate::change::Change;

define_sql_function! {
    /// The text in lower case, ASCII letters only.
    fn lower(text: Text) -> Text;
}

/// A user who is neither deleted nor one of the system's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// User ID.
    pub id: Uuid,
    /// Unique without regard to case.
    pub username: String,
    /// Unique without regard to case.
    pub email: String,
    /// The full name; empty when there is none.
    pub name: String,
    /// Whether the user may sign in.
    pub status: UserStatus,
    /// How the user signs in.
    pub login_type: LoginType,
    /// Site roles.
    pub roles: RoleSet<SiteRole>,
    /// When they last sent a request, to the hour.
    pub last_seen_at: Option<Timestamp>,
    /// When the user was created.
    pub created_at: Timestamp,
    /// When the user was last changed.
    pub updated_at: Timestamp,
}

impl User {
    /// A new user who is active and does not sign in by themselves.
    pub fn new(username: String, email: String, roles: RoleSet<SiteRole>, now: Timestamp) -> Self {
        Self {
            id: Uuid::now_v7(),
            username,
            email,
            name: String::new(),
            status: UserStatus::Active,
            login_type: LoginType::None,
            roles,
            last_seen_at: None,
            created_at: now,
            updated_at: now,
        }
    }
}

/// What the audit log keeps of a user.
#[derive(Serialize)]
struct Audited<'a> {
    username: &'a str,
    email: &'a str,
    name: &'a str,
    status: &'static str,
    login_type: &'static str,
    roles: Vec<&'static str>,
}

impl<'a> Audited<'a> {
    fn of(user: &'a User) -> Self {
        Self {
            username: &user.username,
            email: &user.email,
            name: &user.name,
            status: user.status.as_str(),
            login_type: user.login_type.as_str(),
            roles: user.roles.iter().map(Role::as_str).collect(),
        }
    }
}

/// What the audit log says of a user who was made, changed or deleted.
pub(super) fn audited(action: Action, old: Option<&User>, new: Option<&User>, at: Timestamp) -> Fact {
    let (id, name) = new.or(old).map(|user| (user.id, user.username.clone())).unwrap_or_default();
    let diff = Diff::between(old.map(Audited::of).as_ref(), new.map(Audited::of).as_ref());
    Fact::new(action, Resource::User, id, name, at).with_diff(diff)
}

/// What is told of a user who was made.
pub(super) fn told_of_new(user: &User, has_password: bool) -> Vec<Change> {
    let mut fact = audited(Action::Create, None, Some(user), user.created_at);
    if has_password {
        fact.diff = fact.diff.with_secret("hashed_password");
    }
    vec![Change::UserChanged(user.id), Change::Audited(Box::new(fact))]
}

/// A row of the table, less what only the database needs.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = users)]
pub(super) struct UserRow {
    id: DbUuid,
    username: String,
    email: String,
    name: String,
    status: String,
    login_type: String,
    roles: String,
    last_seen_at: Option<DbTime>,
    created_at: DbTime,
    updated_at: DbTime,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        let UserRow { id, username, email, name, status, login_type, roles, last_seen_at, created_at, updated_at } =
            row;
        Self {
            id: id.into(),
            username,
            email,
            name,
            status: UserStatus::from_name(&status),
            // One that this version does not know lets nobody sign in with a password.
            login_type: LoginType::from_wire(&login_type).unwrap_or(LoginType::None),
            roles: RoleSet::from_json(&roles),
            last_seen_at: last_seen_at.map(Timestamp::from),
            created_at: created_at.into(),
            updated_at: updated_at.into(),
        }
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
        if let Ok(id) = name_or_id.parse()
            && let Some(user) = self.find_user_by_id(id).await?
        {
            return Ok(Some(user));
        }
        self.find_user_by_name(name_or_id.to_ascii_lowercase()).await
    }

    /// The live user with this id.
    pub async fn find_user_by_id(&self, id: Uuid) -> Result<Option<User>, DbError> {
        self.readers.read(Effort::Small, move |conn| find_by_id(conn, id)).await
    }

    /// The live user with this name, given in lower case.
    pub async fn find_user_by_name(&self, lower_name: String) -> Result<Option<User>, DbError> {
        self.readers.read(Effort::Small, move |conn| find_by_name(conn, &lower_name)).await
    }

    /// The user's memberships and their roles.
    pub async fn list_memberships(&self, user: Uuid) -> Result<Vec<Membership>, DbError> {
        self.readers.read(Effort::Small, move |conn| members::list_of_user(conn, user)).await
    }

    /// Inserts a user and makes them a member of these organizations, all or nothing. `Conflict` when the name, the address or
    /// an organization cannot be used.
    pub async fn create_user(
        &self,
        user: User,
        password: Option<HashedPassword>,
        organizations: Vec<Uuid>,
    ) -> Result<(), DbError> {
        self.writer
            .write(move |conn| {
                insert(conn, &user, password.as_ref())?;
                for organization in &organizations {
                    if !organizations::hold_live(conn, *organization)? {
                        return Err(DbError::Conflict(Constraint::LiveOrganization));
                    }
                    members::insert(conn, user.id, *organization, "[]", user.created_at)?;
                }
                Ok(((), told_of_new(&user, password.is_some())))
            })
            .await
    }

    /// Adds what is granted; what the user has already stays.
    pub async fn grant(&self, user: Uuid, grant: Grant, now: Timestamp) -> Result<(), DbError> {
        self.writer
            .write(move |conn| {
                let old = find_by_id(conn, user)?;
                match grant {
                    Grant::Site(roles) => add_site_roles(conn, user, roles, now)?,
                    Grant::Organization(organization, roles) => {
                        members::add_roles(conn, user, organization, roles, now)?;
                    }
                }
                let new = find_by_id(conn, user)?;
                let mut fact = audited(Action::Write, old.as_ref(), new.as_ref(), now);
                if let Grant::Organization(organization, roles) = grant {
                    let roles: Vec<_> = roles.iter().map(Role::as_str).collect();
                    fact = Fact { resource: Resource::OrganizationMember, ..fact }.in_organization(organization);
                    fact.diff = fact.diff.with("roles", serde_json::Value::Null, roles);
                }
                Ok(((), vec![Change::UserChanged(user), Change::Audited(Box::new(fact))]))
            })
            .await
    }
}

/// Inserts a user.
pub(super) fn insert(conn: &mut Conn, user: &User, password: Option<&HashedPassword>) -> Result<(), DbError> {
    let row = (
        users::id.eq(DbUuid(user.id)),
        users::username.eq(&user.username),
        users::email.eq(&user.email),
        users::name.eq(&user.name),
        users::status.eq(user.status.as_str()),
        users::login_type.eq(user.login_type.as_str()),
        users::hashed_password.eq(password.map(HashedPassword::as_str)),
        users::roles.eq(user.roles.to_json()),
        users::created_at.eq(DbTime(user.created_at)),
        users::updated_at.eq(DbTime(user.updated_at)),
    );
    // Of two rules that are broken, the databases would not name the same one.
    let same_name = lower(users::username).eq(user.username.to_ascii_lowercase());
    let taken: i64 = users::table.filter(same_name).filter(users::deleted_at.is_null()).count().get_result(conn)?;
    if taken > 0 {
        return Err(DbError::Conflict(Constraint::Username));
    }
    diesel::insert_into(users::table).values(row).execute(conn)?;
    Ok(())
}

fn list(conn: &mut Conn) -> Result<Vec<User>, DbError> {
    let rows = users::table
        .filter(users::deleted_at.is_null())
        .filter(users::is_system.eq(false))
        .order(users::username)
        .select(UserRow::as_select())
        .load::<UserRow>(conn)?;
    Ok(rows.into_iter().map(User::from).collect())
}

/// The live user with this id.
pub(super) fn find_by_id(conn: &mut Conn, id: Uuid) -> Result<Option<User>, DbError> {
    let live = users::table.find(DbUuid(id)).filter(users::deleted_at.is_null()).filter(users::is_system.eq(false));
    let row: Option<UserRow> = on_inner!(conn, inner => live.select(UserRow::as_select()).first(inner)).optional()?;
    Ok(row.map(User::from))
}

fn find_by_name(conn: &mut Conn, lower_name: &str) -> Result<Option<User>, DbError> {
    let live = users::table
        .filter(lower(users::username).eq(lower_name))
        .filter(users::deleted_at.is_null())
        .filter(users::is_system.eq(false));
    let row: Option<UserRow> = on_inner!(conn, inner => live.select(UserRow::as_select()).first(inner)).optional()?;
    Ok(row.map(User::from))
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
