//! Who may do what: one table, total over the operations.

use uuid::Uuid;

use super::principal::Principal;
use super::roles::{OrganizationRole, SiteRole};
use super::token::KeyScope;
use crate::operations::{Operation, OrganizationsOperation, ProvisioningOperation};

/// What a caller asks to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read an organization, or see it in the list.
    ReadOrganization,
    /// Create an organization.
    CreateOrganization,
    /// Change an organization.
    UpdateOrganization,
    /// Delete an organization.
    DeleteOrganization,
    /// Read the provisioner jobs of an organization.
    ReadProvisionerJobs,
    /// Queue provisioner jobs in an organization.
    CreateProvisionerJobs,
    /// Cancel provisioner jobs of an organization.
    CancelProvisionerJobs,
    /// Register workers of an organization without a provisioner key.
    RegisterProvisionerDaemons,
    /// Do the work of an organization's workers without a provisioner key.
    DoProvisionerJobs,
    /// Read the provisioner keys of an organization, which never includes their secrets.
    ReadProvisionerKeys,
    /// Make and delete the provisioner keys of an organization.
    ManageProvisionerKeys,
}

/// The permission that an operation needs. An operation that is documented and missing here does not compile.
pub const fn permission(operation: Operation) -> Permission {
    match operation {
        Operation::Organizations(operation) => match operation {
            OrganizationsOperation::GetOrganizations | OrganizationsOperation::GetOrganizationById => {
                Permission::ReadOrganization
            }
            OrganizationsOperation::CreateOrganization => Permission::CreateOrganization,
            OrganizationsOperation::UpdateOrganization => Permission::UpdateOrganization,
            OrganizationsOperation::DeleteOrganization => Permission::DeleteOrganization,
            OrganizationsOperation::GetProvisionerJobs | OrganizationsOperation::GetProvisionerJob => {
                Permission::ReadProvisionerJobs
            }
        },
        Operation::Provisioning(operation) => match operation {
            ProvisioningOperation::CreateProvisionerJob => Permission::CreateProvisionerJobs,
            ProvisioningOperation::CancelProvisionerJob
            | ProvisioningOperation::CancelWorkspaceBuild
            | ProvisioningOperation::CancelTemplateVersion
            | ProvisioningOperation::CancelTemplateVersionDryRun => Permission::CancelProvisionerJobs,
            ProvisioningOperation::RegisterProvisionerDaemon => Permission::RegisterProvisionerDaemons,
            ProvisioningOperation::HeartbeatProvisionerDaemon
            | ProvisioningOperation::AcquireProvisionerJob
            | ProvisioningOperation::ReportProvisionerJobProgress
            | ProvisioningOperation::CompleteProvisionerJob
            | ProvisioningOperation::FailProvisionerJob => Permission::DoProvisionerJobs,
            ProvisioningOperation::ListProvisionerKeys => Permission::ReadProvisionerKeys,
            ProvisioningOperation::CreateProvisionerKey | ProvisioningOperation::DeleteProvisionerKey => {
                Permission::ManageProvisionerKeys
            }
            ProvisioningOperation::GetProvisionerDaemons | ProvisioningOperation::GetProvisionerJobLogs => {
                Permission::ReadProvisionerJobs
            }
        },
    }
}

impl Permission {
    /// What the permission allows, to complete "You don't have permission to …".
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::ReadOrganization => "read this organization",
            Self::CreateOrganization => "create organizations",
            Self::UpdateOrganization => "update this organization",
            Self::DeleteOrganization => "delete this organization",
            Self::ReadProvisionerJobs => "read this organization's provisioner jobs",
            Self::CreateProvisionerJobs => "queue provisioner jobs in this organization",
            Self::CancelProvisionerJobs => "cancel this organization's provisioner jobs",
            Self::RegisterProvisionerDaemons => "register workers of this organization",
            Self::DoProvisionerJobs => "do provisioner jobs of this organization",
            Self::ReadProvisionerKeys => "read this organization's provisioner keys",
            Self::ManageProvisionerKeys => "make or delete provisioner keys of this organization",
        }
    }

    /// True when somebody who lacks the permission must not learn whether its object exists.
    pub const fn hides(self) -> bool {
        match self {
            Self::ReadOrganization
            | Self::ReadProvisionerJobs
            | Self::CancelProvisionerJobs
            | Self::DoProvisionerJobs
            | Self::ReadProvisionerKeys => true,
            Self::CreateOrganization
            | Self::UpdateOrganization
            | Self::DeleteOrganization
            | Self::CreateProvisionerJobs
            | Self::RegisterProvisionerDaemons
            | Self::ManageProvisionerKeys => false,
        }
    }

    /// Site roles that have the permission everywhere.
    const fn site_roles(self) -> &'static [SiteRole] {
        match self {
            Self::ReadOrganization => {
                &[SiteRole::Owner, SiteRole::TemplateAdmin, SiteRole::UserAdmin, SiteRole::Auditor]
            }
            Self::ReadProvisionerKeys => &[SiteRole::Owner, SiteRole::TemplateAdmin],
            Self::CreateOrganization
            | Self::UpdateOrganization
            | Self::DeleteOrganization
            | Self::ReadProvisionerJobs
            | Self::CreateProvisionerJobs
            | Self::CancelProvisionerJobs
            | Self::RegisterProvisionerDaemons
            | Self::DoProvisionerJobs
            | Self::ManageProvisionerKeys => &[SiteRole::Owner],
        }
    }

    /// Roles that have the permission in their own organization; `None` when every member has it.
    const fn organization_roles(self) -> Option<&'static [OrganizationRole]> {
        match self {
            Self::ReadOrganization => None,
            Self::CreateOrganization => Some(&[]),
            Self::UpdateOrganization | Self::DeleteOrganization => Some(&[OrganizationRole::Admin]),
            Self::ReadProvisionerJobs
            | Self::CreateProvisionerJobs
            | Self::CancelProvisionerJobs
            | Self::RegisterProvisionerDaemons
            | Self::DoProvisionerJobs
            | Self::ReadProvisionerKeys
            | Self::ManageProvisionerKeys => Some(&[OrganizationRole::Admin, OrganizationRole::TemplateAdmin]),
        }
    }
}

/// True when the user has the permission, in this organization or, without one, in the whole installation.
pub fn may(principal: &Principal, scope: KeyScope, permission: Permission, organization: Option<Uuid>) -> bool {
    if scope != KeyScope::All {
        return false;
    }
    if principal.roles.contains_any(permission.site_roles()) {
        return true;
    }
    organization.and_then(|id| principal.roles_in(id)).is_some_and(|roles| match permission.organization_roles() {
        None => true,
        Some(needed) => roles.contains_any(needed),
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{KeyScope, Permission, may};
    use crate::auth::principal::{Membership, Principal, UserStatus};
    use crate::auth::roles::{OrganizationRole, Role, RoleSet, SiteRole};

    const HERE: Uuid = Uuid::from_u128(1);
    const THERE: Uuid = Uuid::from_u128(2);
    const PERMISSIONS: [Permission; 11] = [
        Permission::ReadOrganization,
        Permission::CreateOrganization,
        Permission::UpdateOrganization,
        Permission::DeleteOrganization,
        Permission::ReadProvisionerJobs,
        Permission::CreateProvisionerJobs,
        Permission::CancelProvisionerJobs,
        Permission::RegisterProvisionerDaemons,
        Permission::DoProvisionerJobs,
        Permission::ReadProvisionerKeys,
        Permission::ManageProvisionerKeys,
    ];

    fn user(roles: &[SiteRole], memberships: Vec<Membership>) -> Principal {
        let roles = roles.iter().copied().collect();
        Principal::new(Uuid::from_u128(9), "somebody".to_owned(), UserStatus::Active, roles, memberships)
    }

    fn allowed(principal: &Principal, organization: Uuid) -> [bool; 11] {
        PERMISSIONS.map(|permission| may(principal, KeyScope::All, permission, Some(organization)))
    }

    #[test]
    fn site_roles_follow_the_matrix() {
        let reads = [true, false, false, false, false, false, false, false, false, false, false];
        for (role, expected) in [
            (SiteRole::Owner, [true; 11]),
            (SiteRole::TemplateAdmin, [true, false, false, false, false, false, false, false, false, true, false]),
            (SiteRole::UserAdmin, reads),
            (SiteRole::Auditor, reads),
            (SiteRole::AgentsAccess, [false; 11]),
        ] {
            assert_eq!(allowed(&user(&[role], Vec::new()), HERE), expected, "{role:?}");
        }
        assert_eq!(allowed(&user(&[], Vec::new()), HERE), [false; 11]);
    }

    #[test]
    fn organization_roles_hold_in_their_organization_only() {
        let member = [true, false, false, false, false, false, false, false, false, false, false];
        for (role, expected) in [
            (OrganizationRole::Admin, [true, false, true, true, true, true, true, true, true, true, true]),
            (OrganizationRole::TemplateAdmin, [true, false, false, false, true, true, true, true, true, true, true]),
            (OrganizationRole::UserAdmin, member),
            (OrganizationRole::Auditor, member),
            (OrganizationRole::WorkspaceCreationBan, member),
        ] {
            let principal = user(&[], vec![Membership { organization: HERE, roles: RoleSet::EMPTY.with(role) }]);
            assert_eq!(allowed(&principal, HERE), expected, "{}", role.as_str());
            assert_eq!(allowed(&principal, THERE), [false; 11], "{}", role.as_str());
        }
        let plain = user(&[], vec![Membership { organization: HERE, roles: RoleSet::EMPTY }]);
        assert_eq!(allowed(&plain, HERE), member);
    }

    #[test]
    fn a_narrow_token_may_do_nothing_here() {
        let owner = user(&[SiteRole::Owner], Vec::new());
        for permission in PERMISSIONS {
            assert!(!may(&owner, KeyScope::ApplicationConnect, permission, Some(HERE)));
        }
    }
}
