//! Schemas in words: which one it is, of what type, with which values.

use std::collections::BTreeMap;

use serde_json::Value;

use super::markdown::anchor;
use crate::reference;

/// How a list is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    /// `array`: the rows below say of what.
    Bare,
    /// `array(uuid)`
    Format,
    /// `array of string(uuid)`
    Of,
}

/// The schemas of a document, as one page links them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Types<'a> {
    pub(super) document: &'a Value,
    /// The page with the schemas; empty on that page itself.
    pub(super) page: &'a str,
}

/// A property, and whether it is required.
pub(super) type Properties<'a> = BTreeMap<&'a str, (&'a Value, bool)>;

impl<'a> Types<'a> {
    /// The name of the schema that is referred to. An `allOf` of one is a reference with something said about it.
    pub(super) fn name(&self, schema: &'a Value) -> Option<&'a str> {
        if let Some(target) = reference::target(schema) {
            return target.strip_prefix("#/components/schemas/");
        }
        match schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
            Some([only]) => self.name(only),
            _ => None,
        }
    }

    /// The schema itself, after any references.
    pub(super) fn schema(&self, schema: &'a Value) -> &'a Value {
        let mut current = schema;
        // A circle of references, which no document needs, ends here.
        for _ in 0..16 {
            let Some(name) = self.name(current) else { return current };
            let found = self.document.pointer("/components/schemas").and_then(|schemas| schemas.get(name));
            let Some(found) = found else { return current };
            current = found;
        }
        current
    }

    /// Its type, with a link when it has a name.
    pub(super) fn kind(&self, schema: &'a Value, lists: Lists) -> String {
        if let Some(name) = self.name(schema) {
            return self.link(name);
        }
        let alternatives = ["oneOf", "anyOf"].iter().find_map(|key| schema.get(*key)?.as_array());
        if let Some(alternatives) = alternatives {
            let kinds: Vec<String> = alternatives.iter().map(|one| self.kind(one, lists)).collect();
            return kinds.join(" or ");
        }
        if schema.get("allOf").is_some() {
            return "object".to_owned();
        }
        let names = type_names(schema);
        if names.is_empty() {
            return if schema.get("properties").is_some() { "object" } else { "any" }.to_owned();
        }
        names.iter().map(|name| self.plain(schema, name, lists)).collect::<Vec<_>>().join(" or ")
    }

    fn plain(&self, schema: &'a Value, name: &str, lists: Lists) -> String {
        let items = schema.get("items");
        match (name, schema.get("format").and_then(Value::as_str), items) {
            ("array", _, Some(items)) => match lists {
                Lists::Bare => "array".to_owned(),
                Lists::Of => format!("array of {}", self.kind(items, lists)),
                Lists::Format => match items.get("format").and_then(Value::as_str) {
                    Some(format) => format!("array({format})"),
                    None => format!("array({})", self.kind(items, lists)),
                },
            },
            ("null", _, _) | (_, None, _) => name.to_owned(),
            (_, Some(format), _) => format!("{name}({format})"),
        }
    }

    /// A link to a schema by name.
    pub(super) fn link(&self, name: &str) -> String {
        format!("[{name}]({}#{})", self.page, anchor(name))
    }

    /// The values of an enum, sorted; of its elements when it is a list of them.
    pub(super) fn values(&self, schema: &'a Value) -> Vec<String> {
        let schema = self.schema(schema);
        if let Some(items) = schema.get("items") {
            return self.values(items);
        }
        let given = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
        let spell = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut values: Vec<String> = given.filter(|value| !value.is_null()).map(spell).collect();
        values.sort();
        values
    }

    /// The properties of an object by name, those of each part of an `allOf` among them.
    pub(super) fn properties(&self, schema: &'a Value) -> Properties<'a> {
        let mut found = Properties::new();
        self.collect(schema, &mut found, 0);
        found
    }

    fn collect(&self, schema: &'a Value, found: &mut Properties<'a>, depth: usize) {
        let schema = self.schema(schema);
        // A part that contains itself adds nothing.
        if depth < 16 {
            for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
                self.collect(part, found, depth + 1);
            }
        }
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let known = found.get(name.as_str()).is_some_and(|(_, required)| *required);
            found.insert(name, (property, known));
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        for name in required.filter_map(Value::as_str) {
            if let Some((_, required)) = found.get_mut(name) {
                *required = true;
            }
        }
    }
}

/// What `type` names, one or several.
fn type_names(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}
