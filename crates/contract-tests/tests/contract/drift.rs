//! Plants each kind of drift in a copy of the documented contract and looks for it in the comparison: at the right place, of
//! the right operation, and nothing beside it.

use crate::change::Change::{self, Append, Remove, Rename, ReplaceEverywhere, Set};
use crate::documented;
use orgd_contract::{Difference, compare};
use serde_json::json;

/// What the drift is, how it comes about, and the operation and pointer of each difference that it makes.
type Row = (&'static str, Change, &'static [(&'static str, &'static str)]);

fn places(differences: &[Difference]) -> Vec<(&str, &str)> {
    let mut places: Vec<_> =
        differences.iter().map(|difference| (difference.operation.as_str(), difference.pointer.as_str())).collect();
    places.sort_unstable();
    places
}

fn run(rows: Vec<Row>) {
    let documented = documented();
    for (drift, change, expected) in rows {
        assert_eq!(compare(&documented, &documented), [], "{drift}: without the drift");
        let generated = change.apply(&documented);
        assert_ne!(documented, generated, "{drift}: the change changes something");

        let mut expected = expected.to_vec();
        expected.sort_unstable();
        let differences = compare(&documented, &generated);
        assert_eq!(places(&differences), expected, "{drift}");
        for difference in &differences {
            assert_ne!(difference.documented, difference.generated, "{drift}");
            assert!(difference.next_step.ends_with('.'), "{drift}: {difference}");
        }
        assert_eq!(compare(&generated, &documented).len(), differences.len(), "{drift}: seen from the other side");
    }
}

#[test]
fn of_paths_and_methods() {
    run(vec![
        (
            "path removed",
            Remove("/paths/~1organizations"),
            &[
                ("getOrganizations", "/paths/~1organizations/get"),
                ("createOrganization", "/paths/~1organizations/post"),
            ],
        ),
        (
            "path added",
            Set("/paths/~1things", json!({"get": {"operationId": "getThings", "tags": ["Organizations"]}})),
            &[("getThings", "/paths/~1things/get")],
        ),
        ("empty path added", Set("/paths/~1things", json!({})), &[("document", "/paths/~1things")]),
        (
            "path renamed",
            Rename("/paths/~1organizations~1{organization}~1provisionerjobs~1{job}", "/jobs/{job}"),
            &[
                ("getProvisionerJob", "/paths/~1organizations~1{organization}~1provisionerjobs~1{job}/get"),
                ("getProvisionerJob", "/paths/~1jobs~1{job}/get"),
            ],
        ),
        (
            "method removed",
            Remove("/paths/~1organizations/post"),
            &[("createOrganization", "/paths/~1organizations/post")],
        ),
        (
            "method added",
            Set("/paths/~1organizations/head", json!({"operationId": "headOrganizations"})),
            &[("headOrganizations", "/paths/~1organizations/head")],
        ),
        (
            "method changed",
            Rename("/paths/~1organizations/post", "put"),
            &[
                ("createOrganization", "/paths/~1organizations/post"),
                ("createOrganization", "/paths/~1organizations/put"),
            ],
        ),
        (
            "parameter of the whole path added",
            Set("/paths/~1organizations/parameters", json!([])),
            &[("document", "/paths/~1organizations/parameters")],
        ),
    ]);
}

#[test]
fn of_operations() {
    const AT: &str = "getOrganizations";
    run(vec![
        (
            "operationId",
            Set("/paths/~1organizations/get/operationId", json!("listOrganizations")),
            &[(AT, "/paths/~1organizations/get/operationId")],
        ),
        (
            "operationId removed",
            Remove("/paths/~1organizations/get/operationId"),
            &[(AT, "/paths/~1organizations/get/operationId")],
        ),
        (
            "summary",
            Set("/paths/~1organizations/get/summary", json!("List organizations")),
            &[(AT, "/paths/~1organizations/get/summary")],
        ),
        (
            "summary differs in case",
            Set("/paths/~1organizations/get/summary", json!("Get Organizations")),
            &[(AT, "/paths/~1organizations/get/summary")],
        ),
        (
            "description",
            Set("/paths/~1organizations/get/description", json!("Lists them.")),
            &[(AT, "/paths/~1organizations/get/description")],
        ),
        (
            "description removed",
            Remove("/paths/~1organizations/get/description"),
            &[(AT, "/paths/~1organizations/get/description")],
        ),
        ("tag", Set("/paths/~1organizations/get/tags/0", json!("Users")), &[(AT, "/paths/~1organizations/get/tags")]),
        (
            "tag added",
            Append("/paths/~1organizations/get/tags", json!("Users")),
            &[(AT, "/paths/~1organizations/get/tags")],
        ),
        (
            "security removed",
            Remove("/paths/~1organizations/get/security"),
            &[(AT, "/paths/~1organizations/get/security")],
        ),
        (
            "security made optional",
            Append("/paths/~1organizations/get/security", json!({})),
            &[(AT, "/paths/~1organizations/get/security")],
        ),
        (
            "security scheme",
            Rename("/paths/~1organizations/get/security/0/CoderSessionToken", "Bearer"),
            &[
                (AT, "/paths/~1organizations/get/security/0/CoderSessionToken"),
                (AT, "/paths/~1organizations/get/security/0/Bearer"),
            ],
        ),
        (
            "deprecated",
            Set("/paths/~1organizations/get/deprecated", json!(true)),
            &[(AT, "/paths/~1organizations/get/deprecated")],
        ),
        (
            "extension marked",
            Set("/paths/~1organizations/get/x-extension", json!(true)),
            &[(AT, "/paths/~1organizations/get/x-extension")],
        ),
    ]);
}

macro_rules! job_list {
    ($rest:literal) => {
        concat!("/paths/~1organizations~1{organization}~1provisionerjobs/get", $rest)
    };
}

#[test]
fn of_parameters() {
    const AT: &str = "getProvisionerJobs";
    // organization, limit, ids, status, tags
    run(vec![
        (
            "name",
            Set(job_list!("/parameters/1/name"), json!("max")),
            &[(AT, job_list!("/parameters/1")), (AT, job_list!("/parameters/1"))],
        ),
        (
            "in",
            Set(job_list!("/parameters/1/in"), json!("header")),
            &[(AT, job_list!("/parameters/1")), (AT, job_list!("/parameters/1"))],
        ),
        ("removed", Remove(job_list!("/parameters/1")), &[(AT, job_list!("/parameters/1"))]),
        (
            "added",
            Append(job_list!("/parameters"), json!({"name": "offset", "in": "query", "schema": {"type": "integer"}})),
            &[(AT, job_list!("/parameters/6"))],
        ),
        (
            "written twice",
            Append(job_list!("/parameters"), json!({"name": "limit", "in": "query"})),
            &[(AT, job_list!("/parameters/6"))],
        ),
        ("all removed", Remove(job_list!("/parameters")), &[(AT, job_list!("/parameters"))]),
        (
            "required",
            Set(job_list!("/parameters/1/required"), json!(true)),
            &[(AT, job_list!("/parameters/1/required"))],
        ),
        (
            "required of a path",
            Set(job_list!("/parameters/0/required"), json!(false)),
            &[(AT, job_list!("/parameters/0/required"))],
        ),
        (
            "type",
            Set(job_list!("/parameters/1/schema/type"), json!("string")),
            &[(AT, job_list!("/parameters/1/schema/type"))],
        ),
        (
            "type made nullable",
            Set(job_list!("/parameters/1/schema/type"), json!(["integer", "null"])),
            &[(AT, job_list!("/parameters/1/schema/type"))],
        ),
        (
            "format removed",
            Remove(job_list!("/parameters/0/schema/format")),
            &[(AT, job_list!("/parameters/0/schema/format"))],
        ),
        (
            "format added",
            Set(job_list!("/parameters/1/schema/format"), json!("int32")),
            &[(AT, job_list!("/parameters/1/schema/format"))],
        ),
        (
            "format of items",
            Remove(job_list!("/parameters/2/schema/items/format")),
            &[(AT, job_list!("/parameters/2/schema/items/format"))],
        ),
        (
            "enum lacks a value",
            Remove(job_list!("/parameters/3/schema/enum/6")),
            &[(AT, job_list!("/parameters/3/schema/enum"))],
        ),
        (
            "enum has a value more",
            Append(job_list!("/parameters/3/schema/enum"), json!("stuck")),
            &[(AT, job_list!("/parameters/3/schema/enum"))],
        ),
        (
            "default",
            Set(job_list!("/parameters/1/schema/default"), json!(25)),
            &[(AT, job_list!("/parameters/1/schema/default"))],
        ),
        (
            "minimum",
            Remove(job_list!("/parameters/1/schema/minimum")),
            &[(AT, job_list!("/parameters/1/schema/minimum"))],
        ),
        (
            "style",
            Set(job_list!("/parameters/2/style"), json!("spaceDelimited")),
            &[(AT, job_list!("/parameters/2/style"))],
        ),
        ("explode", Remove(job_list!("/parameters/2/explode")), &[(AT, job_list!("/parameters/2/explode"))]),
        (
            "content type",
            Rename(job_list!("/parameters/4/content/application~1json"), "text/plain"),
            &[
                (AT, job_list!("/parameters/4/content/application~1json")),
                (AT, job_list!("/parameters/4/content/text~1plain")),
            ],
        ),
        (
            "schema in place of content",
            Rename(job_list!("/parameters/4/content"), "schema"),
            &[(AT, job_list!("/parameters/4/content")), (AT, job_list!("/parameters/4/schema"))],
        ),
        (
            "description",
            Set(job_list!("/parameters/1/description"), json!("Page size")),
            &[(AT, job_list!("/parameters/1/description"))],
        ),
        (
            "example",
            Set(job_list!("/parameters/0/example"), json!("coder")),
            &[(AT, job_list!("/parameters/0/example"))],
        ),
    ]);
}

#[test]
fn of_request_bodies() {
    const AT: &str = "createOrganization";
    run(vec![
        (
            "removed",
            Remove("/paths/~1organizations/post/requestBody"),
            &[(AT, "/paths/~1organizations/post/requestBody")],
        ),
        (
            "added",
            Set("/paths/~1organizations/get/requestBody", json!({"content": {}})),
            &[("getOrganizations", "/paths/~1organizations/get/requestBody")],
        ),
        (
            "required",
            Remove("/paths/~1organizations/post/requestBody/required"),
            &[(AT, "/paths/~1organizations/post/requestBody/required")],
        ),
        (
            "content type",
            Rename("/paths/~1organizations/post/requestBody/content/application~1json", "application/xml"),
            &[
                (AT, "/paths/~1organizations/post/requestBody/content/application~1json"),
                (AT, "/paths/~1organizations/post/requestBody/content/application~1xml"),
            ],
        ),
        (
            "schema",
            Set(
                "/paths/~1organizations/post/requestBody/content/application~1json/schema/$ref",
                json!("#/components/schemas/codersdk.UpdateOrganizationRequest"),
            ),
            &[(AT, "/paths/~1organizations/post/requestBody/content/application~1json/schema/$ref")],
        ),
        (
            "schema written out",
            Set("/paths/~1organizations/post/requestBody/content/application~1json/schema", json!({"type": "object"})),
            &[(AT, "/paths/~1organizations/post/requestBody/content/application~1json/schema")],
        ),
        (
            "example",
            Set("/paths/~1organizations/post/requestBody/content/application~1json/example/name", json!("other-team")),
            &[(AT, "/paths/~1organizations/post/requestBody/content/application~1json/example/name")],
        ),
    ]);
}

#[test]
fn of_responses() {
    const AT: &str = "getOrganizations";
    run(vec![
        (
            "status missing",
            Remove("/paths/~1organizations/get/responses/401"),
            &[(AT, "/paths/~1organizations/get/responses/401")],
        ),
        (
            "status added",
            Set("/paths/~1organizations/get/responses/404", json!({"$ref": "#/components/responses/NotFound"})),
            &[(AT, "/paths/~1organizations/get/responses/404")],
        ),
        (
            "status changed",
            Rename("/paths/~1organizations/post/responses/201", "200"),
            &[
                ("createOrganization", "/paths/~1organizations/post/responses/201"),
                ("createOrganization", "/paths/~1organizations/post/responses/200"),
            ],
        ),
        (
            "description",
            Set("/paths/~1organizations/get/responses/200/description", json!("All of them")),
            &[(AT, "/paths/~1organizations/get/responses/200/description")],
        ),
        (
            "schema",
            Set(
                "/paths/~1organizations/get/responses/200/content/application~1json/schema/items/$ref",
                json!("#/components/schemas/codersdk.Response"),
            ),
            &[(AT, "/paths/~1organizations/get/responses/200/content/application~1json/schema/items/$ref")],
        ),
        (
            "example",
            Set("/paths/~1organizations/get/responses/200/content/application~1json/example/0/icon", json!("/x.png")),
            &[(AT, "/paths/~1organizations/get/responses/200/content/application~1json/example/0/icon")],
        ),
        (
            "example emptied",
            Set("/paths/~1organizations/get/responses/200/content/application~1json/example", json!([])),
            &[(AT, "/paths/~1organizations/get/responses/200/content/application~1json/example")],
        ),
        (
            "another shared response, compared as written out",
            Set("/paths/~1organizations/get/responses/401/$ref", json!("#/components/responses/InternalServerError")),
            &[
                (AT, "/paths/~1organizations/get/responses/401/description"),
                (AT, "/paths/~1organizations/get/responses/401/content/application~1json/example/message"),
                (AT, "/paths/~1organizations/get/responses/401/content/application~1json/example/detail"),
            ],
        ),
        (
            "header added",
            Set("/paths/~1organizations/get/responses/200/headers", json!({"ETag": {"schema": {"type": "string"}}})),
            &[(AT, "/paths/~1organizations/get/responses/200/headers")],
        ),
        (
            "header of a shared response",
            Set("/components/responses/TooManyRequests/headers/Retry-After/schema/type", json!("string")),
            &[("components", "/components/responses/TooManyRequests/headers/Retry-After/schema/type")],
        ),
        (
            "header renamed",
            Rename("/components/responses/TooManyRequests/headers/Retry-After", "RateLimit"),
            &[
                ("components", "/components/responses/TooManyRequests/headers/Retry-After"),
                ("components", "/components/responses/TooManyRequests/headers/RateLimit"),
            ],
        ),
        (
            "description of a shared response",
            Set("/components/responses/NotFound/description", json!("Gone.")),
            &[("components", "/components/responses/NotFound/description")],
        ),
        (
            "shared response removed, but not its uses",
            Remove("/components/responses/NotFound"),
            &[("components", "/components/responses/NotFound")],
        ),
        (
            "reference that leads nowhere",
            Set("/paths/~1organizations/get/responses/401/$ref", json!("#/components/responses/None")),
            &[(AT, "/paths/~1organizations/get/responses/401")],
        ),
        (
            "reference whose target is overridden",
            Set("/paths/~1organizations/get/responses/401/description", json!("Bad.")),
            &[(AT, "/paths/~1organizations/get/responses/401/description")],
        ),
        (
            "shared response that nothing uses",
            Set("/components/responses/Teapot", json!({"description": "Short and stout."})),
            &[("components", "/components/responses/Teapot")],
        ),
    ]);
}

macro_rules! schema {
    ($rest:literal) => {
        concat!("/components/schemas/codersdk.", $rest)
    };
}

#[test]
fn of_schemas() {
    const AT: &str = "components";
    run(vec![
        (
            "field removed",
            Remove(schema!("Organization/properties/icon")),
            &[(AT, schema!("Organization/properties/icon"))],
        ),
        (
            "field added",
            Set(schema!("Organization/properties/owner"), json!({"type": "string"})),
            &[(AT, schema!("Organization/properties/owner"))],
        ),
        (
            "field renamed",
            Rename(schema!("Organization/properties/icon"), "image"),
            &[(AT, schema!("Organization/properties/icon")), (AT, schema!("Organization/properties/image"))],
        ),
        (
            "type",
            Set(schema!("Organization/properties/is_default/type"), json!("string")),
            &[(AT, schema!("Organization/properties/is_default/type"))],
        ),
        (
            "format",
            Remove(schema!("Organization/properties/id/format")),
            &[(AT, schema!("Organization/properties/id/format"))],
        ),
        (
            "required lacks a name",
            Remove(schema!("Organization/required/0")),
            &[(AT, schema!("Organization/required"))],
        ),
        (
            "required has a name more",
            Append(schema!("Organization/required"), json!("name")),
            &[(AT, schema!("Organization/required"))],
        ),
        ("required removed", Remove(schema!("Response/required")), &[(AT, schema!("Response/required"))]),
        ("enum", Append(schema!("JobErrorCode/enum"), json!("OTHER")), &[(AT, schema!("JobErrorCode/enum"))]),
        (
            "description of a field",
            Set(schema!("Organization/properties/id/description"), json!("ID.")),
            &[(AT, schema!("Organization/properties/id/description"))],
        ),
        (
            "description of a schema",
            Remove(schema!("Organization/description")),
            &[(AT, schema!("Organization/description"))],
        ),
        (
            "field called description",
            Set(schema!("Organization/properties/description/type"), json!("integer")),
            &[(AT, schema!("Organization/properties/description/type"))],
        ),
        (
            "no longer nullable",
            Set(schema!("UpdateOrganizationRequest/properties/name/type"), json!("string")),
            &[(AT, schema!("UpdateOrganizationRequest/properties/name/type"))],
        ),
        (
            "pattern",
            Remove(schema!("CreateOrganizationRequest/properties/name/pattern")),
            &[(AT, schema!("CreateOrganizationRequest/properties/name/pattern"))],
        ),
        (
            "maxLength",
            Set(schema!("CreateOrganizationRequest/properties/name/maxLength"), json!(33)),
            &[(AT, schema!("CreateOrganizationRequest/properties/name/maxLength"))],
        ),
        (
            "values of a map",
            Set(schema!("ProvisionerJob/properties/tags/additionalProperties"), json!(true)),
            &[(AT, schema!("ProvisionerJob/properties/tags/additionalProperties"))],
        ),
        (
            "named type written out",
            Set(schema!("ProvisionerJob/properties/status"), json!({"type": "string"})),
            &[(AT, schema!("ProvisionerJob/properties/status"))],
        ),
        (
            "component renamed, without its uses",
            Rename(schema!("JobErrorCode"), "codersdk.ErrorCode"),
            &[(AT, schema!("JobErrorCode")), (AT, schema!("ErrorCode"))],
        ),
        (
            "named type swapped for another",
            ReplaceEverywhere(
                "#/components/schemas/codersdk.JobErrorCode",
                "#/components/schemas/codersdk.ProvisionerJobType",
            ),
            &[
                (AT, schema!("ProvisionerJob/properties/error_code/$ref")),
                (AT, "/components/schemas/orgd.FailProvisionerJobRequest/properties/error_code/$ref"),
            ],
        ),
    ]);
}

#[test]
fn of_the_frame() {
    const AT: &str = "document";
    run(vec![
        ("version of OpenAPI", Set("/openapi", json!("3.1.1")), &[(AT, "/openapi")]),
        ("title", Set("/info/title", json!("Coder")), &[(AT, "/info/title")]),
        ("description", Set("/info/description", json!("An API.")), &[(AT, "/info/description")]),
        ("version", Set("/info/version", json!("9.9.9")), &[(AT, "/info/version")]),
        ("license", Remove("/info/license/identifier"), &[(AT, "/info/license/identifier")]),
        ("contact", Set("/info/contact", json!({"name": ""})), &[(AT, "/info/contact")]),
        ("server URL", Set("/servers/0/url", json!("/")), &[(AT, "/servers/0/url")]),
        ("server added", Append("/servers", json!({"url": "/"})), &[(AT, "/servers")]),
        ("servers removed", Remove("/servers"), &[(AT, "/servers")]),
        ("tag renamed", Set("/tags/0/name", json!("Orgs")), &[(AT, "/tags/0"), (AT, "/tags/0")]),
        ("tag described otherwise", Set("/tags/0/description", json!("Orgs.")), &[(AT, "/tags/0/description")]),
        ("security", Set("/security", json!([])), &[(AT, "/security")]),
        (
            "security scheme",
            Set("/components/securitySchemes/CoderSessionToken/in", json!("query")),
            &[("components", "/components/securitySchemes/CoderSessionToken/in")],
        ),
        (
            "security scheme added",
            Set("/components/securitySchemes/Bearer", json!({"type": "http", "scheme": "bearer"})),
            &[("components", "/components/securitySchemes/Bearer")],
        ),
        ("extra key", Set("/x-internal", json!(true)), &[(AT, "/x-internal")]),
    ]);
}
