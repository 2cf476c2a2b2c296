//! Changes of schemas, judged by which way their values go.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{BUMP, Class, Direction, KEEP_BESIDE, KEEP_GIVING, KEEP_TAKING, MAKE_OPTIONAL, Walk, flag, members, shown};

/// Limits below which a value may not be.
const LOWER: &[&str] = &["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"];
/// Limits above which it may not be.
const UPPER: &[&str] = &["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"];
/// What says nothing about values.
const WORDS: &[&str] = &["title", "description", "example", "examples", "$comment", "externalDocs"];
/// What is compared by itself, or says nothing on the wire.
const KNOWN: &[&str] = &[
    "type",
    "nullable",
    "format",
    "enum",
    "const",
    "pattern",
    "default",
    "required",
    "properties",
    "items",
    "additionalProperties",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "discriminator",
    "uniqueItems",
    "multipleOf",
    "readOnly",
    "writeOnly",
    "deprecated",
    "$ref",
    "propertyNames",
    "xml",
];

impl<'d> Walk<'d> {
    /// Compares what values may be.
    pub(super) fn schema(&mut self, direction: Direction, place: &str, old: &'d Value, new: &'d Value) {
        let name = |schema: &Value| schema.get("$ref").and_then(Value::as_str).unwrap_or_default().to_owned();
        let pair = (format!("{direction:?} {}", name(old)), name(new));
        let is_named = old.get("$ref").is_some() || new.get("$ref").is_some();
        if is_named {
            if self.under_way.contains(&pair) {
                return;
            }
            self.under_way.push(pair);
        }
        if name(old) != name(new) {
            self.note(
                Class::Wording,
                place,
                format!("its schema is called {:?} now: generated types have another name", name(new)),
                "",
            );
        }
        let (old, new) = (self.was(old), self.is(new));
        if old != new || contains_reference(old) {
            self.resolved(direction, place, old, new);
        }
        if is_named {
            self.under_way.pop();
        }
    }

    fn resolved(&mut self, direction: Direction, place: &str, old: &'d Value, new: &'d Value) {
        self.types(direction, place, old, new);
        self.format(direction, place, old, new);
        self.values(direction, place, old, new);
        self.limits(direction, place, old, new);
        self.default(direction, place, old, new);
        self.properties(direction, place, old, new);
        self.other_properties(direction, place, old, new);
        match (old.get("items"), new.get("items")) {
            (Some(before), Some(after)) => self.schema(direction, &format!("{place}/items"), before, after),
            (None, Some(_)) => self.note(direction.narrowed(), &format!("{place}/items"), "are limited now", BUMP),
            (Some(_), None) => self.note(direction.widened(), &format!("{place}/items"), "may be anything now", BUMP),
            (None, None) => {}
        }
        for key in ["oneOf", "anyOf"] {
            self.variants(direction, place, key, old, new);
        }
        self.parts(direction, place, old, new);
        for key in ["not", "discriminator", "contentMediaType", "contentEncoding", "contentSchema"] {
            if old.get(key) != new.get(key) {
                self.note(direction.broken(), place, format!("its {key} changed"), BUMP);
            }
        }
        if !flag(old, "deprecated") && flag(new, "deprecated") {
            self.note(Class::Additive, place, "is deprecated", "");
        }
        self.visibility(direction, place, old, new);
        if WORDS.iter().any(|key| old.get(*key) != new.get(*key)) {
            self.note(Class::Wording, place, "its words changed", "");
        }
        self.unknown(direction, place, old, new);
    }

    fn types(&mut self, direction: Direction, place: &str, old: &'d Value, new: &'d Value) {
        let (before, after) = (types(old), types(new));
        if before == after {
            return;
        }
        let spell = |types: &Option<BTreeSet<String>>| {
            types.as_ref().map_or("anything".to_owned(), |types| types.iter().cloned().collect::<Vec<_>>().join(" or "))
        };
        let covers = |wide: &Option<BTreeSet<String>>, narrow: &Option<BTreeSet<String>>| match (wide, narrow) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wide), Some(narrow)) => {
                narrow.iter().all(|one| wide.contains(one) || (one == "integer" && wide.contains("number")))
            }
        };
        let class = if covers(&after, &before) {
            direction.widened()
        } else if covers(&before, &after) {
            direction.narrowed()
        } else {
            direction.broken()
        };
        self.note(class, place, format!("was {} and is {}", spell(&before), spell(&after)), KEEP_BESIDE);
    }

    fn format(&mut self, direction: Direction, place: &str, old: &'d Value, new: &'d Value) {
        let text = |schema: &'d Value| schema.get("format").and_then(Value::as_str).unwrap_or_default();
        let (before, after) = (text(old), text(new));
        let class = match (before, after) {
            _ if before == after => return,
            ("int32", "int64") | ("float", "double") | (_, "") => direction.widened(),
            ("int64", "int32") | ("double", "float") | ("", _) => direction.narrowed(),
            _ => direction.broken(),
        };
        let quote = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
        self.note(class, place, format!("its format {} is {} now", quote(before), quote(after)), KEEP_BESIDE);
    }

    fn values(&mut self, direction: Direction, place: &str, old: &'d Value, new: &'d Value) {
        let listed = |schema: &'d Value| -> Option<Vec<&'d Value>> {
            let list = schema.get("enum").and_then(Value::as_array).map(|list| list.iter().collect());
            list.or_else(|| schema.get("const").map(|only| vec![only]))
        };
        match (listed(old), listed(new)) {
            (None, None) => {}
            (None, Some(_)) => self.note(direction.narrowed(), place, "must be one of a list now", KEEP_TAKING),
            (Some(_), None) => self.note(direction.widened(), place, "need not be one of a list any more", KEEP_GIVING),
            (Some(before), Some(after)) => {
                for value in before.iter().filter(|value| !after.contains(value)) {
                    self.note(
                        direction.narrowed(),
                        place,
                        format!("{} is no value any more", shown(value)),
                        KEEP_TAKING,
                    );
                }
                for value in after.iter().filter(|value| !before.contains(value)) {
                    self.note(direction.widened(), place, format!("{} is a new value", shown(value)), KEEP_GIVING);
                }
            }
        }
    }

    fn limits(&mut self, direction: Direction, place: &str, old: &'d Value, new: &'d Value) {
        for (keys, grows_narrow) in [(LOWER, true), (UPPER, false)] {
            for key in keys {
                let (before, after) = (number(old, key), number(new, key));
                let narrows = match (before, after) {
                    (None, None) => continue,
                    (None, Some(_)) => true,
                    (Some(_), None) => false,
                    (Some(before), Some(after)) if before == after => continue,
                    (Some(before), Some(after)) => (after > before) == grows_narrow,
                };
                let class = if narrows { direction.narrowed() } else { direction.widened() };
                self.note(
                    class,
                    place,
                    format!("its {key} changed from {} to {}", limit(before), limit(after)),
                    KEEP_TAKING,
                );
            }
        }
        for key in ["pattern", "multipleOf", "propertyNames"] {
            let class = match (old.get(key), new.get(key)) {
                (before, after) if before == after => continue,
                (None, Some(_)) => direction.narrowed(),
                (Some(_), None) => direction.widened(),
                _ => direction.broken(),
            };
            // Whoever reads a text reads it whatever its pattern.
            let class = if direction == Direction::Response { Class::Additive } else { class };
            self.note(class, place, format!("its {key} changed"), KEEP_TAKING);
        }
        match (flag(old, "uniqueItems"), flag(new, "uniqueItems")) {
            (false, true) => self.note(direction.narrowed(), place, "must not have anything twice now", KEEP_TAKING),
            (true, false) => self.note(direction.widened(), place, "may have things twice now", KEEP_GIVING),
            _ => {}
        }
    }

    fn default(&mut self, direction: Direction, place: &str, old: &'d Value, new: &'d Value) {
        let (before, after) = (old.get("default"), new.get("default"));
        if before == after {
            return;
        }
        let spell = |value: Option<&Value>| value.map_or("none".to_owned(), shown);
        let class = if direction == Direction::Request { Class::BreaksRequests } else { Class::Additive };
        self.note(
            class,
            place,
            format!("what counts when it is absent changed from {} to {}", spell(before), spell(after)),
            BUMP,
        );
    }

    fn properties(&mut self, direction: Direction, place: &str, old: &'d Value, new: &'d Value) {
        let (before, after) = (members(old.get("properties")), members(new.get("properties")));
        let (needed, needs) = (required(old), required(new));
        for (name, earlier) in &before {
            let inner = format!("{place}/{name}");
            let Some(later) = after.get(name) else {
                let hint = if direction == Direction::Request { KEEP_TAKING } else { KEEP_GIVING };
                self.note(direction.broken(), &inner, "is gone", hint);
                continue;
            };
            match (direction, needed.contains(name), needs.contains(name)) {
                (Direction::Request, false, true) => {
                    self.note(Class::BreaksRequests, &inner, "is required now", MAKE_OPTIONAL)
                }
                (Direction::Response, true, false) => {
                    self.note(Class::BreaksResponses, &inner, "need not come any more", KEEP_GIVING);
                }
                (Direction::Request, true, false) => self.note(Class::Additive, &inner, "is optional now", ""),
                (Direction::Response, false, true) => self.note(Class::Additive, &inner, "always comes now", ""),
                _ => {}
            }
            self.schema(direction, &inner, earlier, later);
        }
        for (name, _) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
            let inner = format!("{place}/{name}");
            if direction == Direction::Request && needs.contains(name) {
                self.note(Class::BreaksRequests, &inner, "is new and required", MAKE_OPTIONAL);
            } else {
                self.note(Class::Additive, &inner, "is new", "");
            }
        }
        // Required without being described.
        for name in needs.iter().filter(|name| !needed.contains(*name) && !after.contains_key(*name)) {
            self.note(direction.narrowed(), &format!("{place}/{name}"), "is required now", MAKE_OPTIONAL);
        }
    }

    fn other_properties(&mut self, direction: Direction, place: &str, old: &'d Value, new: &'d Value) {
        let inner = format!("{place}/*");
        let rule = |schema: &'d Value| schema.get("additionalProperties");
        let is_closed = |rule: Option<&Value>| rule == Some(&Value::Bool(false));
        let (before, after) = (rule(old), rule(new));
        match (is_closed(before), is_closed(after)) {
            (false, true) => {
                self.note(direction.narrowed(), &inner, "other keys are not allowed any more", KEEP_TAKING)
            }
            // A client must not mind keys that it does not know.
            (true, false) => self.note(Class::Additive, &inner, "other keys are allowed now", ""),
            (true, true) => {}
            (false, false) => match (before.filter(|rule| rule.is_object()), after.filter(|rule| rule.is_object())) {
                (Some(before), Some(after)) => self.schema(direction, &inner, before, after),
                (None, Some(_)) => self.note(direction.narrowed(), &inner, "values are limited now", KEEP_TAKING),
                (Some(_), None) => self.note(direction.widened(), &inner, "values may be anything now", KEEP_GIVING),
                (None, None) => {}
            },
        }
    }

    /// `oneOf` and `anyOf`: a value is one of them.
    fn variants(&mut self, direction: Direction, place: &str, key: &str, old: &'d Value, new: &'d Value) {
        let list = |schema: &'d Value| schema.get(key).and_then(Value::as_array);
        let (before, after) = match (list(old), list(new)) {
            (None, None) => return,
            (None, Some(_)) => {
                return self.note(direction.narrowed(), place, format!("must be {key} several now"), BUMP);
            }
            (Some(_), None) => {
                return self.note(direction.widened(), place, format!("need not be {key} several any more"), BUMP);
            }
            (Some(before), Some(after)) => (before, after),
        };
        let gone: Vec<_> = before.iter().filter(|one| !after.contains(one)).collect();
        let come: Vec<_> = after.iter().filter(|one| !before.contains(one)).collect();
        for (index, one) in before.iter().enumerate().filter(|(_, one)| after.contains(one)) {
            self.schema(direction, &format!("{place}/{key}[{index}]"), one, one);
        }
        if let ([earlier], [later]) = (&*gone, &*come) {
            // One took the place of one: what changed inside says more.
            return self.schema(direction, &format!("{place}/{key}"), earlier, later);
        }
        for one in gone {
            self.note(direction.narrowed(), place, format!("cannot be {} any more", shown(one)), KEEP_TAKING);
        }
        for one in come {
            self.note(direction.widened(), place, format!("can be {} now", shown(one)), KEEP_GIVING);
        }
    }

    /// `allOf`: a value is all of them.
    fn parts(&mut self, direction: Direction, place: &str, old: &'d Value, new: &'d Value) {
        let list = |schema: &'d Value| schema.get("allOf").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let (before, after) = (list(old), list(new));
        if before.len() == after.len() {
            for (index, (earlier, later)) in before.iter().zip(after).enumerate() {
                self.schema(direction, &format!("{place}/allOf[{index}]"), earlier, later);
            }
            return;
        }
        for one in before.iter().filter(|one| !after.contains(one)) {
            self.note(direction.widened(), place, format!("need not be {} any more", shown(one)), KEEP_GIVING);
        }
        for one in after.iter().filter(|one| !before.contains(one)) {
            self.note(direction.narrowed(), place, format!("must be {} as well now", shown(one)), KEEP_TAKING);
        }
    }

    fn visibility(&mut self, direction: Direction, place: &str, old: &'d Value, new: &'d Value) {
        for (key, hidden_from) in [("readOnly", Direction::Request), ("writeOnly", Direction::Response)] {
            match (flag(old, key), flag(new, key)) {
                (false, true) if direction == hidden_from => {
                    self.note(direction.broken(), place, format!("is {key} now"), KEEP_BESIDE)
                }
                (true, false) if direction == hidden_from => {
                    self.note(Class::Additive, place, format!("is not {key} any more"), "")
                }
                _ => {}
            }
        }
    }

    /// A keyword that nothing above knows: better a false alarm than none.
    fn unknown(&mut self, direction: Direction, place: &str, old: &'d Value, new: &'d Value) {
        let is_known = |key: &str| {
            [KNOWN, WORDS, LOWER, UPPER].iter().any(|list| list.contains(&key))
                || key.starts_with("x-")
                || key.starts_with("content")
        };
        let keys: BTreeSet<&str> = members(Some(old)).into_keys().chain(members(Some(new)).into_keys()).collect();
        for key in keys.into_iter().filter(|key| !is_known(key) && old.get(*key) != new.get(*key)) {
            self.note(direction.broken(), place, format!("its {key} changed, which no rule knows"), BUMP);
        }
    }
}

/// What a value may be, `null` included; `None` for anything.
fn types(schema: &Value) -> Option<BTreeSet<String>> {
    let mut types: BTreeSet<String> = match schema.get("type") {
        Some(Value::String(one)) => BTreeSet::from([one.clone()]),
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => return None,
    };
    if flag(schema, "nullable") {
        types.insert("null".to_owned());
    }
    Some(types)
}

fn required(schema: &Value) -> BTreeSet<&str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A limit. In OpenAPI 3.0 an exclusive one is a flag beside another.
fn number(schema: &Value, key: &str) -> Option<f64> {
    let beside = match key {
        "exclusiveMinimum" => "minimum",
        "exclusiveMaximum" => "maximum",
        _ => return schema.get(key).and_then(Value::as_f64),
    };
    match schema.get(key) {
        Some(Value::Bool(true)) => schema.get(beside).and_then(Value::as_f64),
        other => other.and_then(Value::as_f64),
    }
}

fn limit(value: Option<f64>) -> String {
    value.map_or("none".to_owned(), |value| value.to_string())
}

fn contains_reference(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.contains_key("$ref") || members.values().any(contains_reference),
        Value::Array(elements) => elements.iter().any(contains_reference),
        _ => false,
    }
}
