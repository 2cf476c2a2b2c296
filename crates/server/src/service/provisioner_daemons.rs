//! Which workers are listed, and what they are said to do.

use orgd_api_types::{ProvisionerDaemon, ProvisionerDaemonStatus as Status, Timestamp};
use uuid::Uuid;

use super::Services;
use super::error::ServiceError;
use crate::db::worker_list::{JobsByPlace, ListedWorker};
use crate::queue::LIVE_FOR_MICROS;
use crate::tags::matches_filter;
use crate::wire::query::WorkerListQuery;

impl Services {
    /// The organization's workers that pass the query, those that registered last first.
    pub async fn get_provisioner_daemons(
        &self,
        organization: Uuid,
        query: WorkerListQuery,
    ) -> Result<Vec<ProvisionerDaemon>, ServiceError> {
        let now = self.clock.now();
        let limit = query.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let choose = move |workers: &mut Vec<ListedWorker>| {
            workers.retain(|worker| passes(worker, &query, now));
            workers.truncate(limit);
        };
        let (workers, jobs) = self.database.list_provisioner_daemons(organization, choose).await?;
        Ok(workers.into_iter().map(|worker| shown(worker, organization, &jobs, now)).collect())
    }
}

/// True when the worker was seen within so many microseconds. One that was seen in the future was.
fn seen_within(worker: &ListedWorker, micros: i64, now: Timestamp) -> bool {
    worker.last_seen_at.is_some_and(|seen| seen.micros().saturating_add(micros) >= now.micros())
}

fn status_of(worker: &ListedWorker, now: Timestamp) -> Status {
    match (seen_within(worker, LIVE_FOR_MICROS, now), worker.current_job) {
        (false, _) => Status::Offline,
        (true, Some(_)) => Status::Busy,
        (true, None) => Status::Idle,
    }
}

fn passes(worker: &ListedWorker, query: &WorkerListQuery, now: Timestamp) -> bool {
    let status = status_of(worker, now);
    let has_status = match &query.statuses {
        // Whoever asks for workers that are offline means it.
        Some(statuses) => statuses.contains(&status),
        None => query.offline || status != Status::Offline,
    };
    has_status
        && query.ids.as_ref().is_none_or(|ids| ids.contains(&worker.id))
        && query.max_age.is_none_or(|age| seen_within(worker, age, now))
        && matches_filter(&worker.tags, &query.tags)
}

fn shown(worker: ListedWorker, organization_id: Uuid, jobs: &JobsByPlace, now: Timestamp) -> ProvisionerDaemon {
    let job = |place: Option<i64>| place.and_then(|place| jobs.get(&place)).cloned();
    ProvisionerDaemon {
        status: status_of(&worker, now),
        current_job: job(worker.current_job),
        previous_job: job(worker.previous_job),
        id: worker.id,
        organization_id,
        key_id: worker.key_id,
        created_at: worker.created_at,
        last_seen_at: worker.last_seen_at,
        name: worker.name,
        version: worker.version,
        api_version: worker.api_version,
        provisioners: worker.provisioners,
        tags: worker.tags.pairs().clone(),
        key_name: worker.key_name,
    }
}
