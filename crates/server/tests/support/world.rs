//! Every operation as a target: a request to it that is good, and its parts to be replaced by bad ones.

use std::path::Path;

use orgd_contract::Contract;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, BUILD, Client, DRY_RUN, Job, TestServer, VERSION, Worker, queue_one_of_each_type};

const JOB: Uuid = Uuid::from_u128(0x0b);
const WORKER: Uuid = Uuid::from_u128(0xda);

/// Words that no answer needs, and that tell how the server is made.
const INSIDE: [&str; 12] = [
    "diesel",
    "sqlite",
    "postgres",
    "panicked",
    "src/",
    ".rs",
    "orgd::",
    "serde",
    "core::",
    "struct ",
    "savepoint",
    "constraint failed",
];

/// A server with something to hit, and every operation of the contract.
pub struct World {
    /// The server.
    pub server: TestServer,
    /// The operations, in the order of the contract.
    pub targets: Vec<Target>,
}

/// One operation.
pub struct Target {
    /// Its id.
    pub id: String,
    /// Its method.
    pub method: String,
    /// Its path below the base, with `{parameters}`.
    pub path: String,
    /// Its query parameters.
    pub queries: Vec<String>,
    /// The documented example of its body, where it takes one.
    pub body: Option<Value>,
    /// Each field of the body that the schema names.
    pub fields: Vec<Field>,
}

/// A field of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The keys that lead to it. A list is its first item, a map its key `k`.
    pub path: Vec<String>,
    /// What it is.
    pub kind: Kind,
}

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text, by the schema.
    Text,
    /// A whole number.
    Integer,
    /// Text by its key.
    Map,
    /// Something else: a closed list of words, a UUID, a time, an object.
    Other,
}

impl World {
    /// A server with a member `ana`, a worker and a job that it holds, and one pending job of each kind.
    pub fn new() -> Self {
        Self::on(TestServer::start())
    }

    /// The same on a server that was just started.
    pub fn on(server: TestServer) -> Self {
        let found = server.owner().get("/organizations/coder").expect(200);
        let coder: Uuid = found["id"].as_str().unwrap().parse().unwrap();
        server.user("ana", &[], &[("coder", &[])]);
        server.change(|sql| {
            sql.worker(&Worker { id: WORKER, ..Worker::live(coder) });
            sql.job(&Job { id: JOB, worker: Some((WORKER, "w".to_owned())), ..Job::pending(coder, 1).running() });
        });
        queue_one_of_each_type(&server);
        Self { server, targets: targets() }
    }

    /// A client that may do everything. Whoever signs out does it with a session of their own.
    pub fn caller(&self, target: &Target) -> Client {
        match target.id.as_str() {
            "logOutUser" => self.server.client(&self.server.token_of("owner", &[])),
            _ => self.server.owner(),
        }
    }

    /// Fails unless the server still serves, and has met neither a panic nor an error of its own.
    #[track_caller]
    pub fn is_sound(&self) {
        assert_eq!(self.server.owner().get("/organizations/coder").expect(200)["name"], "coder");
        let metrics = self.server.anonymous().request_at("GET", "/metrics").send().text().to_owned();
        assert!(metrics.contains("orgd_http_panics_total 0\n"), "{metrics}");
        let failed = metrics.lines().find(|line| line.contains("status=\"500\"") || line.contains("status=\"other\""));
        assert_eq!(failed, None);
    }
}

impl Target {
    /// The path of a good request.
    pub fn good_path(&self) -> String {
        self.path_with("", "")
    }

    /// The names of its path parameters.
    pub fn parameters(&self) -> Vec<&str> {
        self.path.split(['{', '}']).skip(1).step_by(2).collect()
    }

    /// The path with this in place of one parameter, as it goes over the wire.
    pub fn path_with(&self, parameter: &str, raw: &str) -> String {
        let mut path = self.path.clone();
        for name in self.parameters() {
            let value = if name == parameter { raw.to_owned() } else { good(name) };
            path = path.replace(&format!("{{{name}}}"), &value);
        }
        path
    }

    /// The example of the body with this JSON text in place of one field; what leads to it is made.
    pub fn body_with(&self, field: &Field, json: &str) -> String {
        const PLACE: &str = "the place of the text";
        let mut body = self.body.clone().unwrap_or_else(|| json!({}));
        let mut at = &mut body;
        for key in &field.path {
            at = match key.as_str() {
                "[]" => {
                    if at.as_array().is_none_or(Vec::is_empty) {
                        *at = json!([null]);
                    }
                    &mut at[0]
                }
                key => {
                    if !at.is_object() {
                        *at = json!({});
                    }
                    &mut at[key]
                }
            };
        }
        *at = Value::from(PLACE);
        body.to_string().replace(&format!("\"{PLACE}\""), json)
    }
}

impl Field {
    /// The way to it, for people.
    pub fn name(&self) -> String {
        self.path.join(".")
    }
}

fn good(parameter: &str) -> String {
    match parameter {
        "organization" | "organizationname" => "coder".to_owned(),
        "user" => "ana".to_owned(),
        "job" => JOB.to_string(),
        "provisionerdaemon" => WORKER.to_string(),
        "provisionerkey" => "some-key".to_owned(),
        "workspacebuild" => BUILD.to_string(),
        "templateversion" => VERSION.to_string(),
        "jobID" => DRY_RUN.to_string(),
        "keyid" => "0123456789".to_owned(),
        "keyname" => "laptop".to_owned(),
        unknown => panic!("a good value for {{{unknown}}} is missing here"),
    }
}

/// Every operation of the contract.
fn targets() -> Vec<Target> {
    let contract =
        Contract::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi")).expect("the contract loads");
    let document = contract.document();
    let of = |operation: &orgd_contract::OperationSpec| {
        let body = &document["paths"][&operation.path][operation.method.to_lowercase()]["requestBody"];
        let media = &body["content"]["application/json"];
        let mut fields = Vec::new();
        list(document, &media["schema"], &[], &mut fields);
        Target {
            id: operation.id.clone(),
            method: operation.method.clone(),
            path: operation.path.clone(),
            queries: operation.query_parameters.clone(),
            body: media.get("example").cloned().map(without_waiting),
            fields,
        }
    };
    contract.operations().iter().map(of).collect()
}

/// The same body, but for a worker that does not wait for a job.
fn without_waiting(mut body: Value) -> Value {
    if let Some(seconds) = body.get_mut("wait_seconds") {
        *seconds = json!(0);
    }
    body
}

/// Lists every field below a schema.
fn list(document: &Value, schema: &Value, path: &[String], fields: &mut Vec<Field>) {
    let schema = match schema.get("$ref").and_then(Value::as_str) {
        Some(target) => document.pointer(target.trim_start_matches('#')).expect("a component"),
        None => schema,
    };
    let below = |key: &str| [path, &[key.to_owned()]].concat();
    if let Some(one) = schema.get("allOf").and_then(|all| all.get(0)) {
        return list(document, one, path, fields);
    }
    let plain = schema.get("enum").is_none() && schema.get("format").is_none();
    let kind = match schema["type"].as_str() {
        Some("string") if plain => Kind::Text,
        Some("integer") => Kind::Integer,
        Some("object") if schema.get("additionalProperties").is_some_and(Value::is_object) => Kind::Map,
        _ => Kind::Other,
    };
    if !path.is_empty() {
        fields.push(Field { path: path.to_vec(), kind });
    }
    if kind == Kind::Map {
        list(document, &schema["additionalProperties"], &below("k"), fields);
    }
    if let Some(items) = schema.get("items") {
        list(document, items, &below("[]"), fields);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        list(document, property, &below(name), fields);
    }
}

/// Fails unless the answer is one of the statuses, and tells nothing of how the server is made.
#[track_caller]
pub fn is_refused(what: &str, answer: &Answer, statuses: &[u16]) {
    assert!(statuses.contains(&answer.status), "{what}: {} {}", answer.status, brief(answer));
    if answer.status >= 400 {
        assert!(answer.json()["message"].as_str().is_some_and(|message| !message.is_empty()), "{what}");
    }
    tells_nothing(what, answer);
}

/// Fails if the server failed, or tells how it is made.
#[track_caller]
pub fn is_answered(what: &str, answer: &Answer) {
    assert!(answer.status < 500, "{what}: {} {}", answer.status, brief(answer));
    tells_nothing(what, answer);
}

#[track_caller]
fn tells_nothing(what: &str, answer: &Answer) {
    if answer.status >= 400 {
        let text = String::from_utf8_lossy(&answer.body).to_lowercase();
        let told = INSIDE.iter().find(|word| text.contains(**word));
        assert_eq!(told, None, "{what}: {}", brief(answer));
        assert!(answer.body.len() < 64 * 1024, "{what}: an error of {} bytes", answer.body.len());
    }
}

/// The beginning of an answer's body.
pub fn brief(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).chars().take(600).collect()
}
