//! The life of a worker: it registers, says that it is alive, and takes one job after the other.

use std::time::Duration;

use orgd_client::{CallError, Client, types};
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use crate::error::WorkerError;
use crate::job;
use crate::lease::Lease;
use crate::retry::{Pauses, until_answered};
use crate::settings::Settings;
use crate::stop::{Phase, Stop};

/// How often the worker says that it is alive. The server takes it for gone after 90 s.
const HEARTBEAT: Duration = Duration::from_secs(25);
/// How long after a question the next one comes at the soonest, when there was no job.
const SOONEST: Duration = Duration::from_secs(1);

/// A worker that has one job at a time.
#[derive(Debug)]
pub struct Worker {
    client: Client,
    settings: Settings,
    registration: types::OrgdRegisterProvisionerDaemonRequest,
    request: types::OrgdAcquireProvisionerJobRequest,
}

/// What came of asking for a job.
enum Asked {
    Job(Box<types::OrgdAcquiredProvisionerJob>),
    Nothing,
    /// The worker ends.
    Over,
}

impl Worker {
    /// A worker that is not known to the server yet.
    ///
    /// # Errors
    /// [`WorkerError::Settings`].
    pub fn new(client: Client, settings: Settings) -> Result<Self, WorkerError> {
        if settings.command.is_empty() {
            return Err(WorkerError::Settings("command: there is none".to_owned()));
        }
        let (registration, request) = (settings.registration()?, settings.request()?);
        Ok(Self { client, settings, registration, request })
    }

    /// Works until it is told to end.
    ///
    /// # Errors
    /// When the server does not let it register or gives it no jobs. A server that is out of reach is waited for.
    pub async fn run(&self, stop: &Stop) -> Result<(), WorkerError> {
        let id = tokio::select! {
            registered = self.register() => registered?,
            // Nothing has begun that would have to end.
            () = stop.reached(Phase::Draining) => return Ok(()),
        };
        let (id, known_as) = watch::channel(id);
        tokio::select! {
            ended = self.work(&id, stop) => ended,
            () = self.stay_alive(known_as) => Ok(()),
        }
    }

    /// Registers; gives the worker's ID.
    async fn register(&self) -> Result<Uuid, WorkerError> {
        let Settings { organization, .. } = &self.settings;
        let call = || async {
            let sent = self.client.api().register_provisioner_daemon(organization, &self.registration).await;
            Ok(sent?.into_inner())
        };
        let worker = until_answered(call).await.map_err(WorkerError::Registration)?;
        tracing::info!(id = %worker.id, name = ?worker.name, tags = ?worker.tags, "registered");
        Ok(worker.id)
    }

    /// Takes jobs until it is to end.
    async fn work(&self, id: &watch::Sender<Uuid>, stop: &Stop) -> Result<(), WorkerError> {
        let mut is_new = true;
        loop {
            let worker = *id.borrow();
            match self.ask(worker, stop).await {
                Ok(Asked::Over) => return Ok(()),
                Ok(Asked::Nothing) => is_new = false,
                Ok(Asked::Job(acquired)) => {
                    is_new = false;
                    self.do_job(worker, &acquired, stop).await?;
                }
                // Somebody deleted the worker or its key. When it can register again, it was the worker only.
                Err(error) if matches!(error.status(), Some(401 | 404)) => {
                    if std::mem::replace(&mut is_new, true) {
                        return Err(WorkerError::Unknown(error));
                    }
                    tracing::warn!("the server does not know this worker any more; it registers again");
                    id.send_replace(self.register().await?);
                }
                Err(error) => return Err(WorkerError::Jobs(error)),
            }
        }
    }

    /// Asks for a job until the server has answered or the worker is to end.
    ///
    /// A request under way is not given up to drain: the server might give it a job that nobody does.
    async fn ask(&self, worker: Uuid, stop: &Stop) -> Result<Asked, CallError> {
        let Settings { organization, .. } = &self.settings;
        let mut pauses = Pauses::default();
        while !stop.has_reached(Phase::Draining) {
            let asked_at = Instant::now();
            let answer = tokio::select! {
                answer = self.client.patient().acquire_provisioner_job(organization, &worker, &self.request) => answer,
                () = stop.reached(Phase::Stopping) => break,
            };
            let error = match answer {
                Ok(answer) => match answer.into_inner().job {
                    Some(job) => return Ok(Asked::Job(Box::new(job))),
                    None => {
                        // A server that is about to stop does not let anybody wait.
                        tokio::select! {
                            () = tokio::time::sleep_until(asked_at + SOONEST) => {}
                            () = stop.reached(Phase::Draining) => {}
                        }
                        return Ok(Asked::Nothing);
                    }
                },
                Err(error) => CallError::from(error),
            };
            let Some(pause) = pauses.after(&error) else { return Err(error) };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.reached(Phase::Draining) => {}
            }
        }
        Ok(Asked::Over)
    }

    async fn do_job(
        &self,
        worker: Uuid,
        acquired: &types::OrgdAcquiredProvisionerJob,
        stop: &Stop,
    ) -> Result<(), WorkerError> {
        let unusable = |what: &str| WorkerError::Jobs(CallError::Garbled(format!("the job has no {what}")));
        let lease = Lease {
            client: self.client.clone(),
            organization: self.settings.organization.clone(),
            worker,
            job: acquired.job.id.ok_or_else(|| unusable("ID"))?,
            attempt: acquired.attempt,
        };
        let timeout = Duration::from_secs(u64::try_from(acquired.timeout_seconds).unwrap_or_default().max(1));
        let mut input = serde_json::to_vec(acquired).map_err(|_| unusable("form"))?;
        input.push(b'\n');
        job::run(&self.settings, &lease, timeout, input, stop).await;
        Ok(())
    }

    /// Says again and again that the worker is alive. What is wrong with it shows when it asks for a job.
    async fn stay_alive(&self, id: watch::Receiver<Uuid>) {
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            let worker = *id.borrow();
            let api = self.client.api();
            if let Err(error) = api.heartbeat_provisioner_daemon(&self.settings.organization, &worker).await {
                let error = CallError::from(error);
                tracing::debug!(error = %error.to_string().escape_debug(), "the heartbeat was not heard");
            }
        }
    }
}
