//! `orgd audit`: who changed what.

use clap::Args;
use orgd_api_types::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::access::Access;
use super::output::{self, Output};
use crate::audit::Diff;
use crate::config::CommonFlags;
use crate::db::Database;
use crate::db::audit::list::{AuditEntry, AuditFilter};
use crate::wire::query::AuditSearch;

/// What to show.
#[derive(Debug, Args)]
pub struct Flags {
    /// What to look for: pairs such as username:ana, action:delete, resource_type:organization, organization:acme,
    /// date_from:2026-01-31. A word alone is the name of the thing that was changed
    #[arg(value_name = "SEARCH")]
    search: Vec<String>,
    /// The most entries to show, newest first
    #[arg(long, default_value = "50", value_parser = clap::value_parser!(i64).range(1..=100_000))]
    limit: i64,
    /// How to print
    #[arg(long, short, value_enum, default_value = "table")]
    output: Output,
    #[command(flatten)]
    common: CommonFlags,
}

/// An entry as it is printed.
#[derive(Debug, Serialize)]
struct Row {
    time: Timestamp,
    user: Option<String>,
    user_id: Option<Uuid>,
    action: String,
    resource_type: String,
    resource_id: Uuid,
    resource_target: String,
    organization_id: Option<Uuid>,
    status_code: u16,
    ip: String,
    user_agent: String,
    request_id: Uuid,
    diff: Diff,
}

/// Runs the command.
pub fn run(flags: Flags) -> anyhow::Result<()> {
    let Flags { search, limit, output, common } = flags;
    let search = AuditSearch::parse(&search.join(" ")).map_err(anyhow::Error::msg)?;
    let rows = Access::new(common)?.look_into(|database| rows(database, search, limit))?;
    let columns = ["time", "user", "action", "resource", "target", "status", "ip", "changes"];
    output::print_list(output, &rows, &columns, |row| {
        vec![
            row.time.to_string(),
            row.user.clone().unwrap_or_else(|| "-".to_owned()),
            row.action.clone(),
            row.resource_type.clone(),
            row.resource_target.clone(),
            row.status_code.to_string(),
            row.ip.clone(),
            row.diff.0.keys().cloned().collect::<Vec<_>>().join(", "),
        ]
    })
}

async fn rows(database: Database, search: AuditSearch, limit: i64) -> anyhow::Result<Vec<Row>> {
    let organizations = match search.organization.clone() {
        Some(name) => Some(database.find_audited_organizations(name).await?),
        None => None,
    };
    let page = database.list_audit_logs(AuditFilter { organizations, search }, 0, limit).await?;
    let users = page.users;
    let row = |entry: AuditEntry| Row {
        time: entry.at,
        user: entry.user.and_then(|id| users.get(&id).map(|(user, _)| user.username.clone())),
        user_id: entry.user,
        action: entry.action,
        resource_type: entry.resource_type,
        resource_id: entry.resource_id,
        resource_target: entry.resource_target,
        organization_id: entry.organization,
        status_code: entry.status,
        ip: entry.ip,
        user_agent: entry.user_agent,
        request_id: entry.request_id,
        diff: entry.diff,
    };
    Ok(page.entries.into_iter().map(row).collect())
}
