//! What is to go wrong on purpose: with which requests, how often, and in which way.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest delay: whoever asks for more means something else.
pub const LONGEST_DELAY: Duration = Duration::from_secs(600);
/// Stands for every operation, and for requests that are none.
pub const ANY: &str = "*";

/// How often a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// So often.
    Count(u32),
    /// Until it is removed.
    Always,
}

impl Default for Times {
    fn default() -> Self {
        Self::Count(1)
    }
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Given {
            Count(u32),
            Word(String),
        }
        match Given::deserialize(deserializer) {
            Ok(Given::Count(count)) if count > 0 => Ok(Self::Count(count)),
            Ok(Given::Word(word)) if word == "always" => Ok(Self::Always),
            _ => Err(serde::de::Error::custom("must be a whole number from 1, or \"always\"")),
        }
    }
}

impl Serialize for Times {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u32(*count),
            Self::Always => serializer.serialize_str("always"),
        }
    }
}

/// Which requests of the operation, when not all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A part of the path, as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_contains: Option<String>,
    /// A part of the query string, as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_contains: Option<String>,
    /// A header that the request has, with this value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Another answer than the server's; the request is not carried out.
    Status {
        /// The status.
        status: u16,
        /// The body; by default the example of the document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<Value>,
        /// Headers to add.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
        /// Whether the operation may answer so although the document does not say it.
        #[serde(default)]
        undocumented: bool,
    },
    /// The request waits before it is carried out.
    Delay {
        /// So long.
        milliseconds: u64,
    },
    /// The body of the answer comes a few bytes at a time.
    SlowBody {
        /// Between two pieces, of which there are eight.
        milliseconds: u64,
    },
    /// The connection ends.
    Drop {
        /// When.
        at: DropAt,
    },
    /// A value that the document does not list takes the place of one that it does.
    UnknownEnumValue {
        /// Where, as a JSON pointer into the answer; by default the first place that has such a value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pointer: Option<String>,
        /// The value.
        #[serde(default = "unknown_value")]
        value: String,
    },
    /// An object has a key more.
    ExtraField {
        /// Which object; by default the answer, or the first element of a list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pointer: Option<String>,
        /// The key.
        #[serde(default = "extra_name")]
        name: String,
        /// Its value.
        #[serde(default)]
        value: Value,
    },
    /// A key is missing.
    MissingField {
        /// Which one.
        pointer: String,
    },
    /// A value is another one, of whatever type.
    Replace {
        /// Which value.
        pointer: String,
        /// What takes its place; `null` by default.
        #[serde(default)]
        value: Value,
    },
    /// The answer is cut off in the middle, so it is not JSON.
    MalformedJson,
    /// The answer says that it is something else.
    ContentType {
        /// What it says.
        value: String,
    },
}

/// When a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropAt {
    /// Before the request is carried out: nothing has happened.
    Before,
    /// After it was carried out: the answer is lost.
    After,
    /// In the middle of the answer's body.
    Body,
}

fn unknown_value() -> String {
    "value_of_a_later_release".to_owned()
}

fn extra_name() -> String {
    "field_of_a_later_release".to_owned()
}

/// A fault to arrange for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewFault {
    /// The `operationId`, or `*` for all.
    pub operation: String,
    /// Which requests of it.
    #[serde(default)]
    pub when: Condition,
    /// How many such requests go well first.
    #[serde(default)]
    pub skip: u32,
    /// How often it happens.
    #[serde(default)]
    pub times: Times,
    /// What happens.
    pub fault: Fault,
}

/// A fault that was arranged for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArrangedFault {
    /// Its number.
    pub id: u64,
    /// What was arranged.
    #[serde(flatten)]
    pub arranged: NewFault,
    /// How often it has happened.
    pub happened: u32,
    /// How often a request met it whose answer had no place for it; such a request does not count.
    pub no_effect: u32,
}

/// A request, as far as faults look at it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'r> {
    /// The `operationId`.
    pub operation: Option<&'r str>,
    /// The method.
    pub method: &'r str,
    /// The path as it was sent.
    pub path: &'r str,
    /// The query string as it was sent.
    pub query: &'r str,
    /// The headers, names in lower case.
    pub headers: &'r [(String, String)],
}

/// A fault that a request meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// The number of the fault.
    pub id: u64,
    /// What goes wrong.
    pub fault: Fault,
}

/// All faults that are arranged for.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Arranged>);

#[derive(Debug, Default)]
struct Arranged {
    last: u64,
    faults: Vec<ArrangedFault>,
}

impl Condition {
    fn holds(&self, asked: Asked<'_>) -> bool {
        let contains = |part: &Option<String>, text: &str| part.as_deref().is_none_or(|part| text.contains(part));
        let has = |(name, value): (&String, &String)| {
            asked.headers.iter().any(|(known, is)| known.eq_ignore_ascii_case(name) && is == value)
        };
        self.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case(asked.method))
            && contains(&self.path_contains, asked.path)
            && contains(&self.query_contains, asked.query)
            && self.headers.iter().all(has)
    }
}

impl ArrangedFault {
    fn is_for(&self, asked: Asked<'_>) -> bool {
        let wanted = self.arranged.operation.as_str();
        (wanted == ANY || asked.operation == Some(wanted)) && self.arranged.when.holds(asked)
    }
}

impl Faults {
    /// Arranges for a fault, after all that are there. Numbers are never given again.
    pub fn add(&self, arranged: NewFault) -> ArrangedFault {
        let mut all = self.0.lock();
        all.last += 1;
        let fault = ArrangedFault { id: all.last, arranged, happened: 0, no_effect: 0 };
        all.faults.push(fault.clone());
        fault
    }

    /// All that were arranged for and not removed, also those that will not happen any more.
    pub fn list(&self) -> Vec<ArrangedFault> {
        self.0.lock().faults.clone()
    }

    /// Removes one; false when it is not there.
    pub fn remove(&self, id: u64) -> bool {
        let mut all = self.0.lock();
        let before = all.faults.len();
        all.faults.retain(|fault| fault.id != id);
        all.faults.len() < before
    }

    /// Removes all.
    pub fn clear(&self) {
        self.0.lock().faults.clear();
    }

    /// What this request meets, which counts: of those that are for it, the first that has not happened often enough.
    pub fn meet(&self, asked: Asked<'_>) -> Option<Met> {
        let mut all = self.0.lock();
        for fault in all.faults.iter_mut().filter(|fault| fault.is_for(asked)) {
            let is_over = matches!(fault.arranged.times, Times::Count(count) if fault.happened >= count);
            if is_over {
                continue;
            }
            if fault.arranged.skip > 0 {
                fault.arranged.skip -= 1;
                continue;
            }
            fault.happened += 1;
            return Some(Met { id: fault.id, fault: fault.arranged.fault.clone() });
        }
        None
    }

    /// Takes back that a fault has happened: the answer had no place for it.
    pub fn had_no_effect(&self, id: u64) {
        if let Some(fault) = self.0.lock().faults.iter_mut().find(|fault| fault.id == id) {
            fault.happened = fault.happened.saturating_sub(1);
            fault.no_effect += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Asked, Faults, NewFault};

    fn asked<'r>(operation: &'r str, headers: &'r [(String, String)]) -> Asked<'r> {
        Asked { operation: Some(operation), method: "GET", path: "/api/v2/organizations/coder", query: "a=b", headers }
    }

    fn add(faults: &Faults, fault: serde_json::Value) {
        faults.add(serde_json::from_value::<NewFault>(fault).unwrap());
    }

    fn met(faults: &Faults, operation: &str) -> Option<u64> {
        faults.meet(asked(operation, &[])).map(|met| met.id)
    }

    #[test]
    fn a_fault_happens_as_often_as_it_was_arranged_for_and_after_those_that_go_well() {
        let faults = Faults::default();
        add(&faults, json!({"operation": "a", "skip": 1, "times": 2, "fault": {"kind": "malformed_json"}}));
        add(
            &faults,
            json!({"operation": "*", "times": "always", "when": {"path_contains": "/coder"}, "fault": {"kind": "drop", "at": "after"}}),
        );
        assert_eq!(met(&faults, "b"), Some(2), "another operation");
        // The one that skips lets the next have its turn.
        assert_eq!(
            [met(&faults, "a"), met(&faults, "a"), met(&faults, "a"), met(&faults, "a")],
            [Some(2), Some(1), Some(1), Some(2)]
        );
        assert_eq!(faults.list()[0].happened, 2);
        assert!(faults.remove(2) && !faults.remove(2));
        assert_eq!(met(&faults, "a"), None);
        faults.clear();
        add(&faults, json!({"operation": "a", "fault": {"kind": "delay", "milliseconds": 1}}));
        assert_eq!(met(&faults, "a"), Some(3), "numbers are never given again");
    }

    #[test]
    fn what_had_no_effect_is_still_to_happen() {
        let faults = Faults::default();
        add(&faults, json!({"operation": "a", "fault": {"kind": "missing_field", "pointer": "/id"}}));
        assert_eq!(met(&faults, "a"), Some(1));
        faults.had_no_effect(1);
        assert_eq!((faults.list()[0].happened, faults.list()[0].no_effect), (0, 1));
        assert_eq!([met(&faults, "a"), met(&faults, "a")], [Some(1), None]);
    }

    #[test]
    fn conditions_are_all_to_hold() {
        let faults = Faults::default();
        let fault = json!({"operation": "*", "times": "always", "fault": {"kind": "malformed_json"},
            "when": {"method": "get", "query_contains": "a=", "headers": {"User-Agent": "tests"}}});
        add(&faults, fault);
        assert!(faults.meet(asked("a", &[])).is_none());
        let headers = [("user-agent".to_owned(), "tests".to_owned())];
        assert!(faults.meet(asked("a", &headers)).is_some());
        assert!(faults.meet(Asked { method: "POST", ..asked("a", &headers) }).is_none());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for fault in [
            json!({"operation": "a", "times": 0, "fault": {"kind": "malformed_json"}}),
            json!({"operation": "a", "times": "often", "fault": {"kind": "malformed_json"}}),
            json!({"operation": "a", "fault": {"kind": "explode"}}),
            json!({"operation": "a", "fault": {"kind": "drop", "at": "once"}}),
            json!({"operation": "a", "fault": {"kind": "delay"}}),
            json!({"operation": "a", "fualt": {"kind": "malformed_json"}}),
        ] {
            assert!(serde_json::from_value::<NewFault>(fault.clone()).is_err(), "{fault}");
        }
    }
}
