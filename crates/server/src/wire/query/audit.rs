//! The query parameters of the audit log. Its search is a list of `key:value` pairs, as Coder's clients write them.

use chrono::{DateTime, Days, NaiveDate, Utc};
use orgd_api_types::{Timestamp, ValidationError};
use uuid::Uuid;

use super::jobs::Reader;
use super::search::{terms, unquoted};
use super::{MAX_NUMBER, QueryString};
use crate::audit::{Action, Resource};
use crate::wire::quoted;
use crate::wire::uuid::parse_uuid;

/// How many entries a page has when the caller does not say, and at most.
pub const DEFAULT_PAGE: i64 = 50;
/// The most entries of a page.
pub const MAX_PAGE: u32 = 1000;

/// The keys of the search, for whoever misspelt one.
const KEYS: &str = "resource_type, resource_id, resource_target, action, username, email, organization, request_id, \
                    date_from, date_to";

/// The parameters of `GET /audit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditQuery {
    /// What is looked for.
    pub search: AuditSearch,
    /// The most entries to answer.
    pub limit: i64,
    /// How many entries to leave out.
    pub offset: i64,
}

/// What is looked for; every part must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditSearch {
    /// Kind of thing.
    pub resource: Option<Resource>,
    /// Its id.
    pub resource_id: Option<Uuid>,
    /// Its name.
    pub resource_target: Option<String>,
    /// What was done.
    pub action: Option<Action>,
    /// By whom.
    pub username: Option<String>,
    /// By whom.
    pub email: Option<String>,
    /// In which organization, by id or name.
    pub organization: Option<String>,
    /// In which request.
    pub request_id: Option<Uuid>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

impl AuditQuery {
    /// Reads the parameters. `declared` are those that the operation documents; any other key is refused.
    ///
    /// # Errors
    ///
    /// All parameters that break a rule: q, limit, offset, then unknown keys as they came.
    pub fn parse(query: &QueryString, declared: &[&str]) -> Result<Self, Vec<ValidationError>> {
        let mut reader = Reader::new(query);
        let search = AuditSearch::parse(reader.single("q").unwrap_or_default()).unwrap_or_else(|why| {
            reader.fail("q", why);
            AuditSearch::default()
        });
        let limit = reader.number_up_to("limit", MAX_PAGE).filter(|limit| *limit > 0).map_or(DEFAULT_PAGE, i64::from);
        let offset = reader.number_up_to("offset", MAX_NUMBER).map_or(0, i64::from);
        reader.refuse_unknown(declared);
        reader.finish(Self { search, limit, offset })
    }
}

impl AuditSearch {
    /// Reads a search: pairs between spaces; a value with spaces stands in double quotes. A word without a key is the name of a
    /// thing.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        // No stored text has one, and PostgreSQL would not even compare with it.
        if text.contains('\0') {
            return Err(r#"Query param "q" contains the NUL character"#.to_owned());
        }
        let mut search = Self::default();
        for word in words(text)? {
            let (key, value) = word.split_once(':').unwrap_or(("resource_target", &word));
            search.take(&key.to_ascii_lowercase(), value)?;
        }
        Ok(search)
    }

    fn take(&mut self, key: &str, value: &str) -> Result<(), String> {
        let text = || Some(value.to_owned());
        let id = || parse_uuid(value).map(Some).map_err(|_| wrong(key, value, "a UUID"));
        match key {
            "resource_type" => self.resource = Some(one_of(key, value, Resource::ALL, Resource::as_str)?),
            "action" => self.action = Some(one_of(key, value, Action::ALL, Action::as_str)?),
            "resource_id" => self.resource_id = id()?,
            "request_id" => self.request_id = id()?,
            "resource_target" => self.resource_target = text(),
            "username" => self.username = text(),
            "email" => self.email = text(),
            "organization" => self.organization = text(),
            "date_from" => self.from = Some(start_of(key, value, 0)?),
            // The day itself counts.
            "date_to" => self.until = Some(start_of(key, value, 1)?),
            _ => return Err(format!(r#"Query param "q" has the unknown key {}; known are {KEYS}"#, quoted(key))),
        }
        Ok(())
    }
}

fn wrong(key: &str, value: &str, expected: &str) -> String {
    format!(r#"Query param "q": {key} must be {expected}, not {}"#, quoted(value))
}

fn one_of<T: Copy>(key: &str, value: &str, all: &[T], word: fn(T) -> &'static str) -> Result<T, String> {
    let known = all.iter().copied().find(|one| word(*one).eq_ignore_ascii_case(value));
    known.ok_or_else(|| {
        let words: Vec<_> = all.iter().map(|one| word(*one)).collect();
        wrong(key, value, &format!("one of {}", words.join(", ")))
    })
}

/// The beginning of a day in UTC, or of one after it.
fn start_of(key: &str, value: &str, later: u64) -> Result<Timestamp, String> {
    let day = NaiveDate::parse_from_str(value, "%Y-%m-%d").ok().and_then(|day| day.checked_add_days(Days::new(later)));
    let midnight = day.and_then(|day| day.and_hms_opt(0, 0, 0));
    let midnight = midnight.ok_or_else(|| wrong(key, value, "a date such as 2026-01-31"))?;
    Ok(DateTime::<Utc>::from_naive_utc_and_offset(midnight, Utc).into())
}

/// The parts between white space outside quotes, without the quotes.
fn words(text: &str) -> Result<Vec<String>, String> {
    let terms = terms(text).ok_or_else(|| r#"Query param "q" has a quote that does not end"#.to_owned())?;
    Ok(terms.iter().map(|term| unquoted(term)).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{AuditQuery, AuditSearch, words};
    use crate::audit::{Action, Resource};
    use crate::wire::query::QueryString;

    #[test]
    fn a_search_is_a_list_of_pairs() {
        let text = "resource_type:organization Action:DELETE username:ana \"two words\" date_from:2026-01-01 date_to:2026-01-31";
        let search = AuditSearch::parse(text).unwrap();
        assert_eq!((search.resource, search.action), (Some(Resource::Organization), Some(Action::Delete)));
        assert_eq!((search.username.as_deref(), search.resource_target.as_deref()), (Some("ana"), Some("two words")));
        assert_eq!(search.from.unwrap().to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(search.until.unwrap().to_string(), "2026-02-01T00:00:00Z");
        assert_eq!(AuditSearch::parse("  ").unwrap(), AuditSearch::default());
        assert_eq!(words(r#"a:"b c"  d"#).unwrap(), ["a:b c", "d"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, said) in [
            ("colour:red", "unknown key \"colour\"; known are resource_type"),
            ("action:destroy", "action must be one of create, write, delete"),
            ("resource_id:7", "resource_id must be a UUID"),
            ("date_to:2026-02-30", "date_to must be a date such as 2026-01-31"),
            ("username:\"ana", "a quote that does not end"),
            ("username:a\0", "contains the NUL character"),
        ] {
            let why = AuditSearch::parse(text).unwrap_err();
            assert!(why.contains(said), "{why}");
        }
    }

    #[test]
    fn pages_have_bounds() {
        let parse = |text: &str| {
            let parsed =
                QueryString::parse(text).and_then(|query| AuditQuery::parse(&query, &["q", "limit", "offset"]));
            parsed.map(|query| (query.limit, query.offset)).map_err(|errors| errors[0].field.clone())
        };
        assert_eq!(parse(""), Ok((50, 0)));
        assert_eq!(parse("limit=0&offset=20"), Ok((50, 20)));
        assert_eq!(parse("limit=1001"), Err("limit".to_owned()));
        assert_eq!(parse("offset=-1"), Err("offset".to_owned()));
        assert_eq!(parse("page=1"), Err("page".to_owned()));
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = AuditSearch::parse(&text);
        }
    }
}
