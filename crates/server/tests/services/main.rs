//! The rules of the queue over a real database and a clock that the test moves: what would take minutes takes none.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, helpers included")]

#[path = "../support/database.rs"]
mod database;

mod histories;
mod lost_workers;
mod naive;
mod random;

use std::sync::Arc;

use diesel::connection::SimpleConnection as _;
use orgd::auth::authenticate::Caller;
use orgd::auth::identities::Identities;
use orgd::auth::principal::{Principal, UserStatus};
use orgd::auth::roles::SiteRole;
use orgd::clock::{Clock, ManualClock};
use orgd::config::QueueConfig;
use orgd::db::{self, Database, Readers, Schema, Uncounted};
use orgd::model::ReadModel;
use orgd::model::publisher::ModelPublisher;
use orgd::service::Services;
use orgd::service::workers::acquire::OnItsWay;
use orgd::service::workers::{KnownWorker, WorkerCaller};
use orgd_api_types::{
    AcquireProvisionerJobRequest, AcquiredProvisionerJob, CreateOrganizationRequest, CreateProvisionerJobRequest,
    ProvisionerJob, ProvisionerJobType, RegisterProvisionerDaemonRequest, Timestamp,
};
use tempfile::TempDir;
use uuid::Uuid;

/// 2026-11-24T00:00:00Z.
const START: i64 = 1_795_478_400_000_000;

/// A database and what is kept in memory of it.
struct World {
    database: Database,
    model: Arc<ReadModel>,
    owner: Caller,
    // Last, so that nothing is open any more when they go.
    _stored: database::Database,
    _folder: TempDir,
}

/// The operations at one time, which the test sets.
struct Stage {
    services: Arc<Services>,
    clock: Arc<ManualClock>,
    owner: Caller,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stored = database::Database::new(folder.path());
        let url = stored.url().parse().unwrap();
        let mut conn = db::prepare(&url, Schema::Migrate).unwrap();
        let first = db::bootstrap::run(&mut conn, true, Timestamp::from_micros(START)).unwrap().unwrap();
        if !conn.is_postgres() {
            // Nothing has to outlast a power cut, and no write has to give up because the disk of a busy machine keeps it waiting.
            conn.batch_execute("PRAGMA synchronous = OFF").unwrap();
        }
        let readers = Readers::open(&url, 4).unwrap();
        let (model, identities) = (Arc::new(ReadModel::default()), Arc::new(Identities::default()));
        let publisher = Box::new(ModelPublisher::new(Arc::clone(&model), identities));
        let database = Database::serve(&url, conn, readers, publisher, Arc::new(Uncounted)).unwrap();
        let roles = [SiteRole::Owner].into_iter().collect();
        let first = first.owner.unwrap();
        let principal = Principal::new(first.user.id, "owner".to_owned(), UserStatus::Active, roles, Vec::new());
        let owner = Caller { principal: Arc::new(principal), token: Arc::new(first.token.record), origin: None };
        Self { database, model, owner, _stored: stored, _folder: folder }
    }

    fn stage(&self, config: QueueConfig) -> Stage {
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(START)));
        let told: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let services = Services::new(Arc::clone(&self.model), self.database.clone(), told, config);
        Stage { services: Arc::new(services), clock, owner: self.owner.clone() }
    }
}

impl Stage {
    async fn organization(&self) -> Uuid {
        let name = format!("o{}", &Uuid::new_v4().simple().to_string()[..24]);
        let request = CreateOrganizationRequest { name: Some(name), ..Default::default() };
        let created = self.services.create_organization(&self.owner, request, None).await.unwrap();
        let orgd::db::idempotency::Answered::Now(organization) = created else { panic!("nothing is repeated") };
        organization.id
    }

    async fn enqueue(&self, organization: Uuid, request: CreateProvisionerJobRequest) -> ProvisionerJob {
        let request = CreateProvisionerJobRequest { kind: Some(ProvisionerJobType::WorkspaceBuild), ..request };
        self.services.create_provisioner_job(&self.owner, organization, request, None).await.unwrap().job
    }

    fn caller(&self) -> WorkerCaller {
        WorkerCaller::User(self.owner.clone())
    }

    async fn register(&self, organization: Uuid, request: RegisterProvisionerDaemonRequest) -> Uuid {
        let registered = self.services.register_provisioner_daemon(&self.caller(), organization, request).await;
        registered.unwrap().daemon.id
    }

    async fn known(&self, organization: Uuid, worker: Uuid) -> KnownWorker {
        self.services.find_worker(&self.caller(), organization, worker).await.unwrap()
    }

    /// The job that the worker gets without waiting.
    async fn acquire(&self, organization: Uuid, worker: Uuid) -> Option<AcquiredProvisionerJob> {
        let known = self.known(organization, worker).await;
        let request = AcquireProvisionerJobRequest { wait_seconds: Some(0) };
        self.services.acquire_provisioner_job(known, request).await.unwrap().and_then(OnItsWay::arrive)
    }

    async fn job(&self, organization: Uuid, job: Uuid) -> ProvisionerJob {
        self.services.get_provisioner_job(organization, job, Default::default()).await.unwrap()
    }
}

/// Runs a test on a runtime like that of the server.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(test);
}
