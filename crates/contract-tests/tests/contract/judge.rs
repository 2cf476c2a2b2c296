//! Makes values for the schemas of a document, good ones and bad ones, and asks the two versions of the document about each.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use jsonschema::{Draft, Validator};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use serde_json::{Map, Value, json};

use crate::two_versions::raise_schema;

/// What came out.
pub struct Judged {
    /// Values that both versions take.
    pub accepted: u32,
    /// Values that both versions refuse.
    pub refused: u32,
    /// The smallest value found that only one version takes.
    pub disagreement: Option<String>,
}

/// Asks both documents about so many values for the schemas of these names.
pub fn judge(newer: &Value, older: &Value, names: Vec<String>, values: u32) -> Judged {
    let raised: Map<_, _> = older["components"]["schemas"]
        .as_object()
        .expect("schemas")
        .iter()
        .map(|(name, schema)| (name.clone(), raise_schema(schema)))
        .collect();
    let newer_ones = validators(&names, &newer["components"]["schemas"]);
    let older_ones = validators(&names, &Value::Object(raised));
    let texts = texts(newer);
    let counts = (Cell::new(0), Cell::new(0));
    let found = RefCell::new(None);
    let mut runner = TestRunner::new(Config { cases: values, failure_persistence: None, ..Config::default() });
    let drawn = (prop::sample::select(names), prop::collection::vec(any::<u16>(), 0..120));
    let outcome = runner.run(&drawn, |(name, choices)| {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        let value = Maker { document: newer, texts: &texts, choices: choices.into_iter() }.make(&schema);
        let verdicts = (newer_ones[&name].is_valid(&value), older_ones[&name].is_valid(&value));
        let count = if verdicts.0 { &counts.0 } else { &counts.1 };
        count.set(count.get() + 1);
        if verdicts.0 == verdicts.1 {
            return Ok(());
        }
        *found.borrow_mut() = Some(format!("{name}: 3.1 says {}, 3.0 says {}: {value}", verdicts.0, verdicts.1));
        Err(TestCaseError::fail("judged differently"))
    });
    if let Err(TestError::Abort(reason)) = outcome {
        panic!("{reason}");
    }
    Judged { accepted: counts.0.get(), refused: counts.1.get(), disagreement: found.into_inner() }
}

fn validators(names: &[String], schemas: &Value) -> BTreeMap<String, Validator> {
    let build = |name: &String| {
        let root = json!({"components": {"schemas": schemas}, "$ref": format!("#/components/schemas/{name}")});
        let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
        (name.clone(), options.build(&root).expect("a schema"))
    };
    names.iter().map(build).collect()
}

/// Every text in the examples of the document: most of what its patterns and formats ask for is among them.
fn texts(document: &Value) -> Vec<String> {
    fn gather(value: &Value, inside: bool, found: &mut Vec<String>) {
        match value {
            Value::String(text) if inside => found.push(text.clone()),
            Value::Array(elements) => elements.iter().for_each(|element| gather(element, inside, found)),
            Value::Object(members) => {
                members.iter().for_each(|(key, member)| gather(member, inside || key == "example", found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    gather(document, false, &mut found);
    found.sort();
    found.dedup();
    found
}

/// Makes a value out of numbers that were drawn. Zeros make the plainest value that the schema takes.
struct Maker<'a, C> {
    document: &'a Value,
    texts: &'a [String],
    choices: C,
}

impl<C: Iterator<Item = u16>> Maker<'_, C> {
    fn below(&mut self, end: usize) -> usize {
        usize::from(self.choices.next().unwrap_or_default()) % end
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    fn make(&mut self, schema: &Value) -> Value {
        if self.once_in(40) {
            return self.anything();
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let found = self.document.pointer(target.trim_start_matches('#')).expect("a schema");
            return self.make(found);
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return values[self.below(values.len())].clone();
        }
        match &schema["type"] {
            Value::Array(names) => {
                let name = names[self.below(names.len())].clone();
                self.of_type(name.as_str().expect("a type"), schema)
            }
            Value::String(name) => self.of_type(name, schema),
            _ => self.anything(),
        }
    }

    fn of_type(&mut self, name: &str, schema: &Value) -> Value {
        match name {
            "object" => self.object(schema),
            "array" => (0..self.below(3)).map(|_| self.make(&schema["items"])).collect(),
            "string" => Value::String(self.text(schema)),
            "integer" | "number" => self.number(schema),
            "boolean" => json!(self.below(2) == 1),
            _ => Value::Null,
        }
    }

    fn object(&mut self, schema: &Value) -> Value {
        let mut made = Map::new();
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let there = if required.contains(&&**key) { !self.once_in(60) } else { self.below(3) == 1 };
            if there {
                made.insert(key.clone(), self.make(property));
            }
        }
        if schema["additionalProperties"].is_object() || self.once_in(12) {
            for _ in 0..self.below(3) {
                let key = self.texts[self.below(self.texts.len())].clone();
                let value = self.make(schema.get("additionalProperties").unwrap_or(&json!({})));
                made.insert(key, value);
            }
        }
        Value::Object(made)
    }

    fn text(&mut self, schema: &Value) -> String {
        let most = schema["maxLength"].as_u64().and_then(|most| usize::try_from(most).ok());
        match (schema["format"].as_str(), self.below(8)) {
            (_, 7) => self.texts[self.below(self.texts.len())].clone(),
            (Some("uuid"), choice) => ["7c60d51f-b44e-4682-87d6-449835ea4de6", "7c60d51f"][choice / 6].to_owned(),
            (Some("date-time"), choice) => ["2026-01-02T03:04:05Z", "2026-13-02"][choice / 6].to_owned(),
            (_, 6) => "a".repeat(most.map_or(3, |most| most + 1)),
            (_, 5) => "a".repeat(most.unwrap_or(300)),
            (_, 4) => String::new(),
            _ => ["example", "a", "-", "ä b"][self.below(4)].to_owned(),
        }
    }

    fn number(&mut self, schema: &Value) -> Value {
        let bounds = [schema["minimum"].as_i64(), schema["maximum"].as_i64()];
        let bound = bounds[self.below(2)].unwrap_or_default();
        [json!(bound), json!(bound + 1), json!(bound - 1), json!(0.5)][self.below(8) % 5 % 4].clone()
    }

    fn anything(&mut self) -> Value {
        [json!(null), json!(true), json!(7), json!(-1.5), json!(""), json!("text"), json!([]), json!({})][self.below(8)]
            .clone()
    }
}
