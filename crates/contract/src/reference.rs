//! `$ref`: where it leads, and which references a document has.

use serde_json::Value;

use crate::place::Place;
use crate::pointer::Pointer;

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
