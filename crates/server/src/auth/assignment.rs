//! Which roles there are to give, what each allows, and who may give it. Nobody gives or takes away what they could not give.

use orgd_api_types::{AssignableRole, RbacAction, RbacResource, RolePermission, SlimRole};
use uuid::Uuid;

use super::permission::Permission;
use super::principal::Principal;
use super::roles::{OrganizationRole, Role, RoleSet, SiteRole};
use super::token::KeyScope;

/// The permissions that a role can bring, with the words that Coder's API has for them.
const SHOWN: &[(Permission, RbacResource, RbacAction)] = &[
    (Permission::ManageMembers, RbacResource::AssignOrgRole, RbacAction::Assign),
    (Permission::CreateOrganization, RbacResource::Organization, RbacAction::Create),
    (Permission::DeleteOrganization, RbacResource::Organization, RbacAction::Delete),
    (Permission::ReadOrganization, RbacResource::Organization, RbacAction::Read),
    (Permission::UpdateOrganization, RbacResource::Organization, RbacAction::Update),
    (Permission::ManageMembers, RbacResource::OrganizationMember, RbacAction::Create),
    (Permission::ManageMembers, RbacResource::OrganizationMember, RbacAction::Delete),
    (Permission::ReadMembers, RbacResource::OrganizationMember, RbacAction::Read),
    (Permission::ManageMembers, RbacResource::OrganizationMember, RbacAction::Update),
    (Permission::ManageProvisionerKeys, RbacResource::ProvisionerDaemon, RbacAction::Create),
    (Permission::ManageProvisionerKeys, RbacResource::ProvisionerDaemon, RbacAction::Delete),
    (Permission::ReadProvisionerKeys, RbacResource::ProvisionerDaemon, RbacAction::Read),
    (Permission::CreateProvisionerJobs, RbacResource::ProvisionerJobs, RbacAction::Create),
    (Permission::ReadProvisionerJobs, RbacResource::ProvisionerJobs, RbacAction::Read),
    (Permission::CancelProvisionerJobs, RbacResource::ProvisionerJobs, RbacAction::Update),
];

/// The roles that the caller may give to members of the organization, and take away from them.
pub fn assignable_in(principal: &Principal, scope: KeyScope, organization: Uuid) -> RoleSet<OrganizationRole> {
    let is_admin = principal.roles_in(organization).is_some_and(|roles| roles.contains(OrganizationRole::Admin));
    let may = scope == KeyScope::All && (principal.roles.contains(SiteRole::Owner) || is_admin);
    if may { OrganizationRole::ALL.iter().copied().collect() } else { RoleSet::EMPTY }
}

/// The site roles that the caller may give to users, and take away from them.
pub fn assignable_everywhere(principal: &Principal, scope: KeyScope) -> RoleSet<SiteRole> {
    let may = scope == KeyScope::All && principal.roles.contains(SiteRole::Owner);
    if may { SiteRole::ALL.iter().copied().collect() } else { RoleSet::EMPTY }
}

/// Every role that members of the organization can have.
pub fn list_organization_roles(assignable: RoleSet<OrganizationRole>, organization: Uuid) -> Vec<AssignableRole> {
    let shown = |role: OrganizationRole| AssignableRole {
        organization_permissions: permissions(|permission| {
            permission.organization_roles().is_none_or(|roles| roles.contains(&role))
        }),
        ..listed(role, Some(organization), assignable)
    };
    OrganizationRole::ALL.iter().copied().map(shown).collect()
}

/// Every role that users can have in the whole installation.
pub fn list_site_roles(assignable: RoleSet<SiteRole>) -> Vec<AssignableRole> {
    let shown = |role: SiteRole| AssignableRole {
        site_permissions: permissions(|permission| permission.site_roles().contains(&role)),
        ..listed(role, None, assignable)
    };
    SiteRole::ALL.iter().copied().map(shown).collect()
}

/// A role as it is listed, without what it permits.
pub fn listed<R: Role>(role: R, organization_id: Option<Uuid>, assignable: RoleSet<R>) -> AssignableRole {
    AssignableRole {
        name: role.as_str().to_owned(),
        organization_id,
        display_name: role.display_name().to_owned(),
        site_permissions: Vec::new(),
        user_permissions: Vec::new(),
        organization_permissions: Vec::new(),
        organization_member_permissions: Vec::new(),
        assignable: assignable.contains(role),
        built_in: true,
    }
}

fn permissions(has: impl Fn(Permission) -> bool) -> Vec<RolePermission> {
    let had = SHOWN.iter().filter(|(permission, ..)| has(*permission));
    had.map(|(_, resource_type, action)| RolePermission {
        negate: false,
        resource_type: *resource_type,
        action: *action,
    })
    .collect()
}

/// The roles as they are shown with whoever holds them, in the organization or, without one, in the whole installation.
pub fn slim<R: Role>(roles: RoleSet<R>, organization_id: Option<Uuid>) -> Vec<SlimRole> {
    let shown = |role: R| SlimRole {
        name: role.as_str().to_owned(),
        display_name: role.display_name().to_owned(),
        organization_id,
    };
    roles.iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{assignable_everywhere, assignable_in, list_organization_roles, list_site_roles};
    use crate::auth::principal::{Membership, Principal, UserStatus};
    use crate::auth::roles::{OrganizationRole, Role, RoleSet, SiteRole};
    use crate::auth::token::KeyScope;

    const HERE: Uuid = Uuid::from_u128(1);
    const THERE: Uuid = Uuid::from_u128(2);

    fn user(site: &[SiteRole], here: &[OrganizationRole]) -> Principal {
        let here = Membership { organization: HERE, roles: here.iter().copied().collect() };
        let site = site.iter().copied().collect();
        Principal::new(Uuid::from_u128(9), "somebody".to_owned(), UserStatus::Active, site, vec![here])
    }

    #[test]
    fn only_owners_and_the_organizations_admins_give_its_roles() {
        let all: RoleSet<_> = OrganizationRole::ALL.iter().copied().collect();
        for role in OrganizationRole::ALL {
            let expected = if *role == OrganizationRole::Admin { all } else { RoleSet::EMPTY };
            let principal = user(&[], &[*role]);
            assert_eq!(assignable_in(&principal, KeyScope::All, HERE), expected, "{role:?}");
            assert_eq!(assignable_in(&principal, KeyScope::All, THERE), RoleSet::EMPTY, "{role:?}");
            assert_eq!(assignable_everywhere(&principal, KeyScope::All), RoleSet::EMPTY, "{role:?}");
        }
        for role in SiteRole::ALL {
            let is_owner = *role == SiteRole::Owner;
            let principal = user(&[*role], &[]);
            assert_eq!(assignable_in(&principal, KeyScope::All, THERE) == all, is_owner, "{role:?}");
            assert_eq!(assignable_everywhere(&principal, KeyScope::All) != RoleSet::EMPTY, is_owner, "{role:?}");
        }
        let owner = user(&[SiteRole::Owner], &[OrganizationRole::Admin]);
        assert_eq!(assignable_in(&owner, KeyScope::ApplicationConnect, HERE), RoleSet::EMPTY);
        assert_eq!(assignable_everywhere(&owner, KeyScope::ApplicationConnect), RoleSet::EMPTY);
    }

    #[test]
    fn what_a_role_allows_follows_the_table_of_permissions() {
        let count = |listed: &[orgd_api_types::AssignableRole], name: &str| {
            let role = listed.iter().find(|role| role.name == name).unwrap();
            (role.site_permissions.len(), role.organization_permissions.len())
        };
        let here = list_organization_roles(RoleSet::EMPTY, HERE);
        assert_eq!(count(&here, "organization-admin"), (0, 14));
        assert_eq!(count(&here, "organization-user-admin"), (0, 6));
        assert_eq!(count(&here, "organization-auditor"), (0, 2));
        let site = list_site_roles(RoleSet::EMPTY);
        assert_eq!(count(&site, "owner"), (15, 0));
        assert_eq!(count(&site, "agents-access"), (0, 0));
    }
}
