//! Reads members together with what is known of the users.

use diesel::prelude::*;
use orgd_api_types::{OrganizationMember, OrganizationMemberWithUserData};
use uuid::Uuid;

use super::conn::{Conn, on_inner};
use super::error::DbError;
use super::organizations::lower;
use super::schema::{organization_members, users};
use super::types::{DbTime, DbUuid};
use super::{Database, Effort, in_one_moment};
use crate::auth::assignment::slim;
use crate::auth::roles::{OrganizationRole, RoleSet, SiteRole};
use crate::wire::query::MemberQuery;

impl Database {
    /// The members of an organization whose users are not deleted, by user name without regard to case, as far as the query
    /// asks for them; and how many there are in all.
    pub async fn list_members(
        &self,
        organization: Uuid,
        query: MemberQuery,
    ) -> Result<(Vec<OrganizationMemberWithUserData>, u64), DbError> {
        let read = move |conn: &mut Conn| Ok((page(conn, organization, query)?, count(conn, organization)?));
        self.readers.read(Effort::Large, move |conn| in_one_moment(conn, read)).await
    }

    /// The member that the user is in the organization.
    pub async fn find_member(&self, organization: Uuid, user: Uuid) -> Result<Option<OrganizationMember>, DbError> {
        self.readers.read(Effort::Small, move |conn| find(conn, organization, user)).await
    }
}

type Row = (DbUuid, DbTime, DbTime, String, String, String, String, String);

fn page(
    conn: &mut Conn,
    organization: Uuid,
    query: MemberQuery,
) -> Result<Vec<OrganizationMemberWithUserData>, DbError> {
    let members = organization_members::table
        .inner_join(users::table)
        .filter(organization_members::organization_id.eq(DbUuid(organization)))
        .filter(users::deleted_at.is_null())
        .filter(users::is_system.eq(false))
        .order(lower(users::username))
        .limit(query.limit.map_or(i64::MAX, i64::from))
        .offset(i64::from(query.offset))
        .select((
            users::id,
            organization_members::created_at,
            organization_members::updated_at,
            organization_members::roles,
            users::username,
            users::name,
            users::email,
            users::roles,
        ));
    let rows: Vec<Row> = on_inner!(conn, inner => members.load(inner))?;
    Ok(rows.into_iter().map(|row| member_of(organization, row)).collect())
}

fn member_of(organization: Uuid, row: Row) -> OrganizationMemberWithUserData {
    let (user, created_at, updated_at, roles, username, name, email, site) = row;
    OrganizationMemberWithUserData {
        username,
        name,
        avatar_url: String::new(),
        email,
        global_roles: slim(RoleSet::<SiteRole>::from_json(&site), None),
        user_id: user.into(),
        organization_id: organization,
        created_at: created_at.into(),
        updated_at: updated_at.into(),
        roles: slim(RoleSet::<OrganizationRole>::from_json(&roles), Some(organization)),
    }
}

fn count(conn: &mut Conn, organization: Uuid) -> Result<u64, DbError> {
    let members = organization_members::table
        .inner_join(users::table)
        .filter(organization_members::organization_id.eq(DbUuid(organization)))
        .filter(users::deleted_at.is_null())
        .filter(users::is_system.eq(false))
        .count();
    let count: i64 = on_inner!(conn, inner => members.get_result(inner))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

fn find(conn: &mut Conn, organization: Uuid, user: Uuid) -> Result<Option<OrganizationMember>, DbError> {
    let member = organization_members::table.find((DbUuid(user), DbUuid(organization))).select((
        organization_members::created_at,
        organization_members::updated_at,
        organization_members::roles,
    ));
    let row: Option<(DbTime, DbTime, String)> = on_inner!(conn, inner => member.first(inner)).optional()?;
    Ok(row.map(|(created_at, updated_at, roles)| OrganizationMember {
        user_id: user,
        organization_id: organization,
        created_at: created_at.into(),
        updated_at: updated_at.into(),
        roles: slim(RoleSet::<OrganizationRole>::from_json(&roles), Some(organization)),
    }))
}
