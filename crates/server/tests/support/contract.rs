//! Holds answers against the documented contract, and remembers which of the documented statuses were seen.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use orgd_contract::{Contract, OperationSpec, forbid_other_keys};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::client::BASE;
use super::schemas::{failures, validator};

/// The request ids of every answer of every test.
static REQUEST_IDS: LazyLock<Mutex<HashSet<Uuid>>> = LazyLock::new(Mutex::default);

static DOCUMENTED: LazyLock<Documented> = LazyLock::new(Documented::load);

/// What one server's clients sent and got.
#[derive(Clone, Default)]
pub struct Seen(Arc<Mutex<Record>>);

#[derive(Default)]
struct Record {
    statuses: BTreeSet<(String, u16)>,
    secrets: BTreeSet<String>,
}

impl Seen {
    /// Every operation that was answered, with the status.
    pub fn statuses(&self) -> BTreeSet<(String, u16)> {
        self.0.lock().unwrap().statuses.clone()
    }

    /// Remembers a session token that is sent.
    pub fn token(&self, token: &str) {
        self.secret(token.split_once('-').map_or("", |(_, secret)| secret), 22);
    }

    /// Remembers the secret of a provisioner key that is sent or told.
    pub fn provisioner_key(&self, secret: &str) {
        self.secret(secret, 43);
    }

    /// Remembers a password that is sent. Short ones may well be found where nobody put them.
    pub fn password(&self, password: &str) {
        if password.len() >= 12 {
            self.0.lock().unwrap().secrets.insert(password.to_owned());
        }
    }

    fn secret(&self, secret: &str, length: usize) {
        // What a test made up to be refused is no secret.
        if secret.len() == length && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            self.0.lock().unwrap().secrets.insert(secret.to_owned());
        }
    }

    /// Every password that was sent, and every secret part of a session token and every secret of a provisioner key that was
    /// sent or told.
    pub fn secrets(&self) -> BTreeSet<String> {
        self.0.lock().unwrap().secrets.clone()
    }
}

/// The contract, ready to check answers.
pub struct Documented {
    operations: Vec<OperationSpec>,
    /// `None` for an answer without a body.
    answers: BTreeMap<(String, u16), Option<Validator>>,
    error: Validator,
}

/// The documented contract.
pub fn documented() -> &'static Documented {
    &DOCUMENTED
}

impl Documented {
    fn load() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi");
        let contract = Contract::load(&folder).expect("the contract loads");
        let mut document = contract.document().clone();
        forbid_other_keys(&mut document);
        let mut answers = BTreeMap::new();
        for operation in contract.operations() {
            for status in &operation.statuses {
                let path = operation.path.replace('~', "~0").replace('/', "~1");
                let method = operation.method.to_lowercase();
                let mut response = document.pointer(&format!("/paths/{path}/{method}/responses/{status}")).unwrap();
                if let Some(target) = response.get("$ref").and_then(Value::as_str) {
                    response = document.pointer(target.trim_start_matches('#')).unwrap();
                }
                let schema = &response["content"]["application/json"]["schema"];
                let has_body = *status != 204;
                assert_eq!(schema.is_object(), has_body, "{} {status} has no schema, or needs none", operation.id);
                answers.insert((operation.id.clone(), *status), has_body.then(|| validator(&document, schema)));
            }
        }
        let error = validator(&document, &json!({ "$ref": "#/components/schemas/codersdk.Response" }));
        Self { operations: contract.operations().to_vec(), answers, error }
    }

    /// Every operation with each of its statuses.
    pub fn statuses(&self) -> BTreeSet<(String, u16)> {
        self.answers.keys().cloned().collect()
    }

    /// The ids of the operations with this tag.
    pub fn of_tag(&self, tag: &str) -> BTreeSet<String> {
        let tagged = self.operations.iter().filter(|operation| operation.tag == tag);
        tagged.map(|operation| operation.id.clone()).collect()
    }

    /// The ids of the operations that are POSTs.
    pub fn posts(&self) -> Vec<String> {
        let posts = self.operations.iter().filter(|operation| operation.method == "POST");
        posts.map(|operation| operation.id.clone()).collect()
    }

    /// The operation that serves this method and path, which is given as it was sent.
    fn operation(&self, method: &str, target: &str) -> Option<&OperationSpec> {
        let path = target.split('?').next()?.strip_prefix(BASE)?;
        let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let method = if method == "HEAD" { "GET" } else { method };
        let serving = self.operations.iter().filter(|operation| {
            let template: Vec<_> = operation.path.split('/').filter(|segment| !segment.is_empty()).collect();
            let trailing = path.ends_with('/');
            operation.method == method
                && template.len() == segments.len()
                && (!trailing || (method == "GET" && !operation.path.ends_with("{job}")))
                && template.iter().zip(&segments).all(|(known, given)| {
                    known.starts_with('{') || *known == percent_decode_str(given).decode_utf8_lossy()
                })
        });
        // A fixed segment goes before a parameter.
        serving.min_by_key(|operation| operation.path.matches('{').count())
    }
}

/// True for a target of the API; only its answers are documented.
fn below_base(target: &str) -> bool {
    target.strip_prefix(BASE).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

/// Notes a status that was answered with a stream, which is not held against a schema.
pub fn note_stream(seen: &Seen, method: &str, target: &str, status: u16) {
    let operation = documented().operation(method, target).expect("an operation");
    seen.0.lock().unwrap().statuses.insert((operation.id.clone(), status));
}

/// Fails unless the answer keeps all that holds for every answer, and what is documented for its operation and status.
#[track_caller]
pub fn check(seen: &Seen, method: &str, target: &str, answer: &Answer) {
    let what = format!("{method} {target} answered {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
    check_headers(&what, answer);
    // A new one is told once, before anybody has sent it.
    let text = String::from_utf8_lossy(&answer.body);
    // Whoever asks with one in the path or the query may be told what is wrong with it.
    let tells = |secret: &String| text.contains(secret) && !target.contains(secret);
    assert!(!seen.secrets().iter().any(tells), "{what}\nholds a secret that was sent before");
    if !below_base(target) {
        return;
    }
    let operation = documented().operation(method, target);
    if let Some(operation) = operation {
        let known = operation.statuses.contains(&answer.status);
        assert!(known, "{what}\n{} is not documented for {}", answer.status, operation.id);
        seen.0.lock().unwrap().statuses.insert((operation.id.clone(), answer.status));
        if (operation.id.as_str(), answer.status) == ("createProvisionerKey", 201) {
            seen.provisioner_key(answer.json()["key"].as_str().unwrap_or_default());
        }
    } else {
        assert!(answer.status >= 400, "{what}\nno operation is documented there");
    }
    if method == "HEAD" {
        assert!(answer.body.is_empty(), "{what}\nHEAD has no body");
        return;
    }
    let schema = match operation {
        Some(operation) => documented().answers[&(operation.id.clone(), answer.status)].as_ref(),
        None => Some(&documented().error),
    };
    let Some(schema) = schema else {
        assert!(answer.body.is_empty(), "{what}\nit is documented without a body");
        return;
    };
    check_form(&what, answer);
    let failures = failures(schema, &answer.json());
    assert!(failures.is_empty(), "{what}\n{failures}");
}

#[track_caller]
fn check_headers(what: &str, answer: &Answer) {
    let id = answer.header("x-coder-request-id").unwrap_or_else(|| panic!("{what}\nhas no X-Coder-Request-Id"));
    let id = id.parse().unwrap_or_else(|_| panic!("{what}\nthe request id {id:?} is no UUID"));
    assert!(REQUEST_IDS.lock().unwrap().insert(id), "{what}\nthe request id {id} came before");
    let version = answer.header("x-coder-build-version").unwrap_or_default();
    assert!(version.starts_with("v2.32."), "{what}\nX-Coder-Build-Version is {version:?}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{what}");
    if let Some(length) = answer.header("content-length").filter(|_| !answer.body.is_empty()) {
        assert_eq!(length, answer.body.len().to_string(), "{what}\nthe body is not as long as it says");
    }
}

/// Compact JSON with one line feed at its end, and nothing in it that a browser could take for markup.
#[track_caller]
fn check_form(what: &str, answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"), "{what}");
    let text = answer.text();
    let json = text.strip_suffix('\n').unwrap_or_else(|| panic!("{what}\ndoes not end in a line feed"));
    let (mut in_string, mut escaped) = (false, false);
    for character in json.chars() {
        assert!(!['<', '>', '&', '\u{2028}', '\u{2029}'].contains(&character), "{what}\n{character:?} is not escaped");
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => in_string = !in_string,
            _ => assert!(in_string || !character.is_whitespace(), "{what}\nis not compact"),
        }
    }
}
