//! The rules that an organization or a provisioner job must keep by itself, whatever the database holds.

use orgd_api_types::{
    CreateOrganizationRequest, MAX_TAGS_JSON, Organization, ProvisionerJobInput, ProvisionerJobMetadata,
    ProvisionerJobStatus, RESERVED_ORGANIZATION_NAME, ValidationError, exceed_json,
};
use validator::Validate;

use super::fault::{Fault, Place};
use super::record::Job;
use crate::wire::body::validations_of;

const NUL: &str = "must not contain the NUL character";
const NIL: &str = "must not be the nil UUID";

/// What is wrong with the organization. An empty display name becomes the name, as it does on creation.
pub(super) fn check_organization(organization: &mut Organization, place: &Place) -> Vec<Fault> {
    let broken = organization_rules_broken_by(organization);
    broken.into_iter().map(|rule| Fault::of_field(place, rule.field, rule.detail)).collect()
}

/// The rules that the organization breaks, by field. An empty display name becomes the name, as it does on creation.
pub(crate) fn organization_rules_broken_by(organization: &mut Organization) -> Vec<ValidationError> {
    let mut broken = Vec::new();
    if organization.id.is_nil() {
        broken.push(ValidationError::new("id", NIL));
    }
    // The same rules as for an organization that is created, from the same place.
    let request = CreateOrganizationRequest {
        name: Some(std::mem::take(&mut organization.name)),
        display_name: Some(std::mem::take(&mut organization.display_name)),
        description: Some(std::mem::take(&mut organization.description)),
        icon: Some(std::mem::take(&mut organization.icon)),
    };
    if let Err(errors) = request.validate() {
        broken.extend(validations_of(&errors, &["name", "display_name", "description", "icon"]));
    }
    let name = request.name.unwrap_or_default();
    if name == RESERVED_ORGANIZATION_NAME {
        broken.push(ValidationError::new("name", format!("must not be {name:?}, which is reserved")));
    }
    organization.display_name = request.display_name.filter(|text| !text.is_empty()).unwrap_or_else(|| name.clone());
    organization.description = request.description.unwrap_or_default();
    organization.icon = request.icon.unwrap_or_default();
    organization.name = name;
    broken
}

/// What is wrong with the job.
pub(super) fn check_job(job: &Job, place: &Place) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (field, id) in [("id", job.id), ("organization_id", job.organization_id)] {
        if id.is_nil() {
            faults.push(Fault::of_field(place, field, NIL));
        }
    }
    let [started, canceled, completed] = [job.started_at, job.canceled_at, job.completed_at].map(|time| time.is_some());
    let derived = ProvisionerJobStatus::derive(started, canceled, completed, &job.error);
    if job.status != derived {
        let rule = format!(
            "is {:?}, but started_at, canceled_at, completed_at and error say {:?}",
            job.status.as_str(),
            derived.as_str()
        );
        faults.push(Fault::of_field(place, "status", rule));
    }
    let Job { input, metadata, .. } = job;
    let ProvisionerJobInput { error, template_version_id: _, workspace_build_id: _ } = input;
    let ProvisionerJobMetadata {
        template_version_name,
        template_name,
        template_display_name,
        template_icon,
        workspace_name,
        template_id: _,
        workspace_id: _,
    } = metadata;
    let texts = [
        ("error", &job.error),
        ("error_code", &job.error_code),
        ("worker_name", &job.worker_name),
        ("input.error", error),
        ("metadata.template_version_name", template_version_name),
        ("metadata.template_name", template_name),
        ("metadata.template_display_name", template_display_name),
        ("metadata.template_icon", template_icon),
        ("metadata.workspace_name", workspace_name),
    ];
    let broken = texts.into_iter().filter(|(_, text)| text.contains('\0'));
    faults.extend(broken.map(|(field, _)| Fault::of_field(place, field, NUL)));
    if job.tags.iter().any(|(key, value)| key.contains('\0') || value.contains('\0')) {
        faults.push(Fault::of_field(place, "tags", NUL));
    }
    if exceed_json(&job.tags) {
        // PostgreSQL could not index them.
        faults.push(Fault::of_field(place, "tags", format!("must be at most {MAX_TAGS_JSON} bytes as JSON")));
    }
    faults
}
