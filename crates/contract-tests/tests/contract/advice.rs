//! What a difference tells its reader to do next.

use orgd_contract::compare;
use serde_json::json;

use crate::change::Change::{self, Remove, Rename, Set};
use crate::documented;

#[track_caller]
fn assert_next_steps(change: &Change, expected: &[&str]) {
    let documented = documented();
    let generated = change.apply(&documented);
    let steps: Vec<_> = compare(&documented, &generated).into_iter().map(|difference| difference.next_step).collect();
    assert_eq!(steps, expected);
}

#[test]
fn for_an_operation_that_is_not_bound() {
    assert_next_steps(
        &Remove("/paths/~1organizations/post"),
        &[
            "bind the operation in crates/server/src/http/routes.rs, annotate its handler with `#[utoipa::path]` and list it \
           in crates/server/src/http/document.rs; or remove it from openapi/organizations.yaml.",
        ],
    );
}

#[test]
fn for_an_operation_that_is_not_documented() {
    assert_next_steps(
        &Set("/paths/~1things", json!({"get": {"operationId": "getThings", "tags": ["API Keys"]}})),
        &["add it to openapi/api-keys.yaml, or remove it from the code."],
    );
}

#[test]
fn for_an_operation_that_moved() {
    assert_next_steps(
        &Rename("/paths/~1organizations/post", "put"),
        &[
            "the code has it as PUT /organizations: correct method and path in the `#[utoipa::path]` of its handler and in \
             crates/server/src/http/routes.rs, or in openapi/organizations.yaml.",
            "openapi/organizations.yaml has it as POST /organizations: correct one of the two.",
        ],
    );
}

#[test]
fn for_a_value_of_an_operation() {
    let handler = "the `#[utoipa::path]` of the handler `get_organization_by_id` (crates/server/src/http)";
    assert_next_steps(
        &Set("/paths/~1organizations~1{organization}/get/summary", json!("Get")),
        &[&format!("change {handler}; or, if the code is right, change openapi/organizations.yaml.")],
    );
    assert_next_steps(
        &Remove("/paths/~1organizations~1{organization}/get/responses/404"),
        &[&format!("add it to {handler}, or remove it from openapi/organizations.yaml.")],
    );
    assert_next_steps(
        &Set("/paths/~1organizations~1{organization}/get/responses/418", json!({"description": "Teapot"})),
        &[&format!("add it to openapi/organizations.yaml, or remove it from {handler}.")],
    );
}

#[test]
fn for_components_and_the_frame() {
    assert_next_steps(
        &Remove("/components/schemas/codersdk.Organization/properties/icon"),
        &["add it to the type with `#[schema(as = codersdk::Organization)]` (crates/api-types), or remove it from \
           `codersdk.Organization` under components.schemas in openapi/."],
    );
    assert_next_steps(
        &Set("/components/responses/NotFound/description", json!("Gone.")),
        &[
            "change `NotFound` in crates/server/src/http/document.rs; or, if the code is right, change `NotFound` under \
           components.responses in openapi/.",
        ],
    );
    assert_next_steps(
        &Set("/info/title", json!("Coder")),
        &["change what crates/server/src/http/document.rs generates; or, if the code is right, change \
           openapi/openapi.yaml."],
    );
}
