//! The query parameters of a page of members.

use orgd_api_types::ValidationError;

use super::QueryString;
use super::jobs::Reader;

/// The parameters of `GET …/paginated-members`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemberQuery {
    /// The most members to answer; `None` for all of them.
    pub limit: Option<u32>,
    /// How many of the first members to leave out.
    pub offset: u32,
}

impl MemberQuery {
    /// Reads the parameters. Others are ignored, as Coder's server does.
    ///
    /// # Errors
    ///
    /// All parameters that break a rule: limit, then offset.
    pub fn parse(query: &QueryString) -> Result<Self, Vec<ValidationError>> {
        let mut reader = Reader::new(query);
        let limit = reader.whole_number("limit", 0, ", where 0 means no limit");
        let offset = reader.whole_number("offset", 0, "");
        reader.finish(Self { limit: (limit != 0).then_some(limit), offset })
    }
}

#[cfg(test)]
mod tests {
    use super::{MemberQuery, QueryString};

    fn parse(raw: &str) -> Result<MemberQuery, Vec<String>> {
        let parsed = MemberQuery::parse(&QueryString::parse(raw).unwrap());
        parsed.map_err(|errors| errors.into_iter().map(|error| error.field).collect())
    }

    #[test]
    fn everybody_is_answered_unless_a_page_is_asked_for() {
        assert_eq!(parse(""), Ok(MemberQuery { limit: None, offset: 0 }));
        assert_eq!(parse("limit=&offset=&q=ana"), Ok(MemberQuery::default()));
        assert_eq!(parse("limit=0&offset=3"), Ok(MemberQuery { limit: None, offset: 3 }));
        assert_eq!(parse("offset=50&limit=25"), Ok(MemberQuery { limit: Some(25), offset: 50 }));
    }

    #[test]
    fn both_are_named_when_both_are_wrong() {
        assert_eq!(parse("offset=x&limit=-1"), Err(vec!["limit".to_owned(), "offset".to_owned()]));
        assert_eq!(parse("offset=2147483648"), Err(vec!["offset".to_owned()]));
        assert_eq!(parse("limit=1&limit=1"), Err(vec!["limit".to_owned()]));
    }
}
