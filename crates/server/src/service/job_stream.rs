//! A list of jobs that is read and sent part by part, so that a list of any length takes little memory.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::Services;
use super::error::ServiceError;
use crate::db::jobs::list::{Cursor, JobFilter};
use crate::model::jobs::{Jobs, LiveView};
use crate::wire::encode::JobFragment;

/// How many jobs are read at a time.
const PART: usize = 500;

/// The state of a list between two parts. Queue numbers of all parts come from the moment at which the list was asked for; no
/// connection is held between parts.
#[derive(Clone)]
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

    /// True when the list is so short, and its filter so simple, that reading it here costs less than asking another thread.
    pub(super) fn is_cheap(&self, longest: usize) -> bool {
        self.left.is_some_and(|left| left <= longest) && self.filter.is_simple()
    }

    /// The whole list at once.
    pub(super) fn read_whole(&mut self) -> Result<Bytes, ServiceError> {
        let mut whole = self.read_part()?.unwrap_or_default();
        // A short list is one part, which is then not copied.
        while let Some(part) = self.read_part()? {
            whole = [whole, part].concat().into();
        }
        Ok(whole)
    }

    /// The next part of the JSON, read on a thread for blocking work; `None` after the last one.
    pub async fn next_part(&mut self) -> Result<Option<Bytes>, ServiceError> {
        let mut stream = self.clone();
        let read = tokio::task::spawn_blocking(move || {
            let part = stream.read_part();
            (stream, part)
        });
        let (stream, part) = read.await.map_err(|error| ServiceError::Internal(error.to_string()))?;
        *self = stream;
        part
    }

    fn read_part(&mut self) -> Result<Option<Bytes>, ServiceError> {
        if self.state == State::Finished {
            return Ok(None);
        }
        let wanted = self.left.unwrap_or(PART).min(PART);
        let services = Arc::clone(&self.services);
        let records = match wanted {
            0 => Vec::new(),
            _ => services.database.list_provisioner_jobs(self.organization, &self.filter, self.after, wanted)?,
        };
        let numbering = self.jobs.numbering(self.organization, services.clock.now());
        let mut view = LiveView::new(&self.jobs, numbering.as_deref());
        let mut out = Vec::with_capacity(1024 * records.len() + 8);
        let is_last = records.len() < wanted || self.left == Some(records.len());
        self.after = records.last().map_or(self.after, Cursor::at);
        self.left = self.left.map(|left| left - records.len());
        for record in records {
            out.push(if self.state == State::Fresh { b'[' } else { b',' });
            self.state = State::Started;
            let record = services.with_tags(&self.jobs, record)?;
            let live = view.of(&record);
            JobFragment::new(&record.job).write(&mut out, live.position, live.size, &live.available_workers);
        }
        if is_last {
            out.extend_from_slice(if self.state == State::Fresh { b"[]\n" } else { b"]\n" });
            self.state = State::Finished;
        }
        Ok(Some(out.into()))
    }
}
