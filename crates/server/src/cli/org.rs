//! `orgd org`: organizations.

use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use orgd_api_types::{CreateOrganizationRequest, Organization, UpdateOrganizationRequest};

use super::access::Access;
use super::named;
use super::output::{self, ListFlags, Output};
use crate::clock::{Clock, SystemClock};
use crate::config::CommonFlags;
use crate::db::organizations::Deletion;
use crate::db::{Constraint, Database, DbError};
use crate::service::{changes_of, new_organization};

const COLUMNS: [&str; 5] = ["name", "display name", "id", "default", "created at"];

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List organizations
    List(ListFlags),
    /// Show one organization
    Show(Show),
    /// Create an organization, without members unless one is named
    Create(Create),
    /// Change the fields of an organization that are given
    Update(Update),
    /// Delete an organization that has nothing left in it
    Delete(Delete),
}

/// Which one to show.
#[derive(Debug, Args)]
pub struct Show {
    /// Name or ID, or "default"
    #[arg(value_name = "ORGANIZATION")]
    organization: String,
    #[command(flatten)]
    list: ListFlags,
}

/// What to create.
#[derive(Debug, Args)]
pub struct Create {
    /// Name: 1 to 32 letters and digits in groups joined by single hyphens
    #[arg(value_name = "NAME")]
    name: String,
    /// The name that people see [default: NAME]
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Path or URL of an icon
    #[arg(long, value_name = "PATH")]
    icon: Option<String>,
    /// Its first member: a user name or ID
    #[arg(long, value_name = "USER")]
    member: Option<String>,
    #[command(flatten)]
    common: CommonFlags,
}

/// What to change.
#[derive(Debug, Args)]
pub struct Update {
    /// Name or ID, or "default"
    #[arg(value_name = "ORGANIZATION")]
    organization: String,
    /// The new name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The new display name
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// The new description; empty to clear it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// The new icon; empty to clear it
    #[arg(long, value_name = "PATH")]
    icon: Option<String>,
    #[command(flatten)]
    common: CommonFlags,
}

/// Which one to delete.
#[derive(Debug, Args)]
pub struct Delete {
    /// Name or ID
    #[arg(value_name = "ORGANIZATION")]
    organization: String,
    #[command(flatten)]
    common: CommonFlags,
}

/// Runs the command.
pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(list) => {
            let mut all = Access::new(list.common)?
                .look_into(|database| async move { Ok(database.list_organizations().await?) })?;
            all.sort_by_cached_key(|organization| organization.name.to_ascii_lowercase());
            print(list.output, &all)
        }
        Command::Show(Show { organization, list }) => {
            let found = Access::new(list.common)?
                .look_into(|database| async move { named::organization(&database, &organization).await })?;
            print(list.output, &[found])
        }
        Command::Create(create) => {
            let access = Access::new(create.common.clone())?;
            let made = access.with_database(|database| make(database, create))?;
            output::say(&format!("Created organization {}. Its ID is {}.", made.name, made.id));
            Ok(())
        }
        Command::Update(flags) => {
            let access = Access::new(flags.common.clone())?;
            let changed = access.with_database(|database| update(database, flags))?;
            output::say(&format!("Updated organization {}.", changed.name));
            Ok(())
        }
        Command::Delete(flags) => {
            let access = Access::new(flags.common.clone())?;
            let name = access.with_database(|database| delete(database, flags.organization))?;
            output::say(&format!("Deleted organization {name}."));
            Ok(())
        }
    }
}

async fn make(database: Database, create: Create) -> anyhow::Result<Organization> {
    let Create { name, display_name, description, icon, member, common: _ } = create;
    let request = CreateOrganizationRequest { name: Some(name), display_name, description, icon };
    let new = new_organization(request, SystemClock::new().now()).map_err(named::refused)?;
    let creator = match member {
        Some(member) => Some(named::user(&database, &member).await?.id),
        None => None,
    };
    let created = database.create_organization(new.clone(), creator, None).await;
    created.map_err(|error| taken(error, &new.name))?;
    Ok(new)
}

async fn update(database: Database, flags: Update) -> anyhow::Result<Arc<Organization>> {
    let Update { organization, name, display_name, description, icon, common: _ } = flags;
    let known = named::organization(&database, &organization).await?;
    let request = UpdateOrganizationRequest { name: name.clone(), display_name, description, icon };
    if request == UpdateOrganizationRequest::default() {
        bail!("name what to change: --name, --display-name, --description or --icon");
    }
    let changes = changes_of(request).map_err(named::refused)?;
    let updated = database.update_organization(known.id, changes, SystemClock::new().now()).await;
    let updated = updated.map_err(|error| taken(error, &name.unwrap_or_default()))?;
    updated.with_context(|| format!("the organization {organization:?} was deleted meanwhile"))
}

async fn delete(database: Database, organization: String) -> anyhow::Result<String> {
    let known = named::organization(&database, &organization).await?;
    match database.delete_organization(known.id, SystemClock::new().now()).await? {
        Deletion::Done => Ok(known.name),
        Deletion::NotFound => bail!("the organization {organization:?} was deleted meanwhile"),
        Deletion::IsDefault => bail!("the default organization cannot be deleted"),
        Deletion::Blocked(blockers) => bail!("{}", blockers.in_words()),
    }
}

fn taken(error: DbError, name: &str) -> anyhow::Error {
    match error {
        DbError::Conflict(Constraint::OrganizationName) => {
            anyhow::anyhow!("there is an organization named {name:?} already")
        }
        other => other.into(),
    }
}

fn print(format: Output, organizations: &[Organization]) -> anyhow::Result<()> {
    output::print_list(format, organizations, &COLUMNS, |organization| {
        vec![
            organization.name.clone(),
            organization.display_name.clone(),
            organization.id.to_string(),
            organization.is_default.to_string(),
            organization.created_at.to_string(),
        ]
    })
}
