//! The examples of the document, made from the types themselves, so that an example that does not fit its schema does not
//! compile. Swagger UI fills its forms with them: each is a request that works.

mod audit;
mod members;
mod users;
mod work;
mod workers;

use orgd_api_types::{
    CreateOrganizationRequest, CreateProvisionerJobRequest, JobErrorCode, JobInput, JobMetadata, Organization,
    ProvisionerJob, ProvisionerJobInput, ProvisionerJobMetadata, ProvisionerJobStatus, ProvisionerJobType, Response,
    Timestamp, UpdateOrganizationRequest, ValidationError,
};
use serde::Serialize;
use serde_json::Value;
use uuid::{Uuid, uuid};

use super::error::UNEXPECTED_STATUS;
use crate::operations::{Operation, OrganizationsOperation as Op, ProvisioningOperation as Provisioning};

const ORGANIZATION: Uuid = uuid!("7c60d51f-b44e-4682-87d6-449835ea4de6");
const WORKER: Uuid = uuid!("ae5fa6f7-c55b-40c1-b40a-b36ac467652b");

/// The example of an operation's request body.
pub fn request(operation: Operation) -> Option<Value> {
    let operation = match operation {
        Operation::Organizations(operation) => operation,
        Operation::Provisioning(operation) => return provisioning_request(operation),
        Operation::Members(operation) => return members::request(operation),
        Operation::General(_) | Operation::Audit(_) => return None,
        Operation::Users(operation) => return users::request(operation),
    };
    match operation {
        Op::CreateOrganization => json(&CreateOrganizationRequest {
            name: Some("platform-team".to_owned()),
            display_name: Some("Platform Team".to_owned()),
            description: Some("Runs the clusters that everybody else deploys to.".to_owned()),
            icon: Some("/icon/k8s.png".to_owned()),
        }),
        Op::UpdateOrganization => json(&UpdateOrganizationRequest {
            display_name: Some("Head Office".to_owned()),
            description: Some("Where everybody starts.".to_owned()),
            ..UpdateOrganizationRequest::default()
        }),
        Op::GetOrganizations
        | Op::GetOrganizationById
        | Op::DeleteOrganization
        | Op::GetProvisionerJobs
        | Op::GetProvisionerJob => None,
    }
}

/// The example of an operation's answer with this status, where it is not one that operations share.
pub fn response(operation: Operation, status: &str) -> Option<Value> {
    let operation = match operation {
        Operation::Organizations(operation) => operation,
        Operation::Provisioning(operation) => return provisioning_response(operation, status),
        Operation::Members(operation) => return members::response(operation, status),
        Operation::General(operation) => return members::general(operation, status),
        Operation::Audit(_) => return audit::response(status),
        Operation::Users(operation) => return users::response(operation, status),
    };
    match (operation, status) {
        (Op::GetOrganizations, "200") => json(&[default_organization(), organization()]),
        (Op::CreateOrganization, "201") | (Op::GetOrganizationById | Op::UpdateOrganization, "200") => {
            json(&organization())
        }
        (Op::DeleteOrganization, "200") => json(&say("Organization has been deleted.", "")),
        (Op::DeleteOrganization, "409") => json(&say(
            "Error deleting organization.",
            "This organization has 2 members, 1 provisioner key, 3 provisioner jobs that must be deleted first.",
        )),
        (Op::GetProvisionerJobs, "200") => json(&[pending_job(), failed_job()]),
        (Op::GetProvisionerJob, "200") => json(&failed_job()),
        _ => None,
    }
}

/// The example of an operation's stream of events.
pub fn events(operation: Operation) -> Option<Value> {
    (operation == Operation::Provisioning(Provisioning::GetProvisionerJobLogs)).then(work::events)
}

fn provisioning_request(operation: Provisioning) -> Option<Value> {
    match operation {
        Provisioning::CreateProvisionerJob => json(&CreateProvisionerJobRequest {
            kind: Some(ProvisionerJobType::WorkspaceBuild),
            tags: Some([("gpu".to_owned(), "yes".to_owned())].into()),
            input: Some(JobInput { workspace_build_id: pending_job().input.workspace_build_id, ..JobInput::default() }),
            metadata: Some(JobMetadata {
                template_version_name: Some(metadata().template_version_name),
                template_id: Some(metadata().template_id),
                template_name: Some(metadata().template_name),
                template_display_name: Some(metadata().template_display_name),
                template_icon: Some(metadata().template_icon),
                workspace_id: None,
                workspace_name: Some("dev".to_owned()),
            }),
            ..CreateProvisionerJobRequest::default()
        }),
        other => workers::request(other),
    }
}

fn provisioning_response(operation: Provisioning, status: &str) -> Option<Value> {
    match (operation, status) {
        (Provisioning::CreateProvisionerJob, "200" | "201") => json(&pending_job()),
        (Provisioning::CreateProvisionerJob, "409") => {
            let rule = "is that of another provisioner job, or of this one with other values";
            let validations = vec![ValidationError::new("id", rule)];
            json(&Response { validations, ..say("A provisioner job with this ID exists.", "") })
        }
        (Provisioning::CancelWorkspaceBuild | Provisioning::CancelTemplateVersion, "400") => {
            json(&say("Job has already completed!", ""))
        }
        (Provisioning::CancelWorkspaceBuild | Provisioning::CancelTemplateVersion, "200") => {
            json(&say("Job has been marked as canceled...", ""))
        }
        (Provisioning::CancelWorkspaceBuild, "412") => json(&say(UNEXPECTED_STATUS, "")),
        (Provisioning::CancelTemplateVersionDryRun, "400") => json(&say("Job has already completed.", "")),
        (Provisioning::CancelTemplateVersionDryRun, "200") => json(&say("Job has been marked as canceled.", "")),
        (Provisioning::CancelProvisionerJob, "409") => json(&say("Job has already completed!", "")),
        (Provisioning::CancelProvisionerJob, "200") => json(&say("Job has been marked as canceled...", "")),
        (other, status) => workers::response(other, status),
    }
}

fn json(value: &impl Serialize) -> Option<Value> {
    serde_json::to_value(value).ok()
}

fn say(message: &str, detail: &str) -> Response {
    Response { message: message.to_owned(), detail: detail.to_owned(), validations: Vec::new() }
}

/// Times of the examples, in microseconds after 2026-01-01T00:00:00Z.
fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000 + micros)
}

fn default_organization() -> Organization {
    Organization {
        id: uuid!("1b7f3a52-8d4e-4c6f-9a10-2f3e4d5c6b7a"),
        name: "coder".to_owned(),
        display_name: "Coder".to_owned(),
        icon: String::new(),
        description: String::new(),
        created_at: at(0),
        updated_at: at(0),
        is_default: true,
    }
}

fn organization() -> Organization {
    let created_at = at(97_445_123_456);
    Organization {
        id: ORGANIZATION,
        name: "platform-team".to_owned(),
        display_name: "Platform Team".to_owned(),
        icon: "/icon/k8s.png".to_owned(),
        description: "Runs the clusters that everybody else deploys to.".to_owned(),
        created_at,
        updated_at: created_at,
        is_default: false,
    }
}

fn metadata() -> ProvisionerJobMetadata {
    ProvisionerJobMetadata {
        template_version_name: "v1.2.0".to_owned(),
        template_id: uuid!("c6d67e98-83ea-49f0-8812-e4abae2b68bc"),
        template_name: "kubernetes".to_owned(),
        template_display_name: "Kubernetes".to_owned(),
        template_icon: "/icon/k8s.png".to_owned(),
        workspace_id: None,
        workspace_name: String::new(),
    }
}

fn pending_job() -> ProvisionerJob {
    let (id, initiator) =
        (uuid!("0198f5a0-9d30-7b52-8c11-5a6b7c8d9e0f"), uuid!("06588898-9a84-4b35-ba8f-f9cbd64946f3"));
    let kind = ProvisionerJobType::WorkspaceBuild;
    ProvisionerJob {
        file_id: uuid!("8a0cfb4f-ddc9-436d-91bb-75133c583767"),
        tags: [("owner", ""), ("scope", "organization")].map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        queue_position: 1,
        queue_size: 3,
        input: ProvisionerJobInput {
            workspace_build_id: Some(uuid!("badaf2eb-96c5-4050-9f1d-db2d39ca5478")),
            ..ProvisionerJobInput::default()
        },
        available_workers: vec![WORKER],
        metadata: ProvisionerJobMetadata {
            workspace_id: Some(uuid!("0967198e-ec7b-4c6b-b4d3-f71244cadbe9")),
            workspace_name: "dev".to_owned(),
            ..metadata()
        },
        ..ProvisionerJob::pending(id, ORGANIZATION, initiator, kind, at(97_500_000_000))
    }
}

fn failed_job() -> ProvisionerJob {
    ProvisionerJob {
        id: uuid!("0198f5a0-7c1e-7d11-a3a4-1b0c4f1d2e3f"),
        created_at: at(97_445_123_456),
        started_at: Some(at(97_446_500_000)),
        completed_at: Some(at(97_487_000_000)),
        error: "template requires values for variables: region".to_owned(),
        error_code: Some(JobErrorCode::RequiredTemplateVariables),
        status: ProvisionerJobStatus::Failed,
        worker_id: Some(WORKER),
        worker_name: "builder-1".to_owned(),
        queue_position: 0,
        queue_size: 0,
        input: ProvisionerJobInput {
            template_version_id: Some(uuid!("0ba39c92-1f1b-4c32-aa3e-9925d7713eb1")),
            ..ProvisionerJobInput::default()
        },
        kind: ProvisionerJobType::TemplateVersionImport,
        available_workers: Vec::new(),
        metadata: metadata(),
        ..pending_job()
    }
}
