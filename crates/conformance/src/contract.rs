//! The documented contract as the cases need it: which operations there are, and what each may answer. It knows no server.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::{Draft, Validator};
use orgd_contract::forbid_other_keys;
use serde_json::{Map, Value, json};

/// The merged document, as the build script wrote it.
const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/contract.json"));

/// One documented operation.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    /// In capitals.
    pub(crate) method: String,
    /// Below `/api/v2`, with parameters in braces.
    pub(crate) path: String,
    /// One of orgd's own, which Coder does not have.
    pub(crate) is_extension: bool,
    /// The schema of the JSON body for each status; `None` where there is no body.
    answers: BTreeMap<u16, Option<Value>>,
}

impl Operation {
    /// The documented statuses.
    pub(crate) fn statuses(&self) -> impl Iterator<Item = u16> {
        self.answers.keys().copied()
    }
}

/// What is wrong with a body, by what documents it.
pub(crate) enum Flaw {
    /// It breaks its schema.
    Schema(String),
    /// It has a key that no schema names.
    UndocumentedKey(String),
    /// It has a null, which no answer has.
    Null(String),
}

struct Pair {
    schema: Validator,
    /// The same one, with nothing beside what it names.
    closed: Validator,
}

/// The documented contract.
pub(crate) struct Contract {
    operations: Vec<Operation>,
    components: Value,
    validators: Mutex<HashMap<String, Arc<Pair>>>,
}

impl Contract {
    /// Reads the document that is compiled in.
    pub(crate) fn load() -> Result<Self, String> {
        let document: Value = serde_json::from_str(DOCUMENT).map_err(|error| error.to_string())?;
        let items = document["paths"].as_object().into_iter().flatten();
        let operations = items.flat_map(|(path, item)| operations_of(&document, path, item)).collect();
        Ok(Self { operations, components: document["components"].clone(), validators: Mutex::default() })
    }

    /// Every operation, in the order of the document.
    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation with this ID.
    pub(crate) fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// What is wrong with a JSON body; nothing where the status is not documented, which is another matter.
    pub(crate) fn flaws(&self, operation: &Operation, status: u16, body: &Value) -> Vec<Flaw> {
        let Some(Some(schema)) = operation.answers.get(&status) else { return Vec::new() };
        let mut flaws = Vec::new();
        let mut given = body.clone();
        let pair = match self.pair(schema) {
            Ok(pair) => pair,
            Err(why) => return vec![Flaw::Schema(format!("the documented schema cannot be used: {why}"))],
        };
        // Where anything may stand, such as in the old and new values of an audit entry, null may.
        if !pair.schema.is_valid(&given) {
            take_nulls(&mut given, "", &mut flaws);
        }
        let before = flaws.len();
        flaws.extend(pair.schema.iter_errors(&given).map(|error| Flaw::Schema(said(&error))));
        if flaws.len() == before {
            flaws.extend(pair.closed.iter_errors(&given).map(|error| Flaw::UndocumentedKey(said(&error))));
        }
        flaws
    }

    /// True when the status has a body.
    pub(crate) fn has_body(&self, operation: &Operation, status: u16) -> bool {
        operation.answers.get(&status).is_none_or(Option::is_some)
    }

    fn pair(&self, schema: &Value) -> Result<Arc<Pair>, String> {
        let mut known = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let key = schema.to_string();
        if let Some(pair) = known.get(&key) {
            return Ok(Arc::clone(pair));
        }
        let root = json!({ "components": self.components, "allOf": [schema] });
        let mut closed = root.clone();
        forbid_other_keys(&mut closed);
        let pair = Arc::new(Pair { schema: validator(&root)?, closed: validator(&closed)? });
        known.insert(key, Arc::clone(&pair));
        Ok(pair)
    }
}

fn operations_of(document: &Value, path: &str, item: &Value) -> Vec<Operation> {
    let methods = ["get", "post", "put", "patch", "delete"];
    let found = methods.iter().filter_map(|method| item.get(method).map(|operation| (*method, operation)));
    let read = |(method, operation): (&str, &Value)| Operation {
        id: operation["operationId"].as_str().unwrap_or_default().to_owned(),
        method: method.to_uppercase(),
        path: path.to_owned(),
        is_extension: operation["x-extension"] == true,
        answers: operation["responses"].as_object().map(|all| answers(document, all)).unwrap_or_default(),
    };
    found.map(read).collect()
}

fn answers(document: &Value, responses: &Map<String, Value>) -> BTreeMap<u16, Option<Value>> {
    let read = |(status, response): (&String, &Value)| {
        let target = response["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
        let response = target.and_then(|target| document.pointer(target)).unwrap_or(response);
        let schema = response.pointer("/content/application~1json/schema").cloned();
        status.parse().ok().map(|status| (status, schema))
    };
    responses.iter().filter_map(read).collect()
}

fn validator(root: &Value) -> Result<Validator, String> {
    let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
    options.build(root).map_err(|error| error.to_string())
}

fn said(error: &jsonschema::ValidationError<'_>) -> String {
    let place = error.instance_path().to_string();
    if place.is_empty() { error.to_string() } else { format!("{place}: {error}") }
}

/// Takes every key and element away that is null, and says where it was.
fn take_nulls(value: &mut Value, place: &str, flaws: &mut Vec<Flaw>) {
    match value {
        Value::Object(members) => {
            members.retain(|key, member| {
                if member.is_null() {
                    flaws.push(Flaw::Null(format!("{place}/{key}")));
                }
                !member.is_null()
            });
            members.iter_mut().for_each(|(key, member)| take_nulls(member, &format!("{place}/{key}"), flaws));
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                take_nulls(item, &format!("{place}/{index}"), flaws);
            }
        }
        Value::Null if place.is_empty() => flaws.push(Flaw::Null("the whole body".to_owned())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Contract, Flaw};

    fn organization() -> Value {
        json!({ "id": "7c60d51f-b44e-4682-87d6-449835ea4de6", "created_at": "2026-01-02T03:04:05Z",
            "updated_at": "2026-01-02T03:04:05Z", "is_default": true })
    }

    #[test]
    fn finds_what_a_body_breaks_and_nothing_else() {
        let contract = Contract::load().unwrap();
        let operation = contract.operation("getOrganizationByID").unwrap();
        let flaws = |key: &str, value: Value| {
            let mut body = organization();
            body[key] = value;
            contract.flaws(operation, 200, &body)
        };
        assert!(flaws("name", json!("a")).is_empty());
        assert!(matches!(flaws("id", json!("7c60d51f"))[..], [Flaw::Schema(_)]));
        assert!(matches!(flaws("created_at", json!("yesterday"))[..], [Flaw::Schema(_)]));
        assert!(matches!(flaws("name", json!(1))[..], [Flaw::Schema(_)]));
        assert!(matches!(flaws("name", Value::Null)[..], [Flaw::Null(_)]));
        assert!(matches!(flaws("nmae", json!("a"))[..], [Flaw::UndocumentedKey(_)]));
        assert!(contract.flaws(operation, 299, &json!(1)).is_empty());
    }

    #[test]
    fn every_operation_is_read_with_its_answers() {
        let contract = Contract::load().unwrap();
        assert!(contract.operations().len() > 50);
        assert!(contract.operations().iter().all(|one| !one.id.is_empty() && one.statuses().count() > 1));
        let queue = contract.operation("createProvisionerJob").unwrap();
        assert!(queue.is_extension);
    }
}
