//! Adds members to organizations, removes them and changes their roles.
//!
//! Each write holds the user, then the organization, before it touches the membership: neither is deleted meanwhile, and whoever
//! deletes the organization either counts what was written or is waited for.

use std::sync::Arc;

use diesel::prelude::*;
use orgd_api_types::{OrganizationMember, Timestamp};
use uuid::Uuid;

use super::conn::Conn;
use super::error::{Constraint, DbError};
use super::idempotency::{Answered, Attempt};
use super::schema::{organization_members, users};
use super::types::{DbTime, DbUuid};
use super::{Database, members, organizations};
use crate::auth::assignment::slim;
use crate::auth::roles::{OrganizationRole, Role, RoleSet};
use crate::change::Change;

/// How a change of somebody's roles went.
#[derive(Debug)]
pub enum RoleChange {
    /// These are the roles now.
    Done(OrganizationMember),
    /// There is no such member, or no such organization any more.
    NotFound,
    /// This role would have been given or taken away, and may not be.
    Refused(&'static str),
}

impl Database {
    /// Makes a user a member without roles. `Conflict(Membership)` when they are one already, `Conflict(LiveOrganization)` when
    /// the organization is gone, `Conflict(LiveUser)` when the user is.
    pub async fn add_member(
        &self,
        user: Uuid,
        organization: Uuid,
        now: Timestamp,
        attempt: Option<Attempt>,
    ) -> Result<Answered<OrganizationMember>, DbError> {
        self.write_once(attempt, move |conn| {
            if !hold_user(conn, user)? {
                return Err(DbError::Conflict(Constraint::LiveUser));
            }
            if !organizations::hold_live(conn, organization)? {
                return Err(DbError::Conflict(Constraint::LiveOrganization));
            }
            members::insert(conn, user, organization, "[]", now)?;
            let roles = RoleSet::EMPTY;
            let member = member_with(user, organization, roles, (now, now));
            Ok((Arc::new(member), vec![Change::MemberSaved { user, organization, roles }]))
        })
        .await
    }

    /// Takes a user out of an organization; false when they were not in it, or it is gone.
    pub async fn remove_member(&self, user: Uuid, organization: Uuid) -> Result<bool, DbError> {
        let work = move |conn: &mut Conn| {
            if !organizations::hold_live(conn, organization)? {
                return Ok((false, Vec::new()));
            }
            let member = organization_members::table.find((DbUuid(user), DbUuid(organization)));
            let removed = diesel::delete(member).execute(conn)? > 0;
            Ok((removed, if removed { vec![Change::UserChanged(user)] } else { Vec::new() }))
        };
        self.writer.write(work).await
    }

    /// Gives a member exactly these roles, if all that changes is among `assignable`.
    pub async fn change_member_roles(
        &self,
        (user, organization): (Uuid, Uuid),
        roles: RoleSet<OrganizationRole>,
        assignable: RoleSet<OrganizationRole>,
        now: Timestamp,
    ) -> Result<RoleChange, DbError> {
        let work = move |conn: &mut Conn| change_roles(conn, (user, organization), roles, assignable, now);
        self.writer.write(work).await
    }
}

fn change_roles(
    conn: &mut Conn,
    (user, organization): (Uuid, Uuid),
    roles: RoleSet<OrganizationRole>,
    assignable: RoleSet<OrganizationRole>,
    now: Timestamp,
) -> Result<(RoleChange, Vec<Change>), DbError> {
    if !organizations::hold_live(conn, organization)? {
        return Ok((RoleChange::NotFound, Vec::new()));
    }
    let member = organization_members::table.find((DbUuid(user), DbUuid(organization)));
    let row = member.select((organization_members::roles, organization_members::created_at));
    // Nobody else may change what is compared here.
    let found: Option<(String, DbTime)> = match conn {
        Conn::Sqlite(conn) => row.first(conn).optional()?,
        Conn::Postgres(conn) => row.for_update().first(conn).optional()?,
    };
    let Some((held, created_at)) = found else { return Ok((RoleChange::NotFound, Vec::new())) };
    let held = RoleSet::<OrganizationRole>::from_json(&held);
    let changed = held.difference_to(roles);
    if let Some(role) = changed.iter().find(|role| !assignable.contains(*role)) {
        return Ok((RoleChange::Refused(role.as_str()), Vec::new()));
    }
    diesel::update(member)
        .set((organization_members::roles.eq(roles.to_json()), organization_members::updated_at.eq(DbTime(now))))
        .execute(conn)?;
    let saved = member_with(user, organization, roles, (created_at.into(), now));
    // Other servers hear at once of what is taken away.
    let change = if held.is_subset_of(roles) {
        Change::MemberSaved { user, organization, roles }
    } else {
        Change::UserChanged(user)
    };
    Ok((RoleChange::Done(saved), vec![change]))
}

fn member_with(
    user_id: Uuid,
    organization_id: Uuid,
    roles: RoleSet<OrganizationRole>,
    (created_at, updated_at): (Timestamp, Timestamp),
) -> OrganizationMember {
    let roles = slim(roles, Some(organization_id));
    OrganizationMember { user_id, organization_id, created_at, updated_at, roles }
}

/// Keeps a live user from being deleted until the transaction ends; false when they are gone.
fn hold_user(conn: &mut Conn, user: Uuid) -> Result<bool, DbError> {
    let live = users::table.find(DbUuid(user)).filter(users::deleted_at.is_null()).select(users::id);
    let found: Option<DbUuid> = match conn {
        Conn::Sqlite(conn) => live.first(conn).optional()?,
        Conn::Postgres(conn) => live.for_key_share().first(conn).optional()?,
    };
    Ok(found.is_some())
}
