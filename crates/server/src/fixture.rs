//! Fixtures: the whole state of a test server as a file that people write, or that a recorder wrote from another server.
//!
//! A fixture is YAML or JSON. Nothing in it is secret: session tokens and the secrets of provisioner keys stand in it as they are sent.
//! Knows no HTTP and no SQL; [`Fixture::resolve`] checks all of it and gives what the database stores.

mod check;
mod form;
mod left_out;
mod states;
#[cfg(test)]
mod tests;
mod when;

use std::collections::BTreeMap;
use std::fmt;

use orgd_api_types::{
    LogLevel, LogSource, LoginType, Organization, Provisioner, ProvisionerJobInput, ProvisionerJobMetadata,
    ProvisionerJobStatus, ProvisionerJobType, Timestamp, UserStatus,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use check::{Access, Contents, JobContents, KeyContents, UserContents, WorkerContents};
pub use states::{State, StateError, States};
pub use when::When;

use left_out::{BEGINNING, beginning, default_organization, left_out};

/// The only version of the format that there is.
pub const VERSION: u32 = 1;

/// A file that can have anything, for its length is the only limit that makes sense to its author.
const LONGEST: usize = 256 * 1024 * 1024;

/// The state of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    /// The version of the format: 1.
    pub version: u32,
    /// Where a frozen clock stands once this is loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Timestamp>,
    /// At most one of them is the default one; without it, "coder" is added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organizations: Vec<OrganizationFixture>,
    /// Without an active owner among them, "owner" is added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserFixture>,
    /// Session tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<TokenFixture>,
    /// Who belongs to which organization.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MemberFixture>,
    /// What workers register with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provisioner_keys: Vec<KeyFixture>,
    /// Who does the jobs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workers: Vec<WorkerFixture>,
    /// What they do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<JobFixture>,
}

/// An organization, as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of `Organization`")]
pub struct OrganizationFixture {
    #[serde(default = "left_out")]
    pub id: Uuid,
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub icon: String,
    #[serde(default = "beginning")]
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_default: bool,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserFixture {
    /// User ID; by default one that follows from the name.
    #[serde(default = "left_out")]
    pub id: Uuid,
    /// Unique without regard to case.
    pub username: String,
    /// By default the name at example.com.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The full name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// By default active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<UserStatus>,
    /// By default `password` where there is one, and `none` otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_type: Option<LoginType>,
    /// Site roles, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// In clear: this is test data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// When the user was made; by default at the beginning of 2026.
    #[serde(default = "beginning")]
    pub created_at: Timestamp,
}

/// A session token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenFixture {
    /// Whose it is: name or ID.
    pub user: String,
    /// The whole text: ten letters or digits, a hyphen, twenty-two letters or digits.
    pub token: String,
    /// The name that `/users/{user}/keys/tokens` shows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// By default the end of the year 2099.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<When>,
    /// By default the time when its user was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

/// A membership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberFixture {
    /// Name or ID.
    pub organization: String,
    /// Name or ID.
    pub user: String,
    /// Roles in the organization, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// By default the time when the user or the organization was made, whichever is later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

/// A provisioner key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFixture {
    /// Key ID; by default one that follows from the name.
    #[serde(default = "left_out")]
    pub id: Uuid,
    /// Name or ID.
    pub organization: String,
    /// Unique in its organization without regard to case.
    pub name: String,
    /// What workers send.
    pub secret: String,
    /// The tags of its workers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// When it was made; by default at the beginning of 2026.
    #[serde(default = "beginning")]
    pub created_at: Timestamp,
}

/// A worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerFixture {
    /// Worker ID; by default one that follows from the name.
    #[serde(default = "left_out")]
    pub id: Uuid,
    /// Name or ID.
    pub organization: String,
    /// Unique in its organization.
    pub name: String,
    /// The name of the key that it registered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// By default both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioners: Option<Vec<Provisioner>>,
    /// What it offers; of a worker with a key, the tags of the key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The version of its program.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// When it registered first; by default at the beginning of 2026.
    #[serde(default = "beginning")]
    pub created_at: Timestamp,
    /// When it was last seen: a time, "3h ago", or "always" for one that stays alive without a process behind it.
    pub last_seen_at: When,
}

/// A provisioner job, as the API shows it, and what the API does not show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the other fields are those of `ProvisionerJob`")]
pub struct JobFixture {
    pub id: Uuid,
    /// Name or ID.
    #[serde(alias = "organization")]
    pub organization_id: String,
    /// Name or ID. An ID may be one that no user has.
    #[serde(alias = "initiator")]
    pub initiator_id: String,
    #[serde(rename = "type")]
    pub kind: ProvisionerJobType,
    pub status: ProvisionerJobStatus,
    pub created_at: Timestamp,
    /// By default a second after the job was queued, where the status says that it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// By default two seconds after, where the status says that it was canceled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canceled_at: Option<Timestamp>,
    /// By default three seconds after, where the status says that it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error_code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<Uuid>,
    /// A name alone finds the ID among the workers of this file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub worker_name: String,
    #[serde(default)]
    pub file_id: Uuid,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    #[serde(default)]
    pub input: ProvisionerJobInput,
    #[serde(default)]
    pub metadata: ProvisionerJobMetadata,
    #[serde(default, skip_serializing_if = "is_false")]
    pub logs_overflowed: bool,
    /// What the job needs; by default `terraform`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioner: Option<Provisioner>,
    /// What was logged, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<LogFixture>,
    /// Taken from what the API answers, and worth nothing: it follows from the rest.
    #[serde(default, skip_serializing)]
    pub queue_position: Option<serde_json::Value>,
    /// As above.
    #[serde(default, skip_serializing)]
    pub queue_size: Option<serde_json::Value>,
    /// As above.
    #[serde(default, skip_serializing)]
    pub available_workers: Option<serde_json::Value>,
    /// As above; what Coder's command line adds.
    #[serde(default, skip_serializing)]
    pub organization_name: Option<serde_json::Value>,
}

/// A line of a job's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of `ProvisionerJobLog`")]
pub struct LogFixture {
    /// By default the time when the job started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    #[serde(default = "provisioner", alias = "log_source")]
    pub source: LogSource,
    #[serde(default = "info", alias = "log_level")]
    pub level: LogLevel,
    #[serde(default)]
    pub stage: String,
    pub output: String,
    /// Taken and not kept: a server numbers the lines itself.
    #[serde(default, skip_serializing)]
    pub id: Option<i64>,
}

fn provisioner() -> LogSource {
    LogSource::Provisioner
}

fn info() -> LogLevel {
    LogLevel::Info
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// One thing that is wrong with a fixture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where: `jobs[3].tags`.
    pub path: String,
    /// The rule, in words that follow the path.
    pub rule: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path, self.rule)
    }
}

/// Why a fixture is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FixtureError {
    /// The text is no YAML; the words name line and column.
    #[error("{0}")]
    Text(String),
    /// What it says breaks rules; all of them are here.
    #[error("{}", listed(.0))]
    Faults(Vec<Fault>),
}

fn listed(faults: &[Fault]) -> String {
    let noun = if faults.len() == 1 { "fault" } else { "faults" };
    let lines: Vec<_> = faults.iter().map(|fault| format!("\n  {fault}")).collect();
    format!("{} {noun}:{}", faults.len(), lines.concat())
}

impl Fixture {
    /// Reads YAML, of which JSON is a part.
    ///
    /// # Errors
    /// The text is neither; or all keys and values at once that are none of the format's.
    pub fn read(text: &str) -> Result<Self, FixtureError> {
        let budget = serde_saphyr::budget! { max_reader_input_bytes: Some(LONGEST), max_nodes: 50_000_000, max_events: 100_000_000 };
        let options = serde_saphyr::options! { strict_booleans: true, budget: budget };
        let read: Result<Self, _> = serde_saphyr::from_str_with_options(text, options.clone());
        read.map(Self::filled_in).map_err(|error| {
            let faults = serde_saphyr::from_str_with_options(text, options).map(form::faults).unwrap_or_default();
            if faults.is_empty() { FixtureError::Text(plain(&error)) } else { FixtureError::Faults(faults) }
        })
    }

    /// The same of what is JSON already.
    ///
    /// # Errors
    /// All keys and values at once that are none of the format's.
    pub fn of_json(json: serde_json::Value) -> Result<Self, FixtureError> {
        Self::deserialize(&json).map(Self::filled_in).map_err(|error| {
            let faults = form::faults(json);
            if faults.is_empty() { FixtureError::Text(error.to_string()) } else { FixtureError::Faults(faults) }
        })
    }

    /// Writes YAML.
    ///
    /// # Errors
    /// A defect.
    pub fn write(&self) -> Result<String, FixtureError> {
        serde_saphyr::to_string(self).map_err(|error| FixtureError::Text(error.to_string()))
    }
}

/// What the parser says, once, with its line and column.
fn plain(error: &serde_saphyr::Error) -> String {
    let said = error.without_snippet().to_string();
    // What a program could set is no use to whoever wrote the file.
    said.trim_start_matches("error: ").replace(", set DuplicateKeyPolicy in Options if acceptable", "")
}

impl From<Organization> for OrganizationFixture {
    fn from(organization: Organization) -> Self {
        let Organization { id, name, display_name, icon, description, created_at, updated_at, is_default } =
            organization;
        Self { id, name, display_name, description, icon, created_at, updated_at: Some(updated_at), is_default }
    }
}
