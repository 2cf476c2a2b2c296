//! Who asks: a user with their roles and memberships.

use imbl::HashMap;
pub use orgd_api_types::UserStatus;
use uuid::Uuid;

use super::roles::{OrganizationRole, RoleSet, SiteRole};

/// A user's place in one organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// The organization.
    pub organization: Uuid,
    /// The roles there.
    pub roles: RoleSet<OrganizationRole>,
}

/// A user and all that decides what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// User ID.
    pub user_id: Uuid,
    /// User name.
    pub username: String,
    /// Whether the user may sign in.
    pub status: UserStatus,
    /// Site roles.
    pub roles: RoleSet<SiteRole>,
    memberships: HashMap<Uuid, RoleSet<OrganizationRole>>,
}

impl Principal {
    /// Puts a user together with their memberships, in any order.
    pub fn new(
        user_id: Uuid,
        username: String,
        status: UserStatus,
        roles: RoleSet<SiteRole>,
        memberships: Vec<Membership>,
    ) -> Self {
        let memberships =
            memberships.into_iter().map(|membership| (membership.organization, membership.roles)).collect();
        Self { user_id, username, status, roles, memberships }
    }

    /// The same user with one more membership, or with other roles in that organization. Costs the same however many there
    /// are: whoever creates organizations is a member of all of them.
    #[must_use]
    pub fn with_membership(&self, membership: Membership) -> Self {
        let mut changed = self.clone();
        changed.memberships.insert(membership.organization, membership.roles);
        changed
    }

    /// The user's memberships, in no order.
    pub fn memberships(&self) -> impl Iterator<Item = Membership> {
        self.memberships.iter().map(|(organization, roles)| Membership { organization: *organization, roles: *roles })
    }

    /// The user's roles in the organization, or `None` when they are not a member.
    pub fn roles_in(&self, organization: Uuid) -> Option<RoleSet<OrganizationRole>> {
        self.memberships.get(&organization).copied()
    }
}
