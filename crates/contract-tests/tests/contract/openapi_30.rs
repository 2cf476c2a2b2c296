//! A document in the words of OpenAPI 3.0: what becomes of each thing that 3.1 says in another way, and what is refused.

use orgd_contract::openapi_30::downgrade;
use serde_json::{Value, json};

use crate::documented;

/// A document with one schema, `S`.
fn with_schema(schema: Value) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {},
        "components": {"schemas": {"S": schema, "Other": {"type": "string"}}},
    })
}

/// A document with one operation.
fn with_operation(operation: Value) -> Value {
    json!({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"get": operation}}})
}

#[track_caller]
fn schema(given: Value) -> Value {
    let written = downgrade(&with_schema(given)).unwrap();
    written["components"]["schemas"]["S"].clone()
}

#[track_caller]
fn refused(document: &Value) -> String {
    downgrade(document).expect_err("the document is refused").to_string()
}

#[test]
fn schemas_are_said_in_the_words_of_3_0() {
    let reference = json!({"$ref": "#/components/schemas/Other"});
    for (given, expected) in [
        (json!({"type": "string", "maxLength": 3}), json!({"type": "string", "maxLength": 3})),
        (json!({"type": ["string", "null"]}), json!({"type": "string", "nullable": true})),
        (json!({"type": ["string"]}), json!({"type": "string"})),
        (
            json!({"type": ["string", "null"], "enum": ["a", null]}),
            json!({"type": "string", "nullable": true, "enum": ["a", null]}),
        ),
        // Null is not among the values, so it never was one.
        (json!({"type": ["string", "null"], "enum": ["a"]}), json!({"type": "string", "enum": ["a"]})),
        (json!({"type": ["string", "null"], "const": "a"}), json!({"type": "string", "enum": ["a"]})),
        (json!({"const": 7}), json!({"enum": [7]})),
        (json!({"type": "integer", "examples": [1, 2]}), json!({"type": "integer", "example": 1})),
        (json!({"type": "integer", "examples": []}), json!({"type": "integer"})),
        (json!({"type": "integer", "example": 3, "examples": [1]}), json!({"type": "integer", "example": 3})),
        (json!({"exclusiveMinimum": 1}), json!({"minimum": 1, "exclusiveMinimum": true})),
        (json!({"exclusiveMaximum": 9}), json!({"maximum": 9, "exclusiveMaximum": true})),
        (json!({"maximum": 9, "exclusiveMaximum": true}), json!({"maximum": 9, "exclusiveMaximum": true})),
        (json!({"type": "string", "contentEncoding": "base64"}), json!({"type": "string", "format": "byte"})),
        (
            json!({"type": "object", "propertyNames": {"maxLength": 3}, "additionalProperties": {"type": ["string", "null"]}}),
            json!({"type": "object", "additionalProperties": {"type": "string", "nullable": true}}),
        ),
        (
            json!({"type": "object", "additionalProperties": false}),
            json!({"type": "object", "additionalProperties": false}),
        ),
        (json!({"items": true}), json!({"items": {}})),
        (json!({"items": false}), json!({"items": {"not": {}}})),
        (reference.clone(), reference.clone()),
        (json!({"$ref": "#/components/schemas/Other", "description": "d", "examples": [1]}), reference.clone()),
        (
            json!({"$ref": "#/components/schemas/Other", "description": "d", "readOnly": true}),
            json!({"description": "d", "readOnly": true, "allOf": [reference]}),
        ),
        (json!({"oneOf": [{"const": 1}, {"type": "string"}]}), json!({"oneOf": [{"enum": [1]}, {"type": "string"}]})),
        (json!(true), json!({})),
        (json!({"$comment": "c", "x-kept": {"type": ["a", "b"]}}), json!({"x-kept": {"type": ["a", "b"]}})),
    ] {
        assert_eq!(schema(given.clone()), expected, "{given}");
    }
}

#[test]
fn a_property_may_be_called_like_a_keyword() {
    let given = json!({
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"type": "string"}, "examples": {"type": "integer"}, "const": {"const": "a"}},
    });
    let mut expected = given.clone();
    expected["properties"]["const"] = json!({"enum": ["a"]});
    assert_eq!(schema(given), expected);
}

#[test]
fn what_is_data_stays_as_it_is() {
    let looks_like_a_schema =
        json!({"const": 1, "examples": [1], "type": ["a", "null"], "$ref": "x", "identifier": "i"});
    for key in ["example", "default", "x-data"] {
        assert_eq!(schema(json!({ key: looks_like_a_schema })), json!({ key: looks_like_a_schema }));
    }
    assert_eq!(schema(json!({"enum": [looks_like_a_schema]})), json!({"enum": [looks_like_a_schema]}));
    let answers = json!({"200": {"description": "d", "content": {"application/json": {
        "schema": {"type": "object"},
        "examples": {"one": {"value": looks_like_a_schema}},
    }}}});
    let written = downgrade(&with_operation(json!({ "responses": answers }))).unwrap();
    assert_eq!(written["paths"]["/a"]["get"]["responses"], answers);
}

#[test]
fn what_3_0_cannot_say_is_refused() {
    for (given, why) in [
        (
            json!({"type": ["string", "integer"]}),
            "/type: OpenAPI 3.0 cannot say a value of several types, or of none but null",
        ),
        (json!({"type": "null"}), "/type: OpenAPI 3.0 cannot say a value of several types, or of none but null"),
        (json!({"const": 1, "enum": [1, 2]}), "/enum: OpenAPI 3.0 cannot say two values of `enum`"),
        (
            json!({"minimum": 1, "exclusiveMinimum": 1}),
            "/exclusiveMinimum: OpenAPI 3.0 cannot say `minimum` and `exclusiveMinimum` of one value",
        ),
        (json!({"patternProperties": {}}), "/patternProperties: OpenAPI 3.0 cannot say `patternProperties`"),
        (json!({"contentEncoding": "base32"}), "/contentEncoding: OpenAPI 3.0 cannot say `contentEncoding`"),
        (
            json!({"contentEncoding": "base64", "format": "uuid"}),
            "/format: OpenAPI 3.0 cannot say two values of `format`",
        ),
        (
            json!({"$ref": "#/components/schemas/Other", "allOf": []}),
            ": OpenAPI 3.0 cannot say `allOf` beside a `$ref`",
        ),
        (json!({"properties": {"a/b": {"if": {}}}}), "/properties/a~1b/if: OpenAPI 3.0 cannot say `if`"),
        (json!(7), ": OpenAPI 3.0 cannot say a schema like this"),
    ] {
        assert_eq!(refused(&with_schema(given.clone())), format!("/components/schemas/S{why}"), "{given}");
    }
}

#[test]
fn documents_of_other_kinds_are_refused() {
    for version in [json!("2.0"), json!("3.2.0"), json!(3.1), Value::Null] {
        let mut document = with_operation(json!({}));
        document["openapi"] = version;
        assert_eq!(refused(&document), ": OpenAPI 3.0 cannot say what is not OpenAPI 3.1");
    }
    let mut document = with_operation(json!({}));
    document["webhooks"] = json!({});
    assert_eq!(refused(&document), "/webhooks: OpenAPI 3.0 cannot say `webhooks`");
    assert_eq!(
        refused(&with_operation(json!({"callbacks": {}}))),
        "/paths/~1a/get/callbacks: OpenAPI 3.0 cannot say `callbacks`"
    );
}

#[test]
fn a_json_text_in_the_query_is_a_text() {
    let parameter = |content: Value| json!({"name": "tags", "in": "query", "description": "d", "content": content});
    let json_map = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let given = parameter(json!({"application/json": {"schema": json_map, "example": {"a": "b"}}}));
    let written = downgrade(&with_operation(json!({"parameters": [given]}))).unwrap();
    assert_eq!(
        written["paths"]["/a"]["get"]["parameters"][0],
        json!({"name": "tags", "in": "query", "description": "d", "schema": {"type": "string"}, "example": "{\"a\":\"b\"}"})
    );
    for content in [
        json!({"text/csv": {"schema": {}}}),
        json!({"application/json": {"schema": {}}, "text/csv": {"schema": {}}}),
        json!({"application/json": {"schema": {}, "examples": {}}}),
    ] {
        refused(&with_operation(json!({"parameters": [parameter(content)]})));
    }
}

#[test]
fn references_to_answers_and_parameters_stand_alone() {
    let answers = json!({"404": {"$ref": "#/components/responses/NotFound", "description": "Another one."}});
    let written = downgrade(&with_operation(json!({ "responses": answers }))).unwrap();
    assert_eq!(written["paths"]["/a"]["get"]["responses"], json!({"404": {"$ref": "#/components/responses/NotFound"}}));
}

#[test]
fn the_licence_keeps_its_name_only() {
    let mut document = with_operation(json!({}));
    document["info"] =
        json!({"title": "t", "summary": "s", "version": "1", "license": {"name": "MIT", "identifier": "MIT"}});
    let written = downgrade(&document).unwrap();
    assert_eq!(written["info"], json!({"title": "t", "version": "1", "license": {"name": "MIT"}}));
}

#[test]
fn the_documented_contract_can_be_written_and_keeps_all_operations() {
    let document = documented();
    let written = downgrade(&document).unwrap();
    assert_eq!(written["openapi"], "3.0.3");
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&written["paths"]), keys(&document["paths"]));
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let other = &written["paths"][path][method];
            assert_eq!(keys(operation), keys(other), "{method} {path}");
            assert_eq!(keys(&operation["responses"]), keys(&other["responses"]), "{method} {path}");
        }
    }
    assert_eq!(keys(&written["components"]["schemas"]), keys(&document["components"]["schemas"]));
    // A document of 3.0 is not written otherwise when it is written again.
    assert_eq!(downgrade(&written).unwrap(), written);
}
