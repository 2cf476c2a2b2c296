//! The OpenAPI document that the code generates. `cargo xtask openapi check` and a test compare it with `openapi/`, which is
//! written by hand and comes first.

use utoipa::openapi::path::{Operation as DocumentedOperation, Parameter};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, OpenApi, RefOr};
use utoipa::{Modify, OpenApi as _};

use super::{
    api_keys, audit, cancel, errors_documented, examples, general, job_logs, job_queue, logins, members, organizations,
    provisioner_daemons, provisioner_jobs, provisioner_keys, user_access, users, worker_jobs, workers,
};
use crate::operations::Operation;

/// The document as it is served at `/openapi.json`.
pub fn openapi() -> OpenApi {
    Document::openapi()
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "orgd",
        description = "Coder's Organizations API: organizations, and the provisioner jobs that run in them. Clients written for Coder work against this \
            server unchanged. Every request below `/api/v2` carries a session token, or a provisioner key \
            where it comes from a worker; every error has the shape of \
            `codersdk.Response`. A POST may carry an `Idempotency-Key`, 1 to 255 visible ASCII characters that its caller makes \
            up: when the same user sends the same request with the same key within 24 hours, it is not done again, and the first \
            answer is repeated with the header `Idempotent-Replayed: true`. Requests that were refused may be tried again with \
            their key. [The queue page](/queue) shows jobs and workers live.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/api/v2", description = "This server.")),
    tags(
        (name = "Organizations", description = "Organizations, and the provisioner jobs of one organization."),
        (name = "Provisioning", description = "Where provisioner jobs are done, by whom and with which keys."),
        (name = "Members", description = "Who belongs to which organization, and with which roles."),
        (name = "General", description = "What a server says of itself."),
        (name = "Audit", description = "Who changed what."),
        (name = "Users", description = "Who there is, what they may do, how they sign in, and their session tokens."),
    ),
    paths(
        organizations::get_organizations,
        organizations::create_organization,
        organizations::get_organization_by_id,
        organizations::delete_organization,
        organizations::update_organization,
        provisioner_jobs::get_provisioner_jobs,
        provisioner_jobs::get_provisioner_job,
        job_queue::create_provisioner_job,
        job_queue::cancel_provisioner_job,
        provisioner_keys::list_provisioner_keys,
        provisioner_keys::create_provisioner_key,
        provisioner_keys::delete_provisioner_key,
        provisioner_daemons::get_provisioner_daemons,
        workers::register_provisioner_daemon,
        workers::heartbeat_provisioner_daemon,
        workers::acquire_provisioner_job,
        worker_jobs::report_provisioner_job_progress,
        worker_jobs::complete_provisioner_job,
        worker_jobs::fail_provisioner_job,
        job_logs::get_provisioner_job_logs,
        cancel::cancel_workspace_build,
        cancel::cancel_template_version,
        cancel::cancel_template_version_dry_run,
        members::list_organization_members,
        members::paginated_organization_members,
        members::add_organization_member,
        members::remove_organization_member,
        members::assign_role_to_organization_member,
        members::get_member_roles_by_organization,
        members::get_site_member_roles,
        members::get_organizations_by_user,
        members::get_organization_by_user_and_organization_name,
        general::get_api_root,
        general::get_build_info,
        general::get_entitlements,
        audit::get_audit_logs,
        logins::check_initial_user_created,
        logins::create_initial_user,
        logins::log_in_user,
        logins::log_out_user,
        users::get_users,
        users::create_new_user,
        users::get_user_by_name,
        users::delete_user,
        users::update_user_profile,
        user_access::update_user_password,
        user_access::get_user_roles,
        user_access::assign_role_to_user,
        user_access::suspend_user_account,
        user_access::activate_user_account,
        api_keys::create_new_session_key,
        api_keys::get_api_key_by_id,
        api_keys::delete_api_key,
        api_keys::expire_api_key,
        api_keys::get_user_tokens,
        api_keys::create_token_api_key,
        api_keys::get_api_key_by_token_name,
        api_keys::get_token_config,
    ),
    modifiers(&SharedParts, &OpenToAnybody, &Examples, &TagsAsJson, &PlainMaps)
)]
struct Document;

/// The parts that operations refer to.
struct SharedParts;

impl Modify for SharedParts {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_with(Components::new);
        components.responses = errors_documented::components().into_iter().collect();
        let header = ApiKeyValue::with_description(
            "Coder-Session-Token",
            "A session token, `<10 characters>-<22 characters>`. The first start of the server prints the owner's token; \
             `orgd token create` makes more.",
        );
        components.add_security_scheme("CoderSessionToken", SecurityScheme::ApiKey(ApiKey::Header(header)));
        let header = ApiKeyValue::with_description(
            "Coder-Provisioner-Key",
            "The secret of a provisioner key, for workers. Where both are taken and both are given, the key counts.",
        );
        components.add_security_scheme("CoderProvisionerKey", SecurityScheme::ApiKey(ApiKey::Header(header)));
    }
}

/// Gives every operation its examples, and says which of them are open to everybody.
struct Examples;

impl Modify for Examples {
    fn modify(&self, document: &mut OpenApi) {
        for documented in operations(document) {
            let known = Operation::ALL.iter().find(|known| documented.operation_id.as_deref() == Some(known.id()));
            let Some(operation) = known else { continue };
            if operation.security().is_empty() {
                // Said aloud: an annotation can only leave it out.
                documented.security = Some(Vec::new());
            }
            let bodies = documented.request_body.iter_mut().filter_map(|body| match body {
                RefOr::T(body) => Some(&mut body.content),
                RefOr::Ref(_) => None,
            });
            for media in bodies.flat_map(|content| content.values_mut()) {
                set_example(media, examples::request(*operation));
            }
            for (status, response) in &mut documented.responses.responses {
                let RefOr::T(response) = response else { continue };
                if let Some(json) = response.content.get_mut("application/json") {
                    set_example(json, examples::response(*operation, status));
                }
                if let Some(events) = response.content.get_mut("text/event-stream") {
                    set_example(events, examples::events(*operation));
                }
            }
        }
    }
}

fn set_example(media: &mut RefOr<utoipa::openapi::Content>, example: Option<serde_json::Value>) {
    if let (RefOr::T(content), Some(example)) = (media, example) {
        content.example = Some(example);
    }
}

/// An operation that asks for no token says so, which the annotations cannot.
struct OpenToAnybody;

impl Modify for OpenToAnybody {
    fn modify(&self, document: &mut OpenApi) {
        for operation in operations(document) {
            operation.security.get_or_insert_with(Vec::new);
        }
    }
}

/// The tags filter is a JSON object inside a query parameter, which the annotations cannot say.
struct TagsAsJson;

impl Modify for TagsAsJson {
    fn modify(&self, document: &mut OpenApi) {
        let parameters =
            operations(document).into_iter().flat_map(|operation| operation.parameters.iter_mut().flatten());
        for parameter in parameters {
            if let RefOr::T(Parameter { name, schema, content, .. }) = parameter
                && name == "tags"
            {
                let text = Schema::Object(ObjectBuilder::new().schema_type(Type::String).build());
                let object = ObjectBuilder::new().additional_properties(Some(text)).build();
                let json = ContentBuilder::new().schema(Some(object)).example(Some(serde_json::json!({}))).build();
                *schema = None;
                content.insert("application/json".to_owned(), json.into());
            }
        }
    }
}

/// Keys of a JSON object are text in any case; saying so keeps the document from being written as OpenAPI 3.0 too.
struct PlainMaps;

impl Modify for PlainMaps {
    fn modify(&self, document: &mut OpenApi) {
        let schemas = document.components.iter_mut().flat_map(|components| components.schemas.values_mut());
        for schema in schemas {
            let RefOr::T(Schema::Object(object)) = schema else { continue };
            for property in object.properties.values_mut() {
                if let RefOr::T(Schema::Object(property)) = property {
                    property.property_names = None;
                }
            }
        }
    }
}

fn operations(document: &mut OpenApi) -> Vec<&mut DocumentedOperation> {
    let items = document.paths.paths.values_mut();
    items
        .flat_map(|item| [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete])
        .flatten()
        .collect()
}
