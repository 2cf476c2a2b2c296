//! The examples of provisioner keys and workers.

use std::collections::BTreeMap;

use orgd_api_types::{
    CreateProvisionerKeyRequest, CreateProvisionerKeyResponse, ProvisionerDaemon, ProvisionerDaemonJob,
    ProvisionerDaemonStatus, ProvisionerJob, ProvisionerJobStatus, ProvisionerKey, Response, ValidationError,
};
use serde_json::Value;
use uuid::{Uuid, uuid};

use super::{ORGANIZATION, WORKER, at, failed_job, json, pending_job, say, work};
use crate::operations::ProvisioningOperation as Op;

const KEY: Uuid = uuid!("0198f5a0-6a10-7c3d-9e2f-1a2b3c4d5e6f");
const NAME: &str = "build-farm";

/// The example of an operation's request body.
pub(super) fn request(operation: Op) -> Option<Value> {
    match operation {
        Op::CreateProvisionerKey => {
            json(&CreateProvisionerKeyRequest { name: Some(NAME.to_owned()), tags: Some(tags(&[("gpu", "yes")])) })
        }
        // Those of jobs are elsewhere.
        Op::RegisterProvisionerDaemon
        | Op::AcquireProvisionerJob
        | Op::ReportProvisionerJobProgress
        | Op::CompleteProvisionerJob
        | Op::FailProvisionerJob
        | Op::HeartbeatProvisionerDaemon
        | Op::GetProvisionerJobLogs
        | Op::CancelWorkspaceBuild
        | Op::CancelTemplateVersion
        | Op::CancelTemplateVersionDryRun => work::request(operation),
        Op::ListProvisionerKeys
        | Op::DeleteProvisionerKey
        | Op::GetProvisionerDaemons
        | Op::CreateProvisionerJob
        | Op::CancelProvisionerJob => None,
    }
}

/// The example of an operation's answer with this status, where it is not one that operations share.
pub(super) fn response(operation: Op, status: &str) -> Option<Value> {
    match (operation, status) {
        (Op::ListProvisionerKeys, "200") => json(&[key()]),
        (Op::CreateProvisionerKey, "201") => {
            json(&CreateProvisionerKeyResponse { key: "4pVbTq0mZx9LkYd7RwHs2NcJf6GuEa1XoBi5QtWyMz8".to_owned() })
        }
        (Op::CreateProvisionerKey, "409") => json(&Response {
            validations: vec![ValidationError::new("name", "This value is already in use and should be unique.")],
            ..say("Provisioner key already exists with the name \"build-farm\".", "")
        }),
        (Op::GetProvisionerDaemons, "200") => json(&[busy_worker()]),
        (other, status) => work::response(other, status),
    }
}

pub(super) fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn key() -> ProvisionerKey {
    ProvisionerKey {
        id: KEY,
        created_at: at(97_440_000_000),
        organization: ORGANIZATION,
        name: NAME.to_owned(),
        tags: tags(&[("gpu", "yes")]),
    }
}

pub(super) fn busy_worker() -> ProvisionerDaemon {
    ProvisionerDaemon {
        id: WORKER,
        organization_id: ORGANIZATION,
        key_id: Some(KEY),
        created_at: at(97_440_000_000),
        last_seen_at: Some(at(97_510_500_000)),
        name: "builder-1".to_owned(),
        version: "v2.32.0".to_owned(),
        api_version: "1.13".to_owned(),
        provisioners: vec!["terraform".to_owned()],
        tags: tags(&[("gpu", "yes"), ("owner", ""), ("scope", "organization")]),
        key_name: Some(NAME.to_owned()),
        status: ProvisionerDaemonStatus::Busy,
        current_job: Some(short(&ProvisionerJob { status: ProvisionerJobStatus::Running, ..pending_job() })),
        previous_job: Some(short(&failed_job())),
    }
}

fn short(job: &ProvisionerJob) -> ProvisionerDaemonJob {
    ProvisionerDaemonJob {
        id: job.id,
        status: job.status,
        template_name: job.metadata.template_name.clone(),
        template_icon: job.metadata.template_icon.clone(),
        template_display_name: job.metadata.template_display_name.clone(),
    }
}
