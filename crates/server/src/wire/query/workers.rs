//! The query parameters of the list of workers. Reports every parameter that breaks a rule at once, in a fixed order, and knows
//! nothing of how the workers are found.

use std::collections::{BTreeMap, BTreeSet};

use orgd_api_types::{ProvisionerDaemonStatus, ValidationError};
use uuid::Uuid;

use super::duration::parse_duration;
use super::jobs::Reader;
use super::{MAX_NAMED, QueryString};
use crate::wire::quoted;

/// The parameters of `GET …/provisionerdaemons`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerListQuery {
    /// The most workers to answer; `None` for all of them.
    pub limit: Option<u32>,
    /// Any of these; `None` for any id.
    pub ids: Option<BTreeSet<Uuid>>,
    /// Any of these; `None` for any status.
    pub statuses: Option<BTreeSet<ProvisionerDaemonStatus>>,
    /// Pairs that the worker's tags must contain; none for any tags.
    pub tags: BTreeMap<String, String>,
    /// Whether workers that are offline are answered too.
    pub offline: bool,
    /// Seen within so many microseconds; `None` for any time.
    pub max_age: Option<i64>,
}

impl WorkerListQuery {
    /// The worker with this id, if it is not offline.
    pub fn only(id: Uuid) -> Self {
        let tags = BTreeMap::new();
        Self { limit: None, ids: Some([id].into()), statuses: None, tags, offline: false, max_age: None }
    }

    /// Reads the parameters, `limit`, `ids` and `tags` as the list of jobs does. `declared` are the query parameters that the
    /// operation documents; any other key is refused.
    ///
    /// # Errors
    ///
    /// All parameters that break a rule: limit, status, ids, tags, offline, max_age, then unknown keys as they came.
    pub fn parse(query: &QueryString, declared: &[&str]) -> Result<Self, Vec<ValidationError>> {
        let mut reader = Reader::new(query);
        let limit = reader.limit();
        let statuses = read_statuses(&mut reader);
        let ids = reader.ids().map(BTreeSet::from_iter);
        let tags = reader.tags();
        let offline = reader.flag("offline");
        let max_age = read_max_age(&mut reader);
        reader.refuse_unknown(declared);
        reader.finish(Self { limit, ids, statuses, tags, offline, max_age })
    }
}

fn read_statuses(reader: &mut Reader<'_>) -> Option<BTreeSet<ProvisionerDaemonStatus>> {
    let mut statuses = BTreeSet::new();
    let mut bad = Vec::new();
    for item in reader.items("status")? {
        match ProvisionerDaemonStatus::from_wire(item) {
            Some(status) => _ = statuses.insert(status),
            None if bad.len() == MAX_NAMED => break,
            None => bad.push(quoted(item)),
        }
    }
    if !bad.is_empty() {
        let allowed: Vec<_> = ProvisionerDaemonStatus::ALL.iter().map(|status| status.as_str()).collect();
        let (bad, allowed) = (bad.join(", "), allowed.join(", "));
        reader.fail("status", format!(r#"Query param "status" has invalid values: {bad}; allowed are {allowed}"#));
    }
    Some(statuses)
}

/// Zero is no limit.
fn read_max_age(reader: &mut Reader<'_>) -> Option<i64> {
    let text = reader.single("max_age")?;
    let parsed = parse_duration(text);
    if parsed.is_none() {
        let rule = r#"must be a duration such as "1h30m" or "90s""#;
        reader.fail("max_age", format!(r#"Query param "max_age" {rule}, not {}"#, quoted(text)));
    }
    parsed.filter(|micros| *micros > 0)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use orgd_api_types::ProvisionerDaemonStatus as Status;
    use uuid::Uuid;

    use super::{QueryString, WorkerListQuery};

    const DECLARED: &[&str] = &["limit", "ids", "status", "tags", "offline", "max_age"];

    fn parse(raw: &str) -> Result<WorkerListQuery, Vec<(String, String)>> {
        let parsed = WorkerListQuery::parse(&QueryString::parse(raw).unwrap(), DECLARED);
        parsed.map_err(|errors| errors.into_iter().map(|error| (error.field, error.detail)).collect())
    }

    #[test]
    fn nothing_given_is_the_first_fifty_that_are_there() {
        let expected = WorkerListQuery {
            limit: Some(50),
            ids: None,
            statuses: None,
            tags: BTreeMap::new(),
            offline: false,
            max_age: None,
        };
        assert_eq!(parse(""), Ok(expected.clone()));
        assert_eq!(parse("limit=&status=&ids=&offline=&max_age="), Ok(expected.clone()));
        assert_eq!(parse("offline=false&max_age=0s"), Ok(expected));
    }

    #[test]
    fn reads_what_the_command_line_sends() {
        let id = Uuid::from_u128(7);
        let read = parse(&format!(
            "limit=0&max_age=1h0m0s&offline=true&status=idle%2Cbusy&ids={id}&tags=%7B%22a%22:%22b%22%7D"
        ));
        let read = read.unwrap();
        assert_eq!((read.limit, read.offline, read.max_age), (None, true, Some(3_600_000_000)));
        assert_eq!(read.statuses, Some(BTreeSet::from([Status::Idle, Status::Busy])));
        assert_eq!(read.ids, Some(BTreeSet::from([id])));
        assert_eq!(read.tags, BTreeMap::from([("a".to_owned(), "b".to_owned())]));
    }

    #[test]
    fn names_everything_that_is_wrong_in_order() {
        let errors = parse("page=1&max_age=soon&offline=maybe&tags=1&ids=x&status=asleep&limit=-1").unwrap_err();
        let fields: Vec<_> = errors.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["limit", "status", "ids", "tags", "offline", "max_age", "page"]);
        assert!(errors[1].1.ends_with(r#""asleep"; allowed are offline, idle, busy"#), "{errors:?}");
        assert!(errors[4].1.ends_with(r#"must be true or false, not "maybe""#), "{errors:?}");
        assert!(errors[5].1.ends_with(r#"such as "1h30m" or "90s", not "soon""#), "{errors:?}");
        assert_eq!(parse("offline=true&offline=true").unwrap_err()[0].0, "offline");
    }
}
