//! `orgd member`: who belongs to an organization.

use anyhow::bail;
use clap::{Args, Subcommand};
use orgd_api_types::{OrganizationMemberWithUserData, SlimRole};

use super::access::Access;
use super::named;
use super::output::{self, ListFlags};
use crate::auth::roles::{OrganizationRole, Role};
use crate::clock::{Clock, SystemClock};
use crate::config::CommonFlags;
use crate::db::member_changes::RoleChange;
use crate::db::{Constraint, Database, DbError};
use crate::wire::query::MemberQuery;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the members of an organization with their roles
    List(List),
    /// Make a user a member of an organization, without roles
    Add(Who),
    /// Take a user out of an organization
    Remove(Who),
    /// Give a member exactly these roles
    EditRoles(EditRoles),
}

/// Whose members to list.
#[derive(Debug, Args)]
pub struct List {
    /// Name or ID of the organization, or "default"
    #[arg(value_name = "ORGANIZATION")]
    organization: String,
    #[command(flatten)]
    list: ListFlags,
}

/// Who, and where.
#[derive(Debug, Args)]
pub struct Who {
    /// Name or ID of the organization, or "default"
    #[arg(value_name = "ORGANIZATION")]
    organization: String,
    /// User name or ID
    #[arg(value_name = "USER")]
    user: String,
    #[command(flatten)]
    common: CommonFlags,
}

/// Which roles.
#[derive(Debug, Args)]
pub struct EditRoles {
    #[command(flatten)]
    who: Who,
    /// The roles, none to take all of them away: organization-admin, organization-user-admin, organization-template-admin,
    /// organization-auditor, organization-workspace-creation-ban
    #[arg(value_name = "ROLE")]
    roles: Vec<String>,
}

/// Runs the command.
pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(List { organization, list }) => {
            let members =
                Access::new(list.common)?.look_into(|database| async move { all(&database, &organization).await })?;
            output::print_list(list.output, &members, &["username", "organization roles", "site roles"], |member| {
                vec![member.username.clone(), names(&member.roles), names(&member.global_roles)]
            })
        }
        Command::Add(who) => change(who.common.clone(), |database| add(database, who)),
        Command::Remove(who) => change(who.common.clone(), |database| remove(database, who)),
        Command::EditRoles(EditRoles { who, roles }) => {
            change(who.common.clone(), |database| edit_roles(database, who, roles))
        }
    }
}

/// Runs a command that says what it did.
fn change<F>(common: CommonFlags, work: impl FnOnce(Database) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<String>>,
{
    let told = Access::new(common)?.with_database(work)?;
    output::say(&told);
    Ok(())
}

async fn all(database: &Database, organization: &str) -> anyhow::Result<Vec<OrganizationMemberWithUserData>> {
    let organization = named::organization(database, organization).await?;
    Ok(database.list_members(organization.id, MemberQuery::default()).await?.0)
}

async fn add(database: Database, who: Who) -> anyhow::Result<String> {
    let organization = named::organization(&database, &who.organization).await?;
    let user = named::user(&database, &who.user).await?;
    match database.add_member(user.id, organization.id, SystemClock::new().now(), None).await {
        Ok(_) => Ok(format!("Added {} to {}.", user.username, organization.name)),
        Err(DbError::Conflict(Constraint::Membership)) => {
            bail!("{} is a member of {} already", user.username, organization.name)
        }
        Err(DbError::Conflict(Constraint::LiveOrganization | Constraint::LiveUser)) => {
            bail!("{} or {} was deleted meanwhile", user.username, organization.name)
        }
        Err(error) => Err(error.into()),
    }
}

async fn remove(database: Database, who: Who) -> anyhow::Result<String> {
    let organization = named::organization(&database, &who.organization).await?;
    let user = named::user(&database, &who.user).await?;
    if !database.remove_member(user.id, organization.id, SystemClock::new().now()).await? {
        bail!("{} is no member of {}", user.username, organization.name);
    }
    Ok(format!("Removed {} from {}.", user.username, organization.name))
}

async fn edit_roles(database: Database, who: Who, roles: Vec<String>) -> anyhow::Result<String> {
    let roles = named::roles::<OrganizationRole>(&roles)?;
    let organization = named::organization(&database, &who.organization).await?;
    let user = named::user(&database, &who.user).await?;
    // Whoever has the database may give every role.
    let assignable = OrganizationRole::ALL.iter().copied().collect();
    let now = SystemClock::new().now();
    match database.change_member_roles((user.id, organization.id), roles, assignable, now).await? {
        RoleChange::Done(member) if member.roles.is_empty() => {
            Ok(format!("{} has no roles in {} now.", user.username, organization.name))
        }
        RoleChange::Done(member) => {
            Ok(format!("{} is {} in {} now.", user.username, names(&member.roles), organization.name))
        }
        RoleChange::NotFound => bail!("{} is no member of {}", user.username, organization.name),
        RoleChange::Refused(role) => bail!("the role {role:?} cannot be given"),
    }
}

fn names(roles: &[SlimRole]) -> String {
    roles.iter().map(|role| role.name.as_str()).collect::<Vec<_>>().join(", ")
}
