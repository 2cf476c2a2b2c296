//! The `tags` parameter of the job operations: one JSON object of strings, or one parameter per tag. Knows nothing of how tags
//! are matched.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use thiserror::Error;

use super::QueryString;
use crate::wire::quoted;

/// How many tags one request may filter by.
pub const MAX_TAGS: usize = 64;

/// The longest key of a tag to filter by, in bytes.
pub const MAX_TAG_KEY_BYTES: usize = 128;

/// Why tags are refused.
#[derive(Debug, Error)]
pub(super) enum TagsError {
    /// Not JSON, not an object, not of strings only, or an object that breaks one of the rules below.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Rule(#[from] RuleError),
}

/// Which rule a tag breaks.
#[derive(Debug, Error)]
pub(super) enum RuleError {
    #[error("more than {MAX_TAGS} tags")]
    TooMany,
    #[error("the key {0} is longer than {MAX_TAG_KEY_BYTES} bytes")]
    LongKey(String),
    #[error("the key {0} is given more than once")]
    Repeated(String),
    #[error("the tag {0} contains the NUL character")]
    Nul(String),
}

/// The tags of the JSON object and of the parameters `tags[key]=value`. None at all is no filter.
///
/// # Errors
///
/// [`TagsError`] for the first rule that is broken. Like the reference, this ignores what follows the JSON object.
pub(super) fn read_tags(json: Option<&str>, query: &QueryString) -> Result<BTreeMap<String, String>, TagsError> {
    let mut tags = Tags::default();
    if let Some(json) = json {
        serde_json::Deserializer::from_str(json).deserialize_any(&mut tags)?;
    }
    for (key, value) in query.pairs() {
        if let Some(key) = bracketed(key) {
            tags.insert(key.to_owned(), value.to_owned())?;
        }
    }
    Ok(tags.0)
}

/// The tag that a parameter of the form `tags[key]` is about.
pub(super) fn bracketed(parameter: &str) -> Option<&str> {
    let key = parameter.strip_prefix("tags[")?.strip_suffix(']')?;
    (!key.is_empty() && !key.contains(['[', ']'])).then_some(key)
}

#[derive(Default)]
struct Tags(BTreeMap<String, String>);

impl Tags {
    fn insert(&mut self, key: String, value: String) -> Result<(), RuleError> {
        if key.len() > MAX_TAG_KEY_BYTES {
            return Err(RuleError::LongKey(quoted(&key)));
        }
        if key.contains('\0') || value.contains('\0') {
            return Err(RuleError::Nul(quoted(&key)));
        }
        if self.0.contains_key(&key) {
            return Err(RuleError::Repeated(quoted(&key)));
        }
        if self.0.len() == MAX_TAGS {
            return Err(RuleError::TooMany);
        }
        self.0.insert(key, value);
        Ok(())
    }
}

impl<'de> Visitor<'de> for &mut Tags {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(r#"one object of strings, for example {"scope":"organization"}"#)
    }

    /// `null` is no filter.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, value)) = map.next_entry()? {
            self.insert(key, value).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{QueryString, bracketed, read_tags};

    fn read(json: &str, raw_query: &str) -> Result<Vec<(String, String)>, String> {
        let tags = read_tags(Some(json), &QueryString::parse(raw_query).unwrap());
        tags.map(|tags| tags.into_iter().collect()).map_err(|error| error.to_string())
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.into(), value.into())
    }

    #[test]
    fn reads_both_spellings() {
        assert_eq!(read("null", ""), Ok(vec![]));
        assert_eq!(read("{}", ""), Ok(vec![]));
        assert_eq!(read(r#"{"b":"2","a":""} trailing"#, ""), Ok(vec![pair("a", ""), pair("b", "2")]));
        assert_eq!(
            read(r#"{"b":"2"}"#, "tags[owner]=&tags%5Bscope%5D=a+b"),
            Ok(vec![pair("b", "2"), pair("owner", ""), pair("scope", "a b")])
        );
        assert_eq!(read("null", "tags=1&tagsx=2"), Ok(vec![]));
    }

    #[test]
    fn says_what_is_wrong() {
        let many: String = (0..65).map(|n| format!("\"{n}\":\"\",")).collect();
        for (json, query, error) in [
            ("{", "", "EOF while parsing an object at line 1 column 1"),
            ("bogus", "", "expected value at line 1 column 1"),
            (
                "[]",
                "",
                r#"invalid type: sequence, expected one object of strings, for example {"scope":"organization"}"#,
            ),
            (r#"{"a":1}"#, "", "invalid type: integer `1`, expected a string at line 1 column 6"),
            (r#"{"a":null}"#, "", "invalid type: null, expected a string at line 1 column 9"),
            (r#"{"a":{"$ne":""}}"#, "", "invalid type: map, expected a string"),
            (r#"{"a":"1","\u0061":"1"}"#, "", r#"the key "a" is given more than once"#),
            (r#"{"a":"1"}"#, "tags[a]=1", r#"the key "a" is given more than once"#),
            ("{}", "tags[a]=1&tags[a]=2", r#"the key "a" is given more than once"#),
            (r#"{"a":"\u0000"}"#, "", r#"the tag "a" contains the NUL character"#),
            ("{}", "tags[a%00]=", r#"the tag "a\0" contains the NUL character"#),
            (&format!("{{{}}}", &many[..many.len() - 1]), "", "more than 64 tags"),
            (&format!("{{\"{}\":\"\"}}", "k".repeat(129)), "", "is longer than 128 bytes"),
        ] {
            let said = read(json, query).unwrap_err();
            assert!(said.contains(error), "{json} {query}: {said}");
        }
    }

    #[test]
    fn limits_are_inclusive() {
        let tags: Vec<_> = (0..64).map(|n| format!("\"{n}{}\":\"\"", "k".repeat(126))).collect();
        assert_eq!(read(&format!("{{{}}}", tags.join(",")), "").unwrap().len(), 64);
        let longest = format!("{{\"{}\":\"\"}}", "k".repeat(128));
        assert_eq!(read(&longest, "").unwrap().len(), 1);
    }

    #[test]
    fn brackets_hold_one_key() {
        assert_eq!(bracketed("tags[a.b]"), Some("a.b"));
        for other in ["tags", "tags[]", "tags[a", "tags[a][b]", "tags]a[", "Tags[a]", "xtags[a]"] {
            assert_eq!(bracketed(other), None, "{other}");
        }
    }

    #[test]
    fn depth_cannot_hurt() {
        assert!(read(&"[".repeat(1_000_000), "").is_err());
        assert!(read(&format!("{{\"a\":{}", "[".repeat(1_000_000)), "").is_err());
        assert!(read(&"{\"a\":".repeat(1_000_000), "").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(json in prop_oneof![any::<String>(), "[{}\",:a0\\\\u\\[\\]]{0,20}"]) {
            let _ = read(&json, "");
        }

        #[test]
        fn reads_what_serde_writes(
            tags in prop::collection::btree_map("[^\0]{0,20}", "[^\0]{0,20}", 0..10),
        ) {
            let json = serde_json::to_string(&tags).unwrap();
            prop_assert_eq!(read(&json, "").unwrap(), tags.into_iter().collect::<Vec<_>>());
        }
    }
}
