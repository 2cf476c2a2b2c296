//! What the document says of the shapes of bodies: whether a fault can have a place in an operation's answers, and which keys of a request
//! are none of the operation's.

use std::collections::BTreeSet;

use orgd_contract::unescape_segment;
use serde_json::Value;

use super::document::{documented, names_of_enums, resolved};
use crate::operations::Operation;

fn json_schema(content: &'static Value) -> Option<&'static Value> {
    content.pointer("/content/application~1json/schema")
}

/// The schemas of an operation's answers, of those that went well first.
fn answers(operation: Operation) -> Vec<&'static Value> {
    let responses = documented(operation).and_then(|operation| operation.get("responses")).and_then(Value::as_object);
    let mut responses: Vec<_> = responses.into_iter().flatten().collect();
    responses.sort_by_key(|(status, _)| status.as_str());
    responses.into_iter().filter_map(|(_, response)| json_schema(resolved(response))).collect()
}

/// Checks that some answer of the operation can have a value at this JSON pointer.
///
/// # Errors
/// None has; the words say what there is at the place where the pointer goes astray.
pub fn check_pointer(operation: Operation, pointer: &str) -> Result<(), String> {
    let astray: Vec<String> = answers(operation).into_iter().map_while(|schema| walk(schema, pointer).err()).collect();
    if astray.is_empty() || astray.len() < answers(operation).len() {
        return Ok(());
    }
    Err(format!("no answer of {} has {pointer}: {}", operation.id(), astray[0]))
}

fn walk(schema: &'static Value, pointer: &str) -> Result<(), String> {
    let (mut schema, mut place) = (resolved(schema), String::new());
    for segment in pointer.split('/').skip(1) {
        let key = unescape_segment(segment);
        let here = if place.is_empty() { "it" } else { &place };
        schema = if let Some(items) = schema.get("items") {
            if key.parse::<u32>().is_err() {
                return Err(format!("{here} is a list, which takes a number, as in {place}/0"));
            }
            resolved(items)
        } else if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            let Some(property) = properties.get(&key) else {
                let names: Vec<_> = properties.keys().map(String::as_str).collect();
                return Err(format!("{here} has {}", names.join(", ")));
            };
            resolved(property)
        } else if schema.get("type").and_then(Value::as_str).is_some_and(|kind| kind != "object") {
            return Err(format!("{here} has nothing within it"));
        } else {
            // An object whose keys the document does not list.
            return Ok(());
        };
        place = format!("{place}/{segment}");
    }
    Ok(())
}

/// True when an answer of the operation that went well can have a value of an enumeration.
pub fn answers_with_enum(operation: Operation) -> bool {
    let mut seen = BTreeSet::new();
    answers(operation).into_iter().any(|schema| has_enum(schema, &mut seen))
}

fn has_enum(schema: &'static Value, seen: &mut BTreeSet<String>) -> bool {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str)
        && !seen.insert(reference.to_owned())
    {
        return false;
    }
    let schema = resolved(schema);
    let within = ["items", "additionalProperties"].into_iter().filter_map(|key| schema.get(key));
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().any(|(name, property)| names_of_enums().contains(name) || has_enum(property, seen))
        || within.into_iter().any(|schema| has_enum(schema, seen))
}

/// The keys of a request's body that the document does not give the operation, as paths such as `metadata.nmae`.
pub fn unknown_keys(operation: Operation, body: &[u8]) -> Vec<String> {
    let schema = documented(operation).and_then(|operation| operation.get("requestBody")).map(resolved);
    let (Some(schema), Ok(body)) = (schema.and_then(json_schema), serde_json::from_slice(body)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    gather(resolved(schema), &body, "", &mut found);
    found
}

fn gather(schema: &'static Value, value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
            for (key, value) in members {
                let path = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                match properties.get(key) {
                    Some(property) => gather(resolved(property), value, &path, found),
                    None => found.push(path),
                }
            }
        }
        Value::Array(elements) => {
            let Some(items) = schema.get("items") else { return };
            for (index, element) in elements.iter().enumerate() {
                gather(resolved(items), element, &format!("{place}[{index}]"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{answers_with_enum, check_pointer, unknown_keys};
    use crate::operations::Operation;

    fn operation(id: &str) -> Operation {
        *Operation::ALL.iter().find(|operation| operation.id() == id).unwrap()
    }

    #[test]
    fn pointers_are_held_against_the_answers() {
        let check = |id: &str, pointer: &str| check_pointer(operation(id), pointer);
        for pointer in ["", "/0", "/99/name", "/message", "/validations/0/field"] {
            assert_eq!(check("getOrganizations", pointer), Ok(()), "{pointer}");
        }
        assert_eq!(check("getProvisionerJobs", "/0/tags/whatever"), Ok(()));
        let typo = check("getOrganizations", "/0/nmae").unwrap_err();
        assert!(typo.starts_with("no answer of getOrganizations has /0/nmae: /0 has "), "{typo}");
        assert!(typo.contains("display_name"), "{typo}");
        let list = check("getOrganizations", "/name").unwrap_err();
        assert!(list.ends_with("it is a list, which takes a number, as in /0"), "{list}");
        assert!(check("getOrganizations", "/0/name/x").is_err());
    }

    #[test]
    fn knows_who_answers_with_an_enumeration() {
        assert!(answers_with_enum(operation("getProvisionerJobs")));
        assert!(answers_with_enum(operation("getUsers")));
        assert!(!answers_with_enum(operation("createOrganization")));
    }

    #[test]
    fn finds_the_keys_that_an_operation_does_not_have() {
        let keys = |id: &str, body: &str| unknown_keys(operation(id), body.as_bytes());
        assert_eq!(
            keys("createOrganization", r#"{"name": "a", "dispaly_name": "A", "Icon": ""}"#),
            ["dispaly_name", "Icon"]
        );
        let job = r#"{"type": "workspace_build", "tags": {"a": "b"}, "input": {"workspace_build": ""}}"#;
        assert_eq!(keys("createProvisionerJob", job), ["input.workspace_build"]);
        for body in ["", "[]", "7", "not json"] {
            assert!(keys("createOrganization", body).is_empty(), "{body}");
        }
        assert!(keys("getOrganizations", r#"{"a": 1}"#).is_empty());
    }
}
