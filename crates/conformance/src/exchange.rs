//! One request and its answer, as they are judged and as they are shown. Secrets are taken out when they are shown.

use serde::Serialize;
use serde_json::Value;

use crate::mask::Mask;

/// Bytes of a body that are shown.
const SHOWN: usize = 700;

/// What was sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) method: String,
    /// Below the server's URL, as it went over the wire.
    pub(crate) target: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The first header with this name, in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body, when it is JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// A request and its answer, fit to be shown.
#[derive(Debug, Clone, Serialize)]
pub struct Exchange {
    /// Method and target, such as `GET /api/v2/organizations`.
    pub request: String,
    /// Headers that say something, one on each line.
    pub headers: Vec<String>,
    /// The body that was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The status that came back; absent when nothing did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Its `Content-Type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The beginning of its body.
    pub answer: String,
}

impl Exchange {
    pub(crate) fn shown(sent: &Sent, answer: Option<&Answer>, mask: &Mask) -> Self {
        let body = |text: &str| mask.text(&beginning(&mask.json(text)));
        let headers = sent.headers.iter().map(|(name, value)| mask.text(&format!("{name}: {value}")));
        Self {
            request: mask.text(&format!("{} {}", sent.method, sent.target)),
            headers: headers.collect(),
            body: sent.body.as_deref().map(body),
            status: answer.map(|answer| answer.status),
            content_type: answer.and_then(|answer| answer.header("content-type")).map(|text| mask.text(text)),
            answer: answer.map(|answer| body(&String::from_utf8_lossy(&answer.body))).unwrap_or_default(),
        }
    }
}

/// The beginning of a text that may be long.
pub(crate) fn beginning(text: &str) -> String {
    let text = text.trim_end();
    match text.char_indices().find(|(index, _)| *index >= SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}
