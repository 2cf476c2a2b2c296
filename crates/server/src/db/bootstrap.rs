//! What an empty database starts with: the default organization, an owner, and the owner's session token.

use diesel::prelude::*;
use orgd_api_types::{LoginType, Organization, Timestamp};
use uuid::Uuid;

use super::conn::Conn;
use super::error::DbError;
use super::schema::users as users_table;
use super::types::DbUuid;
use super::users::{self, User};
use super::{api_keys, copy, members, migrations, organizations as stored};
use crate::auth::roles::{RoleSet, SiteRole};
use crate::auth::token::{KeyScope, NewToken, TokenPurpose};

/// How long the first session token lasts: a year, in seconds. `orgd token create` makes others.
const FIRST_TOKEN_LIFETIME: i64 = 365 * 24 * 60 * 60;

/// What a first start made.
#[derive(Debug)]
pub struct FirstStart {
    /// The default organization.
    pub organization: Organization,
    /// The owner, unless the first user is to make themselves.
    pub owner: Option<FirstOwner>,
}

/// The owner whom a first start makes.
#[derive(Debug)]
pub struct FirstOwner {
    /// The user.
    pub user: User,
    /// Their session token, whose text exists nowhere else.
    pub token: NewToken,
}

/// Gives a database without a default organization or, where `with_owner`, without users what it lacks; `None` when it lacks
/// nothing. An import into a new database may have brought the default organization already. All or nothing.
pub fn run(conn: &mut Conn, with_owner: bool, now: Timestamp) -> Result<Option<FirstStart>, DbError> {
    let make_missing = |conn: &mut Conn| {
        // A copy into the empty database may have begun after this server looked.
        copy::refuse_unfinished(conn)?;
        let default = stored::find_default(conn)?;
        let user = users_table::table.select(users_table::id).first::<DbUuid>(conn).optional()?;
        let lacks_owner = with_owner && user.is_none();
        if default.is_some() && !lacks_owner { Ok(None) } else { make(conn, default, lacks_owner, now).map(Some) }
    };
    // Of several servers that start at once on a new database, one makes all of it.
    migrations::one_at_a_time(conn, |conn| super::all_or_nothing(conn, make_missing))
}

fn default_organization(conn: &mut Conn, now: Timestamp) -> Result<Organization, DbError> {
    let mut name = "coder".to_owned();
    let mut number = 1;
    while stored::find_by_name(conn, &name)?.is_some() {
        number += 1;
        name = format!("coder-{number}");
    }
    let organization = Organization {
        id: Uuid::now_v7(),
        name,
        display_name: "Coder".to_owned(),
        icon: String::new(),
        description: String::new(),
        created_at: now,
        updated_at: now,
        is_default: true,
    };
    stored::insert(conn, &organization)?;
    Ok(organization)
}

fn make(
    conn: &mut Conn,
    default: Option<Organization>,
    with_owner: bool,
    now: Timestamp,
) -> Result<FirstStart, DbError> {
    let organization = match default {
        Some(organization) => organization,
        None => default_organization(conn, now)?,
    };
    let owner = if with_owner { Some(make_owner(conn, &organization, now)?) } else { None };
    Ok(FirstStart { organization, owner })
}

fn make_owner(conn: &mut Conn, organization: &Organization, now: Timestamp) -> Result<FirstOwner, DbError> {
    let roles = RoleSet::EMPTY.with(SiteRole::Owner);
    let user = User::new("owner".to_owned(), "owner@localhost".to_owned(), roles, now);
    let purpose = TokenPurpose {
        login_type: LoginType::Token,
        name: "first-start".to_owned(),
        scope: KeyScope::All,
        lifetime_seconds: FIRST_TOKEN_LIFETIME,
        address: String::new(),
    };
    let token = NewToken::generate(user.id, purpose, now).map_err(|error| DbError::Internal(error.to_string()))?;
    users::insert(conn, &user, None)?;
    members::insert(conn, user.id, organization.id, "[]", now)?;
    api_keys::insert(conn, &token.record)?;
    Ok(FirstOwner { user, token })
}
