//! What arguments name: users, organizations and roles.

use anyhow::{Context, anyhow};
use orgd_api_types::Organization;

use crate::auth::roles::{Role, RoleSet};
use crate::db::Database;
use crate::db::users::User;
use crate::service::ServiceError;

/// The user with this name, in whatever case, or with this ID.
pub async fn user(database: &Database, name_or_id: &str) -> anyhow::Result<User> {
    let found = database.find_user(name_or_id).await?;
    found.ok_or_else(|| anyhow!("there is no user {name_or_id:?}; `orgd user list` shows them"))
}

/// The organization with this name, in whatever case, or with this ID, or the default one.
pub async fn organization(database: &Database, name_or_id: &str) -> anyhow::Result<Organization> {
    let wanted = name_or_id.to_ascii_lowercase();
    let found = database.list_organizations().await?.into_iter().find(|organization| {
        organization.name.to_ascii_lowercase() == wanted
            || organization.id.to_string() == wanted
            || (wanted == "default" && organization.is_default)
    });
    found.with_context(|| format!("there is no organization {name_or_id:?}; `orgd org list` shows them"))
}

/// The roles with these names.
pub fn roles<R: Role>(names: &[String]) -> anyhow::Result<RoleSet<R>> {
    names.iter().map(|name| role(name).map_err(|error| anyhow!("the role {name:?} {error}"))).collect()
}

/// The role with this name, or the rule for names of roles.
pub fn role<R: Role>(name: &str) -> Result<R, String> {
    R::from_name(name).ok_or_else(|| {
        let known: Vec<_> = R::ALL.iter().map(|role| role.as_str()).collect();
        format!("must be one of {}", known.join(", "))
    })
}

/// A rule that refuses, in words for people.
pub fn refused(error: ServiceError) -> anyhow::Error {
    match error {
        ServiceError::Validation(rules) => {
            let rules: Vec<_> = rules.iter().map(|rule| format!("{} {}", rule.field, rule.detail)).collect();
            anyhow!(rules.join("; "))
        }
        other => other.into(),
    }
}
