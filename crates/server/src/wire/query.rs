//! Query strings: pairs of text in the order in which they came. What the job operations make of them is in the modules below.

use orgd_api_types::ValidationError;

use super::percent::{PercentError, decode};

mod audit;
mod duration;
mod events;
mod jobs;
mod members;
mod search;
mod tags;
mod users;
mod workers;

pub use self::audit::{AuditQuery, AuditSearch};
pub use self::events::{CancelQuery, LogQuery};
pub use self::jobs::{DEFAULT_LIMIT, JobFilter, JobListQuery, JobQuery, MAX_IDS};
pub use self::members::MemberQuery;
pub use self::tags::{MAX_TAG_KEY_BYTES, MAX_TAGS};
pub use self::users::{Page, TokenListQuery, UserFilter, UserListQuery};
pub use self::workers::WorkerListQuery;

/// The largest number that a limit or an offset can be.
const MAX_NUMBER: u32 = 2_147_483_647;

/// How many broken or unknown parameters one answer names, so that a short request cannot ask for a huge answer.
const MAX_NAMED: usize = 100;

/// The decoded pairs of a query string, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueryString {
    pairs: Vec<(String, String)>,
}

impl QueryString {
    /// Reads the part of a URL after the `?`: pairs between `&`, empty ones skipped, `+` for a space, a missing `=` for an
    /// empty value.
    ///
    /// # Errors
    ///
    /// Every parameter with broken percent-encoding or UTF-8, by its name, or by its undecoded name if that is the broken part.
    pub fn parse(raw: &str) -> Result<Self, Vec<ValidationError>> {
        let mut pairs = Vec::new();
        let mut errors = Vec::new();
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            let (raw_key, raw_value) = pair.split_once('=').unwrap_or((pair, ""));
            match (decode_half(raw_key), decode_half(raw_value)) {
                (Ok(key), Ok(value)) => pairs.push((key, value)),
                (Err(error), _) => errors.push(ValidationError::new(raw_key, format!("the parameter's name {error}"))),
                (Ok(key), Err(error)) => errors.push(ValidationError::new(key, format!("the value {error}"))),
            }
            if errors.len() == MAX_NAMED {
                break;
            }
        }
        if errors.is_empty() { Ok(Self { pairs }) } else { Err(errors) }
    }

    /// The keys and values in the order in which they came.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// All values of one key, in order.
    pub fn values(&self, key: &str) -> impl Iterator<Item = &str> {
        self.pairs().filter(move |(name, _)| *name == key).map(|(_, value)| value)
    }

    /// The first value of a key; one that is empty counts as absent.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.values(key).next().filter(|value| !value.is_empty())
    }
}

fn decode_half(raw: &str) -> Result<String, PercentError> {
    // Before decoding, since an encoded plus is a plus.
    decode(&raw.replace('+', " ")).map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use orgd_api_types::ValidationError;
    use proptest::prelude::*;

    use super::{MAX_NAMED, QueryString};

    #[test]
    fn keeps_order_and_decodes() {
        let query = QueryString::parse("b=1&a=x+y%2B%26&&b=%C3%A4&c&d==&=e").unwrap();
        let pairs: Vec<_> = query.pairs().collect();
        assert_eq!(pairs, [("b", "1"), ("a", "x y+&"), ("b", "ä"), ("c", ""), ("d", "="), ("", "e")]);
        assert_eq!(query.values("b").collect::<Vec<_>>(), ["1", "ä"]);
        assert_eq!(query.value("b"), Some("1"));
        assert_eq!(query.value("c"), None);
        assert_eq!(query.value("B"), None);
        assert_eq!(QueryString::parse("").unwrap().pairs().count(), 0);
    }

    #[test]
    fn an_empty_first_value_counts_as_absent() {
        assert_eq!(QueryString::parse("a=&a=1").unwrap().value("a"), None);
    }

    #[test]
    fn names_every_broken_parameter() {
        assert_eq!(
            QueryString::parse("limit=%zz&ok=1&%FF=2&ids=%FF"),
            Err(vec![
                ValidationError::new(
                    "limit",
                    "the value contains a \"%\" that is not followed by two hexadecimal digits"
                ),
                ValidationError::new("%FF", "the parameter's name is not valid UTF-8 when decoded"),
                ValidationError::new("ids", "the value is not valid UTF-8 when decoded"),
            ])
        );
        assert_eq!(QueryString::parse(&"%&".repeat(30_000)).unwrap_err().len(), MAX_NAMED);
    }

    proptest! {
        #[test]
        fn never_panics(raw in any::<String>()) {
            let _ = QueryString::parse(&raw);
        }

        #[test]
        fn reads_what_a_form_encoder_writes(pairs in prop::collection::vec((any::<String>(), any::<String>()), 0..5)) {
            let raw = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            prop_assert_eq!(QueryString::parse(&raw).unwrap().pairs, pairs);
        }
    }
}
