//! No place of the documented contract escapes the comparison: every value of it is changed, every key removed, and every
//! object given a key more, one at a time.

use orgd_contract::{compare, unescape_segment};
use serde_json::{Value, json};

use crate::documented;

/// Calls `visit` with the pointer to every value below the root.
fn each(value: &Value, at: &str, visit: &mut impl FnMut(&str, &Value)) {
    let below = |segment: &str| format!("{at}/{}", segment.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(members) => members.iter().for_each(|(key, member)| {
            visit(&below(key), member);
            each(member, &below(key), visit);
        }),
        Value::Array(elements) => elements.iter().enumerate().for_each(|(index, element)| {
            visit(&below(&index.to_string()), element);
            each(element, &below(&index.to_string()), visit);
        }),
        _ => {}
    }
}

/// The operation that a pointer of the documented document belongs to.
fn operation_of(documented: &Value, pointer: &str) -> String {
    let segments: Vec<_> = pointer.split('/').take(4).collect();
    match segments.as_slice() {
        ["", "paths", _, _] => {
            documented.pointer(&segments.join("/")).expect("operation")["operationId"].as_str().expect("id").to_owned()
        }
        ["", "components", ..] => "components".to_owned(),
        _ => "document".to_owned(),
    }
}

/// Asserts that the drift at the pointer is found there or in the object or list around it, and nowhere else.
fn assert_found(documented: &Value, generated: &Value, pointer: &str) {
    let differences = compare(documented, generated);
    assert!(!differences.is_empty(), "nothing found at {pointer}");
    // A name by which things are matched makes two differences of the thing that it names.
    let around = pointer.rsplit_once('/').expect("a pointer below the root").0;
    for difference in differences {
        assert!(difference.pointer.starts_with(around), "{pointer} is reported at {}", difference.pointer);
        assert_eq!(difference.operation, operation_of(documented, pointer), "{pointer}");
    }
}

#[test]
fn every_changed_value_is_found() {
    let documented = documented();
    let mut count = 0;
    each(&documented, "", &mut |pointer, value| {
        let changed = match value {
            Value::String(text) => json!(format!("{text}-drifted")),
            Value::Number(number) => json!(number.as_i64().expect("a whole number") + 1),
            Value::Bool(flag) => json!(!flag),
            Value::Null => json!("drifted"),
            Value::Array(_) | Value::Object(_) => return,
        };
        let mut generated = documented.clone();
        *generated.pointer_mut(pointer).expect(pointer) = changed;
        assert_found(&documented, &generated, pointer);
        count += 1;
    });
    assert!(count > 500, "only {count} values were changed");
}

#[test]
fn every_removed_key_is_found_unless_it_says_the_default() {
    let documented = documented();
    let mut defaults = Vec::new();
    each(&documented, "", &mut |pointer, value| {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer below the root");
        let mut generated = documented.clone();
        let key = unescape_segment(key);
        match generated.pointer_mut(parent).expect(parent) {
            Value::Object(members) => members.shift_remove(&key),
            _ => return,
        };
        let is_default = (key == "required" && value == &json!(false)) || (key == "style" && value == &json!("form"));
        if is_default {
            assert_eq!(compare(&documented, &generated), [], "{pointer}");
            defaults.push(pointer.to_owned());
        } else if pointer == "/paths" || pointer == "/components" || pointer.matches('/').count() == 2 {
            // These are reported by what they hold; `drift` has rows for them.
            assert_ne!(compare(&documented, &generated), [], "{pointer}");
        } else {
            assert_found(&documented, &generated, pointer);
        }
    });
    assert!(!defaults.is_empty());
    assert!(defaults.iter().all(|pointer| pointer.contains("/parameters/")), "{defaults:?}");
}

#[test]
fn every_added_key_is_found() {
    let documented = documented();
    each(&documented, "", &mut |pointer, value| {
        if value.is_object() {
            let mut generated = documented.clone();
            generated.pointer_mut(pointer).expect(pointer)["x-drifted"] = json!(true);
            let places: Vec<_> =
                compare(&documented, &generated).into_iter().map(|difference| difference.pointer).collect();
            assert_eq!(places, [format!("{pointer}/x-drifted")]);
        }
    });
}
