//! The roles that a user can hold, site-wide and in one organization.

use std::fmt;
use std::marker::PhantomData;

/// A closed list of roles, each with the name that the API and the database use.
pub trait Role: Copy + Eq + 'static {
    /// Every role, in the order in which they are listed.
    const ALL: &'static [Self];

    /// The role's name on the wire.
    fn as_str(self) -> &'static str;

    /// The name that people see.
    fn display_name(self) -> &'static str;

    /// The role with this name.
    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == name)
    }
}

/// A role that holds in the whole installation. Everybody is a member besides; that role is not written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SiteRole {
    /// May do everything.
    Owner,
    /// Looks after templates; may read every organization, but not its jobs.
    TemplateAdmin,
    /// Looks after users; may read every organization.
    UserAdmin,
    /// Reads what happened; may read every organization.
    Auditor,
    /// May use agents; nothing here asks for it.
    AgentsAccess,
}

impl Role for SiteRole {
    const ALL: &'static [Self] =
        &[Self::Owner, Self::TemplateAdmin, Self::UserAdmin, Self::Auditor, Self::AgentsAccess];

    fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::TemplateAdmin => "template-admin",
            Self::UserAdmin => "user-admin",
            Self::Auditor => "auditor",
            Self::AgentsAccess => "agents-access",
        }
    }

    fn display_name(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::TemplateAdmin => "Template Admin",
            Self::UserAdmin => "User Admin",
            Self::Auditor => "Auditor",
            Self::AgentsAccess => "Coder Agents User",
        }
    }
}

/// A role that holds in one organization. Each of its members is an organization-member besides; that role is not written
/// down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganizationRole {
    /// May change and delete the organization and read its jobs.
    Admin,
    /// Looks after the organization's members.
    UserAdmin,
    /// Looks after the organization's templates and may read its jobs.
    TemplateAdmin,
    /// Reads what happened in the organization.
    Auditor,
    /// May not create workspaces; nothing here asks for it.
    WorkspaceCreationBan,
}

impl Role for OrganizationRole {
    const ALL: &'static [Self] =
        &[Self::Admin, Self::UserAdmin, Self::TemplateAdmin, Self::Auditor, Self::WorkspaceCreationBan];

    fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "organization-admin",
            Self::UserAdmin => "organization-user-admin",
            Self::TemplateAdmin => "organization-template-admin",
            Self::Auditor => "organization-auditor",
            Self::WorkspaceCreationBan => "organization-workspace-creation-ban",
        }
    }

    fn display_name(self) -> &'static str {
        match self {
            Self::Admin => "Organization Admin",
            Self::UserAdmin => "Organization User Admin",
            Self::TemplateAdmin => "Organization Template Admin",
            Self::Auditor => "Organization Auditor",
            Self::WorkspaceCreationBan => "Organization Workspace Creation Ban",
        }
    }
}

/// A set of roles of one kind, one bit each.
pub struct RoleSet<R> {
    bits: u8,
    kind: PhantomData<fn() -> R>,
}

impl<R: Role> RoleSet<R> {
    /// No role.
    pub const EMPTY: Self = Self { bits: 0, kind: PhantomData };

    fn bit(role: R) -> u8 {
        // A role that is not listed has no bit, so it can neither be held nor asked for.
        R::ALL.iter().position(|known| *known == role).map_or(0, |index| 1 << index)
    }

    /// The same set and this role.
    #[must_use]
    pub fn with(self, role: R) -> Self {
        Self { bits: self.bits | Self::bit(role), kind: PhantomData }
    }

    /// True when the set holds this role.
    pub fn contains(self, role: R) -> bool {
        self.bits & Self::bit(role) != 0
    }

    /// True when the set holds any of these roles.
    pub fn contains_any(self, roles: &[R]) -> bool {
        roles.iter().any(|role| self.contains(*role))
    }

    /// True when the set holds nothing that the other one does not.
    pub fn is_subset_of(self, other: Self) -> bool {
        self.bits & !other.bits == 0
    }

    /// The roles that one of the sets holds and the other does not.
    #[must_use]
    pub fn difference_to(self, other: Self) -> Self {
        Self { bits: self.bits ^ other.bits, kind: PhantomData }
    }

    /// The roles in the set, in the order of their list.
    pub fn iter(self) -> impl Iterator<Item = R> {
        R::ALL.iter().copied().filter(move |role| self.contains(*role))
    }

    /// Reads the JSON array of names that the database keeps. A name that this version does not know grants nothing.
    pub fn from_json(names: &str) -> Self {
        let names: Vec<String> = serde_json::from_str(names).unwrap_or_default();
        names.iter().filter_map(|name| R::from_name(name)).collect()
    }

    /// The JSON array of names that the database keeps.
    pub fn to_json(self) -> String {
        let names: Vec<_> = self.iter().map(|role| serde_json::Value::from(role.as_str())).collect();
        serde_json::Value::Array(names).to_string()
    }
}

impl<R: Role> FromIterator<R> for RoleSet<R> {
    fn from_iter<I: IntoIterator<Item = R>>(roles: I) -> Self {
        roles.into_iter().fold(Self::EMPTY, Self::with)
    }
}

// Written out because the derives would ask the same of `R`.
impl<R> Clone for RoleSet<R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for RoleSet<R> {}
impl<R> PartialEq for RoleSet<R> {
    fn eq(&self, other: &Self) -> bool {
        self.bits == other.bits
    }
}
impl<R> Eq for RoleSet<R> {}
impl<R: Role> fmt::Debug for RoleSet<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter().map(Role::as_str)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{OrganizationRole, Role, RoleSet, SiteRole};

    #[test]
    fn roles_survive_the_database() {
        for role in SiteRole::ALL {
            let set = RoleSet::EMPTY.with(*role);
            assert_eq!(RoleSet::<SiteRole>::from_json(&set.to_json()), set);
            assert_eq!(SiteRole::ALL.iter().filter(|other| set.contains(**other)).count(), 1);
        }
        let set: RoleSet<_> = OrganizationRole::ALL.iter().copied().collect();
        assert_eq!(RoleSet::<OrganizationRole>::from_json(&set.to_json()), set);
    }

    #[test]
    fn an_unknown_role_grants_nothing() {
        assert_eq!(RoleSet::<SiteRole>::from_json(r#"["emperor"]"#), RoleSet::EMPTY);
        assert_eq!(RoleSet::<SiteRole>::from_json("owner"), RoleSet::EMPTY);
    }
}
