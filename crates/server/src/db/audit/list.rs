//! Reading the audit log, newest first.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use orgd_api_types::Timestamp;
use uuid::Uuid;

use crate::audit::{Diff, Resource};
use crate::db::conn::{Conn, MultiBackend};
use crate::db::error::DbError;
use crate::db::organizations::lower;
use crate::db::schema::{audit_logs as table, organizations, users};
use crate::db::types::{DbTime, DbUuid};
use crate::db::user_list::with_organizations;
use crate::db::users::{User, UserRow};
use crate::db::{Database, Effort};
use crate::wire::query::AuditSearch;

/// Which entries are asked for. All parts apply together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Of these organizations only; `None` for all, and for entries that belong to none.
    pub organizations: Option<Vec<Uuid>>,
    /// What is looked for. Its organization counts for nothing here: those above are meant.
    pub search: AuditSearch,
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// Who; `None` for the operator and for the server.
    pub user: Option<Uuid>,
    /// Where.
    pub organization: Option<Uuid>,
    /// From which address; empty when there was none.
    pub ip: String,
    /// With which program.
    pub user_agent: String,
    /// In which request.
    pub request_id: Uuid,
    /// To what; a word that another release wrote stays as it is.
    pub resource_type: String,
    /// Its id.
    pub resource_id: Uuid,
    /// Its name.
    pub resource_target: String,
    /// What.
    pub action: String,
    /// What changed.
    pub diff: Diff,
    /// How it was answered.
    pub status: u16,
}

/// One page of entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// The entries, newest first.
    pub entries: Vec<AuditEntry>,
    /// How many there are on all pages.
    pub count: i64,
    /// The users who are behind them, also those that were deleted, each with the organizations of which they are a member.
    pub users: BTreeMap<Uuid, (User, Vec<Uuid>)>,
    /// Those of the users behind them, or that they are about, that were deleted.
    pub deleted_users: Vec<Uuid>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
struct Row {
    id: DbUuid,
    at: DbTime,
    user_id: Option<DbUuid>,
    organization_id: Option<DbUuid>,
    ip: String,
    user_agent: String,
    request_id: DbUuid,
    resource_type: String,
    resource_id: DbUuid,
    resource_target: String,
    action: String,
    diff: String,
    status_code: i16,
}

impl From<Row> for AuditEntry {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.into(),
            at: row.at.into(),
            user: row.user_id.map(Into::into),
            organization: row.organization_id.map(Into::into),
            ip: row.ip,
            user_agent: row.user_agent,
            request_id: row.request_id.into(),
            resource_type: row.resource_type,
            resource_id: row.resource_id.into(),
            resource_target: row.resource_target,
            action: row.action,
            // What another release wrote and this one cannot read is not worth losing the entry for.
            diff: serde_json::from_str(&row.diff).unwrap_or_default(),
            status: u16::try_from(row.status_code).unwrap_or_default(),
        }
    }
}

impl Database {
    /// One page of the entries that pass the filter, and how many there are.
    pub async fn list_audit_logs(&self, filter: AuditFilter, offset: i64, limit: i64) -> Result<AuditPage, DbError> {
        self.readers.read(Effort::Large, move |conn| read(conn, &filter, offset, limit)).await
    }

    /// The organizations of this name, in whatever case, also those that were deleted.
    pub async fn find_audited_organizations(&self, name: String) -> Result<Vec<Uuid>, DbError> {
        self.readers.read(Effort::Large, move |conn| organizations_named(conn, &name)).await
    }
}

/// Organizations of this name or id, in whatever case, also those that were deleted.
pub fn organizations_named(conn: &mut Conn, name: &str) -> Result<Vec<Uuid>, DbError> {
    if let Ok(id) = name.parse() {
        return Ok(vec![id]);
    }
    let named = organizations::table.filter(lower(organizations::name).eq(name.to_ascii_lowercase()));
    let ids: Vec<DbUuid> = named.select(organizations::id).load(conn)?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// Reads a page.
pub fn read(conn: &mut Conn, filter: &AuditFilter, offset: i64, limit: i64) -> Result<AuditPage, DbError> {
    crate::db::in_one_moment(conn, |conn| {
        let authors = users_of(conn, &filter.search)?;
        let count = filtered(filter, authors.as_deref()).count().get_result(conn)?;
        let page = filtered(filter, authors.as_deref()).order(table::seq.desc()).offset(offset).limit(limit);
        let rows: Vec<Row> = page.select(Row::as_select()).load(conn)?;
        let about = rows.iter().filter(|row| row.resource_type == Resource::User.as_str()).map(|row| row.resource_id);
        let ids: BTreeSet<_> = rows.iter().filter_map(|row| row.user_id).chain(about).collect();
        let named = users::table.filter(users::id.eq_any(ids)).select((UserRow::as_select(), users::deleted_at));
        let named: Vec<(UserRow, Option<DbTime>)> = named.load(conn)?;
        let (mut found, mut deleted_users) = (Vec::new(), Vec::new());
        for (row, deleted_at) in named {
            let user = User::from(row);
            deleted_users.extend(deleted_at.map(|_| user.id));
            found.push(user);
        }
        let users = with_organizations(conn, found)?.into_iter().map(|found| (found.0.id, found)).collect();
        let entries = rows.into_iter().map(AuditEntry::from).collect();
        Ok(AuditPage { entries, count, users, deleted_users })
    })
}

/// The users that the search names; `None` when it names nobody.
fn users_of(conn: &mut Conn, search: &AuditSearch) -> Result<Option<Vec<DbUuid>>, DbError> {
    if search.username.is_none() && search.email.is_none() {
        return Ok(None);
    }
    let mut query = users::table.select(users::id).into_boxed::<MultiBackend>();
    if let Some(name) = &search.username {
        query = query.filter(lower(users::username).eq(name.to_ascii_lowercase()));
    }
    if let Some(email) = &search.email {
        query = query.filter(lower(users::email).eq(email.to_ascii_lowercase()));
    }
    Ok(Some(query.load(conn)?))
}

fn filtered<'a>(filter: &'a AuditFilter, users: Option<&'a [DbUuid]>) -> table::BoxedQuery<'a, MultiBackend> {
    let AuditFilter { organizations, search } = filter;
    let mut query = table::table.into_boxed();
    if let Some(organizations) = organizations {
        query = query.filter(table::organization_id.eq_any(organizations.iter().copied().map(DbUuid)));
    }
    if let Some(users) = users {
        query = query.filter(table::user_id.eq_any(users.iter().copied()));
    }
    if let Some(resource) = search.resource {
        query = query.filter(table::resource_type.eq(resource.as_str()));
    }
    if let Some(id) = search.resource_id {
        query = query.filter(table::resource_id.eq(DbUuid(id)));
    }
    if let Some(target) = &search.resource_target {
        query = query.filter(table::resource_target.eq(target));
    }
    if let Some(action) = search.action {
        query = query.filter(table::action.eq(action.as_str()));
    }
    if let Some(id) = search.request_id {
        query = query.filter(table::request_id.eq(DbUuid(id)));
    }
    if let Some(from) = search.from {
        query = query.filter(table::at.ge(DbTime(from)));
    }
    if let Some(until) = search.until {
        query = query.filter(table::at.lt(DbTime(until)));
    }
    query
}
