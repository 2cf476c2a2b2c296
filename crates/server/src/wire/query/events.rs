//! The query parameters of a job's log and of a cancellation.

use orgd_api_types::{ProvisionerJobStatus, ValidationError};

use super::QueryString;
use super::jobs::Reader;
use crate::wire::quoted;

/// The parameters of `GET …/provisionerjobs/{job}/logs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogQuery {
    /// Only lines with a greater number.
    pub after: i64,
    /// Whether to go on with what comes.
    pub follow: bool,
}

/// The parameters of `PATCH /workspacebuilds/{workspacebuild}/cancel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelQuery {
    /// The status that the job must have.
    pub expected: Option<ProvisionerJobStatus>,
}

impl LogQuery {
    /// Reads the parameters. `declared` are those that the operation documents; any other key is refused.
    ///
    /// # Errors
    ///
    /// All parameters that break a rule: after, follow, then unknown keys as they came.
    pub fn parse(query: &QueryString, declared: &[&str]) -> Result<Self, Vec<ValidationError>> {
        let mut reader = Reader::new(query);
        let after = read_after(&mut reader);
        let follow = reader.flag("follow");
        reader.refuse_unknown(declared);
        reader.finish(Self { after, follow })
    }
}

impl CancelQuery {
    /// Reads the parameters. `declared` are those that the operation documents; any other key is refused.
    ///
    /// # Errors
    ///
    /// All parameters that break a rule: expect_status, then unknown keys as they came.
    pub fn parse(query: &QueryString, declared: &[&str]) -> Result<Self, Vec<ValidationError>> {
        let mut reader = Reader::new(query);
        let expected = match reader.single("expect_status") {
            None => None,
            Some("running") => Some(ProvisionerJobStatus::Running),
            Some("pending") => Some(ProvisionerJobStatus::Pending),
            Some(other) => {
                let detail =
                    format!(r#"Query param "expect_status" must be running or pending, not {}"#, quoted(other));
                reader.fail("expect_status", detail);
                None
            }
        };
        reader.refuse_unknown(declared);
        reader.finish(Self { expected })
    }
}

fn read_after(reader: &mut Reader<'_>) -> i64 {
    let Some(text) = reader.single("after") else { return 0 };
    match text.parse::<i64>() {
        Ok(after) if after >= 0 => after,
        _ => {
            let detail = format!(r#"Query param "after" must be a whole number from 0, not {}"#, quoted(text));
            reader.fail("after", detail);
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use orgd_api_types::ProvisionerJobStatus;

    use super::{CancelQuery, LogQuery};
    use crate::wire::query::QueryString;

    fn logs(query: &str) -> Result<(i64, bool), Vec<String>> {
        let parsed = QueryString::parse(query).and_then(|query| LogQuery::parse(&query, &["after", "follow"]));
        parsed
            .map(|query| (query.after, query.follow))
            .map_err(|errors| errors.into_iter().map(|error| error.field).collect())
    }

    #[test]
    fn a_log_is_read_from_its_beginning_unless_told_otherwise() {
        assert_eq!(logs(""), Ok((0, false)));
        assert_eq!(logs("after=&follow="), Ok((0, false)));
        assert_eq!(logs("after=41&follow=true"), Ok((41, true)));
        assert_eq!(logs("follow=1"), Ok((0, true)));
        assert_eq!(logs("after=-1&follow=maybe&more=1"), Err(vec!["after".into(), "follow".into(), "more".into()]));
        assert_eq!(logs("after=9223372036854775808"), Err(vec!["after".into()]));
        assert_eq!(logs("after=1&after=2"), Err(vec!["after".into()]));
    }

    #[test]
    fn only_what_can_be_canceled_is_expected() {
        let parse = |query| CancelQuery::parse(&QueryString::parse(query).unwrap(), &["expect_status"]);
        assert_eq!(parse("").unwrap().expected, None);
        assert_eq!(parse("expect_status=running").unwrap().expected, Some(ProvisionerJobStatus::Running));
        assert_eq!(parse("expect_status=pending").unwrap().expected, Some(ProvisionerJobStatus::Pending));
        assert!(parse("expect_status=failed").is_err());
    }
}
