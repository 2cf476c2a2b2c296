//! The documented contract against the two things that it must agree with: the document that the code generates, and the
//! facts of Coder's published reference, which are the tables in `contract/reference.rs`.

#![expect(clippy::expect_used, reason = "a test fails by panicking, helpers included")]

#[path = "contract/reference.rs"]
mod reference;

use std::collections::BTreeSet;
use std::path::Path;

use orgd_contract::{Contract, compare};
use serde_json::{Map, Value};

use reference::{OPERATIONS, SCHEMAS};

fn contract() -> Contract {
    Contract::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi")).expect("the contract loads")
}

#[test]
fn the_generated_document_is_the_documented_one() {
    let generated = serde_json::to_value(orgd::http::document::openapi()).expect("the document is JSON");
    let differences = compare(contract().document(), &generated);
    let text: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert!(text.is_empty(), "\n{}", text.join("\n\n"));
}

#[test]
fn every_published_operation_is_documented_with_its_facts() {
    let contract = contract();
    let document = contract.document();
    for expected in OPERATIONS {
        let operation = &document["paths"][expected.path][expected.method];
        let at = format!("{} {}", expected.method, expected.path);
        assert!(operation.is_object(), "{at} is not documented");
        assert_eq!(operation["summary"], expected.summary, "{at}");
        assert_eq!(operation["tags"], serde_json::json!(["Organizations"]), "{at}");
        assert_eq!(operation["security"], serde_json::json!([{ "CoderSessionToken": [] }]), "{at}");
        assert_eq!(parameters(operation), expected.parameters, "{at}");
        assert_eq!(request_body(operation).as_deref(), expected.body, "{at}");
        assert_eq!(success(operation), [expected.success], "{at}");
    }
    let published =
        contract.operations().iter().filter(|operation| !operation.is_extension && operation.tag == "Organizations");
    assert_eq!(published.count(), OPERATIONS.len());
}

#[test]
fn every_published_schema_has_its_fields_and_no_other() {
    let contract = contract();
    let schemas = contract.document()["components"]["schemas"].as_object().expect("schemas").clone();
    for (name, expected) in SCHEMAS {
        let schema = schemas.get(*name).unwrap_or_else(|| panic!("{name} is not documented"));
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(fields(schema), expected, "{name}");
    }
    let operations = contract.operations().iter().filter(|operation| operation.tag == "Organizations");
    let mut reached = BTreeSet::new();
    for operation in operations.filter(|operation| !operation.is_extension) {
        let method = operation.method.to_lowercase();
        reach(contract.document(), &contract.document()["paths"][&operation.path][method], &mut reached);
    }
    let mut documented: Vec<_> = schemas.keys().filter(|name| reached.contains(*name)).collect();
    let mut published: Vec<_> = SCHEMAS.iter().map(|(name, _)| *name).collect();
    documented.sort();
    published.sort_unstable();
    assert_eq!(documented, published);
}

/// Gathers the names of the schemas that this part of the document refers to, directly or through others.
fn reach(document: &Value, part: &Value, reached: &mut BTreeSet<String>) {
    match part {
        Value::Object(members) => {
            if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                let name = target.strip_prefix("#/components/schemas/");
                if name.is_none_or(|name| reached.insert(name.to_owned())) {
                    let referred =
                        document.pointer(target.trim_start_matches('#')).expect("the reference leads somewhere");
                    reach(document, referred, reached);
                }
            }
            members.values().for_each(|member| reach(document, member, reached));
        }
        Value::Array(items) => items.iter().for_each(|item| reach(document, item, reached)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_session_token_is_a_header() {
    let contract = contract();
    let scheme = &contract.document()["components"]["securitySchemes"]["CoderSessionToken"];
    assert_eq!(
        (&scheme["type"], &scheme["in"], &scheme["name"]),
        (&"apiKey".into(), &"header".into(), &"Coder-Session-Token".into())
    );
}

#[test]
fn a_change_of_the_contract_is_seen() {
    let mut schema = contract().document()["components"]["schemas"]["codersdk.Organization"].clone();
    let before = fields(&schema);
    for (pointer, value) in [
        ("/properties/id/format", Value::from("date-time")),
        ("/properties/is_default/type", Value::from("string")),
        ("/required", serde_json::json!(["id"])),
        ("/properties/new", serde_json::json!({ "type": "string" })),
    ] {
        let mut changed = schema.clone();
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        changed.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object").insert(key.to_owned(), value);
        assert_ne!(fields(&changed), before, "{pointer}");
    }
    schema["properties"].as_object_mut().expect("properties").remove("icon");
    assert_ne!(fields(&schema), before);
}

/// Each parameter as one line, in the order of the document.
fn parameters(operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let spell = |parameter: &Value| {
        let text = |key: &str| parameter[key].as_str().unwrap_or_default().to_owned();
        let schema = parameter.get("schema").unwrap_or(&parameter["content"]["application/json"]["schema"]);
        let required = if parameter["required"] == true { "required" } else { "optional" };
        format!("{} in {}, {required}, {}: {}", text("name"), text("in"), kind(schema), text("description"))
    };
    parameters.iter().map(spell).collect()
}

/// The schema of the JSON body with its description, where there is one. A published body is required.
fn request_body(operation: &Value) -> Option<String> {
    let body = operation.get("requestBody")?;
    assert_eq!(body["required"], true);
    let schema = reference_name(&body["content"]["application/json"]["schema"]).expect("a named schema");
    Some(format!("{schema}: {}", body["description"].as_str().unwrap_or_default()))
}

/// Each 2xx answer as `status description: schema`.
fn success(operation: &Value) -> Vec<String> {
    let responses =
        operation["responses"].as_object().expect("responses").iter().filter(|(status, _)| status.starts_with('2'));
    let spell = |(status, response): (&String, &Value)| {
        let schema = kind(&response["content"]["application/json"]["schema"]);
        format!("{status} {}: {schema}", response["description"].as_str().unwrap_or_default())
    };
    responses.map(spell).collect()
}

/// Each field of a schema as one line, sorted; an enum's values for a schema that has no fields.
fn fields(schema: &Value) -> Vec<String> {
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    let mut found: Vec<String> = properties
        .iter()
        .map(|(name, property)| {
            let need = if required.contains(&Value::from(name.as_str())) { "required" } else { "optional" };
            format!("{name}, {need}, {}", kind(property))
        })
        .collect();
    if properties.is_empty() {
        found.push(kind(schema));
    }
    found.sort();
    found
}

/// A schema in the words of the reference: `string(uuid)`, `array(…)`, `object(string)`, the name of a component, and the
/// values of an enum in alphabetical order. That a field may be null is no fact of the reference and is left out.
fn kind(schema: &Value) -> String {
    if let Some(name) = reference_name(schema) {
        return name.to_owned();
    }
    let plain = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or_default(),
        single => single.as_str().unwrap_or_default(),
    };
    let inside = match plain {
        "array" => Some(kind(&schema["items"])),
        "object" => schema.get("additionalProperties").map(|_| kind(&schema["additionalProperties"])),
        _ => schema["format"].as_str().map(str::to_owned),
    };
    let mut text = inside.map_or_else(|| plain.to_owned(), |inside| format!("{plain}({inside})"));
    if let Some(values) = schema["enum"].as_array() {
        let mut values: Vec<_> = values.iter().filter_map(Value::as_str).collect();
        values.sort_unstable();
        text = format!("{text} {}", values.join("|"));
    }
    text
}

fn reference_name(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/components/schemas/")
}
