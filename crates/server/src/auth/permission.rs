//! Who may do what: one table, total over the operations.

use uuid::Uuid;

use super::principal::Principal;
use super::roles::{OrganizationRole, Role, SiteRole};
use super::token::KeyScope;
use crate::operations::{
    AuditOperation, GeneralOperation, MembersOperation, Operation, OrganizationsOperation, ProvisioningOperation,
    UsersOperation,
};

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
    /// Read who belongs to an organization, and with which roles.
    ReadMembers,
    /// Add members to an organization, remove them and change their roles; which roles is decided in `assignment`.
    ManageMembers,
    /// What everybody may who is signed in.
    SignedIn,
    /// Read the audit log.
    ReadAuditLogs,
    /// Sign in, or make the first user: what everybody may who is not signed in.
    SignIn,
    /// End the session that the request comes with.
    SignOut,
    /// Read a user, or see them in the list.
    ReadUsers,
    /// See in which organizations a user is.
    ReadUserOrganizations,
    /// Read a user's roles.
    ReadUserRoles,
    /// Create a user.
    CreateUsers,
    /// Change a user's name, full name or password.
    UpdateUsers,
    /// Give a user site roles and take them away.
    AssignSiteRoles,
    /// Suspend, activate or delete a user.
    ManageUsers,
    /// Read a user's session tokens, which never includes their secrets.
    ReadSessionTokens,
    /// Make and end a user's session tokens.
    ManageSessionTokens,
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
        Operation::Members(operation) => match operation {
            MembersOperation::ListOrganizationMembers | MembersOperation::PaginatedOrganizationMembers => {
                Permission::ReadMembers
            }
            MembersOperation::AddOrganizationMember
            | MembersOperation::RemoveOrganizationMember
            | MembersOperation::AssignRoleToOrganizationMember => Permission::ManageMembers,
            MembersOperation::GetMemberRolesByOrganization => Permission::ReadOrganization,
            MembersOperation::GetSiteMemberRoles => Permission::SignedIn,
            MembersOperation::GetOrganizationsByUser | MembersOperation::GetOrganizationByUserAndOrganizationName => {
                Permission::ReadUserOrganizations
            }
        },
        Operation::General(operation) => match operation {
            // The first two ask nobody who they are.
            GeneralOperation::GetApiRoot | GeneralOperation::GetBuildInfo | GeneralOperation::GetEntitlements => {
                Permission::SignedIn
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
        Operation::Audit(AuditOperation::GetAuditLogs) => Permission::ReadAuditLogs,
        Operation::Users(operation) => permission_over_users(operation),
    }
}

const fn permission_over_users(operation: UsersOperation) -> Permission {
    use UsersOperation as Op;
    match operation {
        Op::CheckInitialUserCreated | Op::CreateInitialUser | Op::LogInUser => Permission::SignIn,
        Op::LogOutUser => Permission::SignOut,
        Op::GetUsers | Op::GetUserByName => Permission::ReadUsers,
        Op::GetUserRoles => Permission::ReadUserRoles,
        Op::CreateNewUser => Permission::CreateUsers,
        Op::UpdateUserProfile | Op::UpdateUserPassword => Permission::UpdateUsers,
        Op::AssignRoleToUser => Permission::AssignSiteRoles,
        Op::DeleteUser | Op::SuspendUserAccount | Op::ActivateUserAccount => Permission::ManageUsers,
        Op::GetApiKeyById | Op::GetUserTokens | Op::GetApiKeyByTokenName | Op::GetTokenConfig => {
            Permission::ReadSessionTokens
        }
        Op::CreateNewSessionKey | Op::CreateTokenApiKey | Op::DeleteApiKey | Op::ExpireApiKey => {
            Permission::ManageSessionTokens
        }
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
            Self::ReadMembers => "read this organization's members",
            Self::ManageMembers => "manage this organization's members",
            Self::ReadUserOrganizations => "see this user's organizations",
            Self::SignedIn => "use this token for that",
            Self::ReadAuditLogs => "read the audit log",
            Self::SignIn => "sign in",
            Self::SignOut => "sign out",
            Self::ReadUsers => "read this user",
            Self::ReadUserRoles => "read this user's roles",
            Self::CreateUsers => "create users",
            Self::UpdateUsers => "change this user",
            Self::AssignSiteRoles => "give or take away roles in the whole installation",
            Self::ManageUsers => "suspend, activate or delete this user",
            Self::ReadSessionTokens => "read this user's session tokens",
            Self::ManageSessionTokens => "make or end this user's session tokens",
        }
    }

    /// True when everybody has the permission over themselves.
    pub const fn is_over_oneself(self) -> bool {
        matches!(
            self,
            Self::SignOut
                | Self::ReadUsers
                | Self::ReadUserRoles
                | Self::UpdateUsers
                | Self::ReadSessionTokens
                | Self::ManageSessionTokens
        )
    }

    /// True when somebody who lacks the permission must not learn whether its object exists.
    pub const fn hides(self) -> bool {
        match self {
            Self::ReadOrganization
            | Self::ReadProvisionerJobs
            | Self::CancelProvisionerJobs
            | Self::DoProvisionerJobs
            | Self::ReadProvisionerKeys
            | Self::ReadMembers
            | Self::ReadUserOrganizations
            | Self::ReadAuditLogs
            | Self::ReadUsers
            | Self::ReadUserRoles
            | Self::ReadSessionTokens => true,
            Self::CreateOrganization
            | Self::UpdateOrganization
            | Self::DeleteOrganization
            | Self::CreateProvisionerJobs
            | Self::RegisterProvisionerDaemons
            | Self::ManageProvisionerKeys
            | Self::ManageMembers
            | Self::SignedIn
            | Self::SignIn
            | Self::SignOut
            | Self::CreateUsers
            | Self::UpdateUsers
            | Self::AssignSiteRoles
            | Self::ManageUsers
            | Self::ManageSessionTokens => false,
        }
    }

    /// Site roles that have the permission everywhere.
    pub const fn site_roles(self) -> &'static [SiteRole] {
        match self {
            Self::ReadOrganization | Self::ReadMembers | Self::ReadUsers | Self::ReadUserOrganizations => {
                &[SiteRole::Owner, SiteRole::TemplateAdmin, SiteRole::UserAdmin, SiteRole::Auditor]
            }
            Self::SignedIn => SiteRole::ALL,
            Self::ManageMembers => &[SiteRole::Owner, SiteRole::UserAdmin],
            Self::ReadProvisionerKeys => &[SiteRole::Owner, SiteRole::TemplateAdmin],
            Self::ReadUserRoles | Self::CreateUsers | Self::UpdateUsers | Self::ManageUsers => {
                &[SiteRole::Owner, SiteRole::UserAdmin]
            }
            Self::ReadAuditLogs => &[SiteRole::Owner, SiteRole::Auditor],
            Self::SignIn | Self::SignOut => &[],
            Self::CreateOrganization
            | Self::UpdateOrganization
            | Self::DeleteOrganization
            | Self::ReadProvisionerJobs
            | Self::CreateProvisionerJobs
            | Self::CancelProvisionerJobs
            | Self::RegisterProvisionerDaemons
            | Self::DoProvisionerJobs
            | Self::ManageProvisionerKeys
            | Self::AssignSiteRoles
            | Self::ReadSessionTokens
            | Self::ManageSessionTokens => &[SiteRole::Owner],
        }
    }

    /// Roles that have the permission in their own organization; `None` when every member has it.
    pub const fn organization_roles(self) -> Option<&'static [OrganizationRole]> {
        match self {
            Self::ReadOrganization | Self::ReadMembers | Self::SignedIn => None,
            Self::ReadAuditLogs => Some(&[OrganizationRole::Admin, OrganizationRole::Auditor]),
            Self::ManageMembers | Self::ReadUserOrganizations => {
                Some(&[OrganizationRole::Admin, OrganizationRole::UserAdmin])
            }
            Self::CreateOrganization
            | Self::SignIn
            | Self::SignOut
            | Self::ReadUsers
            | Self::ReadUserRoles
            | Self::CreateUsers
            | Self::UpdateUsers
            | Self::AssignSiteRoles
            | Self::ManageUsers
            | Self::ReadSessionTokens
            | Self::ManageSessionTokens => Some(&[]),
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
    if permission == Permission::SignedIn || principal.roles.contains_any(permission.site_roles()) {
        return true;
    }
    organization.and_then(|id| principal.roles_in(id)).is_some_and(|roles| match permission.organization_roles() {
        None => true,
        Some(needed) => roles.contains_any(needed),
    })
}

#[cfg(test)]
mod tests;
