//! Holds JSON against a schema of an OpenAPI document.

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

/// What holds JSON against a schema of the document.
pub fn validator(document: &Value, schema: &Value) -> Validator {
    let root = json!({ "components": document["components"], "allOf": [schema] });
    let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
    options.build(&root).unwrap_or_else(|error| panic!("the schema is none: {error}"))
}

/// Where the value is not as the schema says, a line for each place; empty where it is.
pub fn failures(schema: &Validator, value: &Value) -> String {
    let failures = schema.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path()));
    failures.collect::<Vec<_>>().join("\n")
}
