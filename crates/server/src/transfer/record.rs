//! The documented shapes as they are read and written, and how an object's keys tell which one it is. Looks at each object
//! alone; what the database says to it is not known here.

use std::collections::BTreeMap;
use std::fmt;

use orgd_api_types::{
    JobErrorCode, Organization, ProvisionerJob, ProvisionerJobInput, ProvisionerJobMetadata, ProvisionerJobStatus,
    ProvisionerJobType, Timestamp,
};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_ignored::Path;
use uuid::Uuid;

use super::fault::{Fault, Place};
use crate::db::jobs::JobRecord;
use crate::queue::{PriorityClass, ProvisionerType};
use crate::tags::TagSetId;
use crate::wire::body::{BodyError, Position, read_one_object};
use crate::wire::quoted;

/// Keys that follow from others and from the moment: never read. The last one is what Coder's command line adds.
const DERIVED: &[&str] = &["queue_position", "queue_size", "available_workers", "organization_name"];

/// An object of a file.
#[derive(Debug)]
pub(super) enum Record {
    Organization(Organization),
    Job(Box<Job>),
}

/// A provisioner job with its keys in the documented order. Differs from the API's type in the error code, which may be one
/// that the contract does not name, and in being lenient about keys that older servers do not send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Job {
    pub id: Uuid,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canceled_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error_code: String,
    pub status: ProvisionerJobStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub worker_name: String,
    pub file_id: Uuid,
    #[serde(deserialize_with = "each_key_once")]
    pub tags: BTreeMap<String, String>,
    #[serde(skip_deserializing)]
    queue_position: u64,
    #[serde(skip_deserializing)]
    queue_size: u64,
    pub organization_id: Uuid,
    #[serde(default)]
    pub initiator_id: Uuid,
    #[serde(default)]
    pub input: ProvisionerJobInput,
    #[serde(rename = "type")]
    pub kind: ProvisionerJobType,
    #[serde(default)]
    pub metadata: ProvisionerJobMetadata,
    #[serde(default)]
    pub logs_overflowed: bool,
}

/// The keys that were ignored in one object, other than the derived ones.
pub(super) type UnknownKeys = Vec<String>;

/// Why an object cannot be read.
#[derive(Debug)]
pub(super) struct Refusal {
    pub fault: Fault,
    /// True when the text is not JSON, so that where the next object begins is not known either.
    pub is_syntax: bool,
    /// True when what cannot be read is a job; otherwise it may be an organization that jobs refer to.
    pub is_job: bool,
}

/// Reads one object that begins at `place`. `unknown` gets the keys that are not part of its shape.
pub(super) fn read(bytes: &[u8], place: &Place, unknown: &mut UnknownKeys) -> Result<Record, Refusal> {
    // Nearly all objects are jobs, and no organization has the keys that a job must have.
    if let Ok(job) = attempt::<Job>(bytes, unknown) {
        return Ok(Record::Job(Box::new(job)));
    }
    let keys = read_one_object::<Keys>(bytes).map_err(|error| refuse(&error, place))?;
    if keys.has_any(&["organization_id", "status", "type", "file_id"]) {
        return explain(bytes, place, unknown)
            .map(|job| Record::Job(Box::new(job)))
            .map_err(|refusal| Refusal { is_job: true, ..refusal });
    }
    if keys.has_any(&["is_default", "display_name", "name"]) {
        return explain(bytes, place, unknown).map(Record::Organization);
    }
    let rule = format!("is neither an organization nor a provisioner job: {keys}");
    Err(Refusal { fault: Fault::of_text(place.clone(), rule), is_syntax: false, is_job: false })
}

fn attempt<T: DeserializeOwned>(bytes: &[u8], unknown: &mut UnknownKeys) -> Result<T, serde_json::Error> {
    unknown.clear();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_ignored::deserialize(&mut json, |path| match path {
        Path::Map { parent: Path::Root, ref key } if DERIVED.contains(&key.as_str()) => {}
        other => unknown.push(other.to_string()),
    })?;
    json.end()?;
    Ok(value)
}

/// As [`attempt`], and says what is wrong in terms of keys, at the price of reading again.
fn explain<T: DeserializeOwned>(bytes: &[u8], place: &Place, unknown: &mut UnknownKeys) -> Result<T, Refusal> {
    attempt(bytes, unknown).map_err(|error| match read_one_object::<T>(bytes) {
        Err(explained) => refuse(&explained, place),
        // The two readers disagree about one rule at most: a key twice in a map of tags.
        Ok(_) => refuse(&BodyError::Whole { rule: error.to_string() }, place),
    })
}

fn refuse(error: &BodyError, place: &Place) -> Refusal {
    let at = |position: &Position| place.plus(position.line, position.column);
    let (fault, is_syntax) = match error {
        BodyError::Field { field, rule, position } => (Fault::of_field(&at(position), field, rule), false),
        BodyError::Repeated { field, position } => {
            (Fault::of_field(&at(position), field, "must not be given more than once"), false)
        }
        BodyError::Syntax { message, position } => (Fault::of_text(at(position), message), true),
        BodyError::Utf8(position) => (Fault::of_text(at(position), "invalid UTF-8"), true),
        BodyError::Empty | BodyError::NotAnObject(_) => (Fault::of_text(place.clone(), "must be an object"), true),
        BodyError::Whole { rule } => (Fault::of_text(place.clone(), format!("the object {rule}")), false),
    };
    Refusal { fault, is_syntax, is_job: false }
}

impl Job {
    /// The job as the database keeps it, less its tags, for which the caller knows the number of their set.
    pub(super) fn into_stored(self, tag_set: TagSetId, provisioner: ProvisionerType) -> JobRecord {
        JobRecord {
            tag_set,
            provisioner,
            class: PriorityClass::of_initiator(self.initiator_id),
            job: ProvisionerJob {
                id: self.id,
                created_at: self.created_at,
                started_at: self.started_at,
                completed_at: self.completed_at,
                canceled_at: self.canceled_at,
                error: self.error,
                error_code: JobErrorCode::from_wire(&self.error_code),
                status: self.status,
                worker_id: self.worker_id,
                worker_name: self.worker_name,
                file_id: self.file_id,
                tags: BTreeMap::new(),
                queue_position: 0,
                queue_size: 0,
                organization_id: self.organization_id,
                initiator_id: self.initiator_id,
                input: self.input,
                kind: self.kind,
                available_workers: Vec::new(),
                metadata: self.metadata,
                logs_overflowed: self.logs_overflowed,
            },
            error_code: self.error_code,
        }
    }

    /// The shape of a stored job. Queue numbers are zero: they are true for a moment only.
    pub(super) fn from_stored(stored: JobRecord, tags: BTreeMap<String, String>) -> Self {
        let JobRecord { job, error_code, tag_set: _, provisioner: _, class: _ } = stored;
        Self {
            id: job.id,
            created_at: job.created_at,
            started_at: job.started_at,
            completed_at: job.completed_at,
            canceled_at: job.canceled_at,
            error: job.error,
            error_code,
            status: job.status,
            worker_id: job.worker_id,
            worker_name: job.worker_name,
            file_id: job.file_id,
            tags,
            queue_position: 0,
            queue_size: 0,
            organization_id: job.organization_id,
            initiator_id: job.initiator_id,
            input: job.input,
            kind: job.kind,
            metadata: job.metadata,
            logs_overflowed: job.logs_overflowed,
        }
    }
}

/// The keys of an object, in its order.
#[derive(Debug)]
struct Keys(Vec<String>);

impl Keys {
    fn has_any(&self, wanted: &[&str]) -> bool {
        self.0.iter().any(|key| wanted.contains(&key.as_str()))
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 5;
        let shown: Vec<_> = self.0.iter().take(SHOWN).map(|key| quoted(key)).collect();
        match self.0.len() {
            0 => formatter.write_str("it has no keys"),
            1..=SHOWN => write!(formatter, "it has the keys {}", shown.join(", ")),
            more => write!(formatter, "it has the keys {} and {} more", shown.join(", "), more - SHOWN),
        }
    }
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeysVisitor;
        impl<'de> Visitor<'de> for KeysVisitor {
            type Value = Keys;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, IgnoredAny)) = entries.next_entry()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_map(KeysVisitor)
    }
}

/// Reads tags; serde's own maps would keep the last of two values without a word.
fn each_key_once<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    struct Once;
    impl<'de> Visitor<'de> for Once {
        type Value = BTreeMap<String, String>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut tags = BTreeMap::new();
            while let Some((key, value)) = entries.next_entry()? {
                if tags.insert(key, value).is_some() {
                    return Err(A::Error::custom("a tag is given more than once"));
                }
            }
            Ok(tags)
        }
    }
    deserializer.deserialize_map(Once)
}

#[cfg(test)]
mod tests;
