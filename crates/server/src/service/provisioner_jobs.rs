//! Reading provisioner jobs.

use std::sync::Arc;

use bytes::Bytes;
use orgd_api_types::ProvisionerJob;
use uuid::Uuid;

use super::Services;
use super::error::ServiceError;
use super::job_stream::JobStream;
use crate::db::Effort;
use crate::db::jobs::list::{Cursor, JobFilter, Page};
use crate::model::jobs::{Jobs, LiveView};
use crate::model::pages::NEWEST;
use crate::wire::encode;
use crate::wire::query::{JobListQuery, JobQuery};

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
            return self.newest_jobs(&jobs, organization, limit).await.map(JobList::Whole);
        }
        let mut stream = JobStream::new(Arc::clone(self), jobs, organization, filter, limit);
        let first = stream.next_part().await?.unwrap_or_default();
        if stream.is_finished() {
            return Ok(JobList::Whole(first));
        }
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
        let found = self.database.find_provisioner_job(id, jobs.tag_sets.clone()).await?;
        let record = found.filter(|record| record.job.organization_id == organization && filter.matches(record));
        let record = record.ok_or(ServiceError::NotFound)?;
        let numbering = jobs.numbering(organization, self.clock.now());
        let live = LiveView::new(&jobs, numbering.as_deref()).of(&record);
        Ok(ProvisionerJob {
            queue_position: live.position,
            queue_size: live.size,
            available_workers: live.available_workers.to_vec(),
            ..record.job
        })
    }

    pub(super) async fn current_jobs(&self) -> Result<Arc<Jobs>, ServiceError> {
        let jobs = self.model.jobs().await;
        jobs.ok_or_else(|| ServiceError::Unavailable("the queue is still being read".to_owned()))
    }

    async fn newest_jobs(&self, jobs: &Jobs, organization: Uuid, limit: usize) -> Result<Bytes, ServiceError> {
        let newest = match self.pages.get(organization, jobs.version_of(organization)) {
            Some(newest) => newest,
            None => {
                let page = Page { organization, filter: JobFilter::default(), after: Cursor::start(), limit: NEWEST };
                let known = jobs.tag_sets.clone();
                let records =
                    self.database.list_provisioner_jobs(page, known, Effort::Small, |records| records).await?;
                self.pages.keep(organization, jobs.version_of(organization), records)
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
