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
use crate::audit::{Action, Diff, Fact, Resource};
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
            let Some(name) = hold_user(conn, user)? else {
                return Err(DbError::Conflict(Constraint::LiveUser));
            };
            if !organizations::hold_live(conn, organization)? {
                return Err(DbError::Conflict(Constraint::LiveOrganization));
            }
            members::insert(conn, user, organization, "[]", now)?;
            let roles = RoleSet::EMPTY;
            let member = member_with(user, organization, roles, (now, now));
            let told = audited(Action::Create, name, None, Some(&member), now);
            Ok((Arc::new(member), vec![Change::MemberSaved { user, organization, roles }, told]))
        })
        .await
    }

    /// Takes a user out of an organization; false when they were not in it, or it is gone.
    pub async fn remove_member(&self, user: Uuid, organization: Uuid, now: Timestamp) -> Result<bool, DbError> {
        let work = move |conn: &mut Conn| {
            let Some((name, held)) = hold_member(conn, user, organization)? else { return Ok((false, Vec::new())) };
            let member = organization_members::table.find((DbUuid(user), DbUuid(organization)));
            diesel::delete(member).execute(conn)?;
            let told = audited(Action::Delete, name, Some(&held.shown(user, organization)), None, now);
            Ok((true, vec![Change::UserChanged(user), told]))
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
    let found = hold_member(conn, user, organization)?;
    let Some((name, held)) = found else { return Ok((RoleChange::NotFound, Vec::new())) };
    let changed = held.roles.difference_to(roles);
    if let Some(role) = changed.iter().find(|role| !assignable.contains(*role)) {
        return Ok((RoleChange::Refused(role.as_str()), Vec::new()));
    }
    diesel::update(organization_members::table.find((DbUuid(user), DbUuid(organization))))
        .set((organization_members::roles.eq(roles.to_json()), organization_members::updated_at.eq(DbTime(now))))
        .execute(conn)?;
    let saved = member_with(user, organization, roles, (held.created_at, now));
    let told = audited(Action::Write, name, Some(&held.shown(user, organization)), Some(&saved), now);
    // Other servers hear at once of what is taken away.
    let change = if held.roles.is_subset_of(roles) {
        Change::MemberSaved { user, organization, roles }
    } else {
        Change::UserChanged(user)
    };
    Ok((RoleChange::Done(saved), vec![change, told]))
}

/// A membership as it was stored.
struct Held {
    roles: RoleSet<OrganizationRole>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Held {
    fn shown(&self, user: Uuid, organization: Uuid) -> OrganizationMember {
        member_with(user, organization, self.roles, (self.created_at, self.updated_at))
    }
}

/// Keeps a membership of a live organization from changing until the transaction ends; gives the user's name with it.
fn hold_member(conn: &mut Conn, user: Uuid, organization: Uuid) -> Result<Option<(String, Held)>, DbError> {
    if !organizations::hold_live(conn, organization)? {
        return Ok(None);
    }
    let row = organization_members::table.find((DbUuid(user), DbUuid(organization))).select((
        organization_members::roles,
        organization_members::created_at,
        organization_members::updated_at,
    ));
    let found: Option<(String, DbTime, DbTime)> = match conn {
        Conn::Sqlite(conn) => row.first(conn).optional()?,
        Conn::Postgres(conn) => row.for_update().first(conn).optional()?,
    };
    let Some((roles, created_at, updated_at)) = found else { return Ok(None) };
    let name = users::table.find(DbUuid(user)).select(users::username).first(conn)?;
    let held = Held { roles: RoleSet::from_json(&roles), created_at: created_at.into(), updated_at: updated_at.into() };
    Ok(Some((name, held)))
}

fn audited(
    action: Action,
    username: String,
    old: Option<&OrganizationMember>,
    new: Option<&OrganizationMember>,
    at: Timestamp,
) -> Change {
    let known = new.or(old);
    let user = known.map(|member| member.user_id).unwrap_or_default();
    let fact = Fact::new(action, Resource::OrganizationMember, user, username, at);
    let fact = fact.with_diff(Diff::between(old, new)).with_status(if action == Action::Delete { 204 } else { 200 });
    Change::Audited(Box::new(match known {
        Some(member) => fact.in_organization(member.organization_id),
        None => fact,
    }))
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

/// Keeps a live user from being deleted until the transaction ends, and gives their name; `None` when they are gone.
fn hold_user(conn: &mut Conn, user: Uuid) -> Result<Option<String>, DbError> {
    let live = users::table.find(DbUuid(user)).filter(users::deleted_at.is_null()).select(users::username);
    Ok(match conn {
        Conn::Sqlite(conn) => live.first(conn).optional()?,
        Conn::Postgres(conn) => live.for_key_share().first(conn).optional()?,
    })
}
