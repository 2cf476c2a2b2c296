//! What a value should have been, in plain words, from what serde says of it. Knows no types of this API.

use crate::wire::shortened;

/// How like another name is that somebody may have meant it, from 0 to 1.
const LIKE: f64 = 0.8;

/// What serde missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expectation {
    /// A key that is not there.
    Missing(String),
    /// A value that breaks this rule.
    Value(String),
}

impl Expectation {
    /// Reads the text of a serde_json error of its `Data` category. serde hands out nothing but the text; the forms below are
    /// those of the constructors of `serde::de::Error`.
    pub(super) fn of(error: &str) -> Self {
        let said = without_position(error);
        if let Some(name) = said.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
            return Self::Missing(name.to_owned());
        }
        if let Some(rule) = said.strip_prefix("unknown field `").and_then(unknown_key) {
            return Self::Value(rule);
        }
        let formed = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant "];
        // What was found may hold anything, what was expected comes from a program: the last comma is the right one.
        let expected = said.rsplit_once(", expected ").map(|(_, expected)| expected);
        Self::Value(match expected.filter(|_| formed.iter().any(|form| said.starts_with(form))) {
            Some(expected) => rule(expected),
            None => match said.strip_prefix("UUID parsing failed: ") {
                Some(_) => rule("a formatted UUID string"),
                None => format!("is not valid: {}", shortened(said)),
            },
        })
    }
}

/// A rule for a key of an object that takes no others than its own.
fn unknown_key(rest: &str) -> Option<String> {
    // A key may hold anything, the names of a program no backquotes: the last such words are the right ones.
    let (key, known) = rest.rsplit_once("`, expected ").or_else(|| rest.rsplit_once("`, there are no "))?;
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    let score = |name: &str| strsim::jaro_winkler(key, name);
    let closest = known.iter().copied().max_by(|left, right| score(left).total_cmp(&score(right)));
    Some(match closest {
        Some(name) if score(name) > LIKE => format!("is not known; did you mean {name:?}?"),
        Some(_) => format!("is not known; there is {}", known.join(", ")),
        None => "is not known".to_owned(),
    })
}

fn without_position(error: &str) -> &str {
    error.rsplit_once(" at line ").map_or(error, |(said, _)| said)
}

/// A rule in words for what a visitor says that it expects.
fn rule(expected: &str) -> String {
    let range = |lowest: &dyn ToString, highest: &dyn ToString| {
        format!("must be a whole number from {} to {}", lowest.to_string(), highest.to_string())
    };
    match expected {
        "a boolean" => "must be true or false".to_owned(),
        "i32" => range(&i32::MIN, &i32::MAX),
        "i64" => range(&i64::MIN, &i64::MAX),
        "u16" => range(&u16::MIN, &u16::MAX),
        "u32" => range(&u32::MIN, &u32::MAX),
        "u64" => range(&u64::MIN, &u64::MAX),
        "f32" | "f64" => "must be a number".to_owned(),
        "a sequence" => "must be an array".to_owned(),
        "a map" => "must be an object".to_owned(),
        "a formatted UUID string" => r#"must be a UUID, for example "0190b0c4-7d5e-7c3a-9f7e-1a2b3c4d5e6f""#.to_owned(),
        structure if structure.starts_with("struct ") => "must be an object".to_owned(),
        // Names of variants come in backquotes.
        other => format!("must be {}", other.replace('`', "\"")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use orgd_api_types::{ProvisionerJobStatus, ProvisionerJobType};
    use serde::Deserialize;
    use serde::de::DeserializeOwned;
    use uuid::Uuid;

    use super::Expectation;

    #[derive(Debug, Deserialize)]
    struct Named {
        #[expect(dead_code, reason = "only its absence is tested")]
        name: String,
    }

    fn value<T: DeserializeOwned>(json: &str) -> String {
        let error = serde_json::from_str::<T>(json).err().unwrap().to_string();
        match Expectation::of(&error) {
            Expectation::Value(rule) => rule,
            Expectation::Missing(name) => panic!("missing {name}"),
        }
    }

    /// Against serde itself, so that a change of its wording fails here.
    #[test]
    fn says_what_is_expected() {
        assert_eq!(value::<String>("1"), "must be a string");
        assert_eq!(value::<Option<String>>("[]"), "must be a string");
        assert_eq!(value::<bool>("\"true\""), "must be true or false");
        assert_eq!(value::<u32>("-1"), "must be a whole number from 0 to 4294967295");
        assert_eq!(value::<i32>("1.0"), "must be a whole number from -2147483648 to 2147483647");
        assert_eq!(value::<u64>("-0"), "must be a whole number from 0 to 18446744073709551615");
        assert_eq!(value::<f64>("\"x\""), "must be a number");
        assert_eq!(value::<Vec<String>>("{}"), "must be an array");
        assert_eq!(value::<BTreeMap<String, String>>("\"a\""), "must be an object");
        assert_eq!(value::<Named>("true"), "must be an object");
        assert_eq!(value::<(u8, u8)>("[1]"), "must be a tuple of size 2");
        let uuid = r#"must be a UUID, for example "0190b0c4-7d5e-7c3a-9f7e-1a2b3c4d5e6f""#;
        assert_eq!(value::<Uuid>("1"), uuid);
        assert_eq!(value::<Uuid>("\"1\""), uuid);
        assert_eq!(
            value::<ProvisionerJobType>("\"x\""),
            r#"must be one of "template_version_import", "workspace_build", "template_version_dry_run""#
        );
    }

    #[test]
    fn what_was_found_does_not_matter() {
        assert_eq!(value::<u32>(r#"", expected a string at line 9""#), "must be a whole number from 0 to 4294967295");
        assert!(
            value::<ProvisionerJobStatus>(r#""x`, expected y at line 1""#).starts_with("must be one of \"pending\"")
        );
    }

    #[test]
    fn keys_that_are_not_known_come_with_those_that_are() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Strict {
            #[expect(dead_code, reason = "only the keys are tested")]
            username: Option<String>,
            #[expect(dead_code, reason = "only the keys are tested")]
            email: Option<String>,
        }
        assert_eq!(value::<Strict>(r#"{"usrname": 1}"#), r#"is not known; did you mean "username"?"#);
        assert_eq!(value::<Strict>(r#"{"a`, expected `b": 1}"#), "is not known; there is username, email");
    }

    #[test]
    fn names_what_is_missing() {
        let error = serde_json::from_str::<Named>("{}").unwrap_err().to_string();
        assert_eq!(Expectation::of(&error), Expectation::Missing("name".into()));
    }

    #[test]
    fn passes_on_what_a_type_says_itself() {
        let said = value::<orgd_api_types::Timestamp>("\"now\"");
        assert_eq!(said, r#"is not valid: "now" is not a date and time like 2026-01-02T03:04:05Z (RFC 3339)"#);
    }
}
