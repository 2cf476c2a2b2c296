//! The commands that change one user: status, roles, password, and the end.

use anyhow::{anyhow, bail};
use clap::Args;
use orgd_api_types::LoginType;

use super::password::PasswordFlags;
use super::{known_roles, role};
use crate::auth::roles::SiteRole;
use crate::cli::access::Access;
use crate::cli::output;
use crate::clock::{Clock, SystemClock};
use crate::config::CommonFlags;
use crate::db::Database;
use crate::db::user_changes::{Reach, Refusal, UserChange};

/// Whom to change.
#[derive(Debug, Args)]
pub struct Target {
    /// User name or ID
    #[arg(value_name = "USER")]
    user: String,
    #[command(flatten)]
    common: CommonFlags,
}

/// Whose password to set.
#[derive(Debug, Args)]
pub struct ResetPassword {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    password: PasswordFlags,
}

/// Which roles to give.
#[derive(Debug, Args)]
pub struct Roles {
    #[command(flatten)]
    target: Target,
    /// Site role that the user is to have instead of their present ones; may be given more than once: owner, template-admin,
    /// user-admin, auditor, agents-access
    #[arg(long = "role", value_name = "ROLE", value_parser = role::<SiteRole>, required_unless_present = "none")]
    roles: Vec<SiteRole>,
    /// Take all site roles away
    #[arg(long, conflicts_with = "roles")]
    none: bool,
}

pub(super) fn suspend(target: Target) -> anyhow::Result<()> {
    change(target, UserChange::Suspend, "Suspended")
}

pub(super) fn activate(target: Target) -> anyhow::Result<()> {
    change(target, UserChange::Activate, "Activated")
}

pub(super) fn delete(target: Target) -> anyhow::Result<()> {
    change(target, UserChange::Delete, "Deleted")
}

pub(super) fn reset_password(reset: ResetPassword) -> anyhow::Result<()> {
    let hashed = reset.password.read()?;
    change(reset.target, UserChange::Password { hashed, verified: None }, "Ended all sessions and set the password of")
}

pub(super) fn set_roles(roles: Roles) -> anyhow::Result<()> {
    let given = roles.roles.into_iter().collect();
    let told = format!("Gave the roles {} to", known_roles(given));
    change(roles.target, UserChange::Roles(given), &told)
}

fn change(target: Target, change: UserChange, told: &str) -> anyhow::Result<()> {
    let Target { user, common } = target;
    let name = Access::new(common)?.with_database(|database| apply(database, user, change))?;
    output::say(&format!("{told} {name}."));
    Ok(())
}

async fn apply(database: Database, name_or_id: String, change: UserChange) -> anyhow::Result<String> {
    let found = database.find_user(&name_or_id).await?;
    let user = found.ok_or_else(|| anyhow!("there is no user {name_or_id:?}; `orgd user list` shows them"))?;
    let signs_in = matches!(change, UserChange::Password { .. }) && user.login_type != LoginType::Password;
    match database.change_user(user.id, Reach::Everybody, change, SystemClock::new().now()).await? {
        Ok(changed) if signs_in => Ok(format!("{}, who signs in as {} now", changed.username, changed.email)),
        Ok(changed) => Ok(changed.username),
        Err(Refusal::NotFound) => bail!("there is no user {name_or_id:?}; `orgd user list` shows them"),
        Err(Refusal::IsOwner) => bail!("{} is an owner: take that role away first", user.username),
        Err(Refusal::LastOwner) => bail!("{} is the last owner: make somebody else an owner first", user.username),
        Err(Refusal::OtherPassword) => bail!("the password was changed meanwhile"),
    }
}
