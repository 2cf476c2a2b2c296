//! The JSON of one provisioner job, kept in pieces: what changes with the queue is written between what only changes with the
//! job, so that a list of jobs is a concatenation.

use std::collections::BTreeMap;

use orgd_api_types::{
    JobErrorCode, ProvisionerJob, ProvisionerJobInput, ProvisionerJobMetadata, ProvisionerJobStatus,
    ProvisionerJobType, Timestamp,
};
use serde::Serialize;
use uuid::Uuid;

use super::append;

/// The JSON of one version of a job without its queue numbers and its available workers.
///
/// Written out again it equals [`append`] of the whole [`ProvisionerJob`], byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFragment {
    /// Three pieces without a gap: up to and including `"queue_position":`; from `,"organization_id"` through the type; from
    /// `,"metadata"` to the closing brace.
    pieces: Box<[u8]>,
    /// Where the second piece starts.
    middle: usize,
    /// Where the third piece starts.
    tail: usize,
}

/// The keys before the queue numbers, in the order of [`ProvisionerJob`].
#[derive(Serialize)]
struct Head<'j> {
    id: Uuid,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    canceled_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "str::is_empty")]
    error: &'j str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<JobErrorCode>,
    status: ProvisionerJobStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_id: Option<Uuid>,
    #[serde(skip_serializing_if = "str::is_empty")]
    worker_name: &'j str,
    file_id: Uuid,
    tags: &'j BTreeMap<String, String>,
    /// Stands in for the number that [`JobFragment::write`] puts there.
    queue_position: Digit,
}

/// The keys between the queue numbers and the available workers.
#[derive(Serialize)]
struct Middle<'j> {
    organization_id: Uuid,
    initiator_id: Uuid,
    input: &'j ProvisionerJobInput,
    #[serde(rename = "type")]
    kind: ProvisionerJobType,
}

/// The keys after the available workers.
#[derive(Serialize)]
struct Tail<'j> {
    metadata: &'j ProvisionerJobMetadata,
    logs_overflowed: bool,
}

/// One digit, so that its length in JSON is known.
#[derive(Serialize)]
struct Digit(u8);

impl JobFragment {
    /// Encodes what does not depend on the queue. The job's own queue numbers and available workers are not looked at.
    pub fn new(job: &ProvisionerJob) -> Self {
        // Every field is named, so that a new one must be given its place here.
        let ProvisionerJob {
            id,
            created_at,
            started_at,
            completed_at,
            canceled_at,
            error,
            error_code,
            status,
            worker_id,
            worker_name,
            file_id,
            tags,
            queue_position: _,
            queue_size: _,
            organization_id,
            initiator_id,
            input,
            kind,
            available_workers: _,
            metadata,
            logs_overflowed,
        } = job;
        let mut pieces = Vec::with_capacity(1536);
        append(
            &mut pieces,
            &Head {
                id: *id,
                created_at: *created_at,
                started_at: *started_at,
                completed_at: *completed_at,
                canceled_at: *canceled_at,
                error,
                error_code: *error_code,
                status: *status,
                worker_id: *worker_id,
                worker_name,
                file_id: *file_id,
                tags,
                queue_position: Digit(0),
            },
        );
        pieces.truncate(pieces.len() - b"0}".len());
        let middle = pieces.len();
        append(
            &mut pieces,
            &Middle { organization_id: *organization_id, initiator_id: *initiator_id, input, kind: *kind },
        );
        pieces[middle] = b',';
        pieces.pop();
        let tail = pieces.len();
        append(&mut pieces, &Tail { metadata, logs_overflowed: *logs_overflowed });
        pieces[tail] = b',';
        Self { pieces: pieces.into_boxed_slice(), middle, tail }
    }

    /// Adds the whole job to `out`, without a line feed. An empty `available_workers` leaves the key out.
    pub fn write(&self, out: &mut Vec<u8>, position: u64, size: u64, available_workers: &[Uuid]) {
        const QUEUE_SIZE: &[u8] = br#","queue_size":"#;
        const LONGEST_NUMBER: usize = 20;
        let numbers = 2 * LONGEST_NUMBER + QUEUE_SIZE.len();
        out.reserve(self.pieces.len() + numbers + AVAILABLE_WORKERS.len() + WORKER * available_workers.len());
        let mut digits = itoa::Buffer::new();
        out.extend_from_slice(&self.pieces[..self.middle]);
        out.extend_from_slice(digits.format(position).as_bytes());
        out.extend_from_slice(QUEUE_SIZE);
        out.extend_from_slice(digits.format(size).as_bytes());
        out.extend_from_slice(&self.pieces[self.middle..self.tail]);
        write_available_workers(out, available_workers);
        out.extend_from_slice(&self.pieces[self.tail..]);
    }
}

const AVAILABLE_WORKERS: &[u8] = br#","available_workers":["#;

/// Bytes of one worker: quotes, UUID, and the comma or the closing bracket after it.
const WORKER: usize = uuid::fmt::Hyphenated::LENGTH + 3;

/// Adds the key and its array, or nothing when there are no workers.
fn write_available_workers(out: &mut Vec<u8>, workers: &[Uuid]) {
    if workers.is_empty() {
        return;
    }
    out.extend_from_slice(AVAILABLE_WORKERS);
    // One copy per worker: quote, 36 characters, quote, separator.
    let mut text = [b'"'; WORKER];
    text[WORKER - 1] = b',';
    for worker in workers {
        worker.hyphenated().encode_lower(&mut text[1..WORKER - 2]);
        out.extend_from_slice(&text);
    }
    out.pop();
    out.push(b']');
}

#[cfg(test)]
mod tests;
