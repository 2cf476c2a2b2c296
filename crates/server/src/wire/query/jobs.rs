//! The query parameters of the two job operations. Reports every parameter that breaks a rule at once, in a fixed order, and
//! knows nothing of how the jobs are found.

use std::collections::{BTreeMap, BTreeSet};

use orgd_api_types::{ProvisionerJobStatus, ValidationError};
use uuid::Uuid;

use super::tags::read_tags;
use super::{MAX_NAMED, QueryString};
use crate::wire::quoted;
use crate::wire::uuid::parse_uuid;

/// How many jobs a list answers when the caller does not say.
pub const DEFAULT_LIMIT: u32 = 50;

/// How many job ids one request may ask for.
pub const MAX_IDS: usize = 1000;

/// A status that no job ever has, and that the reference accepts.
const UNKNOWN_STATUS: &str = "unknown";

/// What `GET …/provisionerjobs/{job}` takes. The document names none of them; the reference reads them all the same.
const SINGLE_JOB_PARAMETERS: &[&str] = &["limit", "status", "tags", "initiator"];

/// Which jobs to answer: those that pass every part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobFilter {
    /// Any of these; `None` for any status. Empty, which no job passes, if the caller asked for `unknown` alone.
    pub statuses: Option<BTreeSet<ProvisionerJobStatus>>,
    /// Pairs that the job's tags must contain; none for any tags.
    pub tags: BTreeMap<String, String>,
    /// The user who queued the job; `None` for anybody.
    pub initiator: Option<Uuid>,
}

/// The parameters of `GET …/provisionerjobs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobListQuery {
    /// The most jobs to answer; `None` for all of them.
    pub limit: Option<u32>,
    /// Any of these, at most [`MAX_IDS`], in the order in which they came and with repetitions; `None` for any id.
    pub ids: Option<Vec<Uuid>>,
    /// What else the jobs must be.
    pub filter: JobFilter,
}

/// The parameters of `GET …/provisionerjobs/{job}`. A limit is checked and has no effect on one job.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobQuery {
    /// What the job must be; otherwise it counts as not found.
    pub filter: JobFilter,
}

impl JobListQuery {
    /// Reads the parameters. `declared` are the query parameters that the operation documents; any other key is refused.
    ///
    /// `tags` is one JSON object. The spelling `tags[scope]=organization`, which some generated clients send for an object, is
    /// accepted too, and both may be mixed as long as no tag is given twice. In that spelling an empty value is an empty tag.
    ///
    /// # Errors
    ///
    /// All parameters that break a rule: limit, status, ids, tags, initiator, then unknown keys as they came.
    pub fn parse(query: &QueryString, declared: &[&str]) -> Result<Self, Vec<ValidationError>> {
        let mut reader = Reader::new(query);
        let limit = reader.limit();
        let statuses = reader.statuses();
        let ids = reader.ids();
        let tags = reader.tags();
        let initiator = reader.initiator();
        reader.refuse_unknown(declared);
        reader.finish(Self { limit, ids, filter: JobFilter { statuses, tags, initiator } })
    }
}

impl JobQuery {
    /// Reads the parameters, by the rules of [`JobListQuery::parse`]; `ids` is unknown here.
    ///
    /// # Errors
    ///
    /// All parameters that break a rule: limit, status, tags, initiator, then unknown keys as they came.
    pub fn parse(query: &QueryString) -> Result<Self, Vec<ValidationError>> {
        let mut reader = Reader::new(query);
        reader.limit();
        let statuses = reader.statuses();
        let tags = reader.tags();
        let initiator = reader.initiator();
        reader.refuse_unknown(SINGLE_JOB_PARAMETERS);
        reader.finish(Self { filter: JobFilter { statuses, tags, initiator } })
    }
}

/// Reads one parameter after the other and keeps what is wrong with them.
pub(super) struct Reader<'q> {
    query: &'q QueryString,
    errors: Vec<ValidationError>,
}

impl<'q> Reader<'q> {
    /// A reader that found nothing wrong yet.
    pub(super) fn new(query: &'q QueryString) -> Self {
        Self { query, errors: Vec::new() }
    }

    /// What was read, or all that is wrong.
    pub(super) fn finish<T>(self, parsed: T) -> Result<T, Vec<ValidationError>> {
        if self.errors.is_empty() { Ok(parsed) } else { Err(self.errors) }
    }

    pub(super) fn fail(&mut self, name: &str, detail: String) {
        self.errors.push(ValidationError::new(name, detail));
    }

    /// A parameter that is true or false, and false when it is absent.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        match self.single(name) {
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => true,
            None | Some("0" | "f" | "F" | "false" | "FALSE" | "False") => false,
            Some(other) => {
                self.fail(name, format!(r#"Query param "{name}" must be true or false, not {}"#, quoted(other)));
                false
            }
        }
    }

    /// The value of a parameter that may be given once only.
    pub(super) fn single(&mut self, name: &str) -> Option<&'q str> {
        let value = self.query.value(name)?;
        let count = self.query.values(name).count();
        if count == 1 {
            return Some(value);
        }
        let detail = format!(
            "Query param {name:?} provided more than once, found {count} times. Only provide 1 instance of this query param."
        );
        self.fail(name, detail);
        None
    }

    /// The items of a list that may be comma-separated, given several times, or both.
    pub(super) fn items(&self, name: &'static str) -> Option<impl Iterator<Item = &'q str> + use<'q>> {
        let query = self.query;
        query.value(name)?;
        Some(query.values(name).flat_map(|value| value.split(',')))
    }

    pub(super) fn limit(&mut self) -> Option<u32> {
        let limit = self.whole_number("limit", DEFAULT_LIMIT, ", where 0 means no limit");
        (limit != 0).then_some(limit)
    }

    /// A parameter that is a whole number from 0 to `most`.
    pub(super) fn number_up_to(&mut self, name: &str, most: u32) -> Option<u32> {
        let text = self.single(name)?;
        // Signed, because `-0` is 0.
        let number = text.parse::<i64>().ok().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| *number <= most);
        if number.is_none() {
            let rule = format!("must be a whole number from 0 to {most}, not {}", quoted(text));
            self.fail(name, format!(r#"Query param "{name}" {rule}"#));
        }
        number
    }

    /// A parameter that is a number, in the words of the reference; `meaning` is added to its rule.
    pub(super) fn whole_number(&mut self, name: &str, default: u32, meaning: &str) -> u32 {
        match self.single(name).map(parse_limit) {
            None => default,
            Some(Ok(number)) => number,
            Some(Err(reason)) => {
                let rule = format!("give a whole number from 0 to 2147483647{meaning}");
                let detail =
                    format!(r#"Query param "{name}" must be a valid 32-bit positive integer: {reason}; {rule}"#);
                self.fail(name, detail);
                default
            }
        }
    }

    fn statuses(&mut self) -> Option<BTreeSet<ProvisionerJobStatus>> {
        let mut statuses = BTreeSet::new();
        let mut bad = Vec::new();
        for item in self.items("status")? {
            match ProvisionerJobStatus::from_wire(item) {
                Some(status) => _ = statuses.insert(status),
                None if item == UNKNOWN_STATUS => {}
                None if bad.len() == MAX_NAMED => break,
                None => bad.push(quoted(item)),
            }
        }
        if !bad.is_empty() {
            let mut allowed: Vec<_> = ProvisionerJobStatus::ALL.iter().map(|status| status.as_str()).collect();
            allowed.push(UNKNOWN_STATUS);
            let (bad, allowed) = (bad.join(", "), allowed.join(", "));
            self.fail("status", format!(r#"Query param "status" has invalid values: {bad}; allowed are {allowed}"#));
        }
        Some(statuses)
    }

    pub(super) fn ids(&mut self) -> Option<Vec<Uuid>> {
        let prefix = r#"Query param "ids" has invalid values"#;
        if self.items("ids")?.nth(MAX_IDS).is_some() {
            self.fail("ids", format!("{prefix}: more than {MAX_IDS} ids; ask for at most {MAX_IDS} at a time"));
            return None;
        }
        let mut ids = Vec::new();
        let mut bad = Vec::new();
        for item in self.items("ids")? {
            match parse_uuid(item.trim()) {
                Ok(id) => ids.push(id),
                Err(error) => bad.push(error.to_string()),
            }
        }
        if !bad.is_empty() {
            self.fail("ids", format!("{prefix}: {}", bad.join("\n")));
        }
        Some(ids)
    }

    pub(super) fn tags(&mut self) -> BTreeMap<String, String> {
        let json = self.single("tags");
        read_tags(json, self.query).unwrap_or_else(|error| {
            self.fail("tags", format!(r#"Query param "tags" must be a valid JSON object: {error}"#));
            BTreeMap::new()
        })
    }

    fn initiator(&mut self) -> Option<Uuid> {
        match parse_uuid(self.single("initiator")?) {
            Ok(id) => (!id.is_nil()).then_some(id),
            Err(error) => {
                self.fail("initiator", format!(r#"Query param "initiator" must be a valid uuid: {error}"#));
                None
            }
        }
    }

    /// Names each key once that the operation does not take, as it came.
    pub(super) fn refuse_unknown(&mut self, accepted: &[&str]) {
        let mut unknown: Vec<&str> = Vec::new();
        for (key, _) in self.query.pairs() {
            let tag = accepted.contains(&"tags") && super::tags::bracketed(key).is_some();
            if !tag && !accepted.contains(&key) && !unknown.contains(&key) {
                unknown.push(key);
            }
            if unknown.len() == MAX_NAMED {
                break;
            }
        }
        for key in unknown {
            let detail = format!("{} is not a valid query param; valid are {}", quoted(key), accepted.join(", "));
            self.fail(key, detail);
        }
    }
}

fn parse_limit(text: &str) -> Result<u32, String> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    // Signed, because a minus gets an answer of its own and `-0` is 0.
    match text.parse::<i32>() {
        Ok(limit) => u32::try_from(limit).map_err(|_| "value is negative".to_owned()),
        Err(error) if matches!(error.kind(), NegOverflow) => Err("value is negative".to_owned()),
        Err(error) if matches!(error.kind(), PosOverflow) => Err(format!("{} is out of range", quoted(text))),
        Err(_) => Err(format!("{} is not a whole number", quoted(text))),
    }
}

#[cfg(test)]
mod tests;
