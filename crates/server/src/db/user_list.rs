//! Lists of users: searched, and page by page.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use super::conn::{Conn, MultiBackend};
use super::error::DbError;
use super::schema::{organization_members, users};
use super::types::{DbTime, DbUuid};
use super::users::{User, UserRow, lower};
use super::{Database, Effort};
use crate::auth::roles::{Role, SiteRole};
use crate::wire::query::{Page, UserFilter};

/// How many users' memberships are asked for at a time.
const AT_A_TIME: usize = 500;

/// A page, and how many users there are on all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPage {
    /// Each user with the organizations of which they are a member.
    pub users: Vec<(User, Vec<Uuid>)>,
    /// All that were found.
    pub count: i64,
}

impl Database {
    /// Users by name, without regard to case.
    pub async fn search_users(&self, filter: UserFilter, page: Page) -> Result<UserPage, DbError> {
        let read = move |conn: &mut Conn| super::in_one_moment(conn, |conn| search(conn, &filter, page));
        self.readers.read(Effort::Large, read).await
    }
}

fn search(conn: &mut Conn, filter: &UserFilter, page: Page) -> Result<UserPage, DbError> {
    let count = filtered(filter).count().get_result(conn)?;
    let mut rows = filtered(filter);
    if let Some(after) = page.after {
        let name = users::table.find(DbUuid(after)).select(lower(users::username));
        let Some(name) = name.first::<String>(conn).optional()? else {
            return Ok(UserPage { users: Vec::new(), count });
        };
        rows = rows.filter(lower(users::username).gt(name));
    }
    // SQLite takes an offset with a limit only.
    rows = rows.limit(page.limit.map_or(i64::MAX, i64::from)).offset(page.offset.into());
    let rows: Vec<UserRow> = rows.order(lower(users::username)).select(UserRow::as_select()).load(conn)?;
    let found: Vec<User> = rows.into_iter().map(User::from).collect();
    Ok(UserPage { users: with_organizations(conn, found)?, count })
}

/// The users, each with the organizations of which they are a member.
pub(super) fn with_organizations(conn: &mut Conn, users: Vec<User>) -> Result<Vec<(User, Vec<Uuid>)>, DbError> {
    let mut organizations = BTreeMap::new();
    for some in users.chunks(AT_A_TIME) {
        add_organizations(conn, some, &mut organizations)?;
    }
    let with = |user: User| {
        let of_user = organizations.remove(&user.id).unwrap_or_default();
        (user, of_user)
    };
    Ok(users.into_iter().map(with).collect())
}

/// A condition on a user.
type Condition = Box<dyn BoxableExpression<users::table, MultiBackend, SqlType = Bool>>;

fn filtered(filter: &UserFilter) -> users::BoxedQuery<'_, MultiBackend> {
    let mut rows = users::table.filter(users::deleted_at.is_null()).filter(users::is_system.eq(false)).into_boxed();
    if let Some(id) = filter.only {
        rows = rows.filter(users::id.eq(DbUuid(id)));
    }
    for word in &filter.words {
        let pattern = format!("%{}%", word.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_"));
        let in_name = lower(users::username).like(pattern.clone()).escape('\\');
        rows = rows.filter(in_name.or(lower(users::email).like(pattern).escape('\\')));
    }
    if !filter.statuses.is_empty() {
        rows = rows.filter(users::status.eq_any(filter.statuses.iter().map(|status| status.as_str())));
    }
    if !filter.login_types.is_empty() {
        rows = rows.filter(users::login_type.eq_any(filter.login_types.iter().map(|kind| kind.as_str())));
    }
    // A role has letters and hyphens only, and each stands in the array in quotes.
    let holds = |role: &SiteRole| -> Condition { Box::new(users::roles.like(format!("%\"{}\"%", role.as_str()))) };
    if let Some(any) = filter.roles.iter().map(holds).reduce(|one, other| Box::new(one.or(other))) {
        rows = rows.filter(any);
    }
    between(rows, filter)
}

fn between<'a>(
    mut rows: users::BoxedQuery<'a, MultiBackend>,
    filter: &UserFilter,
) -> users::BoxedQuery<'a, MultiBackend> {
    if let Some(at) = filter.created_before {
        rows = rows.filter(users::created_at.lt(DbTime(at)));
    }
    if let Some(at) = filter.created_after {
        rows = rows.filter(users::created_at.gt(DbTime(at)));
    }
    if let Some(at) = filter.last_seen_before {
        rows = rows.filter(users::last_seen_at.lt(DbTime(at)));
    }
    if let Some(at) = filter.last_seen_after {
        rows = rows.filter(users::last_seen_at.gt(DbTime(at)));
    }
    rows
}

fn add_organizations(
    conn: &mut Conn,
    users: &[User],
    organizations: &mut BTreeMap<Uuid, Vec<Uuid>>,
) -> Result<(), DbError> {
    let rows: Vec<(DbUuid, DbUuid)> = organization_members::table
        .filter(organization_members::user_id.eq_any(users.iter().map(|user| DbUuid(user.id))))
        .order((organization_members::user_id, organization_members::created_at))
        .select((organization_members::user_id, organization_members::organization_id))
        .load(conn)?;
    for (user, organization) in rows {
        organizations.entry(user.into()).or_default().push(organization.into());
    }
    Ok(())
}
