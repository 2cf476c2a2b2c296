//! Notes in the audit log which changes were refused to whom.

use std::sync::Arc;

use actix_web::HttpMessage;
use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use uuid::Uuid;

use super::paths::{self, Routed};
use super::state::App;
use crate::audit::{Action, Fact, Origin, Resource};
use crate::operations::{MembersOperation, Operation, OrganizationsOperation, ProvisioningOperation, UsersOperation};
use crate::wire::uuid::parse_uuid;

/// The longest part of a path that is kept, in bytes.
const MAX_TARGET: usize = 128;

/// What an operation changes, and the segment of its path that names it; `None` for one that changes nothing, or nothing that
/// the audit log is about: what workers report is told by their jobs.
const fn subject(operation: Operation) -> Option<(Action, Resource, &'static str)> {
    use MembersOperation as Member;
    use OrganizationsOperation as Org;
    use ProvisioningOperation as Work;
    match operation {
        Operation::Organizations(operation) => match operation {
            Org::CreateOrganization => Some((Action::Create, Resource::Organization, "")),
            Org::UpdateOrganization => Some((Action::Write, Resource::Organization, "organization")),
            Org::DeleteOrganization => Some((Action::Delete, Resource::Organization, "organization")),
            Org::GetOrganizations | Org::GetOrganizationById | Org::GetProvisionerJobs | Org::GetProvisionerJob => None,
        },
        Operation::Audit(_) => None,
        Operation::Users(operation) => subject_among_users(operation),
        Operation::Members(operation) => match operation {
            Member::AddOrganizationMember => Some((Action::Create, Resource::OrganizationMember, "user")),
            Member::RemoveOrganizationMember => Some((Action::Delete, Resource::OrganizationMember, "user")),
            Member::AssignRoleToOrganizationMember => Some((Action::Write, Resource::OrganizationMember, "user")),
            Member::ListOrganizationMembers
            | Member::PaginatedOrganizationMembers
            | Member::GetMemberRolesByOrganization
            | Member::GetSiteMemberRoles
            | Member::GetOrganizationsByUser
            | Member::GetOrganizationByUserAndOrganizationName => None,
        },
        Operation::General(_) => None,
        Operation::Provisioning(operation) => match operation {
            Work::CreateProvisionerJob => Some((Action::Create, Resource::ProvisionerJob, "")),
            Work::CancelProvisionerJob => Some((Action::Write, Resource::ProvisionerJob, "job")),
            Work::CancelWorkspaceBuild => Some((Action::Write, Resource::ProvisionerJob, "workspacebuild")),
            Work::CancelTemplateVersion => Some((Action::Write, Resource::ProvisionerJob, "templateversion")),
            Work::CancelTemplateVersionDryRun => Some((Action::Write, Resource::ProvisionerJob, "jobID")),
            Work::CreateProvisionerKey => Some((Action::Create, Resource::ProvisionerKey, "")),
            Work::DeleteProvisionerKey => Some((Action::Delete, Resource::ProvisionerKey, "provisionerkey")),
            Work::RegisterProvisionerDaemon => Some((Action::Create, Resource::ProvisionerDaemon, "")),
            Work::ListProvisionerKeys
            | Work::GetProvisionerDaemons
            | Work::GetProvisionerJobLogs
            | Work::HeartbeatProvisionerDaemon
            | Work::AcquireProvisionerJob
            | Work::ReportProvisionerJobProgress
            | Work::CompleteProvisionerJob
            | Work::FailProvisionerJob => None,
        },
    }
}

const fn subject_among_users(operation: UsersOperation) -> Option<(Action, Resource, &'static str)> {
    use UsersOperation as User;
    match operation {
        User::CreateNewUser => Some((Action::Create, Resource::User, "")),
        User::UpdateUserProfile
        | User::UpdateUserPassword
        | User::AssignRoleToUser
        | User::SuspendUserAccount
        | User::ActivateUserAccount => Some((Action::Write, Resource::User, "user")),
        User::DeleteUser => Some((Action::Delete, Resource::User, "user")),
        User::CreateNewSessionKey | User::CreateTokenApiKey => Some((Action::Create, Resource::ApiKey, "user")),
        User::DeleteApiKey => Some((Action::Delete, Resource::ApiKey, "keyid")),
        User::ExpireApiKey => Some((Action::Write, Resource::ApiKey, "keyid")),
        // Whoever signs in is not known yet; the service notes it.
        User::CheckInitialUserCreated
        | User::CreateInitialUser
        | User::LogInUser
        | User::LogOutUser
        | User::GetUsers
        | User::GetUserByName
        | User::GetUserRoles
        | User::GetApiKeyById
        | User::GetUserTokens
        | User::GetApiKeyByTokenName
        | User::GetTokenConfig => None,
    }
}

/// Stores an entry when this answer refuses a change to somebody who is known. Nobody waits for it.
pub(super) fn note(app: &Data<App>, response: &ServiceResponse<BoxBody>) {
    let status = response.status();
    // Whoever is over the rate limit must not be able to fill the log.
    if !status.is_client_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return;
    }
    let request = response.request();
    let (origin, operation) = {
        let extensions = request.extensions();
        (extensions.get::<Arc<Origin>>().cloned(), extensions.get::<Routed>().map(|routed| routed.operation))
    };
    let Some(origin) = origin else { return };
    let Some((action, resource, segment)) = operation.and_then(subject) else { return };
    let named = |segment: &str| paths::segment(request, segment);
    let (target, id) = (shortened(named(segment)), parse_uuid(named(segment)).unwrap_or(Uuid::nil()));
    let organization = parse_uuid(named("organization")).ok();
    let fact = Fact::new(action, resource, id, target, app.clock.now()).with_status(status.as_u16());
    let fact = Fact { organization, ..fact };
    let app = app.clone();
    actix_web::rt::spawn(async move {
        if let Err(error) = app.database.acting_for(Some(&origin)).record_refusal(fact).await {
            let request_id = origin.request_id;
            tracing::warn!(%request_id, %error, "cannot note in the audit log that a change was refused");
        }
    });
}

fn shortened(text: &str) -> String {
    let end = (0..=MAX_TARGET.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    text[..end].replace('\0', "")
}
