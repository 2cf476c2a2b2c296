//! What has changed between two versions of a document, and whom it breaks.
//!
//! Unlike `compare`, which asks whether two documents say the same, this asks what a client that was made for the first may still
//! rely on with the second. A request may become freer and an answer may become stricter; the other way round something breaks. Names of
//! components and the order of keys change nothing on the wire.

mod operation;
mod schema;
mod security;
mod version;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

pub use version::{VersionError, parse as parse_version, required_version};

/// Whom a change concerns, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Requests that were right may not be any more.
    BreaksRequests,
    /// Answers may be what clients do not expect.
    BreaksResponses,
    /// Who does not know of it does not notice.
    Additive,
    /// Words and examples: nothing else.
    Wording,
}

impl Class {
    /// The class in words, for a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::BreaksRequests => "Breaking for requests",
            Self::BreaksResponses => "Breaking for responses",
            Self::Additive => "Additive",
            Self::Wording => "Words only",
        }
    }

    /// The class for programs.
    pub fn id(self) -> &'static str {
        match self {
            Self::BreaksRequests => "breaks-requests",
            Self::BreaksResponses => "breaks-responses",
            Self::Additive => "additive",
            Self::Wording => "wording",
        }
    }

    /// True when clients must change.
    pub fn is_breaking(self) -> bool {
        matches!(self, Self::BreaksRequests | Self::BreaksResponses)
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiChange {
    /// Whom it concerns.
    pub class: Class,
    /// Method and path, or `document`.
    pub operation: String,
    /// Where in the operation: `request body: /tags`, `200 body: /items/status`, `query parameter limit`.
    pub place: String,
    /// What has changed, in words.
    pub what: String,
    /// What its author can do instead.
    pub way_out: &'static str,
}

impl fmt::Display for ApiChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}: {}{}{}",
            self.operation,
            self.place,
            if self.place.is_empty() { "" } else { ": " },
            self.what
        )
    }
}

/// Which way a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// From clients.
    Request,
    /// To clients.
    Response,
}

impl Direction {
    /// The class of a change that takes something away from what may be sent this way.
    fn narrowed(self) -> Class {
        match self {
            Self::Request => Class::BreaksRequests,
            Self::Response => Class::Additive,
        }
    }

    /// The class of a change that adds something to it.
    fn widened(self) -> Class {
        match self {
            Self::Request => Class::Additive,
            Self::Response => Class::BreaksResponses,
        }
    }

    /// The class of a change that does both.
    fn broken(self) -> Class {
        match self {
            Self::Request => Class::BreaksRequests,
            Self::Response => Class::BreaksResponses,
        }
    }
}

const BUMP: &str = "bump the version, and say in the changelog what clients must do";
const KEEP_BESIDE: &str = "keep it, mark it deprecated, and add the new one beside it";
const MAKE_OPTIONAL: &str = "make it optional, with what was done before as the behaviour without it";
const KEEP_TAKING: &str = "go on taking what was taken, and say what is preferred in the description";
const KEEP_GIVING: &str = "go on answering so, and add what is new beside it";

/// All changes from `old` to `new`, worst first, each once.
pub fn changes(old: &Value, new: &Value) -> Vec<ApiChange> {
    let mut walk = Walk { old, new, found: Vec::new(), operation: "document".to_owned(), under_way: Vec::new() };
    walk.document();
    let mut found = walk.found;
    found.sort_by(|left, right| {
        (left.class, &left.operation, &left.place, &left.what).cmp(&(
            right.class,
            &right.operation,
            &right.place,
            &right.what,
        ))
    });
    found.dedup();
    found
}

/// A comparison under way.
struct Walk<'d> {
    old: &'d Value,
    new: &'d Value,
    found: Vec<ApiChange>,
    operation: String,
    /// Pairs of references that are being compared, so that recursive schemas come to an end.
    under_way: Vec<(String, String)>,
}

impl<'d> Walk<'d> {
    fn note(&mut self, class: Class, place: &str, what: impl Into<String>, way_out: &'static str) {
        let operation = self.operation.clone();
        self.found.push(ApiChange { class, operation, place: place.to_owned(), what: what.into(), way_out });
    }

    fn document(&mut self) {
        let text = |document: &'d Value, key: &str| document.pointer(&format!("/info/{key}")).cloned();
        for key in ["title", "description", "license", "contact", "summary", "termsOfService"] {
            if text(self.old, key) != text(self.new, key) {
                self.note(Class::Wording, key, "changed", "");
            }
        }
        self.servers();
        self.security_schemes();
        self.operations();
    }

    fn servers(&mut self) {
        let urls = |document: &'d Value| -> Vec<&'d str> {
            let servers = document.get("servers").and_then(Value::as_array);
            servers.into_iter().flatten().filter_map(|server| server["url"].as_str()).collect()
        };
        let (old, new) = (urls(self.old), urls(self.new));
        for url in old.iter().filter(|url| !new.contains(url)) {
            self.note(Class::BreaksRequests, "servers", format!("{url} is gone"), KEEP_BESIDE);
        }
        for url in new.iter().filter(|url| !old.contains(url)) {
            self.note(Class::Additive, "servers", format!("{url} is new"), "");
        }
    }

    /// What a reference leads to; anything else is itself.
    fn resolve(document: &'d Value, value: &'d Value) -> &'d Value {
        let mut value = value;
        // A chain of references that is longer than any document is a circle.
        for _ in 0..64 {
            match value.get("$ref").and_then(Value::as_str) {
                Some(reference) => match document.pointer(reference.trim_start_matches('#')) {
                    Some(target) => value = target,
                    None => return value,
                },
                None => return value,
            }
        }
        value
    }

    fn was(&self, value: &'d Value) -> &'d Value {
        Self::resolve(self.old, value)
    }

    fn is(&self, value: &'d Value) -> &'d Value {
        Self::resolve(self.new, value)
    }
}

/// A value as it is shown in a sentence.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 60 { format!("{}…", text.chars().take(59).collect::<String>()) } else { text }
}

/// The members of an object by name.
fn members(value: Option<&Value>) -> BTreeMap<&str, &Value> {
    let members = value.and_then(Value::as_object).into_iter().flatten();
    members.map(|(name, member)| (name.as_str(), member)).collect()
}

fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or(false)
}
