//! Queueing provisioner jobs.

use orgd_api_types::{
    CreateProvisionerJobRequest, JobPriority, Provisioner, ProvisionerJob, ProvisionerJobType, ValidationError,
};
use uuid::Uuid;
use validator::Validate;

use super::Services;
use super::error::ServiceError;
use crate::auth::authenticate::Caller;
use crate::db::idempotency::{Answered, Attempt};
use crate::db::jobs::JobRecord;
use crate::db::jobs::enqueue::Enqueued;
use crate::db::{Constraint, DbError};
use crate::queue::{PriorityClass, ProvisionerType};
use crate::tags::{TagSet, TagSetId};
use crate::wire::body::validations_of;
use crate::wire::idempotency::RepeatableRequest;
use crate::wire::query::JobQuery;

/// The order in which failing fields are reported.
const FIELDS: &[&str] = &["id", "kind", "provisioner", "priority", "tags", "input", "file_id", "metadata"];

/// A job that a request led to.
#[derive(Debug)]
pub struct QueuedJob {
    /// The job as it stands now.
    pub job: ProvisionerJob,
    /// True when a request made it, this one or one that this repeats.
    pub is_new: bool,
    /// True when this repeats a request by its `Idempotency-Key`.
    pub is_replayed: bool,
}

impl Services {
    /// Queues a job of the organization in the caller's name. What was done before is not done again.
    pub async fn create_provisioner_job(
        &self,
        caller: &Caller,
        organization: Uuid,
        request: CreateProvisionerJobRequest,
        repeatable: Option<RepeatableRequest>,
    ) -> Result<QueuedJob, ServiceError> {
        check(&request)?;
        let user = caller.principal.user_id;
        let now = self.clock.now();
        let attempt = repeatable.map(|request| Attempt { user, request, at: now });
        let tags = TagSet::normalise(request.tags.clone().unwrap_or_default(), Some(user));
        let record = self.record_of(request, organization, user);
        let enqueued = self.acting_for(caller).enqueue_provisioner_job(record, tags, attempt).await.map_err(refused)?;
        let (Enqueued { id, is_new }, is_replayed) = match enqueued {
            Answered::Now(enqueued) => (*enqueued, false),
            Answered::Before { body, .. } => {
                let before = serde_json::from_slice(&body);
                (before.map_err(|error| ServiceError::Internal(format!("a kept answer: {error}")))?, true)
            }
        };
        let job = self.get_provisioner_job(organization, id, JobQuery::default()).await;
        let job = job.map_err(ServiceError::after_commit)?;
        Ok(QueuedJob { job, is_new, is_replayed })
    }

    fn record_of(&self, request: CreateProvisionerJobRequest, organization: Uuid, initiator: Uuid) -> JobRecord {
        let CreateProvisionerJobRequest { id, kind, provisioner, priority, tags: _, input, file_id, metadata } =
            request;
        let (id, created_at) = (id.unwrap_or_else(Uuid::now_v7), self.clock.now());
        // Validated: it is there.
        let kind = kind.unwrap_or(ProvisionerJobType::WorkspaceBuild);
        let job = ProvisionerJob {
            file_id: file_id.unwrap_or_default(),
            input: input.unwrap_or_default().into(),
            metadata: metadata.unwrap_or_default().into(),
            ..ProvisionerJob::pending(id, organization, initiator, kind, created_at)
        };
        JobRecord {
            job,
            // The database gives it the one of its tags.
            tag_set: TagSetId(0),
            provisioner: match provisioner.unwrap_or(Provisioner::Terraform) {
                Provisioner::Echo => ProvisionerType::Echo,
                Provisioner::Terraform => ProvisionerType::Terraform,
            },
            class: match priority.unwrap_or(JobPriority::Normal) {
                JobPriority::Normal => PriorityClass::People,
                JobPriority::Prebuild => PriorityClass::Prebuild,
            },
            error_code: String::new(),
        }
    }
}

fn check(request: &CreateProvisionerJobRequest) -> Result<(), ServiceError> {
    request.validate().map_err(|errors| {
        let mut validations = validations_of(&errors, FIELDS);
        // A field cannot be called `type` in Rust.
        validations.iter_mut().filter(|one| one.field == "kind").for_each(|one| one.field = "type".to_owned());
        ServiceError::Validation(validations)
    })
}

fn refused(error: DbError) -> ServiceError {
    match error {
        DbError::Conflict(Constraint::LiveOrganization) => ServiceError::NotFound,
        DbError::Conflict(Constraint::ProvisionerJobId) => {
            let rule = "is that of another provisioner job, or of this one with other values";
            ServiceError::JobIdTaken(ValidationError::new("id", rule))
        }
        other => other.into(),
    }
}
