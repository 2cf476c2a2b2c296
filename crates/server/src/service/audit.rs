//! Who may read the audit log, and what it says.

use std::collections::BTreeMap;

use orgd_api_types::{AuditDiffField, AuditLog, AuditLogResponse, MinimalOrganization, User as WireUser};
use uuid::Uuid;

use super::Services;
use super::error::ServiceError;
use crate::audit::Resource;
use crate::auth::authenticate::Caller;
use crate::auth::permission::Permission;
use crate::db::audit::list::{AuditEntry, AuditFilter};
use crate::wire::query::AuditQuery;

impl Services {
    /// The entries that the caller may read and that the query finds.
    pub async fn get_audit_logs(&self, caller: &Caller, query: AuditQuery) -> Result<AuditLogResponse, ServiceError> {
        let wanted = match query.search.organization.clone() {
            Some(name) => Some(self.database.find_audited_organizations(name).await?),
            None => None,
        };
        let organizations = match self.audited_by(caller) {
            None => wanted,
            Some(readable) => Some(match wanted {
                None => readable,
                Some(wanted) => wanted.into_iter().filter(|id| readable.contains(id)).collect(),
            }),
        };
        let filter = AuditFilter { organizations, search: query.search };
        let page = self.database.list_audit_logs(filter, query.offset, query.limit).await?;
        let shown = |(id, (user, organizations))| (id, self.shown(user, organizations));
        let users = page.users.into_iter().map(shown).collect();
        let audit_logs = page.entries.into_iter().map(|entry| self.shown_entry(entry, &users, &page.deleted_users));
        Ok(AuditLogResponse { audit_logs: audit_logs.collect(), count: page.count })
    }

    /// The organizations whose entries the caller may read; `None` for everything.
    fn audited_by(&self, caller: &Caller) -> Option<Vec<Uuid>> {
        if caller.may(Permission::ReadAuditLogs, None) {
            return None;
        }
        let own = caller.principal.memberships().map(|membership| membership.organization);
        Some(own.filter(|id| caller.may(Permission::ReadAuditLogs, Some(*id))).collect())
    }

    fn shown_entry(&self, entry: AuditEntry, users: &BTreeMap<Uuid, WireUser>, deleted: &[Uuid]) -> AuditLog {
        let snapshot = self.model.load();
        let live = |id: Uuid| snapshot.organizations.by_id(id).map(|cached| &cached.organization);
        let organization = entry.organization.and_then(live).map(|organization| MinimalOrganization {
            id: organization.id,
            name: organization.name.clone(),
            display_name: organization.display_name.clone(),
            icon: organization.icon.clone(),
        });
        let user = entry.user.and_then(|id| users.get(&id)).cloned();
        let is_deleted = match Resource::from_wire(&entry.resource_type) {
            Some(Resource::Organization) => !entry.resource_id.is_nil() && live(entry.resource_id).is_none(),
            Some(Resource::User) => deleted.contains(&entry.resource_id),
            _ => false,
        };
        AuditLog {
            description: in_words(&entry, user.as_ref()),
            id: entry.id,
            request_id: entry.request_id,
            time: entry.at,
            organization_id: entry.organization,
            organization,
            ip: entry.ip,
            user_agent: entry.user_agent,
            resource_type: entry.resource_type,
            resource_id: entry.resource_id,
            resource_target: entry.resource_target,
            resource_icon: String::new(),
            action: entry.action,
            diff: entry
                .diff
                .0
                .into_iter()
                .map(|(name, change)| {
                    (name, AuditDiffField { old: change.old, new: change.new, secret: change.secret })
                })
                .collect(),
            status_code: i32::from(entry.status),
            additional_fields: BTreeMap::new(),
            resource_link: String::new(),
            is_deleted,
            user,
        }
    }
}

/// Such as "ana unsuccessfully tried to delete organization acme".
fn in_words(entry: &AuditEntry, user: Option<&WireUser>) -> String {
    let (done, attempted) = match entry.action.as_str() {
        "create" => ("created", "create"),
        "write" => ("changed", "change"),
        "delete" => ("deleted", "delete"),
        "login" => ("signed in as", "sign in as"),
        "logout" => ("ended", "end"),
        _ => ("did something to", "do something to"),
    };
    let verb = if entry.status < 400 { done.to_owned() } else { format!("unsuccessfully tried to {attempted}") };
    let who = user.map_or("somebody", |user| user.username.as_str());
    let what = entry.resource_type.replace('_', " ");
    format!("{who} {verb} {what} {}", entry.resource_target).trim_end().to_owned()
}
