//! The organizations table.

use std::collections::BTreeSet;
use std::sync::Arc;

use diesel::define_sql_function;
use diesel::prelude::*;
use diesel::sql_types::Text;
use orgd_api_types::{Organization, Timestamp};
use uuid::Uuid;

use super::conn::{Conn, MultiBackend, on_inner};
use super::error::DbError;
use super::idempotency::{Answered, Attempt};
use super::prepared::Prepared;
use super::schema::{organization_members, organizations, provisioner_keys, users};
use super::types::{DbTime, DbUuid};
use super::{Database, Effort};
use crate::audit::{Action, Diff, Fact, Resource};
use crate::auth::roles::RoleSet;
use crate::change::Change;

define_sql_function! {
    /// The text in lower case, ASCII letters only.
    fn lower(text: Text) -> Text;
}

/// A row of the table, less what only the database needs.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = organizations)]
struct OrganizationRow {
    id: DbUuid,
    name: String,
    display_name: String,
    description: String,
    icon: String,
    is_default: bool,
    created_at: DbTime,
    updated_at: DbTime,
}

impl From<OrganizationRow> for Organization {
    fn from(row: OrganizationRow) -> Self {
        let OrganizationRow { id, name, display_name, description, icon, is_default, created_at, updated_at } = row;
        Self {
            id: id.into(),
            name,
            display_name,
            icon,
            description,
            created_at: created_at.into(),
            updated_at: updated_at.into(),
            is_default,
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = organizations)]
struct NewOrganizationRow<'a> {
    id: DbUuid,
    name: &'a str,
    display_name: &'a str,
    description: &'a str,
    icon: &'a str,
    is_default: bool,
    created_at: DbTime,
    updated_at: DbTime,
}

/// The columns of an organization to change; `None` leaves a column as it is.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = organizations)]
pub struct OrganizationChanges {
    /// The new name.
    pub name: Option<String>,
    /// The new display name.
    pub display_name: Option<String>,
    /// The new description, empty to clear it.
    pub description: Option<String>,
    /// The new icon, empty to clear it.
    pub icon: Option<String>,
}

/// What keeps an organization from being deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeletionBlockers {
    /// Members beyond the one who may stay.
    pub members: i64,
    /// Provisioner keys.
    pub provisioner_keys: i64,
    /// Provisioner jobs that have not ended: pending, running, or being canceled.
    pub provisioner_jobs: i64,
}

/// How a deletion went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// The organization is gone.
    Done,
    /// It was not there, or no longer.
    NotFound,
    /// It is the default organization.
    IsDefault,
    /// Something is left in it.
    Blocked(DeletionBlockers),
}

impl Database {
    /// Every organization that is not deleted.
    pub async fn list_organizations(&self) -> Result<Vec<Organization>, DbError> {
        self.readers.read(Effort::Large, list).await
    }

    /// Inserts an organization and makes `creator` its member, where there is one, both or neither; a repeated attempt does
    /// nothing.
    pub async fn create_organization(
        &self,
        new: Organization,
        creator: Option<Uuid>,
        attempt: Option<Attempt>,
    ) -> Result<Answered<Organization>, DbError> {
        let new = Arc::new(new);
        self.write_once(attempt, move |conn| {
            insert(conn, &new)?;
            let mut changes = vec![Change::OrganizationSaved(Arc::clone(&new))];
            if let Some(user) = creator {
                super::members::insert(conn, user, new.id, "[]", new.created_at)?;
                changes.push(Change::MemberSaved { user, organization: new.id, roles: RoleSet::EMPTY });
            }
            changes.push(audited(Action::Create, None, Some(&new), new.created_at));
            Ok((Arc::clone(&new), changes))
        })
        .await
    }

    /// Changes the given columns of a live organization and moves `updated_at`; `None` when there is no such organization.
    pub async fn update_organization(
        &self,
        id: Uuid,
        changes: OrganizationChanges,
        now: Timestamp,
    ) -> Result<Option<Arc<Organization>>, DbError> {
        self.writer
            .write(move |conn| {
                let old = find_for_update(conn, id)?;
                let saved = update(conn, id, &changes, now)?.map(Arc::new);
                let Some(new) = &saved else { return Ok((None, Vec::new())) };
                let told = audited(Action::Write, old.as_ref(), Some(new), now);
                Ok((saved.clone(), vec![Change::OrganizationSaved(Arc::clone(new)), told]))
            })
            .await
    }

    /// Marks a live organization as deleted unless something in it forbids that.
    pub async fn delete_organization(&self, id: Uuid, now: Timestamp) -> Result<Deletion, DbError> {
        self.writer
            .write(move |conn| {
                let old = find_for_update(conn, id)?;
                let outcome = delete(conn, id, now)?;
                if outcome != Deletion::Done {
                    return Ok((outcome, Vec::new()));
                }
                let told = audited(Action::Delete, old.as_ref(), None, now);
                Ok((outcome, vec![Change::OrganizationDeleted(id), told]))
            })
            .await
    }
}

fn audited(action: Action, old: Option<&Organization>, new: Option<&Organization>, at: Timestamp) -> Change {
    let (id, name) = new.or(old).map(|known| (known.id, known.name.clone())).unwrap_or_default();
    let fact = Fact::new(action, Resource::Organization, id, name, at).in_organization(id);
    Change::Audited(Box::new(fact.with_diff(Diff::between(old, new))))
}

/// The live organization, kept from changing until the transaction ends.
fn find_for_update(conn: &mut Conn, id: Uuid) -> Result<Option<Organization>, DbError> {
    let row = organizations::table.find(DbUuid(id)).filter(organizations::deleted_at.is_null());
    let row: Option<OrganizationRow> = match conn {
        Conn::Sqlite(conn) => row.select(OrganizationRow::as_select()).first(conn).optional()?,
        Conn::Postgres(conn) => row.select(OrganizationRow::as_select()).for_no_key_update().first(conn).optional()?,
    };
    Ok(row.map(Organization::from))
}

/// Every organization that is not deleted.
pub(super) fn list(conn: &mut Conn) -> Result<Vec<Organization>, DbError> {
    let rows = organizations::table
        .filter(organizations::deleted_at.is_null())
        .select(OrganizationRow::as_select())
        .load::<OrganizationRow>(conn)?;
    Ok(rows.into_iter().map(Organization::from).collect())
}

/// Those of these organizations that are not deleted.
pub(super) fn list_some(conn: &mut Conn, ids: &BTreeSet<Uuid>) -> Result<Vec<Organization>, DbError> {
    let rows = organizations::table
        .filter(organizations::id.eq_any(ids.iter().copied().map(DbUuid)))
        .filter(organizations::deleted_at.is_null())
        .select(OrganizationRow::as_select())
        .load::<OrganizationRow>(conn)?;
    Ok(rows.into_iter().map(Organization::from).collect())
}

/// The live organization with this name, in whatever case.
pub(crate) fn find_by_name(conn: &mut Conn, name: &str) -> Result<Option<Organization>, DbError> {
    let same_name = lower(organizations::name).eq(name.to_ascii_lowercase());
    first(conn, organizations::table.filter(organizations::deleted_at.is_null()).filter(same_name).into_boxed())
}

/// The default organization; there is none before the first start.
pub(crate) fn find_default(conn: &mut Conn) -> Result<Option<Organization>, DbError> {
    first(conn, organizations::table.filter(organizations::is_default.eq(true)).into_boxed())
}

/// Whether the organization with this id is live (true) or deleted (false); `None` when no organization ever had the id.
pub(crate) fn find_liveness(conn: &mut Conn, id: Uuid) -> Result<Option<bool>, DbError> {
    let live = organizations::deleted_at.is_null();
    Ok(organizations::table.find(DbUuid(id)).select(live).first(conn).optional()?)
}

/// Keeps a live organization from being deleted until the transaction ends; false when it is gone. Whoever puts something into it
/// calls this first: a deletion that is under way is waited for, and a later one finds what was put there.
pub(super) fn hold_live(conn: &mut Conn, id: Uuid) -> Result<bool, DbError> {
    let live =
        organizations::table.find(DbUuid(id)).filter(organizations::deleted_at.is_null()).select(organizations::id);
    let found: Option<DbUuid> = match conn {
        Conn::Sqlite(conn) => live.first(conn).optional()?,
        Conn::Postgres(conn) => live.for_key_share().first(conn).optional()?,
    };
    Ok(found.is_some())
}

/// Makes others who call this for the same organization wait until the transaction ends.
pub(super) fn lock(conn: &mut Conn, id: Uuid) -> Result<(), DbError> {
    if let Conn::Postgres(conn) = conn {
        let row = organizations::table.find(DbUuid(id)).select(organizations::id);
        row.for_no_key_update().first::<DbUuid>(conn)?;
    }
    Ok(())
}

fn first(conn: &mut Conn, rows: organizations::BoxedQuery<'_, MultiBackend>) -> Result<Option<Organization>, DbError> {
    let row = rows.select(OrganizationRow::as_select()).first::<OrganizationRow>(conn).optional()?;
    Ok(row.map(Organization::from))
}

/// Inserts one organization as given.
pub(crate) fn insert(conn: &mut Conn, new: &Organization) -> Result<(), DbError> {
    let row = NewOrganizationRow {
        id: new.id.into(),
        name: &new.name,
        display_name: &new.display_name,
        description: &new.description,
        icon: &new.icon,
        is_default: new.is_default,
        created_at: new.created_at.into(),
        updated_at: new.updated_at.into(),
    };
    let insert = diesel::insert_into(organizations::table).values(row);
    on_inner!(conn, inner => insert.execute(inner))?;
    Ok(())
}

fn update(
    conn: &mut Conn,
    id: Uuid,
    changes: &OrganizationChanges,
    now: Timestamp,
) -> Result<Option<Organization>, DbError> {
    let live = organizations::table.find(DbUuid(id)).filter(organizations::deleted_at.is_null());
    // There are few texts: one for each set of fields that are given.
    let row = diesel::update(live)
        .set((changes, organizations::updated_at.eq(DbTime(now))))
        .returning(<OrganizationRow as Selectable<MultiBackend>>::construct_selection());
    let row = Prepared(row).get_result::<OrganizationRow>(conn).optional()?;
    Ok(row.map(Organization::from))
}

fn delete(conn: &mut Conn, id: Uuid, now: Timestamp) -> Result<Deletion, DbError> {
    let live = organizations::table.find(DbUuid(id)).filter(organizations::deleted_at.is_null());
    let row = live.select(organizations::is_default);
    // Whoever puts something into the organization waits until this is decided, and finds it gone.
    let is_default = match conn {
        Conn::Sqlite(conn) => row.first::<bool>(conn).optional()?,
        Conn::Postgres(conn) => row.for_update().first::<bool>(conn).optional()?,
    };
    match is_default {
        None => return Ok(Deletion::NotFound),
        Some(true) => return Ok(Deletion::IsDefault),
        Some(false) => {}
    }
    let blockers = count_blockers(conn, id)?;
    if blockers != DeletionBlockers::default() {
        return Ok(Deletion::Blocked(blockers));
    }
    diesel::update(organizations::table.find(DbUuid(id)))
        .set((organizations::deleted_at.eq(Some(DbTime(now))), organizations::updated_at.eq(DbTime(now))))
        .execute(conn)?;
    Ok(Deletion::Done)
}

fn count_blockers(conn: &mut Conn, id: Uuid) -> Result<DeletionBlockers, DbError> {
    let members: i64 = organization_members::table
        .inner_join(users::table)
        .filter(organization_members::organization_id.eq(DbUuid(id)))
        .filter(users::deleted_at.is_null())
        .count()
        .get_result(conn)?;
    let provisioner_keys =
        provisioner_keys::table.filter(provisioner_keys::organization_id.eq(DbUuid(id))).count().get_result(conn)?;
    let provisioner_jobs = super::jobs::count_unfinished(conn, id)?;
    // One member is free, whoever it is: normally the one who created the organization.
    Ok(DeletionBlockers { members: (members - 1).max(0), provisioner_keys, provisioner_jobs })
}
