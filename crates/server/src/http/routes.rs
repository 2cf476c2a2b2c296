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
    api_keys, audit, cancel, general, job_logs, job_queue, logins, members, organizations, provisioner_daemons,
    provisioner_jobs, provisioner_keys, user_access, users, worker_jobs, workers,
};
use crate::operations::{
    AuditOperation, GeneralOperation, MembersOperation, Operation, OrganizationsOperation, ProvisioningOperation,
    UsersOperation,
};

/// Where the API begins.
pub const BASE: &str = "/api/v2";

/// The one GET path that the reference does not also answer with a slash at its end.
const EXACT: &str = "/organizations/{organization}/provisionerjobs/{job}";

fn bind(operation: Operation) -> Route {
    match operation {
        Operation::Organizations(operation) => bind_organizations(operation),
        Operation::Provisioning(operation) => bind_provisioning(operation),
        Operation::Members(operation) => bind_members(operation),
        Operation::General(operation) => bind_general(operation),
        Operation::Users(operation) => bind_users(operation),
        Operation::Audit(AuditOperation::GetAuditLogs) => web::route().to(audit::get_audit_logs),
    }
}

fn bind_users(operation: UsersOperation) -> Route {
    use UsersOperation as Op;
    match operation {
        Op::CheckInitialUserCreated => web::route().to(logins::check_initial_user_created),
        Op::CreateInitialUser => web::route().to(logins::create_initial_user),
        Op::LogInUser => web::route().to(logins::log_in_user),
        Op::LogOutUser => web::route().to(logins::log_out_user),
        Op::GetUsers => web::route().to(users::get_users),
        Op::CreateNewUser => web::route().to(users::create_new_user),
        Op::GetUserByName => web::route().to(users::get_user_by_name),
        Op::DeleteUser => web::route().to(users::delete_user),
        Op::UpdateUserProfile => web::route().to(users::update_user_profile),
        Op::UpdateUserPassword => web::route().to(user_access::update_user_password),
        Op::GetUserRoles => web::route().to(user_access::get_user_roles),
        Op::AssignRoleToUser => web::route().to(user_access::assign_role_to_user),
        Op::SuspendUserAccount => web::route().to(user_access::suspend_user_account),
        Op::ActivateUserAccount => web::route().to(user_access::activate_user_account),
        Op::CreateNewSessionKey => web::route().to(api_keys::create_new_session_key),
        Op::GetApiKeyById => web::route().to(api_keys::get_api_key_by_id),
        Op::DeleteApiKey => web::route().to(api_keys::delete_api_key),
        Op::ExpireApiKey => web::route().to(api_keys::expire_api_key),
        Op::GetUserTokens => web::route().to(api_keys::get_user_tokens),
        Op::CreateTokenApiKey => web::route().to(api_keys::create_token_api_key),
        Op::GetApiKeyByTokenName => web::route().to(api_keys::get_api_key_by_token_name),
        Op::GetTokenConfig => web::route().to(api_keys::get_token_config),
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

fn bind_members(operation: MembersOperation) -> Route {
    use MembersOperation as Op;
    match operation {
        Op::ListOrganizationMembers => web::route().to(members::list_organization_members),
        Op::PaginatedOrganizationMembers => web::route().to(members::paginated_organization_members),
        Op::AddOrganizationMember => web::route().to(members::add_organization_member),
        Op::RemoveOrganizationMember => web::route().to(members::remove_organization_member),
        Op::AssignRoleToOrganizationMember => web::route().to(members::assign_role_to_organization_member),
        Op::GetMemberRolesByOrganization => web::route().to(members::get_member_roles_by_organization),
        Op::GetSiteMemberRoles => web::route().to(members::get_site_member_roles),
        Op::GetOrganizationsByUser => web::route().to(members::get_organizations_by_user),
        Op::GetOrganizationByUserAndOrganizationName => {
            web::route().to(members::get_organization_by_user_and_organization_name)
        }
    }
}

fn bind_general(operation: GeneralOperation) -> Route {
    use GeneralOperation as Op;
    match operation {
        Op::GetApiRoot => web::route().to(general::get_api_root),
        Op::GetBuildInfo => web::route().to(general::get_build_info),
        Op::GetEntitlements => web::route().to(general::get_entitlements),
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
        if path == "/" {
            scope = scope.service(resource(String::new(), &operations));
        } else if !reads.is_empty() && path != EXACT {
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
