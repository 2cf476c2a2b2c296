//! Planted changes of the real document, each with whom it breaks. A row fails when the change is not found, is found for somebody else,
//! or when something is found that was not planted.

use orgd_contract::{Class, changes};
use serde_json::{Value, json};

use crate::change::Change;
use crate::documented;

use Change::{Append, Remove, Rename, Set};
use Class::{Additive, BreaksRequests, BreaksResponses, Wording};

const LIST: &str = "/paths/~1organizations/get";
const JOBS: &str = "/paths/~1organizations~1{organization}~1provisionerjobs/get";
const CREATE: &str = "/paths/~1organizations/post";

macro_rules! schema {
    ($name:literal) => {
        concat!("/components/schemas/codersdk.", $name)
    };
    ($name:literal, $rest:literal) => {
        concat!("/components/schemas/codersdk.", $name, $rest)
    };
}

/// A change, the classes that must be found and no other, and a part of a place.
type Row = (Change, &'static [Class], &'static str);

fn operations() -> Vec<Row> {
    vec![
        (Remove("/paths/~1entitlements"), &[BreaksRequests], "GET /entitlements"),
        (Remove("/paths/~1organizations/post"), &[BreaksRequests], "POST /organizations"),
        (Set("/paths/~1new", json!({"get": {"responses": {"200": {"description": "x"}}}})), &[Additive], "GET /new"),
        (Rename("/paths/~1entitlements", "/rights"), &[BreaksRequests, Additive], "GET /rights"),
        (Set("/paths/~1organizations/get/operationId", json!("listThem")), &[BreaksRequests], "listThem"),
        (Set("/paths/~1organizations/get/tags/0", json!("Other")), &[Additive], "GET /organizations"),
        (Set("/paths/~1organizations/get/summary", json!("Other")), &[Wording], "GET /organizations"),
        (Set("/paths/~1organizations/get/deprecated", json!(true)), &[Additive], "deprecated"),
        (Set("/paths/~1organizations/get/security", json!([])), &[Additive], "no credentials"),
        (
            Set("/paths/~1buildinfo/get/security", json!([{"CoderSessionToken": []}])),
            &[BreaksRequests, Additive],
            "no credentials used",
        ),
        (
            Set("/paths/~1organizations/get/security", json!([{"CoderProvisionerKey": []}])),
            &[BreaksRequests, Additive],
            "CoderSessionToken",
        ),
        (
            Append("/paths/~1organizations/get/security", json!({"CoderProvisionerKey": []})),
            &[Additive],
            "CoderProvisionerKey is enough",
        ),
        (
            Set("/paths/~1organizations/get/security", json!([{"CoderSessionToken": [], "CoderProvisionerKey": []}])),
            &[BreaksRequests, Additive],
            "security",
        ),
        (
            Set("/components/securitySchemes/CoderSessionToken/name", json!("Authorization")),
            &[BreaksRequests],
            "security scheme",
        ),
        (Set("/components/securitySchemes/CoderSessionToken/in", json!("query")), &[BreaksRequests], "security scheme"),
        (Set("/servers/0/url", json!("/api/v3")), &[BreaksRequests, Additive], "/api/v2 is gone"),
        (Append("/servers", json!({"url": "/api/v3"})), &[Additive], "/api/v3"),
        (Set("/info/description", json!("Other.")), &[Wording], "description"),
    ]
}

fn parameters() -> Vec<Row> {
    let parameter =
        |required: bool| json!({"name": "x", "in": "query", "required": required, "schema": {"type": "string"}});
    vec![
        (Set("/paths/~1organizations/get/parameters", json!([parameter(false)])), &[Additive], "query parameter x"),
        (
            Set("/paths/~1organizations/get/parameters", json!([parameter(true)])),
            &[BreaksRequests],
            "query parameter x",
        ),
        (
            Remove("/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/1"),
            &[BreaksRequests],
            "parameter limit",
        ),
        (
            Set("/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/1/name", json!("max")),
            &[BreaksRequests, Additive],
            "parameter max",
        ),
        (
            Set("/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/1/in", json!("header")),
            &[BreaksRequests, Additive],
            "header parameter limit",
        ),
        (
            Set("/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/1/required", json!(true)),
            &[BreaksRequests],
            "parameter limit",
        ),
        (
            Set(
                "/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/1/schema/type",
                json!("string"),
            ),
            &[BreaksRequests],
            "parameter limit",
        ),
        (
            Set(
                "/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/1/schema/type",
                json!("number"),
            ),
            &[Additive],
            "parameter limit",
        ),
        (
            Set("/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/1/schema/default", json!(7)),
            &[BreaksRequests],
            "parameter limit",
        ),
        (
            Set("/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/1/schema/maximum", json!(7)),
            &[BreaksRequests],
            "maximum",
        ),
        (
            Set("/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/2/explode", json!(true)),
            &[BreaksRequests],
            "explode",
        ),
        (
            Set(
                "/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/2/schema/items/format",
                json!("email"),
            ),
            &[BreaksRequests],
            "parameter ids/items",
        ),
        (
            Set("/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/2/schema/maxItems", json!(3)),
            &[BreaksRequests],
            "maxItems",
        ),
        (
            Remove("/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/3/schema/enum/0"),
            &[BreaksRequests],
            "is no value any more",
        ),
        (
            Append(
                "/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/3/schema/enum",
                json!("paused"),
            ),
            &[Additive],
            "paused",
        ),
        (
            Set(
                "/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/3/description",
                json!("Other."),
            ),
            &[Wording],
            "parameter status",
        ),
        (
            Set("/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/1/deprecated", json!(true)),
            &[Additive],
            "deprecated",
        ),
        (
            Set("/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/0/required", json!(false)),
            &[Additive],
            "path parameter",
        ),
    ]
}

fn requests() -> Vec<Row> {
    vec![
        (Remove("/paths/~1organizations/post/requestBody"), &[BreaksRequests], "request body"),
        (
            Set("/paths/~1organizations/get/requestBody", json!({"required": true, "content": {}})),
            &[BreaksRequests],
            "request body",
        ),
        (Set("/paths/~1organizations/get/requestBody", json!({"content": {}})), &[Additive], "request body"),
        (Set("/paths/~1organizations/post/requestBody/required", json!(false)), &[Additive], "request body"),
        (
            Rename("/paths/~1organizations/post/requestBody/content/application~1json", "application/xml"),
            &[BreaksRequests, Additive],
            "application/json",
        ),
        (Append(schema!("CreateOrganizationRequest", "/required"), json!("icon")), &[BreaksRequests], "/icon"),
        (Remove(schema!("CreateOrganizationRequest", "/required")), &[Additive], "/name: is optional now"),
        (Remove(schema!("CreateOrganizationRequest", "/properties/icon")), &[BreaksRequests], "/icon: is gone"),
        (
            Set(schema!("CreateOrganizationRequest", "/properties/color"), json!({"type": "string"})),
            &[Additive],
            "/color: is new",
        ),
        (
            Set(schema!("CreateOrganizationRequest", "/properties/icon/type"), json!("integer")),
            &[BreaksRequests],
            "/icon",
        ),
        (
            Set(schema!("CreateOrganizationRequest", "/properties/icon/type"), json!(["string", "null"])),
            &[Additive],
            "/icon",
        ),
        (
            Set(schema!("CreateOrganizationRequest", "/properties/icon/maxLength"), json!(3)),
            &[BreaksRequests],
            "maxLength",
        ),
        (
            Set(schema!("CreateOrganizationRequest", "/properties/icon/pattern"), json!("^/")),
            &[BreaksRequests],
            "pattern",
        ),
        (
            Set(schema!("CreateOrganizationRequest", "/properties/icon/format"), json!("uri")),
            &[BreaksRequests],
            "format",
        ),
        (
            Set(schema!("CreateOrganizationRequest", "/properties/icon/enum"), json!(["/a"])),
            &[BreaksRequests],
            "one of a list",
        ),
        (
            Set(schema!("CreateOrganizationRequest", "/properties/icon/default"), json!("/a")),
            &[BreaksRequests],
            "when it is absent",
        ),
        (
            Set(schema!("CreateOrganizationRequest", "/properties/icon/readOnly"), json!(true)),
            &[BreaksRequests],
            "readOnly",
        ),
        (
            Set(schema!("CreateOrganizationRequest", "/properties/icon/description"), json!("Other.")),
            &[Wording],
            "/icon",
        ),
        (
            Set(schema!("CreateOrganizationRequest", "/additionalProperties"), json!(false)),
            &[BreaksRequests],
            "other keys",
        ),
        (Set(schema!("CreateOrganizationRequest", "/minProperties"), json!(2)), &[BreaksRequests], "minProperties"),
        (
            Set(schema!("CreateOrganizationRequest", "/allOf"), json!([{"type": "object"}])),
            &[BreaksRequests],
            "as well now",
        ),
        (Set(schema!("CreateOrganizationRequest", "/oneOf"), json!([{"type": "object"}])), &[BreaksRequests], "oneOf"),
        (
            Set(schema!("CreateOrganizationRequest", "/patternProperties"), json!({"x": {}})),
            &[BreaksRequests],
            "which no rule knows",
        ),
    ]
}

fn responses() -> Vec<Row> {
    vec![
        (Remove("/paths/~1organizations/get/responses/200"), &[BreaksResponses], "200"),
        (Remove("/paths/~1organizations/post/responses/409"), &[Additive], "409"),
        (Set("/paths/~1organizations/get/responses/418", json!({"description": "x"})), &[Additive], "418"),
        (Rename("/paths/~1organizations/post/responses/201", "200"), &[BreaksResponses, Additive], "201"),
        (
            Rename("/paths/~1organizations/get/responses/200/content/application~1json", "text/csv"),
            &[BreaksResponses, Additive],
            "application/json",
        ),
        (
            Remove("/paths/~1organizations/get/responses/200/content/application~1json/schema"),
            &[BreaksResponses],
            "no schema",
        ),
        (
            Set("/paths/~1organizations/get/responses/200/headers", json!({"X": {"schema": {"type": "string"}}})),
            &[Additive],
            "header X",
        ),
        (
            Set("/paths/~1organizations/get/responses/200/content/application~1json/example", json!([])),
            &[Wording],
            "example",
        ),
        (Remove(schema!("Organization", "/properties/icon")), &[BreaksResponses], "/icon: is gone"),
        (Set(schema!("Organization", "/properties/color"), json!({"type": "string"})), &[Additive], "/color: is new"),
        (Remove(schema!("Organization", "/required")), &[BreaksResponses], "need not come any more"),
        (Append(schema!("Organization", "/required"), json!("name")), &[Additive], "always comes now"),
        (
            Set(schema!("Organization", "/properties/icon/type"), json!(["string", "null"])),
            &[BreaksResponses],
            "null or string",
        ),
        (
            Set(schema!("Organization", "/properties/icon/type"), json!("integer")),
            &[BreaksResponses],
            "was string and is integer",
        ),
        (Remove(schema!("Organization", "/properties/id/format")), &[BreaksResponses], "its format uuid is none now"),
        (Set(schema!("Organization", "/properties/icon/format"), json!("uri")), &[Additive], "its format"),
        (Set(schema!("Organization", "/properties/icon/maxLength"), json!(9)), &[Additive], "maxLength"),
        (Set(schema!("Organization", "/properties/icon/deprecated"), json!(true)), &[Additive], "deprecated"),
        (Set(schema!("Organization", "/properties/icon/writeOnly"), json!(true)), &[BreaksResponses], "writeOnly"),
        (
            Append(schema!("ProvisionerJobStatus", "/enum"), json!("paused")),
            &[BreaksResponses],
            "\"paused\" is a new value",
        ),
        (Remove(schema!("JobErrorCode", "/enum/0")), &[BreaksRequests, Additive], "is no value any more"),
        (
            Set(schema!("ProvisionerJob", "/properties/tags/additionalProperties/type"), json!("integer")),
            &[BreaksResponses],
            "/tags/*",
        ),
        (
            Set(schema!("ProvisionerJob", "/properties/available_workers/items/format"), json!("email")),
            &[BreaksResponses],
            "/available_workers/items",
        ),
        (
            Set(
                schema!("ProvisionerJob", "/properties/metadata/$ref"),
                json!("#/components/schemas/codersdk.ProvisionerJobInput"),
            ),
            &[BreaksResponses, Additive, Wording],
            "/metadata/template_name",
        ),
        (Set(schema!("ProvisionerJob", "/additionalProperties"), json!(false)), &[Additive], "other keys"),
    ]
}

#[test]
fn every_planted_change_is_found_for_whom_it_breaks_and_no_other() {
    let old = documented();
    let rows: Vec<Row> = [operations(), parameters(), requests(), responses()].into_iter().flatten().collect();
    assert!(rows.len() > 80, "{}", rows.len());
    let mut wrong = Vec::new();
    for (planted, wanted, part) in rows {
        let found = changes(&old, &planted.apply(&old));
        let mut classes: Vec<Class> = found.iter().map(|change| change.class).collect();
        classes.dedup();
        let text: Vec<_> = found.iter().map(|change| format!("{:?} {change}", change.class)).collect();
        if classes != wanted || !text.iter().any(|line| line.contains(part)) {
            wrong.push(format!("{planted:?}: wanted {wanted:?} with {part:?}, found\n  {}", text.join("\n  ")));
        }
        assert!(
            found.iter().filter(|change| change.class.is_breaking()).all(|change| !change.way_out.is_empty()),
            "{text:?}"
        );
    }
    assert!(wrong.is_empty(), "{} rows\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_schema_that_goes_both_ways_breaks_both() {
    let old = documented();
    // Tags of a key are sent and answered.
    let at = "/components/schemas/codersdk.CreateProvisionerKeyRequest/properties/tags/additionalProperties/type";
    assert!(old.pointer(at).is_some());
    let shared = json!({"type": "string", "enum": ["a", "b"]});
    let with = |shared: &Value| {
        let body = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Both"}}});
        json!({
            "paths": {"/x": {"post": {"requestBody": {"content": body}, "responses": {"200": {"content": body}}}}},
            "components": {"schemas": {"Both": {"type": "object", "properties": {"kind": shared, "again": {"$ref": "#/components/schemas/Both"}}}}},
        })
    };
    let other = json!({"type": "string", "enum": ["b", "c"]});
    let found = changes(&with(&shared), &with(&other));
    let classes: Vec<_> = found.iter().map(|change| (change.class, change.what.as_str())).collect();
    assert_eq!(
        classes,
        [
            (BreaksRequests, "\"a\" is no value any more"),
            (BreaksResponses, "\"c\" is a new value"),
            (Additive, "\"a\" is no value any more"),
            (Additive, "\"c\" is a new value"),
        ]
    );
}

#[test]
fn what_means_the_same_is_no_change() {
    let old = documented();
    assert!(changes(&old, &old).is_empty());
    let renamed = json!("#/components/schemas/codersdk.Renamed");
    let mut new = old.clone();
    let schemas = new.pointer_mut("/components/schemas").unwrap().as_object_mut().unwrap();
    let organization = schemas["codersdk.Organization"].clone();
    schemas.insert("codersdk.Renamed".to_owned(), organization.clone());
    *new.pointer_mut(&format!("{LIST}/responses/200/content/application~1json/schema/items/$ref")).unwrap() = renamed;
    let found = changes(&old, &new);
    assert!(!found.is_empty() && found.iter().all(|change| change.class == Wording), "{found:?}");
    // Written where it is used.
    *new.pointer_mut(&format!("{LIST}/responses/200/content/application~1json/schema/items")).unwrap() = organization;
    assert!(changes(&old, &new).iter().all(|change| change.class == Wording));
    assert!(old.pointer(JOBS).is_some() && old.pointer(CREATE).is_some());
}

#[test]
fn the_same_in_the_words_of_openapi_30_is_no_change() {
    let old = documented();
    let older = orgd_contract::openapi_30::downgrade(&old).unwrap();
    let found = changes(&older, &older);
    assert!(found.is_empty(), "{found:?}");
    let nullable = Set("/components/schemas/codersdk.Organization/properties/icon/nullable", json!(true)).apply(&older);
    assert!(changes(&older, &nullable).iter().all(|change| change.class == BreaksResponses));
}
