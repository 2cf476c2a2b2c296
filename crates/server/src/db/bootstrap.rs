//! What an empty database starts with: the default organization, an owner, and the owner's session token.

use diesel::prelude::*;
use orgd_api_types::{Organization, Timestamp};
use uuid::Uuid;

use super::connection::Conn;
use super::error::DbError;
use super::schema::organizations;
use super::types::DbUuid;
use super::users::{self, User};
use super::{api_keys, members, organizations as stored};
use crate::auth::principal::UserStatus;
use crate::auth::roles::{RoleSet, SiteRole};
use crate::auth::token::{KeyScope, NewToken};

/// How long the first session token lasts: a year, in seconds. `orgd token create` makes others.
const FIRST_TOKEN_LIFETIME: i64 = 365 * 24 * 60 * 60;

/// What a first start made.
#[derive(Debug)]
pub struct FirstStart {
    /// The default organization.
    pub organization: Organization,
    /// The owner.
    pub owner: User,
    /// The owner's session token, whose text exists nowhere else.
    pub token: NewToken,
}

/// Fills an empty database; `None` when it is not empty. All or nothing.
pub fn run(conn: &mut Conn, now: Timestamp) -> Result<Option<FirstStart>, DbError> {
    super::all_or_nothing(conn, |conn| {
        let first = organizations::table.select(organizations::id).first::<DbUuid>(conn).optional()?;
        if first.is_some() { Ok(None) } else { make(conn, now).map(Some) }
    })
}

fn make(conn: &mut Conn, now: Timestamp) -> Result<FirstStart, DbError> {
    let organization = Organization {
        id: Uuid::now_v7(),
        name: "coder".to_owned(),
        display_name: "Coder".to_owned(),
        icon: String::new(),
        description: String::new(),
        created_at: now,
        updated_at: now,
        is_default: true,
    };
    let owner = User {
        id: Uuid::now_v7(),
        username: "owner".to_owned(),
        email: "owner@localhost".to_owned(),
        status: UserStatus::Active,
        roles: RoleSet::EMPTY.with(SiteRole::Owner),
        created_at: now,
    };
    let token = NewToken::generate(owner.id, "first-start".to_owned(), KeyScope::All, FIRST_TOKEN_LIFETIME, now)
        .map_err(|error| DbError::Internal(error.to_string()))?;
    stored::insert(conn, &organization)?;
    users::insert(conn, &owner)?;
    members::insert(conn, owner.id, organization.id, "[]", now)?;
    api_keys::insert(conn, &token.record)?;
    Ok(FirstStart { organization, owner, token })
}
