//! Documents that mean the same have no difference, however they are written.

use crate::change::Change::{self, Remove, Rename, ReplaceEverywhere, Set};
use crate::documented;
use orgd_contract::compare;
use serde_json::{Map, Value, json};

const JOBS: &str = "/paths/~1organizations~1{organization}~1provisionerjobs/get";

#[track_caller]
fn assert_same(documented: &Value, generated: &Value) {
    assert_eq!(compare(documented, generated), []);
    assert_eq!(compare(generated, documented), []);
}

/// Reverses the keys of every object.
fn with_reversed_keys(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let reversed: Map<_, _> =
                members.iter().rev().map(|(key, member)| (key.clone(), with_reversed_keys(member))).collect();
            Value::Object(reversed)
        }
        Value::Array(elements) => elements.iter().map(with_reversed_keys).collect(),
        scalar => scalar.clone(),
    }
}

fn reverse(document: &mut Value, pointer: &str) {
    document.pointer_mut(pointer).and_then(Value::as_array_mut).expect("a list").reverse();
}

#[test]
fn order_of_keys() {
    let documented = documented();
    let generated = with_reversed_keys(&documented);
    assert_ne!(documented.to_string(), generated.to_string());
    assert_same(&documented, &generated);
}

#[test]
fn order_of_required_enum_types_and_parameters() {
    let documented = documented();
    let mut generated = documented.clone();
    reverse(&mut generated, &format!("{JOBS}/parameters/3/schema/enum"));
    reverse(&mut generated, &format!("{JOBS}/parameters"));
    reverse(&mut generated, "/components/schemas/codersdk.Organization/required");
    reverse(&mut generated, "/components/schemas/codersdk.ProvisionerJobStatus/enum");
    reverse(&mut generated, "/components/schemas/codersdk.UpdateOrganizationRequest/properties/name/type");
    assert_ne!(documented, generated);
    assert_same(&documented, &generated);
}

#[test]
fn order_of_tags() {
    let documented = json!({
        "tags": [{"name": "A", "description": "First."}, {"name": "B"}],
        "paths": {"/a": {"get": {"operationId": "a", "tags": ["A", "B"]}}},
    });
    let mut generated = documented.clone();
    reverse(&mut generated, "/tags");
    reverse(&mut generated, "/paths/~1a/get/tags");
    assert_same(&documented, &generated);
}

/// Order means something everywhere else.
#[test]
fn but_not_order_of_other_lists() {
    for pointer in ["/servers", "/paths/~1a/get/x-list", "/components/schemas/A/example", "/components/schemas/A/allOf"]
    {
        let documented = json!({
            "servers": [{"url": "/a"}, {"url": "/b"}],
            "paths": {"/a": {"get": {"operationId": "a", "x-list": [1, 2]}}},
            "components": {"schemas": {"A": {"example": ["a", "b"], "allOf": [{"type": "string"}, {"minLength": 1}]}}},
        });
        let mut generated = documented.clone();
        reverse(&mut generated, pointer);
        let differences = compare(&documented, &generated);
        assert!(!differences.is_empty(), "{pointer}");
        assert!(differences.iter().all(|difference| difference.pointer.starts_with(pointer)), "{differences:?}");
    }
}

#[test]
fn other_spellings() {
    let rows: Vec<(&str, Change)> = vec![
        ("list of one type", Set("/components/schemas/codersdk.Organization/type", json!(["object"]))),
        (
            "required: false left out",
            Remove("/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/1/required"),
        ),
        ("deprecated: false of an operation", Set("/paths/~1organizations/get/deprecated", json!(false))),
        (
            "deprecated: false of a field",
            Set("/components/schemas/codersdk.Organization/properties/icon/deprecated", json!(false)),
        ),
        ("style of a path", Set("/paths/~1organizations~1{organization}/get/parameters/0/style", json!("simple"))),
        ("explode of a path", Set("/paths/~1organizations~1{organization}/get/parameters/0/explode", json!(false))),
        (
            "style of a query",
            Set("/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/1/style", json!("form")),
        ),
        (
            "explode of a query",
            Set("/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/1/explode", json!(true)),
        ),
        ("style left out", Remove("/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/2/style")),
        ("header's style", Set("/components/responses/TooManyRequests/headers/Retry-After/style", json!("simple"))),
        (
            "number with a fraction of zero",
            Set("/paths/~1organizations~1{organization}~1provisionerjobs/get/parameters/1/schema/default", json!(50.0)),
        ),
        ("shared response under another name", Rename("/components/responses/NotFound", "Missing")),
    ];
    let documented = documented();
    for (spelling, change) in rows {
        let mut generated = change.apply(&documented);
        assert_ne!(documented, generated, "{spelling}: the change changes something");
        if matches!(change, Rename(..)) {
            generated = ReplaceEverywhere("#/components/responses/NotFound", "#/components/responses/Missing")
                .apply(&generated);
        }
        assert_eq!(compare(&documented, &generated), [], "{spelling}");
        assert_eq!(compare(&generated, &documented), [], "{spelling}, from the other side");
    }
}

/// A default of one place is a statement in another.
#[test]
fn but_not_the_defaults_of_another_place() {
    let rows = [
        ("/paths/~1a~1{id}/get/parameters/0/style", json!("form")),
        ("/paths/~1a~1{id}/get/parameters/0/explode", json!(true)),
        ("/paths/~1a~1{id}/get/parameters/1/style", json!("simple")),
        ("/paths/~1a~1{id}/get/parameters/1/explode", json!(false)),
        ("/paths/~1a~1{id}/get/deprecated", json!(true)),
        ("/components/schemas/A/required", json!(false)),
        ("/components/schemas/A/properties/deprecated", json!(false)),
        ("/components/schemas/A/example/required", json!(false)),
    ];
    let documented = json!({
        "paths": {"/a/{id}": {"get": {"operationId": "a", "parameters": [
            {"name": "id", "in": "path", "required": true}, {"name": "q", "in": "query"},
        ]}}},
        "components": {"schemas": {"A": {"properties": {}, "example": {}}}},
    });
    for (pointer, value) in rows {
        let generated = Set(pointer, value).apply(&documented);
        let pointers: Vec<_> =
            compare(&documented, &generated).into_iter().map(|difference| difference.pointer).collect();
        assert_eq!(pointers, [pointer]);
    }
}

#[test]
fn white_space_in_descriptions() {
    let documented = documented();
    let mut generated = documented.clone();
    for pointer in [
        "/info/description",
        "/tags/0/description",
        "/paths/~1organizations/get/description",
        "/components/responses/NotFound/description",
        "/components/securitySchemes/CoderSessionToken/description",
        "/components/schemas/codersdk.UpdateOrganizationRequest/properties/name/description",
    ] {
        let description = generated.pointer_mut(pointer).expect(pointer);
        *description = json!(format!("{}\n", description.as_str().expect(pointer).replace(' ', "\n  ")));
    }
    assert_ne!(documented, generated);
    assert_same(&documented, &generated);
}

#[test]
fn but_not_white_space_elsewhere() {
    for pointer in [
        "/info/title",
        "/paths/~1organizations/get/summary",
        "/paths/~1organizations/post/requestBody/content/application~1json/example/description",
    ] {
        let documented = documented();
        let mut generated = documented.clone();
        let text = generated.pointer_mut(pointer).expect(pointer);
        *text = json!(format!("{} ", text.as_str().expect(pointer)));
        let pointers: Vec<_> =
            compare(&documented, &generated).into_iter().map(|difference| difference.pointer).collect();
        assert_eq!(pointers, [pointer]);
    }
}

/// Writes out each shared response where it is used, and drops the shared ones.
#[test]
fn shared_responses_written_out() {
    let documented = documented();
    let mut generated = documented.clone();
    for item in generated["paths"].as_object_mut().expect("paths").values_mut() {
        for operation in item.as_object_mut().expect("path item").values_mut() {
            for response in operation["responses"].as_object_mut().expect("responses").values_mut() {
                if let Some(target) = response.get("$ref").and_then(Value::as_str) {
                    *response = documented.pointer(target.trim_start_matches('#')).expect("target").clone();
                }
            }
        }
    }
    let generated = Remove("/components/responses").apply(&generated);
    assert!(!generated.to_string().contains("#/components/responses"));
    assert_same(&documented, &generated);

    let drifted = Set("/paths/~1organizations/get/responses/401/description", json!("Bad.")).apply(&generated);
    let places: Vec<_> = compare(&documented, &drifted)
        .into_iter()
        .map(|difference| (difference.operation, difference.pointer))
        .collect();
    let pointer = "/paths/~1organizations/get/responses/401/description".to_owned();
    assert_eq!(places, [("getOrganizations".to_owned(), pointer)]);
}

#[test]
fn shared_parameters_and_bodies_written_out() {
    let parameter = json!({"name": "limit", "in": "query", "schema": {"type": "integer"}});
    let body = json!({"content": {"application/json": {"schema": {"type": "object"}}}});
    let documented = json!({
        "paths": {"/a": {"post": {
            "operationId": "a",
            "parameters": [{"$ref": "#/components/parameters/Limit"}],
            "requestBody": {"$ref": "#/components/requestBodies/A"},
        }}},
        "components": {"parameters": {"Limit": parameter}, "requestBodies": {"A": body}},
    });
    let generated =
        json!({"paths": {"/a": {"post": {"operationId": "a", "parameters": [parameter], "requestBody": body}}}});
    assert_same(&documented, &generated);

    let drifted = Set("/paths/~1a/post/parameters/0/schema/type", json!("string")).apply(&generated);
    let differences = compare(&documented, &drifted);
    assert_eq!(differences.len(), 1);
    assert_eq!(differences[0].pointer, "/paths/~1a/post/parameters/0/schema/type");
}

/// A reference that has keys of its own does not say what its target says.
#[test]
fn but_not_a_reference_that_overrides_its_target() {
    let responses = json!({"A": {"description": "OK"}});
    let with = |response: Value| json!({"paths": {"/a": {"get": {"operationId": "a", "responses": {"200": response}}}}, "components": {"responses": responses}});
    let written_out = with(json!({"description": "OK"}));
    assert_same(&with(json!({"$ref": "#/components/responses/A"})), &written_out);

    let overriding = with(json!({"$ref": "#/components/responses/A", "description": "Created"}));
    let pointers: Vec<_> =
        compare(&overriding, &written_out).into_iter().map(|difference| difference.pointer).collect();
    assert_eq!(pointers, ["/paths/~1a/get/responses/200"]);
}

/// What an `x-` key holds is no part of OpenAPI, whatever its keys are called.
#[test]
fn but_nothing_is_the_same_within_extensions() {
    let documented = json!({"info": {"x-note": {"description": "a b"}}});
    let mut generated = documented.clone();
    generated["info"]["x-note"]["description"] = json!("a  b");
    let pointers: Vec<_> = compare(&documented, &generated).into_iter().map(|difference| difference.pointer).collect();
    assert_eq!(pointers, ["/info/x-note/description"]);
}
