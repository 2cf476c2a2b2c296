//! Binds every documented operation to its path.
//!
//! The operations come from `openapi/` by way of the build script. An operation that is documented and not bound here does not
//! compile.

use actix_web::dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse, always_ready};
use actix_web::web::{self, ServiceConfig};
use actix_web::{Error, HttpRequest, Route};
use futures_util::future::{LocalBoxFuture, try_join_all};

use super::error::ApiError;
use super::gate::{Entered, find_organization};
use super::paths::{self, BASE, Found, Routed};
use super::{
    api_keys, audit, cancel, general, job_logs, job_queue, logins, members, organizations, provisioner_daemons,
    provisioner_jobs, provisioner_keys, user_access, users, worker_jobs, workers,
};
use crate::operations::{
    AuditOperation, GeneralOperation, MembersOperation, Operation, OrganizationsOperation, ProvisioningOperation,
    UsersOperation,
};

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

/// Adds the whole API. Whatever is left below [`BASE`] is refused.
pub fn configure(config: &mut ServiceConfig) {
    config.service(web::scope(BASE).default_service(Dispatch));
}

/// Gives each request to the handler of its operation.
struct Dispatch;

impl ServiceFactory<ServiceRequest> for Dispatch {
    type Response = ServiceResponse;
    type Error = Error;
    type Config = ();
    type Service = Handlers;
    type InitError = ();
    type Future = LocalBoxFuture<'static, Result<Handlers, ()>>;

    fn new_service(&self, (): ()) -> Self::Future {
        let operations = try_join_all(Operation::ALL.iter().map(|operation| bind(*operation).new_service(())));
        let refused = web::to(refuse).new_service(());
        Box::pin(async move { Ok(Handlers { operations: operations.await?, refused: refused.await? }) })
    }
}

/// The handlers of one worker thread.
struct Handlers {
    /// In the order of their operations' index.
    operations: Vec<Handler>,
    refused: Handler,
}

type Handler = <Route as ServiceFactory<ServiceRequest>>::Service;

impl Service<ServiceRequest> for Handlers {
    type Response = ServiceResponse;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<ServiceResponse, Error>>;

    always_ready!();

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let handler = match Routed::note(&request) {
            Found::Operation(routed) => self.operations.get(routed.operation.index()),
            Found::OtherMethod(_) | Found::Nothing => None,
        };
        handler.unwrap_or(&self.refused).call(request)
    }
}

/// What is no operation. Below `/organizations` nothing is said to strangers, not even that a path does not exist; and an
/// organization that the caller may not read is not found before anything else.
async fn refuse(request: HttpRequest) -> Result<String, ApiError> {
    let refused = match paths::find(request.method().as_str(), request.match_info().as_str()) {
        Found::OtherMethod(allow) => ApiError::MethodNotAllowed { allow },
        Found::Operation(_) | Found::Nothing => ApiError::RouteNotFound,
    };
    enter_first(&request).await.and(Err(refused))
}

async fn enter_first(request: &HttpRequest) -> Result<(), ApiError> {
    let below = request.path().strip_prefix(BASE).and_then(|path| path.strip_prefix("/organizations"));
    let Some(rest) = below.filter(|rest| rest.is_empty() || rest.starts_with('/')) else { return Ok(()) };
    let entered = Entered::of(request).await?;
    let raw = rest.trim_start_matches('/').split('/').next().unwrap_or_default();
    if raw.is_empty() { Ok(()) } else { find_organization(&entered, raw).map(drop) }
}
