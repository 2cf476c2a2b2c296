//! What the control routes know from the document: which statuses and examples an operation has, and where answers have values of an
//! enumeration.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value;

use crate::http::document;
use crate::operations::Operation;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(document::openapi()).unwrap_or_default());

/// Names of properties that hold a value of an enumeration, and all such values.
static ENUMS: LazyLock<(BTreeSet<String>, BTreeSet<String>)> = LazyLock::new(enums);

/// Names of properties that hold a value of an enumeration.
pub(super) fn names_of_enums() -> &'static BTreeSet<String> {
    &ENUMS.0
}

/// What the document says of an operation.
pub(super) fn documented(operation: Operation) -> Option<&'static Value> {
    DOCUMENT.get("paths")?.get(operation.path())?.get(operation.method().to_lowercase())
}

/// The document of the API.
pub(super) fn whole() -> &'static Value {
    &DOCUMENT
}

/// Follows a reference.
pub(super) fn resolved(value: &'static Value) -> &'static Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => DOCUMENT.pointer(reference.trim_start_matches('#')).unwrap_or(value),
        None => value,
    }
}

/// The example of an error that many operations share, which the document has once.
pub fn example_of(operation: Option<Operation>, status: u16) -> Option<Value> {
    let response = documented(operation?)?.get("responses")?.get(status.to_string())?;
    resolved(response).pointer("/content/application~1json/example").cloned()
}

/// The first value of an enumeration in an answer.
pub fn first_enum(json: &mut Value) -> Option<&mut Value> {
    let (names, values) = &*ENUMS;
    let is_enum =
        |name: &str, value: &Value| names.contains(name) && value.as_str().is_some_and(|text| values.contains(text));
    match json {
        Value::Object(members) => {
            let here = members.iter().find(|(name, value)| is_enum(name, value)).map(|(name, _)| name.clone());
            if let Some(name) = here {
                return members.get_mut(&name);
            }
            members.values_mut().find_map(first_enum)
        }
        Value::Array(elements) => elements.iter_mut().find_map(first_enum),
        _ => None,
    }
}

fn enums() -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut names, mut values) = (BTreeSet::new(), BTreeSet::new());
    let schemas = DOCUMENT.pointer("/components/schemas").and_then(Value::as_object);
    for schema in schemas.into_iter().flat_map(|schemas| schemas.values()) {
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if let Some(list) = resolved(property).get("enum").and_then(Value::as_array) {
                names.insert(name.clone());
                values.extend(list.iter().filter_map(Value::as_str).map(str::to_owned));
            }
        }
    }
    (names, values)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{example_of, first_enum};
    use crate::operations::{Operation, OrganizationsOperation};

    #[test]
    fn finds_values_of_enumerations() {
        let mut jobs = json!([{"id": "pending", "status": "running", "type": "workspace_build"}]);
        assert_eq!(first_enum(&mut jobs), Some(&mut json!("running")));
        assert_eq!(first_enum(&mut json!({"status": "of another kind"})), None);
    }

    #[test]
    fn every_error_of_an_operation_has_an_example() {
        let operation = Operation::Organizations(OrganizationsOperation::CreateOrganization);
        for status in [400, 401, 403, 409, 429, 500, 503] {
            assert!(
                example_of(Some(operation), status).is_some_and(|example| example["message"].is_string()),
                "{status}"
            );
        }
        assert_eq!(example_of(Some(operation), 418), None);
    }
}
