//! The rules of members and of the roles that they are given.

use std::sync::Arc;

use orgd_api_types::{
    AssignableRole, OrganizationMember, OrganizationMemberWithUserData, PaginatedMembersResponse, UpdateRoles,
    ValidationError,
};
use uuid::Uuid;

use super::Services;
use super::error::{ServiceError, check};
use crate::auth::assignment::{assignable_everywhere, assignable_in, list_organization_roles, list_site_roles};
use crate::auth::authenticate::Caller;
use crate::auth::permission::Permission;
use crate::auth::roles::{OrganizationRole, Role, RoleSet};
use crate::db::idempotency::{Answered, Attempt};
use crate::db::member_changes::RoleChange;
use crate::db::{Constraint, DbError};
use crate::model::organizations::CachedOrganization;
use crate::wire::idempotency::RepeatableRequest;
use crate::wire::query::MemberQuery;
use crate::wire::reference::{OrganizationRef, UserRef};

/// Every member has it already, so it may be named, and nothing comes of it.
const IMPLIED: &str = "organization-member";
/// How many wrong roles one answer names, so that a short request cannot ask for a huge answer.
const MAX_NAMED: usize = 20;

impl Services {
    /// All members of an organization, by user name.
    pub async fn list_members(&self, organization: Uuid) -> Result<Vec<OrganizationMemberWithUserData>, ServiceError> {
        Ok(self.database.list_members(organization, MemberQuery::default()).await?.0)
    }

    /// A page of the members of an organization, by user name.
    pub async fn page_members(
        &self,
        organization: Uuid,
        query: MemberQuery,
    ) -> Result<PaginatedMembersResponse, ServiceError> {
        let (members, count) = self.database.list_members(organization, query).await?;
        Ok(PaginatedMembersResponse { members, count })
    }

    /// Makes a user a member of an organization, without roles. What was done before is not done again.
    pub async fn add_member(
        &self,
        caller: &Caller,
        organization: Uuid,
        user: &str,
        repeatable: Option<RepeatableRequest>,
    ) -> Result<Answered<OrganizationMember>, ServiceError> {
        let user = self.resolve_user(caller, user).await?;
        let now = self.clock.now();
        let attempt = repeatable.map(|request| Attempt { user: caller.principal.user_id, request, at: now });
        self.acting_for(caller).add_member(user, organization, now, attempt).await.map_err(|error| match error {
            DbError::Conflict(Constraint::Membership) => ServiceError::AlreadyMember,
            DbError::Conflict(Constraint::LiveOrganization | Constraint::LiveUser) => ServiceError::NotFound,
            other => other.into(),
        })
    }

    /// Takes a user out of an organization.
    pub async fn remove_member(&self, caller: &Caller, organization: Uuid, user: &str) -> Result<(), ServiceError> {
        let member = self.find_member(caller, organization, user).await?;
        if member.user_id == caller.principal.user_id {
            return Err(ServiceError::OwnMembership);
        }
        let removed = self.acting_for(caller).remove_member(member.user_id, organization, self.clock.now()).await?;
        if removed { Ok(()) } else { Err(ServiceError::NotFound) }
    }

    /// The member whose roles the caller wants to change: anybody else.
    pub async fn find_other_member(
        &self,
        caller: &Caller,
        organization: Uuid,
        user: &str,
    ) -> Result<Uuid, ServiceError> {
        let member = self.find_member(caller, organization, user).await?;
        if member.user_id == caller.principal.user_id {
            return Err(ServiceError::OwnRoles);
        }
        Ok(member.user_id)
    }

    /// Gives a member exactly these roles; the caller must be somebody who may assign each of those that change.
    pub async fn change_member_roles(
        &self,
        caller: &Caller,
        organization: Uuid,
        user: Uuid,
        request: UpdateRoles,
    ) -> Result<OrganizationMember, ServiceError> {
        check(&request, &["roles"])?;
        let roles = read_roles(&request.roles.unwrap_or_default())?;
        let assignable = assignable_in(&caller.principal, caller.token.scope, organization);
        let now = self.clock.now();
        match self.acting_for(caller).change_member_roles((user, organization), roles, assignable, now).await? {
            RoleChange::Done(member) => Ok(member),
            RoleChange::NotFound => Err(ServiceError::NotFound),
            RoleChange::Refused(role) => Err(ServiceError::RoleNotAssignable(role)),
        }
    }

    /// The roles that members of an organization can have.
    pub fn list_organization_roles(&self, caller: &Caller, organization: Uuid) -> Vec<AssignableRole> {
        list_organization_roles(assignable_in(&caller.principal, caller.token.scope, organization), organization)
    }

    /// The roles that users can have in the whole installation.
    pub fn list_site_roles(&self, caller: &Caller) -> Vec<AssignableRole> {
        list_site_roles(assignable_everywhere(&caller.principal, caller.token.scope))
    }

    /// The organizations of a user that the caller may read, by name.
    pub async fn list_organizations_of(
        &self,
        caller: &Caller,
        user: &str,
    ) -> Result<Vec<Arc<CachedOrganization>>, ServiceError> {
        let user = self.visible_user(caller, user).await?;
        let principal = if user == caller.principal.user_id {
            Arc::clone(&caller.principal)
        } else {
            Arc::new(self.database.find_principal(user).await?.ok_or(ServiceError::NotFound)?)
        };
        let snapshot = self.model.load();
        let mut found: Vec<_> = principal
            .memberships()
            .filter(|membership| caller.may(Permission::ReadOrganization, Some(membership.organization)))
            .filter_map(|membership| snapshot.organizations.by_id(membership.organization).cloned())
            .collect();
        found.sort_by_cached_key(|cached| cached.organization.name.to_ascii_lowercase());
        Ok(found)
    }

    /// One of these organizations.
    pub async fn find_organization_of(
        &self,
        caller: &Caller,
        user: &str,
        reference: Option<&OrganizationRef>,
    ) -> Result<Arc<CachedOrganization>, ServiceError> {
        // Before the database is asked: a hidden organization must not take longer than one that is not there.
        let wanted = self.find_organization(caller, reference.ok_or(ServiceError::NotFound)?)?;
        let all = self.list_organizations_of(caller, user).await?;
        let id = wanted.organization.id;
        all.into_iter().find(|cached| cached.organization.id == id).ok_or(ServiceError::NotFound)
    }

    /// Whom a path names, for a caller who sees all users.
    async fn resolve_user(&self, caller: &Caller, user: &str) -> Result<Uuid, ServiceError> {
        let reference = UserRef::parse(user).ok_or(ServiceError::NotFound)?;
        self.look_up_user(caller, &reference).await?.map(|user| user.id).ok_or(ServiceError::NotFound)
    }

    /// Whom a path names, if the caller may know of them.
    async fn visible_user(&self, caller: &Caller, user: &str) -> Result<Uuid, ServiceError> {
        let own = caller.principal.user_id;
        let may_see_others = caller.may(Permission::ReadUserOrganizations, None)
            || caller.principal.memberships().any(|membership| {
                // Of a deleted organization nothing is left.
                let is_live = self.model.load().organizations.by_id(membership.organization).is_some();
                is_live && caller.may(Permission::ReadUserOrganizations, Some(membership.organization))
            });
        let reference = UserRef::parse(user).ok_or(ServiceError::NotFound)?;
        if !caller.may(Permission::SignedIn, None) {
            return Err(ServiceError::NotFound);
        }
        if matches!(reference, UserRef::Me) || reference == UserRef::Id(own) {
            return Ok(own);
        }
        let found = self.look_up_user(caller, &reference).await?.map(|user| user.id);
        found.filter(|id| may_see_others || *id == own).ok_or(ServiceError::NotFound)
    }

    async fn find_member(
        &self,
        caller: &Caller,
        organization: Uuid,
        user: &str,
    ) -> Result<OrganizationMember, ServiceError> {
        let user = self.resolve_user(caller, user).await?;
        self.database.find_member(organization, user).await?.ok_or(ServiceError::NotFound)
    }
}

fn read_roles(names: &[String]) -> Result<RoleSet<OrganizationRole>, ServiceError> {
    let mut roles = RoleSet::EMPTY;
    let mut wrong = Vec::new();
    for (index, name) in names.iter().enumerate().filter(|(_, name)| *name != IMPLIED) {
        match OrganizationRole::from_name(name) {
            Some(role) => roles = roles.with(role),
            None => wrong.push(ValidationError::new(format!("roles[{index}]"), rule_of_roles(name))),
        }
        if wrong.len() == MAX_NAMED {
            break;
        }
    }
    if wrong.is_empty() { Ok(roles) } else { Err(ServiceError::Validation(wrong)) }
}

fn rule_of_roles(name: &str) -> String {
    let known: Vec<_> = OrganizationRole::ALL.iter().map(|role| role.as_str()).collect();
    format!("must be one of {}, not {}", known.join(", "), crate::wire::quoted(name))
}
