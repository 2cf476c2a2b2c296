//! What the operations do and the rules that they follow. Knows neither HTTP nor SQL.

mod api_keys;
mod audit;
mod cancel;
mod dismissal;
pub mod error;
mod general;
mod job_logs;
mod job_queue;
mod job_stream;
mod lists;
mod logins;
mod members;
mod organizations;
mod provisioner_daemons;
mod provisioner_jobs;
mod provisioner_keys;
mod reaper;
mod rehearsal;
mod sessions;
pub mod user_error;
mod users;
pub mod workers;

use std::sync::Arc;
use std::time::Duration;

pub use error::ServiceError;
pub use job_logs::{FollowedLogs, LogEvent};
pub use job_queue::QueuedJob;
pub use job_stream::JobStream;
pub use lists::array_of;
pub use organizations::{changes_of, new_organization};
pub use provisioner_jobs::JobList;
pub use reaper::{Reaped, Reaper};

use crate::auth::attempts::LoginAttempts;
use crate::auth::authenticate::Caller;
use crate::auth::password::PasswordHashes;
use crate::clock::Clock;
use crate::config::QueueConfig;
use crate::db::Database;
use crate::model::ReadModel;
use crate::model::pages::Pages;
use dismissal::Dismissals;
use sessions::Uses;
use workers::presence::Presence;

/// How often whoever waits looks while this server does not hear of what other servers write.
const DEAF_GLANCE: Duration = Duration::from_secs(1);

/// The operations, over one database and its picture in memory.
pub struct Services {
    model: Arc<ReadModel>,
    database: Database,
    clock: Arc<dyn Clock>,
    all_organizations: lists::AllOrganizations,
    pages: Pages,
    queue: QueueConfig,
    presence: Presence,
    uses: Uses,
    hashes: PasswordHashes,
    attempts: LoginAttempts,
    dismissals: Dismissals,
}

impl Services {
    /// Puts the parts together.
    pub fn new(model: Arc<ReadModel>, database: Database, clock: Arc<dyn Clock>, queue: QueueConfig) -> Self {
        Self {
            model,
            database,
            clock,
            all_organizations: Default::default(),
            pages: Pages::default(),
            queue,
            presence: Presence::default(),
            uses: Uses::default(),
            hashes: PasswordHashes::default(),
            attempts: LoginAttempts::default(),
            dismissals: Dismissals::default(),
        }
    }

    /// The database, on behalf of the caller.
    fn acting_for(&self, caller: &Caller) -> Database {
        self.database.acting_for(caller.origin.as_ref())
    }

    /// Ends when this server does not hear of what other servers write: then whoever waits must look, again and again. It can
    /// come to that at any time during a wait, so it is seen to once a second.
    async fn until_deaf(&self) {
        if self.database.feed().is_none() {
            // There are no other servers.
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(DEAF_GLANCE).await;
            if !self.database.is_fresh() {
                return;
            }
        }
    }

    /// Lets everybody who waits for something go, now and from now on.
    pub fn stop_waiting(&self) {
        self.dismissals.stop();
    }
}
