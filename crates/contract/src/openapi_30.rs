//! Writes an OpenAPI 3.1 document as OpenAPI 3.0.3, for tools that read nothing newer. What both documents say of a request
//! and of an answer is the same; what 3.0 has no words for is an error, never left out in silence.
//!
//! Three things are left out because they promise nothing to a client: keywords that only hold for names of properties
//! (`propertyNames`), an SPDX identifier beside the name of the licence, and prose beside a `$ref` that is not a schema's.

mod schema;

use serde_json::{Map, Value, json};

use crate::place::Place;
use crate::pointer::Pointer;

/// The version that the written document names.
const VERSION: &str = "3.0.3";

/// Something in a document that OpenAPI 3.0 has no words for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: OpenAPI 3.0 cannot say {what}")]
pub struct DowngradeError {
    /// JSON pointer to the object.
    pub place: String,
    /// What it says.
    pub what: String,
}

/// The same document in OpenAPI 3.0.3. Only its own version is asked for: a document that keeps to 3.0 already comes back
/// as it is.
///
/// # Errors
/// The first thing that cannot be said.
pub fn downgrade(document: &Value) -> Result<Value, DowngradeError> {
    let root = Pointer::ROOT;
    match document.get("openapi").and_then(Value::as_str) {
        Some(version) if version.starts_with("3.1.") || version.starts_with("3.0.") => {}
        _ => return Err(refuse(&root, "what is not OpenAPI 3.1")),
    }
    value(Place::Document, &root, document)
}

fn refuse(at: &Pointer<'_>, what: impl Into<String>) -> DowngradeError {
    DowngradeError { place: at.to_string(), what: what.into() }
}

/// Any value, by its place.
fn value(place: Place, at: &Pointer<'_>, given: &Value) -> Result<Value, DowngradeError> {
    match given {
        _ if place == Place::Literal => Ok(given.clone()),
        _ if place == Place::Schema => schema::write(at, given),
        Value::Object(members) => object(place, at, members).map(Value::Object),
        Value::Array(elements) => {
            let written = elements.iter().enumerate().map(|(index, element)| {
                let at = at.element(index);
                value(place.element(), &at, element)
            });
            written.collect::<Result<_, _>>().map(Value::Array)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(given.clone()),
    }
}

fn object(place: Place, at: &Pointer<'_>, given: &Map<String, Value>) -> Result<Map<String, Value>, DowngradeError> {
    if let Some(target) = given.get("$ref").filter(|_| place.is_referable()) {
        return Ok(Map::from_iter([("$ref".to_owned(), target.clone())]));
    }
    let mut written = Map::new();
    for (key, member) in given {
        let at = at.member(key);
        if let Some(kept) = special(place, &at, key, member)? {
            match kept {
                Kept::AsIs => written.insert(key.clone(), value(place.member(key), &at, member)?),
                Kept::As(key, value) => written.insert(key.to_owned(), value),
            };
        }
    }
    if place == Place::Parameter {
        write_json_as_text(at, &mut written)?;
    }
    Ok(written)
}

/// What becomes of a member.
enum Kept {
    AsIs,
    As(&'static str, Value),
}

/// Members that 3.0 has not, or has with other values. None for one that is left out.
fn special(place: Place, at: &Pointer<'_>, key: &str, member: &Value) -> Result<Option<Kept>, DowngradeError> {
    Ok(match (place, key) {
        (Place::Document, "openapi") => Some(Kept::As("openapi", json!(VERSION))),
        (Place::Document, "jsonSchemaDialect") => None,
        // 3.0 has callbacks, but nobody needed them written.
        (Place::Document, "webhooks")
        | (Place::Components, "pathItems" | "callbacks")
        | (Place::Operation, "callbacks") => {
            return Err(refuse(at, format!("`{key}`")));
        }
        (Place::Described, "identifier") if at.to_string() == "/info/license/identifier" => None,
        (Place::Described, "summary") if at.to_string() == "/info/summary" => None,
        (Place::Described, "type") if member == "mutualTLS" => return Err(refuse(at, "`mutualTLS`")),
        _ => Some(Kept::AsIs),
    })
}

/// A query parameter whose value is a JSON text. 3.0 may say so as 3.1 does, but most of its tools refuse it. As a plain text
/// it is the same bytes in the URL; that they are JSON stays in the description.
fn write_json_as_text(at: &Pointer<'_>, parameter: &mut Map<String, Value>) -> Result<(), DowngradeError> {
    let Some(content) = parameter.get("content") else { return Ok(()) };
    let json = content.as_object().filter(|types| types.len() == 1).and_then(|types| types.get("application/json"));
    let Some(media_type) = json else { return Err(refuse(at, "a parameter in another form than JSON")) };
    if media_type.get("examples").is_some() {
        return Err(refuse(at, "several examples of a JSON text"));
    }
    let example = media_type.get("example").map(ToString::to_string);
    parameter.shift_remove("content");
    parameter.insert("schema".to_owned(), json!({"type": "string"}));
    if let Some(example) = example {
        parameter.insert("example".to_owned(), Value::String(example));
    }
    Ok(())
}
