//! Changes to a JSON document, by pointer.

use orgd_contract::unescape_segment;
use serde_json::Value;

/// One change. The pointer names the value that is changed; it must be there, but for `Set`.
#[derive(Debug)]
pub(crate) enum Change {
    /// Replaces the value, or adds it to its object.
    Set(&'static str, Value),
    /// Takes the member or element away.
    Remove(&'static str),
    /// Gives the member another key.
    Rename(&'static str, &'static str),
    /// Adds an element to the end of the list.
    Append(&'static str, Value),
    /// Replaces a text wherever it is the whole of a string.
    ReplaceEverywhere(&'static str, &'static str),
}

impl Change {
    /// The document with the change.
    pub(crate) fn apply(&self, document: &Value) -> Value {
        let mut changed = document.clone();
        match self {
            Self::Set(at, value) => {
                let (parent, key) = parent(&mut changed, at);
                match parent {
                    Value::Object(members) => drop(members.insert(key, value.clone())),
                    Value::Array(elements) => elements[key.parse::<usize>().unwrap()] = value.clone(),
                    _ => panic!("{at} has no parent"),
                }
            }
            Self::Remove(at) => {
                let (parent, key) = parent(&mut changed, at);
                match parent {
                    Value::Object(members) => drop(members.shift_remove(&key).unwrap_or_else(|| panic!("no {at}"))),
                    Value::Array(elements) => drop(elements.remove(key.parse().unwrap())),
                    _ => panic!("{at} has no parent"),
                }
            }
            Self::Rename(at, new) => {
                let (parent, key) = parent(&mut changed, at);
                let members = parent.as_object_mut().unwrap();
                let value = members.shift_remove(&key).unwrap_or_else(|| panic!("no {at}"));
                members.insert((*new).to_owned(), value);
            }
            Self::Append(at, value) => {
                let list = changed.pointer_mut(at).unwrap_or_else(|| panic!("no {at}"));
                list.as_array_mut().unwrap().push(value.clone());
            }
            Self::ReplaceEverywhere(old, new) => replace(&mut changed, old, new),
        }
        changed
    }
}

fn parent<'a>(document: &'a mut Value, at: &str) -> (&'a mut Value, String) {
    let (parent, key) = at.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap_or_else(|| panic!("no parent of {at}"));
    (parent, unescape_segment(key))
}

fn replace(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::String(text) if text == old => *text = new.to_owned(),
        Value::Array(elements) => elements.iter_mut().for_each(|element| replace(element, old, new)),
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, old, new)),
        _ => {}
    }
}
