//! The rules of provisioner keys.

use orgd_api_types::{CreateProvisionerKeyRequest, CreateProvisionerKeyResponse, ProvisionerKey};
use uuid::Uuid;

use super::Services;
use super::error::{ServiceError, check};
use crate::auth::authenticate::Caller;
use crate::auth::provisioner_secret::NewProvisionerSecret;
use crate::db::provisioner_keys::NewProvisionerKey;
use crate::db::{Constraint, DbError};

/// The order in which failing fields are reported.
const FIELDS: &[&str] = &["name", "tags"];

impl Services {
    /// The keys of an organization, by name.
    pub async fn list_provisioner_keys(&self, organization: Uuid) -> Result<Vec<ProvisionerKey>, ServiceError> {
        Ok(self.database.list_provisioner_keys(organization).await?)
    }

    /// Makes a key and gives its secret, which nobody can be given again.
    pub async fn create_provisioner_key(
        &self,
        caller: &Caller,
        organization: Uuid,
        request: CreateProvisionerKeyRequest,
    ) -> Result<CreateProvisionerKeyResponse, ServiceError> {
        check(&request, FIELDS)?;
        let name = request.name.unwrap_or_default();
        let secret = NewProvisionerSecret::generate()?;
        let key = ProvisionerKey {
            id: Uuid::now_v7(),
            created_at: self.clock.now(),
            organization,
            name: name.clone(),
            tags: request.tags.unwrap_or_default(),
        };
        let new = NewProvisionerKey { key, hashed_secret: secret.hashed };
        match self.acting_for(caller).create_provisioner_key(new).await {
            Ok(true) => Ok(CreateProvisionerKeyResponse { key: secret.reveal() }),
            Ok(false) => Err(ServiceError::NotFound),
            Err(DbError::Conflict(Constraint::ProvisionerKeyName)) => Err(ServiceError::KeyNameTaken(name)),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes the key of this name, in whatever case.
    pub async fn delete_provisioner_key(
        &self,
        caller: &Caller,
        organization: Uuid,
        name: String,
    ) -> Result<(), ServiceError> {
        let deleted = self.acting_for(caller).delete_provisioner_key(organization, name, self.clock.now()).await?;
        if deleted { Ok(()) } else { Err(ServiceError::NotFound) }
    }
}
