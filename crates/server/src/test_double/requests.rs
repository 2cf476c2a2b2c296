//! What was asked of a test double, and what it answered: the last requests, without their secrets.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use orgd_api_types::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

/// How many requests are kept.
const KEPT: usize = 1000;
/// Bytes of a body that are kept.
pub const MOST_OF_A_BODY: usize = 64 * 1024;
/// Headers and query parameters whose values are secrets.
const SECRETS: &[&str] =
    &["coder-session-token", "coder-provisioner-key", "authorization", "cookie", "coder_session_token", "set-cookie"];

/// A request and its answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recorded {
    /// Counts up from 1.
    pub number: u64,
    /// When the answer was made, by the server's clock.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// The path as it was sent.
    pub path: String,
    /// The query string as it was sent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// Headers; of a secret, only the part that is none.
    pub headers: BTreeMap<String, String>,
    /// The body: JSON, or a text of what it begins with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// The `operationId`; absent where the request is none of the API's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<&'static str>,
    /// Whose session token came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Uuid>,
    /// Keys of the body that the document does not give the operation. The server takes no notice of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_keys: Vec<String>,
    /// The status that was sent; absent where the connection ended first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The status that the server itself came to, whatever a fault made of it; absent where the request was not carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_status: Option<u16>,
    /// The body of the answer, where it is short and came at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
    /// What the answer says its request was.
    pub request_id: Uuid,
    /// How long it took.
    pub milliseconds: u64,
    /// The number of the fault that it met and that had an effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<u64>,
    /// True when the client broke the contract: no operation, or refused as malformed.
    pub is_violation: bool,
}

/// Which requests somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The `operationId`.
    #[serde(default)]
    pub operation: Option<String>,
    /// The method.
    #[serde(default)]
    pub method: Option<String>,
    /// A part of the path.
    #[serde(default)]
    pub path_contains: Option<String>,
    /// The status that was sent.
    #[serde(default)]
    pub status: Option<u16>,
    /// Those with a greater number.
    #[serde(default)]
    pub after: u64,
}

/// What is there of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// Oldest first.
    pub requests: Vec<Recorded>,
    /// How many were not kept, wanted or not.
    pub forgotten: u64,
}

/// The requests.
#[derive(Debug, Default)]
pub struct Requests {
    kept: Mutex<Kept>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Kept {
    last: u64,
    forgotten: u64,
    requests: VecDeque<Recorded>,
}

impl Wanted {
    fn is(&self, request: &Recorded) -> bool {
        request.number > self.after
            && self.operation.as_deref().is_none_or(|operation| request.operation == Some(operation))
            && self.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case(&request.method))
            && self.path_contains.as_deref().is_none_or(|part| request.path.contains(part))
            && self.status.is_none_or(|status| request.status == Some(status))
    }
}

impl Requests {
    /// Keeps a request; it gets its number here.
    pub fn add(&self, mut request: Recorded) {
        let mut kept = self.kept.lock();
        kept.last += 1;
        request.number = kept.last;
        if kept.requests.len() == KEPT {
            kept.requests.pop_front();
            kept.forgotten += 1;
        }
        kept.requests.push_back(request);
        drop(kept);
        self.bell.notify_waiters();
    }

    /// Those that are wanted.
    pub fn find(&self, wanted: &Wanted) -> Found {
        let kept = self.kept.lock();
        Found {
            requests: kept.requests.iter().filter(|request| wanted.is(request)).cloned().collect(),
            forgotten: kept.forgotten,
        }
    }

    /// The same once there are `count` of them, or after `patience`.
    pub async fn wait(&self, wanted: &Wanted, count: usize, patience: Duration) -> Found {
        let until = tokio::time::Instant::now() + patience;
        loop {
            // Before the look: what comes meanwhile rings.
            let rung = self.bell.notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            let found = self.find(wanted);
            if found.requests.len() >= count || tokio::time::timeout_at(until, rung).await.is_err() {
                return found;
            }
        }
    }

    /// Forgets all; numbers go on.
    pub fn clear(&self) {
        let mut kept = self.kept.lock();
        kept.requests.clear();
        kept.forgotten = 0;
    }
}

/// The value of a header without what is secret in it. A session token is known by what stands before its hyphen.
pub fn masked(name: &str, value: &str) -> String {
    if !SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret)) {
        return value.to_owned();
    }
    match value.split_once('-') {
        Some((id, _)) if id.len() == 10 && name.eq_ignore_ascii_case("coder-session-token") => format!("{id}-…"),
        _ => "…".to_owned(),
    }
}

/// A query string without session tokens.
pub fn masked_query(query: &str) -> String {
    let masked = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret)) => format!("{name}=…"),
        _ => pair.to_owned(),
    });
    masked.collect::<Vec<_>>().join("&")
}

/// A body as it is kept: JSON without passwords and secrets, or the beginning as text.
pub fn body_of(bytes: &[u8]) -> Option<Value> {
    if bytes.is_empty() {
        return None;
    }
    if bytes.len() <= MOST_OF_A_BODY
        && let Ok(mut json) = serde_json::from_slice::<Value>(bytes)
    {
        hide_secrets(&mut json);
        return Some(json);
    }
    let beginning = &bytes[..bytes.len().min(MOST_OF_A_BODY)];
    Some(Value::String(String::from_utf8_lossy(beginning).into_owned()))
}

fn hide_secrets(json: &mut Value) {
    const KEYS: &[&str] = &["password", "old_password", "key", "session_token"];
    match json {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if KEYS.contains(&name.as_str()) => *text = "…".to_owned(),
                    other => hide_secrets(other),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(hide_secrets),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use orgd_api_types::Timestamp;
    use serde_json::json;

    use super::{KEPT, Recorded, Requests, Wanted, body_of, masked, masked_query};

    fn request(operation: &'static str) -> Recorded {
        Recorded {
            number: 0,
            at: Timestamp::from_micros(0),
            method: "GET".to_owned(),
            path: "/api/v2/organizations".to_owned(),
            query: String::new(),
            headers: BTreeMap::new(),
            body: None,
            operation: Some(operation),
            user: None,
            unknown_keys: Vec::new(),
            status: Some(200),
            server_status: Some(200),
            answer: None,
            request_id: uuid::Uuid::nil(),
            milliseconds: 0,
            fault: None,
            is_violation: false,
        }
    }

    #[test]
    fn the_last_are_kept_and_the_others_counted() {
        let requests = Requests::default();
        for _ in 0..KEPT + 3 {
            requests.add(request("a"));
        }
        requests.add(request("b"));
        let found = requests.find(&Wanted::default());
        assert_eq!((found.requests.len(), found.forgotten), (KEPT, 4));
        let b = requests.find(&Wanted { operation: Some("b".to_owned()), ..Wanted::default() });
        assert_eq!(b.requests.iter().map(|one| one.number).collect::<Vec<_>>(), [KEPT as u64 + 4]);
        let wanted = Wanted { after: KEPT as u64 + 4, ..Wanted::default() };
        assert!(requests.find(&wanted).requests.is_empty());
        requests.clear();
        requests.add(request("c"));
        assert_eq!(requests.find(&Wanted::default()).requests[0].number, KEPT as u64 + 5, "numbers go on");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn whoever_waits_is_told_when_there_are_enough() {
        let requests = std::sync::Arc::new(Requests::default());
        let waiting = std::sync::Arc::clone(&requests);
        let wait = tokio::spawn(async move { waiting.wait(&Wanted::default(), 2, Duration::from_secs(60)).await });
        requests.add(request("a"));
        tokio::task::yield_now().await;
        requests.add(request("a"));
        assert_eq!(wait.await.unwrap().requests.len(), 2);
        let none = requests.wait(&Wanted::default(), 3, Duration::ZERO).await;
        assert_eq!(none.requests.len(), 2, "what there is after the time");
    }

    #[test]
    fn secrets_are_not_kept() {
        assert_eq!(masked("Coder-Session-Token", "0123456789-abcdefghijklmnopqrstuv"), "0123456789-…");
        assert_eq!(masked("Coder-Provisioner-Key", "0123456789-abc"), "…");
        assert_eq!(masked("Cookie", "coder_session_token=x"), "…");
        assert_eq!(masked("Accept", "*/*"), "*/*");
        assert_eq!(masked_query("a=b&coder_session_token=0123456789-abc"), "a=b&coder_session_token=…");
        let body = br#"{"email":"a@b","password":"open sesame","more":[{"key":"secret"}]}"#;
        assert_eq!(body_of(body), Some(json!({"email": "a@b", "password": "…", "more": [{"key": "…"}]})));
        assert_eq!(body_of(b"not json"), Some(json!("not json")));
        assert_eq!(body_of(b""), None);
    }
}
