//! Tag sets: their normal form, which worker fits which job, and the tag filter of the job list.
//!
//! Knows no HTTP, no database and no clock.

mod registry;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use uuid::Uuid;

pub use registry::{TagSetId, TagSetRegistry};

/// The tag that says who may use what carries it: `organization` or `user`.
const SCOPE: &str = "scope";
/// The tag that names the user of a `user` scope; empty for the `organization` scope.
const OWNER: &str = "owner";
/// Scope of jobs and workers that everybody in the organization shares.
const SCOPE_ORGANIZATION: &str = "organization";
/// Scope of jobs and workers that belong to one user.
const SCOPE_USER: &str = "user";

/// The tags of a job or of a worker.
///
/// `Display` writes the canonical JSON text: an object with sorted keys and no spaces. Two tag sets are equal exactly when
/// their texts are, so the text is the key of a tag set in the database. `FromStr` reads it back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TagSet(BTreeMap<String, String>);

/// The text is not a JSON object whose values are all strings.
#[derive(Debug, thiserror::Error)]
#[error("tags must be a JSON object of strings, like {{\"scope\":\"organization\",\"owner\":\"\"}}")]
pub struct ParseTagSetError(#[source] serde_json::Error);

impl TagSet {
    /// The tags as every job and worker carries them.
    ///
    /// Pairs with an empty value are dropped. A `scope` that is then absent, or neither `user` nor `organization`, becomes
    /// `organization`. The owner of the `organization` scope is always empty. The owner of the `user` scope is
    /// `owner_user`; where no user is known, an owner among `tags` stays, and without one the owner is empty, which no
    /// user's worker fits.
    pub fn normalise(mut tags: BTreeMap<String, String>, owner_user: Option<Uuid>) -> Self {
        tags.retain(|_, value| !value.is_empty());
        let owner = if tags.get(SCOPE).is_some_and(|scope| scope == SCOPE_USER) {
            owner_user.map(|user| user.to_string()).or_else(|| tags.remove(OWNER)).unwrap_or_default()
        } else {
            tags.insert(SCOPE.to_owned(), SCOPE_ORGANIZATION.to_owned());
            String::new()
        };
        tags.insert(OWNER.to_owned(), owner);
        Self(tags)
    }

    /// Whether these are exactly the tags of a job or worker that was given none: scope `organization`, owner empty.
    pub fn is_untagged(&self) -> bool {
        is_untagged(&self.0)
    }

    /// The pairs, sorted by key.
    pub fn pairs(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl fmt::Display for TagSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(&self.0).map_err(|_| fmt::Error)?;
        formatter.write_str(&text)
    }
}

impl FromStr for TagSet {
    type Err = ParseTagSetError;

    /// Reads tags that are in normal form already; nothing is normalised.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text).map(Self).map_err(ParseTagSetError)
    }
}

/// Whether a worker with the tags `worker` may run a job with the tags `job`.
///
/// An untagged job needs a worker with exactly the same tags. Any other job needs a worker that has all of its tags.
pub fn fits(job: &TagSet, worker: &TagSet) -> bool {
    if job.is_untagged() { job == worker } else { contains(&worker.0, &job.0) }
}

/// Whether a job with the tags `job` passes the `tags` filter of the job list.
///
/// The job must have every pair of the filter; `{}` lets all jobs pass. The filter that is exactly the untagged set lets
/// only untagged jobs pass.
pub fn matches_filter(job: &TagSet, filter: &BTreeMap<String, String>) -> bool {
    if is_untagged(filter) { job.0 == *filter } else { contains(&job.0, filter) }
}

fn is_untagged(tags: &BTreeMap<String, String>) -> bool {
    let value = |key| tags.get(key).map(String::as_str);
    tags.len() == 2 && value(SCOPE) == Some(SCOPE_ORGANIZATION) && value(OWNER) == Some("")
}

fn contains(all: &BTreeMap<String, String>, some: &BTreeMap<String, String>) -> bool {
    some.len() <= all.len() && some.iter().all(|(key, value)| all.get(key) == Some(value))
}
