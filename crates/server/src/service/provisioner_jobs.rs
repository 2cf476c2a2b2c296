//! Reading provisioner jobs.

use std::sync::Arc;

use bytes::Bytes;
use orgd_api_types::ProvisionerJob;
use uuid::Uuid;

use super::Services;
use super::error::ServiceError;
use super::job_stream::JobStream;
use crate::db::jobs::JobRecord;
use crate::db::jobs::list::{Cursor, JobFilter};
use crate::model::jobs::{Jobs, LiveView};
use crate::model::pages::NEWEST;
use crate::wire::encode;
use crate::wire::query::{JobListQuery, JobQuery};

/// Longer lists are read and sent in parts.
const LONGEST_WHOLE_LIST: usize = 200;

/// The answer to a list.
pub enum JobList {
    /// All of it.
    Whole(Bytes),
    /// Its first part and where the rest comes from.
    Stream(Bytes, Box<JobStream>),
}

impl Services {
    /// The organization's jobs that pass the query, newest first, as JSON.
    pub async fn get_provisioner_jobs(
        self: &Arc<Self>,
        organization: Uuid,
        query: JobListQuery,
    ) -> Result<JobList, ServiceError> {
        let jobs = self.current_jobs().await?;
        let limit = query.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let filter = filter_of(&jobs, query);
        if let Some(limit) = limit.filter(|limit| filter.is_empty() && *limit <= NEWEST) {
            return self.newest_jobs(&jobs, organization, limit).map(JobList::Whole);
        }
        let mut stream = JobStream::new(Arc::clone(self), jobs, organization, filter, limit);
        if stream.is_cheap(LONGEST_WHOLE_LIST) {
            return stream.read_whole().map(JobList::Whole);
        }
        let first = stream.next_part().await?.unwrap_or_default();
        Ok(JobList::Stream(first, Box::new(stream)))
    }

    /// One job of the organization, if it passes the query.
    pub async fn get_provisioner_job(
        &self,
        organization: Uuid,
        id: Uuid,
        query: JobQuery,
    ) -> Result<ProvisionerJob, ServiceError> {
        let jobs = self.current_jobs().await?;
        let filter = filter_of(&jobs, JobListQuery { limit: None, ids: None, filter: query.filter });
        let found = self.database.find_provisioner_job(id)?;
        let record = found.filter(|record| record.job.organization_id == organization && filter.matches(record));
        let record = self.with_tags(&jobs, record.ok_or(ServiceError::NotFound)?)?;
        let numbering = jobs.numbering(organization, self.clock.now());
        let live = LiveView::new(&jobs, numbering.as_deref()).of(&record);
        Ok(ProvisionerJob {
            queue_position: live.position,
            queue_size: live.size,
            available_workers: live.available_workers.to_vec(),
            ..record.job
        })
    }

    /// Gives a job from the database its tags.
    pub(super) fn with_tags(&self, jobs: &Jobs, mut record: JobRecord) -> Result<JobRecord, ServiceError> {
        record.job.tags = match jobs.tag_sets.get(record.tag_set) {
            Some(tags) => tags.pairs().clone(),
            // Another process stored it a moment ago.
            None => self.database.find_tag_set(record.tag_set)?.pairs().clone(),
        };
        Ok(record)
    }

    async fn current_jobs(&self) -> Result<Arc<Jobs>, ServiceError> {
        let jobs = self.model.jobs().await;
        jobs.ok_or_else(|| ServiceError::Unavailable("the queue is still being read".to_owned()))
    }

    fn newest_jobs(&self, jobs: &Jobs, organization: Uuid, limit: usize) -> Result<Bytes, ServiceError> {
        let newest = match self.pages.get(organization, jobs.version()) {
            Some(newest) => newest,
            None => {
                let everything = JobFilter::default();
                let records =
                    self.database.list_provisioner_jobs(organization, &everything, Cursor::start(), NEWEST)?;
                let records = records.into_iter().map(|record| self.with_tags(jobs, record));
                self.pages.keep(organization, jobs.version(), records.collect::<Result<_, _>>()?)
            }
        };
        Ok(newest.assemble(jobs, organization, limit, self.clock.now()))
    }

    /// The JSON of one job, with the line feed that ends every answer.
    pub fn encode_job(job: &ProvisionerJob) -> Bytes {
        encode::to_vec(job).into()
    }
}

/// The query in the database's terms: tags become the tag sets that have them.
fn filter_of(jobs: &Jobs, query: JobListQuery) -> JobFilter {
    let JobListQuery { limit: _, ids, filter } = query;
    let tag_sets = (!filter.tags.is_empty()).then(|| jobs.tag_sets.ids_matching_filter(&filter.tags));
    JobFilter {
        ids,
        statuses: filter.statuses.map(|statuses| statuses.into_iter().collect()),
        // A filter that every set passes would only cost.
        tag_sets: tag_sets.filter(|sets| sets.len() < jobs.tag_sets.len()),
        initiator: filter.initiator,
    }
}
