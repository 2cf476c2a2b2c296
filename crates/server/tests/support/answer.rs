//! One HTTP answer, read from the bytes that came. Knows nothing of what it should be.

use orgd_api_types::Timestamp;
use serde_json::Value;

/// An answer as it came.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The body without its transfer encoding.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads an answer from everything that a server sent before it closed the connection; `None` if that is no answer.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let rest = &bytes[end + 4..];
        if status == 100 {
            return Self::parse(rest);
        }
        let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let body = if chunked { unchunk(rest)? } else { rest.to_vec() };
        Some(Self { status, headers, body })
    }

    /// The value of a header that may come once only.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let first = values.next();
        assert_eq!(values.next(), None, "the header {name} came twice");
        first
    }

    /// Whether it says that nobody knows what became of the change.
    pub fn is_unconfirmed(&self) -> bool {
        self.status == 503 && self.text().contains("may have been made or not")
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        str::from_utf8(&self.body).expect("the body is UTF-8")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body as JSON, once the status is the expected one.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// `message` of an answer with this status.
    #[track_caller]
    pub fn message(&self, status: u16) -> String {
        self.expect(status)["message"].as_str().expect("a message").to_owned()
    }

    /// `detail` of an answer with this status, empty when it has none.
    #[track_caller]
    pub fn detail(&self, status: u16) -> String {
        self.expect(status).get("detail").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// `field` and `detail` of each of the validations of an answer with this status.
    #[track_caller]
    pub fn validations(&self, status: u16) -> Vec<(String, String)> {
        let body = self.expect(status);
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let entries = body["validations"].as_array().cloned().unwrap_or_default();
        entries.iter().map(|entry| (text(&entry["field"]), text(&entry["detail"]))).collect()
    }
}

/// Puts the chunks together; `None` when the last one is missing, which is how a server says that the rest is lost.
fn unchunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = bytes.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(str::from_utf8(&bytes[..line]).ok()?, 16).ok()?;
        let chunk = bytes.get(line + 2..line + 2 + size)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk);
        bytes = bytes.get(line + 2 + size + 2..)?;
    }
}

/// A point in time. Texts do not compare: zeros at the end of a fraction are left out.
#[track_caller]
pub fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}
