//! Whether an example is one that could have been sent: no words that stand for others, no ID that means two things, no time before
//! the one that it follows.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Finding;
use super::examples::Example;
use crate::pointer::member_of;

const WORDS: &str = "an example is what somebody would really send, not words that stand for it";
const TIMES: &str = "the times of an example are in the order in which things happen";
const SAME: &str =
    "an ID in the examples means one thing: wherever it is an object's `id`, name and `created_at` are the same";
const KINDS: &str = "an ID in the examples means one thing: it is not the ID of things of two kinds";

/// Words that generators and authors leave where a value belongs.
const PLACEHOLDERS: &[&str] = &[
    "string", "text", "value", "todo", "tbd", "xxx", "foo", "bar", "baz", "foobar", "lorem", "ipsum", "test",
    "example", "asdf",
];

/// Texts that begin so stand for something else, too.
const BEGINNINGS: &[&str] = &["lorem ipsum", "string ", "some ", "your-", "your ", "<"];

/// Pairs of keys of one object: the first happens no later than the second.
const ORDER: &[(&str, &str)] = &[
    ("created_at", "updated_at"),
    ("created_at", "started_at"),
    ("created_at", "completed_at"),
    ("created_at", "canceled_at"),
    ("created_at", "expires_at"),
    ("created_at", "last_used"),
    ("created_at", "last_seen_at"),
    ("started_at", "completed_at"),
    ("started_at", "canceled_at"),
];

/// Times that stand for "never".
const NEVER: &str = "0001-01-01T00:00:00Z";
/// The ID that stands for "none".
const NIL: &str = "00000000-0000-0000-0000-000000000000";

/// Keys that hold the ID of a thing of a known kind.
const KINDS_BY_KEY: &[(&str, &str)] = &[
    ("organization_id", "organization"),
    ("template_id", "template"),
    ("template_version_id", "template version"),
    ("workspace_id", "workspace"),
    ("workspace_build_id", "workspace build"),
    ("file_id", "file"),
    ("worker_id", "worker"),
    ("initiator_id", "user"),
    ("user_id", "user"),
    ("key_id", "provisioner key"),
    ("request_id", "request"),
];

/// What is known of IDs so far.
#[derive(Default)]
struct Known<'a> {
    /// ID to kind, and where that was read.
    kinds: BTreeMap<&'a str, (&'static str, String)>,
    /// ID and key to the value, and where it was read.
    values: BTreeMap<(&'a str, &'static str), (&'a Value, String)>,
}

/// Looks at every example.
pub(super) fn check(examples: &[Example<'_>], found: &mut Vec<Finding>) {
    let mut known = Known::default();
    for example in examples {
        look(example, &mut known, &example.at, example.value, found);
    }
}

fn look<'a>(example: &Example<'a>, known: &mut Known<'a>, at: &str, value: &'a Value, found: &mut Vec<Finding>) {
    match value {
        Value::String(text) => {
            let lower = text.trim().to_lowercase();
            if PLACEHOLDERS.contains(&lower.as_str()) || BEGINNINGS.iter().any(|word| lower.starts_with(word)) {
                let advice = format!("write a real value instead of {value}");
                found.push(Finding::new(example.operation, at, WORDS, advice));
            }
        }
        Value::Object(members) => {
            times(example, at, members, found);
            kinds(example, known, at, members, found);
            if example.is_answer {
                same(example, known, at, members, found);
            }
            for (key, member) in members {
                look(example, known, &member_of(at, key), member, found);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                look(example, known, &format!("{at}/{index}"), element, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn times(example: &Example<'_>, at: &str, members: &Map<String, Value>, found: &mut Vec<Finding>) {
    let time = |key: &str| members.get(key).and_then(Value::as_str).filter(|time| *time != NEVER);
    for (first, second) in ORDER {
        if let (Some(before), Some(after)) = (time(first), time(second))
            && sortable(before) > sortable(after)
        {
            let advice = format!("`{first}` is {before}, so `{second}` cannot be {after}");
            found.push(Finding::new(example.operation, member_of(at, second), TIMES, advice));
        }
    }
}

/// Times of the API are UTC, with or without a fraction. Without the `Z` they sort as texts.
fn sortable(time: &str) -> &str {
    time.trim_end_matches('Z')
}

fn kinds<'a>(
    example: &Example<'a>,
    known: &mut Known<'a>,
    at: &str,
    members: &'a Map<String, Value>,
    found: &mut Vec<Finding>,
) {
    for (key, kind) in KINDS_BY_KEY {
        let Some(id) = members.get(*key).and_then(Value::as_str).filter(|id| *id != NIL) else { continue };
        let here = member_of(at, key);
        let (first, place) = known.kinds.entry(id).or_insert_with(|| (kind, here.clone()));
        if first != kind {
            let advice = format!("{id} is the ID of one {first} at {place}; take another one for the {kind}");
            found.push(Finding::new(example.operation, here, KINDS, advice));
        }
    }
}

fn same<'a>(
    example: &Example<'a>,
    known: &mut Known<'a>,
    at: &str,
    members: &'a Map<String, Value>,
    found: &mut Vec<Finding>,
) {
    let Some(id) = members.get("id").and_then(Value::as_str).filter(|id| *id != NIL) else { return };
    for key in ["created_at", "name"] {
        let Some(value) = members.get(key) else { continue };
        let here = member_of(at, key);
        let (first, place) = known.values.entry((id, key)).or_insert_with(|| (value, here.clone()));
        if *first != value {
            let advice = format!("{id} has {first} at {place}; write that, or take another ID");
            found.push(Finding::new(example.operation, here, SAME, advice));
        }
    }
}
