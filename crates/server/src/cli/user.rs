//! `orgd user`: users, their roles and their passwords.

mod change;
mod password;

use anyhow::bail;
use clap::{Args, Subcommand};
use orgd_api_types::{LoginType, email_rule_broken_by, username_rule_broken_by};
use serde::Serialize;
use uuid::Uuid;

use self::change::{ResetPassword, Roles, Target};
use self::password::PasswordFlags;
use super::access::Access;
use super::named::{self, role};
use super::output::{self, ListFlags};
use crate::auth::password::HashedPassword;
use crate::auth::roles::{OrganizationRole, Role, RoleSet, SiteRole};
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
    /// Give a user other site roles instead of those that they have
    Roles(Roles),
    /// Set a user's password and end all their sessions
    ResetPassword(ResetPassword),
    /// Refuse everything to a user until they are activated
    Suspend(Target),
    /// Let a suspended user in again
    Activate(Target),
    /// Delete a user; their name is free again
    Delete(Target),
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
    /// Ask for a password, so that the user can log in with it
    #[arg(long)]
    password: bool,
    #[command(flatten)]
    source: PasswordFlags,
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
            let asked = create.password || create.source.is_given();
            let password = if asked { Some(create.source.read()?) } else { None };
            let user = access.with_database(|database| make(database, create, password))?;
            output::say(&match user.login_type {
                LoginType::Password => format!("Created user {}, who logs in as {}.", user.username, user.email),
                _ => format!("Created user {}. `orgd token create --user {0}` lets them in.", user.username),
            });
            Ok(())
        }
        Command::List(list) => {
            let users = Access::new(list.common)?.look_into(|database| async move { rows(&database).await })?;
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
        Command::Roles(roles) => change::set_roles(roles),
        Command::ResetPassword(reset) => change::reset_password(reset),
        Command::Suspend(target) => change::suspend(target),
        Command::Activate(target) => change::activate(target),
        Command::Delete(target) => change::delete(target),
    }
}

async fn make(database: Database, create: Create, password: Option<HashedPassword>) -> anyhow::Result<User> {
    let Create { name, email, roles, .. } = create;
    if let Some(rule) = username_rule_broken_by(&name) {
        bail!("the name {name:?} {rule}");
    }
    let email = email.unwrap_or_else(|| format!("{name}@localhost"));
    if let Some(rule) = email_rule_broken_by(&email) {
        bail!("the mail address {email:?} {rule}");
    }
    let login_type = if password.is_some() { LoginType::Password } else { LoginType::None };
    let user = User { login_type, ..User::new(name, email, roles.into_iter().collect(), SystemClock::new().now()) };
    match database.create_user(user.clone(), password, Vec::new()).await {
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

/// The names of roles, for people.
fn known_roles(roles: RoleSet<SiteRole>) -> String {
    let names: Vec<_> = roles.iter().map(SiteRole::as_str).collect();
    if names.is_empty() { "of a plain member".to_owned() } else { names.join(", ") }
}

#[derive(Serialize)]
struct Row {
    id: Uuid,
    name: String,
    email: String,
    status: &'static str,
    login_type: &'static str,
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
            login_type: user.login_type.as_str(),
            roles: user.roles.iter().map(SiteRole::as_str).collect(),
            organizations: places.collect(),
            name: user.username,
            email: user.email,
        });
    }
    Ok(rows)
}
