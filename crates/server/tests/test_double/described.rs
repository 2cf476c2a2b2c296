//! The document of the control routes is true: every answer of every test is as it says, what is taken is what it lets in, and its
//! examples work.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use orgd_contract::forbid_other_keys;
use serde_json::{Value, json};

use super::double::{Answer, Double};
use super::schemas::{failures, validator};

static DESCRIBED: LazyLock<Vec<Described>> = LazyLock::new(described);

/// What the document says of one route.
struct Described {
    method: String,
    path: String,
    body: Option<Validator>,
    /// `None` for an answer without a body.
    answers: BTreeMap<u16, Option<Validator>>,
}

impl Described {
    fn serves(&self, method: &str, path: &str) -> bool {
        let (known, given): (Vec<_>, Vec<_>) = (self.path.split('/').collect(), path.split('/').collect());
        self.method == method
            && known.len() == given.len()
            && known.iter().zip(given).all(|(known, given)| known.starts_with('{') || *known == given)
    }
}

fn described() -> Vec<Described> {
    let mut document = orgd::http::control::openapi().unwrap().clone();
    forbid_other_keys(&mut document);
    let schema = |place: &Value| Some(validator(&document, place.pointer("/content/application~1json/schema")?));
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let answers = operation["responses"].as_object().unwrap().iter().map(|(status, answer)| {
                let shared = answer["$ref"].as_str().map(|target| document.pointer(target.trim_start_matches('#')));
                (status.parse().unwrap(), schema(shared.flatten().unwrap_or(answer)))
            });
            routes.push(Described {
                method: method.to_uppercase(),
                path: path.clone(),
                body: schema(&operation["requestBody"]),
                answers: answers.collect(),
            });
        }
    }
    routes
}

/// Fails unless the document says so.
#[track_caller]
pub fn check(method: &str, target: &str, sent: Option<&Value>, answer: &Answer) {
    let what = format!("{method} {target} answered {}: {}", answer.status, answer.text);
    let path = target.split('?').next().unwrap().trim_end_matches('/');
    let serving = DESCRIBED.iter().filter(|route| route.serves(method, path));
    // A fixed segment goes before a parameter.
    let Some(route) = serving.min_by_key(|route| route.path.matches('{').count()) else {
        assert_eq!(answer.status, 404, "{what}\nis not in the document");
        return;
    };
    let Some(schema) = route.answers.get(&answer.status) else { panic!("{what}\nhas no such answer in the document") };
    match schema {
        Some(schema) => hold(schema, &answer.json(), &what),
        None => assert!(answer.text.is_empty(), "{what}\nhas no body in the document"),
    }
    if let (Some(sent), Some(schema), true) = (sent, &route.body, answer.status < 300) {
        hold(schema, sent, &format!("{what}\nalthough it was sent {sent}"));
    }
}

#[track_caller]
fn hold(schema: &Validator, value: &Value, what: &str) {
    let failures = failures(schema, value);
    assert!(failures.is_empty(), "{what}\n{failures}");
}

#[test]
fn is_served() {
    let double = Double::start();
    assert_eq!(&double.control("GET", "/openapi.json", None).expect(200), orgd::http::control::openapi().unwrap());
}

#[test]
fn its_examples_work() {
    let double = Double::with(&["--clock", "frozen"]);
    let document = orgd::http::control::openapi().unwrap();
    let example = |parameter: &Value| match &parameter["example"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            double.control("POST", "/reset", None).expect(200);
            let fault = json!({"operation": "getUsers", "fault": {"kind": "malformed_json"}});
            let fault = double.control("POST", "/faults", Some(fault)).expect(201);
            double.make("asked-for");
            let mut path = path.strip_prefix("/_test").unwrap().replace("{id}", &fault["id"].to_string());
            let mut query = Vec::new();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let (name, value) = (parameter["name"].as_str().unwrap(), example(parameter));
                match parameter["in"].as_str().unwrap() {
                    "path" => path = path.replace(&format!("{{{name}}}"), &value),
                    _ => query.push(format!("{name}={value}")),
                }
            }
            let body = operation.pointer("/requestBody/content/application~1json/example").cloned();
            let answer = double.control(&method.to_uppercase(), &format!("{path}?{}", query.join("&")), body);
            assert!((200..300).contains(&answer.status), "{}: {}", operation["operationId"], answer.text);
            if !query.is_empty() {
                assert_eq!(answer.json()["requests"].as_array().unwrap().len(), 1, "the one that the example is of");
            }
        }
    }
}
