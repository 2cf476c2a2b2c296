//! The organization_members table.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use orgd_api_types::Timestamp;
use uuid::Uuid;

use super::conn::{Conn, on_inner};
use super::error::{Constraint, DbError};
use super::organizations;
use super::schema::organization_members;
use super::types::{DbTime, DbUuid};
use crate::auth::principal::Membership;
use crate::auth::roles::{OrganizationRole, RoleSet};

/// Makes a user a member with these roles, given as the JSON array of their names.
pub(super) fn insert(
    conn: &mut Conn,
    user: Uuid,
    organization: Uuid,
    roles: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    let row = (
        organization_members::user_id.eq(DbUuid(user)),
        organization_members::organization_id.eq(DbUuid(organization)),
        organization_members::roles.eq(roles),
        organization_members::created_at.eq(DbTime(now)),
        organization_members::updated_at.eq(DbTime(now)),
    );
    let insert = diesel::insert_into(organization_members::table).values(row);
    on_inner!(conn, inner => insert.execute(inner))?;
    Ok(())
}

/// The user's memberships and their roles.
pub(super) fn list_of_user(conn: &mut Conn, user: Uuid) -> Result<Vec<Membership>, DbError> {
    let memberships = organization_members::table
        .filter(organization_members::user_id.eq(DbUuid(user)))
        .select((organization_members::organization_id, organization_members::roles));
    let rows: Vec<(DbUuid, String)> = on_inner!(conn, inner => memberships.load(inner))?;
    let membership = |(organization, roles): (DbUuid, String)| Membership {
        organization: organization.into(),
        roles: RoleSet::from_json(&roles),
    };
    Ok(rows.into_iter().map(membership).collect())
}

/// The roles of those of these users who are members of these organizations.
pub(super) fn list_some(
    conn: &mut Conn,
    wanted: &BTreeSet<(Uuid, Uuid)>,
) -> Result<BTreeMap<(Uuid, Uuid), RoleSet<OrganizationRole>>, DbError> {
    let users: BTreeSet<_> = wanted.iter().map(|(user, _)| DbUuid(*user)).collect();
    let organizations: BTreeSet<_> = wanted.iter().map(|(_, organization)| DbUuid(*organization)).collect();
    // More pairs than are wanted, if several users are concerned; they are few.
    let rows: Vec<(DbUuid, DbUuid, String)> = organization_members::table
        .filter(organization_members::user_id.eq_any(users))
        .filter(organization_members::organization_id.eq_any(organizations))
        .select((organization_members::user_id, organization_members::organization_id, organization_members::roles))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(user, organization, roles)| ((user.into(), organization.into()), RoleSet::from_json(&roles)))
        .collect())
}

/// Adds roles to a member's, and makes the user a member first where needed.
pub(super) fn add_roles(
    conn: &mut Conn,
    user: Uuid,
    organization: Uuid,
    roles: RoleSet<OrganizationRole>,
    now: Timestamp,
) -> Result<(), DbError> {
    let member = organization_members::table.find((DbUuid(user), DbUuid(organization)));
    let row = member.select(organization_members::roles);
    // Nobody else may add to what is read here.
    let held: Option<String> = match conn {
        Conn::Sqlite(conn) => row.first(conn).optional()?,
        Conn::Postgres(conn) => row.for_update().first(conn).optional()?,
    };
    let Some(held) = held else {
        if !organizations::hold_live(conn, organization)? {
            return Err(DbError::Conflict(Constraint::LiveOrganization));
        }
        return insert(conn, user, organization, &roles.to_json(), now);
    };
    let roles: RoleSet<OrganizationRole> = RoleSet::from_json(&held).iter().chain(roles.iter()).collect();
    diesel::update(member)
        .set((organization_members::roles.eq(roles.to_json()), organization_members::updated_at.eq(DbTime(now))))
        .execute(conn)?;
    Ok(())
}
