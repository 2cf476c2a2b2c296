use uuid::Uuid;

use super::{KeyScope, Permission, may};
use crate::auth::principal::{Membership, Principal, UserStatus};
use crate::auth::roles::{OrganizationRole, Role, RoleSet, SiteRole};

const HERE: Uuid = Uuid::from_u128(1);
const THERE: Uuid = Uuid::from_u128(2);
const PERMISSIONS: [Permission; 13] = [
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
    Permission::ReadMembers,
    Permission::ManageMembers,
];

fn user(roles: &[SiteRole], memberships: Vec<Membership>) -> Principal {
    let roles = roles.iter().copied().collect();
    Principal::new(Uuid::from_u128(9), "somebody".to_owned(), UserStatus::Active, roles, memberships)
}

fn allowed(principal: &Principal, organization: Uuid) -> [bool; 13] {
    PERMISSIONS.map(|permission| may(principal, KeyScope::All, permission, Some(organization)))
}

#[test]
fn site_roles_follow_the_matrix() {
    let reads = [true, false, false, false, false, false, false, false, false, false, false, true, false];
    for (role, expected) in [
        (SiteRole::Owner, [true; 13]),
        (
            SiteRole::TemplateAdmin,
            [true, false, false, false, false, false, false, false, false, true, false, true, false],
        ),
        (SiteRole::UserAdmin, [true, false, false, false, false, false, false, false, false, false, false, true, true]),
        (SiteRole::Auditor, reads),
        (SiteRole::AgentsAccess, [false; 13]),
    ] {
        assert_eq!(allowed(&user(&[role], Vec::new()), HERE), expected, "{role:?}");
    }
    assert_eq!(allowed(&user(&[], Vec::new()), HERE), [false; 13]);
}

#[test]
fn organization_roles_hold_in_their_organization_only() {
    let member = [true, false, false, false, false, false, false, false, false, false, false, true, false];
    for (role, expected) in [
        (OrganizationRole::Admin, [true, false, true, true, true, true, true, true, true, true, true, true, true]),
        (
            OrganizationRole::TemplateAdmin,
            [true, false, false, false, true, true, true, true, true, true, true, true, false],
        ),
        (
            OrganizationRole::UserAdmin,
            [true, false, false, false, false, false, false, false, false, false, false, true, true],
        ),
        (OrganizationRole::Auditor, member),
        (OrganizationRole::WorkspaceCreationBan, member),
    ] {
        let principal = user(&[], vec![Membership { organization: HERE, roles: RoleSet::EMPTY.with(role) }]);
        assert_eq!(allowed(&principal, HERE), expected, "{}", role.as_str());
        assert_eq!(allowed(&principal, THERE), [false; 13], "{}", role.as_str());
    }
    let plain = user(&[], vec![Membership { organization: HERE, roles: RoleSet::EMPTY }]);
    assert_eq!(allowed(&plain, HERE), member);
}

#[test]
fn site_roles_reach_over_users_as_the_matrix_says() {
    const OVER_USERS: [Permission; 8] = [
        Permission::ReadUsers,
        Permission::ReadUserRoles,
        Permission::CreateUsers,
        Permission::UpdateUsers,
        Permission::ManageUsers,
        Permission::AssignSiteRoles,
        Permission::ReadSessionTokens,
        Permission::ManageSessionTokens,
    ];
    for (role, expected) in [
        (Some(SiteRole::Owner), [true; 8]),
        (Some(SiteRole::UserAdmin), [true, true, true, true, true, false, false, false]),
        (Some(SiteRole::TemplateAdmin), [true, false, false, false, false, false, false, false]),
        (Some(SiteRole::Auditor), [true, false, false, false, false, false, false, false]),
        (Some(SiteRole::AgentsAccess), [false; 8]),
        (None, [false; 8]),
    ] {
        let admin = Membership { organization: HERE, roles: OrganizationRole::ALL.iter().copied().collect() };
        let principal = user(role.as_slice(), vec![admin]);
        let may = OVER_USERS.map(|permission| may(&principal, KeyScope::All, permission, Some(HERE)));
        assert_eq!(may, expected, "{role:?}");
    }
}

#[test]
fn a_narrow_token_may_do_nothing_here() {
    let owner = user(&[SiteRole::Owner], Vec::new());
    for permission in PERMISSIONS {
        assert!(!may(&owner, KeyScope::ApplicationConnect, permission, Some(HERE)));
    }
}
