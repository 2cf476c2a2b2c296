//! The rules of organizations.

use std::sync::Arc;

use bytes::Bytes;
use orgd_api_types::{
    CreateOrganizationRequest, Organization, RESERVED_ORGANIZATION_NAME, Timestamp, UpdateOrganizationRequest,
};
use uuid::Uuid;

use super::Services;
use super::error::{ServiceError, check};
use crate::auth::authenticate::Caller;
use crate::auth::permission::Permission;
use crate::db::idempotency::{Answered, Attempt};
use crate::db::organizations::{Deletion, OrganizationChanges};
use crate::db::{Constraint, DbError};
use crate::model::organizations::CachedOrganization;
use crate::wire::idempotency::RepeatableRequest;
use crate::wire::reference::OrganizationRef;

/// The order in which failing fields are reported.
const FIELDS: &[&str] = &["name", "display_name", "description", "icon"];

impl Services {
    /// The JSON of every organization that the caller may read, by name.
    pub fn get_organizations(&self, caller: &Caller) -> Bytes {
        let snapshot = self.model.load();
        // Whoever may read an organization of which they are no member may read all of them.
        if caller.may(Permission::ReadOrganization, None) {
            return self.all_organizations.get_or_assemble(&snapshot.organizations);
        }
        let readable = snapshot
            .organizations
            .iter()
            .filter(|cached| caller.may(Permission::ReadOrganization, Some(cached.organization.id)));
        super::lists::array_of(readable.map(|cached| cached.fragment())).into()
    }

    /// The organization that a path names, if it exists and the caller may read it.
    pub fn find_organization(
        &self,
        caller: &Caller,
        reference: &OrganizationRef,
    ) -> Result<Arc<CachedOrganization>, ServiceError> {
        let found = self.named(reference);
        found
            .filter(|cached| caller.may(Permission::ReadOrganization, Some(cached.organization.id)))
            .ok_or(ServiceError::NotFound)
    }

    /// The organization that a path names, if it is this one.
    pub fn find_own_organization(
        &self,
        own: Uuid,
        reference: &OrganizationRef,
    ) -> Result<Arc<CachedOrganization>, ServiceError> {
        self.named(reference).filter(|cached| cached.organization.id == own).ok_or(ServiceError::NotFound)
    }

    fn named(&self, reference: &OrganizationRef) -> Option<Arc<CachedOrganization>> {
        let snapshot = self.model.load();
        let organizations = &snapshot.organizations;
        match reference {
            OrganizationRef::Default => organizations.default_organization(),
            OrganizationRef::Id(id) => organizations.by_id(*id),
            OrganizationRef::IdOrName(id, name) => {
                organizations.by_id(*id).or_else(|| organizations.by_lower_name(name))
            }
            OrganizationRef::Name(name) => organizations.by_lower_name(name),
        }
        .cloned()
    }

    /// Creates an organization and makes the caller its member. An empty display name becomes the name. What was done before is
    /// not done again.
    pub async fn create_organization(
        &self,
        caller: &Caller,
        request: CreateOrganizationRequest,
        repeatable: Option<RepeatableRequest>,
    ) -> Result<Answered<Organization>, ServiceError> {
        let now = self.clock.now();
        let organization = new_organization(request, now)?;
        let (name, creator) = (organization.name.clone(), caller.principal.user_id);
        let attempt = repeatable.map(|request| Attempt { user: creator, request, at: now });
        let created = self.acting_for(caller).create_organization(organization, Some(creator), attempt).await;
        created.map_err(|error| name_conflict(error, name))
    }

    /// Changes the given fields. Absent and null leave a field as it is, and so does an empty name or display name.
    pub async fn update_organization(
        &self,
        caller: &Caller,
        id: Uuid,
        request: UpdateOrganizationRequest,
    ) -> Result<Arc<Organization>, ServiceError> {
        let changes = changes_of(request)?;
        let name = changes.name.clone();
        let updated = self.acting_for(caller).update_organization(id, changes, self.clock.now()).await;
        updated.map_err(|error| name_conflict(error, name.unwrap_or_default()))?.ok_or(ServiceError::NotFound)
    }

    /// Deletes an organization that is not the default one and has nothing left in it. Its name is free at once.
    pub async fn delete_organization(&self, caller: &Caller, id: Uuid) -> Result<(), ServiceError> {
        match self.acting_for(caller).delete_organization(id, self.clock.now()).await? {
            Deletion::Done => Ok(()),
            Deletion::NotFound => Err(ServiceError::NotFound),
            Deletion::IsDefault => Err(ServiceError::DefaultOrganization),
            Deletion::Blocked(blockers) => Err(ServiceError::DeletionBlocked(blockers)),
        }
    }
}

/// The organization that is asked for, if nothing about it breaks a rule.
pub fn new_organization(request: CreateOrganizationRequest, now: Timestamp) -> Result<Organization, ServiceError> {
    check(&request, FIELDS)?;
    let name = request.name.unwrap_or_default();
    refuse_reserved(&name)?;
    Ok(Organization {
        id: Uuid::now_v7(),
        display_name: request.display_name.filter(|text| !text.is_empty()).unwrap_or_else(|| name.clone()),
        description: request.description.unwrap_or_default(),
        icon: request.icon.unwrap_or_default(),
        created_at: now,
        updated_at: now,
        is_default: false,
        name,
    })
}

/// The changes that are asked for, if none of them breaks a rule.
pub fn changes_of(request: UpdateOrganizationRequest) -> Result<OrganizationChanges, ServiceError> {
    check(&request, FIELDS)?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let name = given(request.name);
    refuse_reserved(name.as_deref().unwrap_or_default())?;
    Ok(OrganizationChanges {
        name,
        display_name: given(request.display_name),
        description: request.description,
        icon: request.icon,
    })
}

fn refuse_reserved(name: &str) -> Result<(), ServiceError> {
    if name == RESERVED_ORGANIZATION_NAME {
        Err(ServiceError::ReservedName(RESERVED_ORGANIZATION_NAME))
    } else {
        Ok(())
    }
}

fn name_conflict(error: DbError, name: String) -> ServiceError {
    match error {
        DbError::Conflict(Constraint::OrganizationName) => ServiceError::NameTaken(name),
        other => other.into(),
    }
}
