//! `orgd user`: users and their roles.

use anyhow::bail;
use clap::{Args, Subcommand};
use orgd_api_types::name_rule_broken_by;
use serde::Serialize;
use uuid::Uuid;

use super::access::Access;
use super::named::{self, role};
use super::output::{self, ListFlags};
use crate::auth::principal::UserStatus;
use crate::auth::roles::{OrganizationRole, Role, SiteRole};
use crate::clock::{Clock, SystemClock};
use crate::config::CommonFlags;
use crate::db::users::{Grant, User};
use crate::db::{Constraint, Database, DbError};

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a user
    Create(Create),
    /// List users with their roles
    List(ListFlags),
    /// Grant a user site roles, or membership and roles in an organization
    Grant(GrantFlags),
}

/// Whom to create.
#[derive(Debug, Args)]
pub struct Create {
    /// User name: 1 to 32 letters and digits in groups joined by single hyphens
    #[arg(value_name = "NAME")]
    name: String,
    /// Mail address [default: NAME@localhost]
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Site role; may be given more than once: owner, template-admin, user-admin, auditor, agents-access
    #[arg(long = "role", value_name = "ROLE", value_parser = role::<SiteRole>)]
    roles: Vec<SiteRole>,
    #[command(flatten)]
    common: CommonFlags,
}

/// What to grant.
#[derive(Debug, Args)]
pub struct GrantFlags {
    /// User name or ID
    #[arg(value_name = "USER")]
    user: String,
    /// The organization to make the user a member of: a name or ID. Roles then are roles in it
    #[arg(long, value_name = "ORGANIZATION")]
    organization: Option<String>,
    /// Role; may be given more than once. Site-wide: owner, template-admin, user-admin, auditor, agents-access. In an
    /// organization: organization-admin, organization-user-admin, organization-template-admin, organization-auditor,
    /// organization-workspace-creation-ban
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    #[command(flatten)]
    common: CommonFlags,
}

/// Runs the command.
pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create(create) => {
            let access = Access::new(create.common.clone())?;
            let user = access.with_database(|database| make(database, create))?;
            output::say(&format!("Created user {}. `orgd token create --user {0}` lets them in.", user.username));
            Ok(())
        }
        Command::List(list) => {
            let users = Access::new(list.common)?.with_database(|database| async move { rows(&database).await })?;
            output::print_list(list.output, &users, &["name", "email", "status", "roles", "organizations"], |row| {
                vec![
                    row.name.clone(),
                    row.email.clone(),
                    row.status.to_owned(),
                    row.roles.join(", "),
                    row.organizations.iter().map(Place::to_string).collect::<Vec<_>>().join("; "),
                ]
            })
        }
        Command::Grant(flags) => {
            let access = Access::new(flags.common.clone())?;
            let told = access.with_database(|database| grant(database, flags))?;
            output::say(&told);
            Ok(())
        }
    }
}

async fn make(database: Database, create: Create) -> anyhow::Result<User> {
    let Create { name, email, roles, common: _ } = create;
    if let Some(rule) = name_rule_broken_by(&name) {
        bail!("the name {name:?} {rule}");
    }
    let user = User {
        id: Uuid::now_v7(),
        email: email.unwrap_or_else(|| format!("{name}@localhost")),
        username: name,
        status: UserStatus::Active,
        roles: roles.into_iter().collect(),
        created_at: SystemClock::new().now(),
    };
    if !user.email.contains('@')
        || user.email.chars().any(|character| character.is_whitespace() || character.is_control())
    {
        bail!("the mail address {:?} must look like name@example.com", user.email);
    }
    match database.create_user(user.clone()).await {
        Ok(()) => Ok(user),
        Err(DbError::Conflict(Constraint::Username)) => bail!("there is a user named {:?} already", user.username),
        Err(DbError::Conflict(Constraint::Email)) => bail!("there is a user with the address {:?} already", user.email),
        Err(error) => Err(error.into()),
    }
}

async fn grant(database: Database, flags: GrantFlags) -> anyhow::Result<String> {
    let GrantFlags { user, organization, roles, common: _ } = flags;
    let user = named::user(&database, &user).await?;
    let given = if roles.is_empty() { "membership".to_owned() } else { roles.join(", ") };
    let (grant, place) = match organization {
        Some(name) => {
            let organization = named::organization(&database, &name).await?;
            (Grant::Organization(organization.id, named::roles(&roles)?), format!(" in {name}"))
        }
        None if roles.is_empty() => bail!("name a --role to grant, or an --organization to join"),
        None => (Grant::Site(named::roles(&roles)?), String::new()),
    };
    database.grant(user.id, grant, SystemClock::new().now()).await?;
    Ok(format!("Granted {given}{place} to {}.", user.username))
}

#[derive(Serialize)]
struct Row {
    id: Uuid,
    name: String,
    email: String,
    status: &'static str,
    roles: Vec<&'static str>,
    organizations: Vec<Place>,
}

#[derive(Serialize)]
struct Place {
    name: String,
    roles: Vec<&'static str>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.name)?;
        if self.roles.is_empty() { Ok(()) } else { write!(formatter, " ({})", self.roles.join(", ")) }
    }
}

async fn rows(database: &Database) -> anyhow::Result<Vec<Row>> {
    let organizations = database.list_organizations().await?;
    let mut rows = Vec::new();
    for user in database.list_users().await? {
        let memberships = database.list_memberships(user.id).await?;
        let places = memberships.iter().filter_map(|membership| {
            let organization = organizations.iter().find(|organization| organization.id == membership.organization)?;
            let roles = membership.roles.iter().map(OrganizationRole::as_str).collect();
            Some(Place { name: organization.name.clone(), roles })
        });
        rows.push(Row {
            id: user.id,
            status: user.status.as_str(),
            roles: user.roles.iter().map(SiteRole::as_str).collect(),
            organizations: places.collect(),
            name: user.username,
            email: user.email,
        });
    }
    Ok(rows)
}
