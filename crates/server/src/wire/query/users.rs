//! The query parameters of the lists of users and of session tokens. Reports everything that is wrong at once.

use orgd_api_types::{LoginType, Timestamp, UserStatus, ValidationError};
use uuid::Uuid;

use super::jobs::Reader;
use super::search::{terms, unquoted};
use super::{MAX_NUMBER, QueryString};
use crate::auth::roles::{Role, SiteRole};
use crate::wire::quoted;
use crate::wire::uuid::parse_uuid;

/// The filters of `q`, for whoever gets one wrong.
const FILTERS: &str = "status, role, login_type, created_before, created_after, last_seen_before, last_seen_after";
/// How many words and filters one search may have.
const MAX_TERMS: usize = 32;

/// Which users to list; by default all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserFilter {
    /// Only this one.
    pub only: Option<Uuid>,
    /// Texts in lower case that the name or the mail address must contain, each of them.
    pub words: Vec<String>,
    /// Any of these; none for any status.
    pub statuses: Vec<UserStatus>,
    /// Any of these; none for any role.
    pub roles: Vec<SiteRole>,
    /// Any of these; none for any.
    pub login_types: Vec<LoginType>,
    /// Created before this.
    pub created_before: Option<Timestamp>,
    /// Created after this.
    pub created_after: Option<Timestamp>,
    /// Last seen before this.
    pub last_seen_before: Option<Timestamp>,
    /// Last seen after this.
    pub last_seen_after: Option<Timestamp>,
}

/// Which part of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Page {
    /// After this user.
    pub after: Option<Uuid>,
    /// The most users; `None` for all of them.
    pub limit: Option<u32>,
    /// How many to leave out first.
    pub offset: u32,
}

/// The parameters of `GET /users`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserListQuery {
    /// What is searched.
    pub filter: UserFilter,
    /// Which part of it.
    pub page: Page,
}

/// The parameters of `GET /users/{user}/keys/tokens`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenListQuery {
    /// Whether tokens that have ended are listed.
    pub include_expired: bool,
    /// Whether those of all users are.
    pub include_all: bool,
}

impl UserListQuery {
    /// Reads the parameters; keys that are not known are ignored.
    ///
    /// # Errors
    ///
    /// All parameters that break a rule: q, after_id, limit, offset.
    pub fn parse(query: &QueryString) -> Result<Self, Vec<ValidationError>> {
        let mut reader = Reader::new(query);
        let mut filter = UserFilter::default();
        if let Some(text) = reader.single("q") {
            for fault in search(text, &mut filter) {
                reader.fail("q", fault);
            }
        }
        let after = reader.single("after_id").and_then(|text| match parse_uuid(text) {
            Ok(id) => (!id.is_nil()).then_some(id),
            Err(error) => {
                reader.fail("after_id", format!(r#"Query param "after_id" must be a valid uuid: {error}"#));
                None
            }
        });
        let limit = reader.number_up_to("limit", MAX_NUMBER).filter(|limit| *limit > 0);
        let offset = reader.number_up_to("offset", MAX_NUMBER).unwrap_or(0);
        reader.finish(Self { filter, page: Page { after, limit, offset } })
    }
}

impl TokenListQuery {
    /// Reads the parameters; keys that are not known are ignored.
    ///
    /// # Errors
    ///
    /// All parameters that break a rule.
    pub fn parse(query: &QueryString) -> Result<Self, Vec<ValidationError>> {
        let mut reader = Reader::new(query);
        let (include_expired, include_all) = (reader.flag("include_expired"), reader.flag("include_all"));
        reader.finish(Self { include_expired, include_all })
    }
}

/// Reads a search into the filter, and gives all that is wrong with it.
fn search(text: &str, filter: &mut UserFilter) -> Vec<String> {
    let Some(terms) = terms(text) else {
        return vec!["a double quote in the search has no other one to end it".to_owned()];
    };
    if terms.len() > MAX_TERMS {
        return vec![format!("the search has more than {MAX_TERMS} words and filters")];
    }
    let mut faults = Vec::new();
    for term in terms {
        if term.contains('\0') {
            faults.push("the search contains the NUL character".to_owned());
            continue;
        }
        let read = match term.split_once(':') {
            // A text that begins in quotes is a word, whatever is in it.
            Some((key, value)) if !term.starts_with('"') => read_filter(&key.to_lowercase(), &unquoted(value), filter),
            _ => {
                filter.words.push(unquoted(&term).to_ascii_lowercase());
                Ok(())
            }
        };
        faults.extend(read.err());
    }
    faults
}

fn read_filter(key: &str, value: &str, filter: &mut UserFilter) -> Result<(), String> {
    match key {
        "status" => each(key, value, UserStatus::from_wire, &mut filter.statuses, &UserStatus::ALL.map_str()),
        "login_type" => each(key, value, LoginType::from_wire, &mut filter.login_types, &LoginType::ALL.map_str()),
        "role" => {
            // Everybody is a member.
            let names: Vec<_> = value.split(',').filter(|name| *name != "member").collect();
            if names.is_empty() {
                return Ok(());
            }
            let known: Vec<_> = SiteRole::ALL.iter().map(|role| role.as_str()).chain(["member"]).collect();
            each(key, &names.join(","), SiteRole::from_name, &mut filter.roles, &known)
        }
        "created_before" => time(key, value, &mut filter.created_before),
        "created_after" => time(key, value, &mut filter.created_after),
        "last_seen_before" => time(key, value, &mut filter.last_seen_before),
        "last_seen_after" => time(key, value, &mut filter.last_seen_after),
        _ => Err(format!("{} is not a filter; filters are {FILTERS}", quoted(key))),
    }
}

/// Reads a comma-separated list of words that are known.
fn each<T>(
    key: &str,
    value: &str,
    read: impl Fn(&str) -> Option<T>,
    into: &mut Vec<T>,
    known: &[&str],
) -> Result<(), String> {
    for item in value.split(',') {
        let found = read(item).ok_or_else(|| {
            format!("the filter {key} has the invalid value {}; allowed are {}", quoted(item), known.join(", "))
        })?;
        into.push(found);
    }
    Ok(())
}

fn time(key: &str, value: &str, into: &mut Option<Timestamp>) -> Result<(), String> {
    let parsed = value.parse().map_err(|error| format!("the filter {key} has the invalid value {error}"))?;
    *into = Some(parsed);
    Ok(())
}

/// The words for all values of a type.
trait MapStr {
    fn map_str(&self) -> Vec<&'static str>;
}

impl MapStr for &[UserStatus] {
    fn map_str(&self) -> Vec<&'static str> {
        self.iter().map(|status| status.as_str()).collect()
    }
}

impl MapStr for &[LoginType] {
    fn map_str(&self) -> Vec<&'static str> {
        self.iter().map(|kind| kind.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use orgd_api_types::{LoginType, UserStatus};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::{Page, QueryString, TokenListQuery, UserFilter, UserListQuery};
    use crate::auth::roles::SiteRole;

    fn parse(raw: &str) -> Result<UserListQuery, Vec<String>> {
        let parsed = UserListQuery::parse(&QueryString::parse(raw).unwrap());
        parsed.map_err(|errors| errors.into_iter().map(|error| format!("{}: {}", error.field, error.detail)).collect())
    }

    #[test]
    fn nothing_given_is_everybody() {
        let all = UserListQuery { filter: UserFilter::default(), page: Page::default() };
        assert_eq!(parse(""), Ok(all.clone()));
        assert_eq!(parse("q=&limit=0&offset=0&after_id=&other=x"), Ok(all));
    }

    #[test]
    fn words_and_filters_are_read() {
        let read = parse("q=Ana++status:active,dormant+role:owner,member+login_type:none+%22a:+b%22&limit=2&offset=1")
            .unwrap();
        assert_eq!(read.filter.words, ["ana", "a: b"]);
        assert_eq!(read.filter.statuses, [UserStatus::Active, UserStatus::Dormant]);
        assert_eq!(read.filter.roles, [SiteRole::Owner]);
        assert_eq!(read.filter.login_types, [LoginType::None]);
        assert_eq!((read.page.limit, read.page.offset), (Some(2), 1));
        let read = parse("q=created_after:%222026-01-02T03:04:05Z%22+last_seen_before:2026-01-02T03:04:05Z").unwrap();
        assert_eq!(read.filter.created_after, read.filter.last_seen_before);
        assert!(read.filter.created_after.is_some());
        let id = Uuid::from_u128(7);
        assert_eq!(parse(&format!("after_id={id}")).unwrap().page.after, Some(id));
    }

    #[test]
    fn everything_wrong_is_named() {
        let errors =
            parse("q=status:gone+color:red+role:king+created_after:now&limit=-1&offset=x&after_id=y").unwrap_err();
        let begins: Vec<_> =
            errors.iter().map(|error| error.split(' ').take(4).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(
            begins,
            [
                "q: the filter status",
                "q: \"color\" is not",
                "q: the filter role",
                "q: the filter created_after",
                "after_id: Query param \"after_id\"",
                "limit: Query param \"limit\"",
                "offset: Query param \"offset\"",
            ]
        );
        assert_eq!(parse("q=%22a").unwrap_err().len(), 1);
        assert_eq!(parse("q=%00").unwrap_err().len(), 1);
        assert_eq!(parse(&format!("q={}", "a+".repeat(33))).unwrap_err().len(), 1);
    }

    #[test]
    fn tokens_are_the_own_live_ones_by_default() {
        let parse = |raw| TokenListQuery::parse(&QueryString::parse(raw).unwrap());
        assert_eq!(parse("").unwrap(), TokenListQuery { include_expired: false, include_all: false });
        assert_eq!(parse("include_all=true").unwrap(), TokenListQuery { include_expired: false, include_all: true });
        assert!(parse("include_expired=maybe").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = super::search(&text, &mut UserFilter::default());
        }
    }
}
