//! A list of jobs that is read and sent part by part, so that a list of any length takes little memory.

use std::sync::Arc;

use bytes::Bytes;
use orgd_api_types::Timestamp;
use uuid::Uuid;

use super::Services;
use super::error::ServiceError;
use crate::db::Effort;
use crate::db::jobs::JobRecord;
use crate::db::jobs::list::{Cursor, JobFilter, Page};
use crate::model::jobs::{Jobs, LiveView};
use crate::wire::encode::JobFragment;

/// How many jobs are read at a time.
const PART: usize = 500;
/// The longest list that is read on the thread that serves the request.
const LONGEST_CHEAP_LIST: usize = 200;

/// The state of a list between two parts. Queue numbers of all parts come from the moment at which the list was asked for; no
/// connection is held between parts.
pub struct JobStream {
    services: Arc<Services>,
    jobs: Arc<Jobs>,
    organization: Uuid,
    filter: JobFilter,
    after: Cursor,
    left: Option<usize>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Fresh,
    Started,
    Finished,
}

impl JobStream {
    /// A list of at most `limit` jobs, or of all.
    pub(super) fn new(
        services: Arc<Services>,
        jobs: Arc<Jobs>,
        organization: Uuid,
        filter: JobFilter,
        limit: Option<usize>,
    ) -> Self {
        Self { services, jobs, organization, filter, after: Cursor::start(), left: limit, state: State::Fresh }
    }

    /// True when nothing is left to read.
    pub(super) fn is_finished(&self) -> bool {
        self.state == State::Finished
    }

    /// The next part of the JSON; `None` after the last one. A list so short, and with so simple a filter, that asking another
    /// thread would cost more than reading it is read here.
    pub async fn next_part(&mut self) -> Result<Option<Bytes>, ServiceError> {
        if self.state == State::Finished {
            return Ok(None);
        }
        let wanted = self.left.unwrap_or(PART).min(PART);
        let is_cheap = self.left.is_some_and(|left| left <= LONGEST_CHEAP_LIST) && self.filter.is_simple();
        let effort = if is_cheap { Effort::Small } else { Effort::Large };
        let page =
            Page { organization: self.organization, filter: self.filter.clone(), after: self.after, limit: wanted };
        let known = self.jobs.tag_sets.clone();
        let (jobs, state, now) = (Arc::clone(&self.jobs), self.state, self.services.clock.now());
        let organization = self.organization;
        let write = move |records: Vec<JobRecord>| {
            let last = records.last().map(Cursor::at);
            (write(&jobs, organization, state, now, &records), records.len(), last)
        };
        let database = &self.services.database;
        let (mut json, count, last) = match wanted {
            0 => (Vec::new(), 0, None),
            _ => database.list_provisioner_jobs(page, known, effort, write).await?,
        };
        self.state = if count > 0 { State::Started } else { self.state };
        self.after = last.unwrap_or(self.after);
        self.left = self.left.map(|left| left - count);
        if count < wanted || self.left == Some(0) {
            json.extend_from_slice(if self.state == State::Fresh { b"[]\n" } else { b"]\n" });
            self.state = State::Finished;
        }
        Ok(Some(json.into()))
    }
}

/// The JSON of these jobs, each after the bracket or comma that joins it to what was sent before.
fn write(jobs: &Jobs, organization: Uuid, state: State, now: Timestamp, records: &[JobRecord]) -> Vec<u8> {
    let numbering = jobs.numbering(organization, now);
    let mut view = LiveView::new(jobs, numbering.as_deref());
    let mut out = Vec::with_capacity(1024 * records.len() + 8);
    for (index, record) in records.iter().enumerate() {
        out.push(if index == 0 && state == State::Fresh { b'[' } else { b',' });
        let live = view.of(record);
        JobFragment::new(&record.job).write(&mut out, live.position, live.size, &live.available_workers);
    }
    out
}
