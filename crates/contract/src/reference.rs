//! `$ref`: where it leads, and which references a document has.

use serde_json::Value;

use crate::place::Place;
use crate::pointer::{Pointer, unescape_segment};

/// A chain of references longer than this is taken for a circle.
const LONGEST_CHAIN: usize = 16;

/// The target that an object names with `$ref`, for example `#/components/responses/NotFound`.
pub(crate) fn target(value: &Value) -> Option<&str> {
    value.get("$ref")?.as_str()
}

/// The value that a target inside the document names.
pub(crate) fn look_up<'a>(document: &'a Value, target: &str) -> Option<&'a Value> {
    document.pointer(target.strip_prefix('#')?)
}

/// The object that `value` stands for: itself, or what its chain of references ends at. A reference that leads nowhere, or
/// that has keys beside it which override those of its target, stands for itself.
pub(crate) fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let mut current = value;
    for _ in 0..LONGEST_CHAIN {
        match target(current).filter(|_| current.as_object().is_some_and(|object| object.len() == 1)) {
            None => return current,
            Some(next) => match look_up(document, next) {
                None => return value,
                Some(found) => current = found,
            },
        }
    }
    value
}

/// Copies into the document what it refers to and does not have, from another one that has it, and what that refers to in turn.
///
/// # Errors
/// The other one does not have it either, or there is no place for it; the text is the target that leads nowhere.
pub fn complete(document: &mut Value, from: &Value) -> Result<(), String> {
    loop {
        let targets = all(document).into_iter().map(|(_, target)| target);
        let missing: Vec<_> = targets.filter(|target| look_up(document, target).is_none()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        for target in missing {
            let found = look_up(from, &target);
            let place = target.strip_prefix('#').and_then(|pointer| pointer.rsplit_once('/'));
            let members = place.and_then(|(parent, _)| document.pointer_mut(parent)?.as_object_mut());
            let (Some(found), Some((_, name)), Some(members)) = (found, place, members) else { return Err(target) };
            members.insert(unescape_segment(name), found.clone());
        }
    }
}

/// Every reference of the document with the pointer to the object that has it. Examples and other literal values are not
/// searched: a `$ref` there is data.
pub(crate) fn all(document: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(Place::Document, &Pointer::ROOT, document, &mut found);
    found
}

fn collect(place: Place, at: &Pointer, value: &Value, found: &mut Vec<(String, String)>) {
    if place == Place::Literal {
        return;
    }
    // A map of schemas may have an entry that is called `$ref`; its value is an object then, and not taken for a target.
    if let Some(target) = target(value) {
        found.push((at.to_string(), target.to_owned()));
    }
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                collect(place.member(key), &at.member(key), member, found);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                collect(place.element(), &at.element(index), element, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::complete;

    #[test]
    fn what_is_referred_to_comes_along_with_what_that_refers_to() {
        let from = json!({ "components": { "schemas": {
            "a.B/C": { "properties": { "d": { "$ref": "#/components/schemas/D" } } },
            "D": { "type": "string" },
            "Mine": { "type": "null" },
            "Unused": {},
        } } });
        let answer = |target: &str| json!({ "content": { "application/json": { "schema": { "$ref": target } } } });
        let document = |target: &str| {
            json!({
                "paths": { "/": { "get": { "responses": { "200": answer(target) } } } },
                "components": { "schemas": { "Mine": { "$ref": "#/components/schemas/D" } } },
            })
        };
        let mut completed = document("#/components/schemas/a.B~1C");
        assert_eq!(complete(&mut completed, &from), Ok(()));
        let schemas = completed["components"]["schemas"].as_object().unwrap();
        assert_eq!(schemas.keys().collect::<Vec<_>>(), ["Mine", "a.B/C", "D"]);
        assert_eq!(schemas["Mine"], json!({ "$ref": "#/components/schemas/D" }), "what is there stays");
        for astray in ["#/components/schemas/E", "#/components/nothing/D", "other.yaml#/D"] {
            assert_eq!(complete(&mut document(astray), &from), Err(astray.to_owned()));
        }
    }
}
