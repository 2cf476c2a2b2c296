//! How a worker gets a job: at once when there is one, otherwise as soon as one comes.

use std::sync::Arc;
use std::time::Duration;

use orgd_api_types::{AcquireProvisionerJobRequest, AcquiredProvisionerJob, Provisioner};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::KnownWorker;
use crate::db::DbError;
use crate::db::jobs::lease::{Claim, Claimed, Lease};
use crate::model::jobs::Jobs;
use crate::model::waiting::Offered;
use crate::queue::{ProvisionerType, Worker};
use crate::service::Services;
use crate::service::error::{ServiceError, check};

/// How long a worker waits when it does not say.
const WAIT: i32 = 30;
/// How many queues are looked into for one job. The first jobs of all others are younger.
const QUEUES: usize = 32;
/// How often a waiting worker looks without having been woken.
const GLANCE: Duration = Duration::from_secs(5);

/// A job that is on its way to its worker. Dropped on the way, because the worker's connection is gone, it goes back to where it stood.
pub struct OnItsWay {
    services: Arc<Services>,
    /// The id of the worker's request, for the log.
    request: Uuid,
    lease: Lease,
    claimed: Option<Claimed>,
}

impl OnItsWay {
    /// The job has arrived.
    pub fn arrive(mut self) -> Option<AcquiredProvisionerJob> {
        let claimed = self.claimed.take();
        claimed.map(|claimed| self.services.acquired(claimed))
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        if self.claimed.is_none() {
            return;
        }
        let (services, lease, request_id) = (Arc::clone(&self.services), self.lease, self.request);
        // Without a runtime the server is going down; the job is found by the search for lost workers.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            let released = services.database.release_provisioner_job(lease, services.clock.now()).await;
            if let Err(error) = released {
                tracing::warn!(%request_id, job = %lease.job, %error, "cannot take back a job whose worker has gone");
            }
        });
    }
}

impl Services {
    /// The first job that the worker can take, waiting for one if need be; `None` when none came in time. Much can happen
    /// meanwhile: see whether whoever waited may still have it before it arrives.
    pub async fn acquire_provisioner_job(
        self: &Arc<Self>,
        known: KnownWorker,
        request: AcquireProvisionerJobRequest,
    ) -> Result<Option<OnItsWay>, ServiceError> {
        check(&request, &["wait_seconds"])?;
        self.note_sign_of_life(&known).await?;
        let wait = u64::try_from(request.wait_seconds.unwrap_or(WAIT)).unwrap_or_default();
        self.wait_for_job(&known, Instant::now() + Duration::from_secs(wait)).await
    }

    fn acquired(&self, Claimed { record, attempt }: Claimed) -> AcquiredProvisionerJob {
        let provisioner = match record.provisioner {
            ProvisionerType::Echo => Provisioner::Echo,
            ProvisionerType::Terraform => Provisioner::Terraform,
        };
        let timeout_seconds = i64::try_from(self.queue.hung_after.as_secs()).unwrap_or(i64::MAX);
        AcquiredProvisionerJob { attempt, provisioner, timeout_seconds, job: record.job }
    }

    async fn wait_for_job(
        self: &Arc<Self>,
        known: &KnownWorker,
        until: Instant,
    ) -> Result<Option<OnItsWay>, ServiceError> {
        let worker = &known.worker;
        let jobs = self.current_jobs().await?;
        // A registered worker's tags are known since it registered.
        let tags = jobs.tag_sets.get(worker.tags).cloned().ok_or(ServiceError::NotFound)?;
        drop(jobs);
        let offered = Offered { tags, provisioners: worker.provisioners };
        let mut ticket = self.model.waiting.enter(known.organization, offered);
        let mut dismissal = self.dismissals.enter();
        loop {
            if let Some(found) = self.look_for_job(known).await? {
                ticket.looked();
                return Ok(Some(found));
            }
            ticket.looked();
            if Instant::now() >= until || dismissal.has_come() {
                return Ok(None);
            }
            tokio::select! {
                () = ticket.woken() => ticket.again(),
                () = sleep_until(until.min(Instant::now() + GLANCE)) => self.catch_up(known).await,
                () = self.until_deaf() => self.catch_up(known).await,
                () = dismissal.comes() => {}
            }
        }
    }

    /// What other servers wrote is taken over by requests while this one does not hear of it; a worker that waits is no request
    /// for long.
    async fn catch_up(&self, known: &KnownWorker) {
        if !self.database.is_fresh()
            && let Err(error) = self.database.refresh().await
        {
            tracing::debug!(request_id = %known.request, %error, "a waiting worker cannot look for jobs");
        }
    }

    async fn look_for_job(self: &Arc<Self>, known: &KnownWorker) -> Result<Option<OnItsWay>, ServiceError> {
        // Again each time: what was taken meanwhile is not there any more.
        let jobs = self.current_jobs().await?;
        let worker = jobs.worker(known.organization, known.worker.id).unwrap_or(&known.worker);
        let Some(claim) = self.claim_for(&jobs, known, worker) else { return Ok(None) };
        let (hand, handed) = oneshot::channel();
        let services = Arc::clone(self);
        let (request, tag_sets) = (known.request, jobs.tag_sets.clone());
        // On its own, so that it comes to its end when the worker's connection does not last so long.
        tokio::spawn(async move {
            let worker = claim.worker;
            let claimed = services.database.claim_provisioner_job(claim, tag_sets).await;
            let on_its_way = claimed.map(|claimed| claimed.map(|claimed| services.send_off(request, worker, claimed)));
            // Nobody there to take it: then it goes back as it is dropped here.
            drop(hand.send(on_its_way));
        });
        let handed = handed.await.unwrap_or_else(|_| Err(DbError::Unavailable("the server is stopping".to_owned())));
        Ok(handed?)
    }

    fn claim_for(&self, jobs: &Jobs, known: &KnownWorker, worker: &Worker) -> Option<Claim> {
        let queues = jobs.queues_for(known.organization, worker, QUEUES);
        if queues.is_empty() {
            return None;
        }
        Some(Claim {
            organization: known.organization,
            worker: worker.id,
            worker_name: worker.name.clone(),
            queues,
            at: self.clock.now(),
        })
    }

    fn send_off(self: &Arc<Self>, request: Uuid, worker: Uuid, claimed: Claimed) -> OnItsWay {
        let lease = Lease { job: claimed.record.job.id, worker, attempt: claimed.attempt };
        OnItsWay { services: Arc::clone(self), request, lease, claimed: Some(claimed) }
    }
}
