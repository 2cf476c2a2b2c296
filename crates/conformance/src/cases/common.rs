//! What holds for many operations: nobody gets anything without a session token, and an organization that is not there is 404.

use crate::call::{Call, call};
use crate::case::{Case, Stop};
use crate::run::{Run, text};

/// Everything in one line each: the operation, and which of the two cases it has.
macro_rules! common {
    ($($operation:literal $needs:ident $($absent:ident)?),+ $(,)?) => {
        &[$(
            case!($operation, "signed-out", $needs, signed_out, "without a session token, or with one that is none, the answer is 401"),
            $(case!($operation, "absent-organization", $needs, $absent, "an organization that is not there is 404 in the words of all such answers"),)?
        )+]
    };
}

pub(super) static CASES: &[Case] = common![
    "getOrganizations" Reading,
    "getOrganizationByID" Reading absent_organization,
    "createOrganization" Writing,
    "updateOrganization" Writing absent_organization,
    "deleteOrganization" Writing absent_organization,
    "getProvisionerJobs" Reading absent_organization,
    "getProvisionerJob" Reading absent_organization,
    "listOrganizationMembers" Reading absent_organization,
    "getMemberRolesByOrganization" Reading absent_organization,
    "paginatedOrganizationMembers" Reading absent_organization,
    "addOrganizationMember" Writing absent_organization,
    "removeOrganizationMember" Writing absent_organization,
    "assignRoleToOrganizationMember" Writing absent_organization,
    "getSiteMemberRoles" Reading,
    "getOrganizationsByUser" Reading,
    "getOrganizationByUserAndOrganizationName" Reading,
    "getUsers" Reading,
    "getUserByName" Reading,
    "getUserRoles" Reading,
    "getUserTokens" Reading,
    "getTokenConfig" Reading,
    "getAPIKeyByID" Reading,
    "getAPIKeyByTokenName" Reading,
    "listProvisionerKeys" Reading absent_organization,
    "createProvisionerKey" Writing absent_organization,
    "deleteProvisionerKey" Writing absent_organization,
    "getProvisionerDaemons" Reading absent_organization,
    "createProvisionerJob" Writing absent_organization,
    "cancelProvisionerJob" Writing absent_organization,
    "getProvisionerJobLogs" Reading absent_organization,
    "getEntitlements" Reading,
    "getAuditLogs" Reading,
];

/// A call of the case's operation with something sensible for each parameter of its path.
fn plain_call(run: &Run<'_>, organization: &str) -> Call {
    let operation = run.case.operation;
    let template = run.contract.operation(operation).map_or("", |known| known.path.as_str());
    let job = run.targets.jobs.first().map_or_else(|| run.server.guard.absent_id(), |job| text(job, "id").to_owned());
    let value = |parameter: &str| match parameter {
        "{organization}" | "{organizationname}" => organization.to_owned(),
        "{user}" => "me".to_owned(),
        "{job}" => job.clone(),
        _ => "conformance".to_owned(),
    };
    let values: Vec<String> = template.split('/').filter(|segment| segment.starts_with('{')).map(value).collect();
    let plain = call(operation, &values.iter().map(String::as_str).collect::<Vec<_>>());
    match operation {
        "createOrganization" => plain.json(&serde_json::json!({ "name": run.server.guard.new_name() })),
        "updateOrganization" => plain.json(&serde_json::json!({ "description": "Should not be." })),
        "createProvisionerKey" => plain.json(&serde_json::json!({ "name": "conformance" })),
        "createProvisionerJob" => plain.json(&serde_json::json!({ "type": "workspace_build" })),
        "assignRoleToOrganizationMember" => plain.json(&serde_json::json!({ "roles": [] })),
        _ => plain,
    }
}

async fn signed_out(run: &mut Run<'_>) -> Result<(), Stop> {
    let writes = run.case.needs == crate::case::Needs::Writing;
    let own = run.targets.workshops.first().cloned().unwrap_or_else(|| run.server.guard.absent_id());
    let some = run.targets.organization.clone().unwrap_or_else(|| "default".to_owned());
    let plain = plain_call(run, if writes { &own } else { &some });
    run.signed_out(plain).await
}

async fn absent_organization(run: &mut Run<'_>) -> Result<(), Stop> {
    let id = run.server.guard.absent_id();
    let name = run.server.guard.new_name();
    for organization in [id, name] {
        let plain = plain_call(run, &organization);
        run.absent(plain).await?;
    }
    Ok(())
}
