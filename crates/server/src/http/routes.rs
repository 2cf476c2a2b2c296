//! Binds every documented operation to its path.
//!
//! The operations come from `openapi/` by way of the build script. An operation that is documented and not bound here does not
//! compile.

use std::collections::BTreeMap;

use actix_web::guard::{self, GuardContext};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, Route};

use super::error::ApiError;
use super::gate::{Entered, find_organization};
use super::{
    cancel, job_logs, job_queue, organizations, provisioner_daemons, provisioner_jobs, provisioner_keys, worker_jobs,
    workers,
};
use crate::operations::{Operation, OrganizationsOperation, ProvisioningOperation};

/// Where the API begins.
pub const BASE: &str = "/api/v2";

/// The one GET path that the reference does not also answer with a slash at its end.
const EXACT: &str = "/organizations/{organization}/provisionerjobs/{job}";

fn bind(operation: Operation) -> Route {
    match operation {
        Operation::Organizations(operation) => bind_organizations(operation),
        Operation::Provisioning(operation) => bind_provisioning(operation),
    }
}

fn bind_organizations(operation: OrganizationsOperation) -> Route {
    use OrganizationsOperation as Op;
    match operation {
        Op::GetOrganizations => web::route().to(organizations::get_organizations),
        Op::CreateOrganization => web::route().to(organizations::create_organization),
        Op::GetOrganizationById => web::route().to(organizations::get_organization_by_id),
        Op::DeleteOrganization => web::route().to(organizations::delete_organization),
        Op::UpdateOrganization => web::route().to(organizations::update_organization),
        Op::GetProvisionerJobs => web::route().to(provisioner_jobs::get_provisioner_jobs),
        Op::GetProvisionerJob => web::route().to(provisioner_jobs::get_provisioner_job),
    }
}

fn bind_provisioning(operation: ProvisioningOperation) -> Route {
    use ProvisioningOperation as Op;
    match operation {
        Op::CreateProvisionerJob => web::route().to(job_queue::create_provisioner_job),
        Op::CancelProvisionerJob => web::route().to(job_queue::cancel_provisioner_job),
        Op::ListProvisionerKeys => web::route().to(provisioner_keys::list_provisioner_keys),
        Op::CreateProvisionerKey => web::route().to(provisioner_keys::create_provisioner_key),
        Op::DeleteProvisionerKey => web::route().to(provisioner_keys::delete_provisioner_key),
        Op::GetProvisionerDaemons => web::route().to(provisioner_daemons::get_provisioner_daemons),
        Op::RegisterProvisionerDaemon => web::route().to(workers::register_provisioner_daemon),
        Op::HeartbeatProvisionerDaemon => web::route().to(workers::heartbeat_provisioner_daemon),
        Op::AcquireProvisionerJob => web::route().to(workers::acquire_provisioner_job),
        Op::ReportProvisionerJobProgress => web::route().to(worker_jobs::report_provisioner_job_progress),
        Op::CompleteProvisionerJob => web::route().to(worker_jobs::complete_provisioner_job),
        Op::FailProvisionerJob => web::route().to(worker_jobs::fail_provisioner_job),
        Op::GetProvisionerJobLogs => web::route().to(job_logs::get_provisioner_job_logs),
        Op::CancelWorkspaceBuild => web::route().to(cancel::cancel_workspace_build),
        Op::CancelTemplateVersion => web::route().to(cancel::cancel_template_version),
        Op::CancelTemplateVersionDryRun => web::route().to(cancel::cancel_template_version_dry_run),
    }
}

/// Adds the whole API. Whatever is left below [`BASE`] is answered by [`unknown_route`].
pub fn configure(config: &mut ServiceConfig) {
    let mut by_path: BTreeMap<&'static str, Vec<Operation>> = BTreeMap::new();
    for operation in Operation::ALL {
        by_path.entry(operation.path()).or_default().push(*operation);
    }
    let mut scope = web::scope(BASE);
    for (path, operations) in by_path {
        let reads: Vec<_> = operations.iter().copied().filter(|operation| operation.method() == "GET").collect();
        scope = scope.service(resource(path.to_owned(), &operations));
        if !reads.is_empty() && path != EXACT {
            scope = scope.service(resource(format!("{path}/"), &reads));
        }
    }
    config.service(scope.default_service(web::to(unknown_route)));
}

fn resource(path: String, operations: &[Operation]) -> actix_web::Resource {
    let mut resource = web::resource(path);
    for operation in operations {
        resource = resource.route(route(*operation));
    }
    let allow = allowed(operations);
    resource.default_service(web::to(move |request: HttpRequest| async move {
        enter_first(&request).await.and(Err::<String, _>(ApiError::MethodNotAllowed { allow }))
    }))
}

/// The route of one operation. Its last guard leaves the operation with the request, for whoever needs to know it: the gate
/// for the permission, the middleware for metrics and records.
fn route(operation: Operation) -> Route {
    let route = bind(operation);
    let route = match operation.method() {
        "GET" => route.guard(guard::Any(guard::Get()).or(guard::Head())),
        "POST" => route.guard(guard::Post()),
        "PUT" => route.guard(guard::Put()),
        "PATCH" => route.guard(guard::Patch()),
        "DELETE" => route.guard(guard::Delete()),
        // A method that this function does not know is never served; the tests call every operation.
        _ => route.guard(guard::fn_guard(|_| false)),
    };
    route.guard(guard::fn_guard(move |context: &GuardContext<'_>| {
        context.req_data_mut().insert(operation);
        true
    }))
}

/// The value of `Allow` for a path with these operations. Leaked: there is one for each path of the document.
fn allowed(operations: &[Operation]) -> &'static str {
    let mut methods: Vec<&str> = operations.iter().map(|operation| operation.method()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    methods.join(", ").leak()
}

async fn unknown_route(request: HttpRequest) -> Result<String, ApiError> {
    enter_first(&request).await.and(Err(ApiError::RouteNotFound))
}

/// Below `/organizations` nothing is said to strangers, not even that a path does not exist; and an organization that the caller
/// may not read is not found before anything else.
async fn enter_first(request: &HttpRequest) -> Result<(), ApiError> {
    let below = request.path().strip_prefix(BASE).and_then(|path| path.strip_prefix("/organizations"));
    let Some(rest) = below.filter(|rest| rest.is_empty() || rest.starts_with('/')) else { return Ok(()) };
    let entered = Entered::of(request).await?;
    let raw = rest.trim_start_matches('/').split('/').next().unwrap_or_default();
    if raw.is_empty() { Ok(()) } else { find_organization(&entered, raw).map(drop) }
}
