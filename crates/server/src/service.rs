//! What the operations do and the rules that they follow. Knows neither HTTP nor SQL.

mod api_keys;
mod cancel;
pub mod error;
mod job_logs;
mod job_queue;
mod job_stream;
mod lists;
mod logins;
mod organizations;
mod provisioner_daemons;
mod provisioner_jobs;
mod provisioner_keys;
mod reaper;
mod sessions;
pub mod user_error;
mod users;
pub mod workers;

use std::sync::Arc;

pub use error::ServiceError;
pub use job_logs::{FollowedLogs, LogEvent};
pub use job_queue::QueuedJob;
pub use job_stream::JobStream;
pub use provisioner_jobs::JobList;
pub use reaper::{Reaped, Reaper};

use tokio::sync::watch;

use crate::auth::attempts::LoginAttempts;
use crate::auth::password::PasswordHashes;
use crate::clock::Clock;
use crate::config::QueueConfig;
use crate::db::Database;
use crate::model::ReadModel;
use crate::model::pages::Pages;
use sessions::Uses;
use workers::presence::Presence;

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
    /// True once the server was told to stop; whoever waits stops waiting.
    stopping: watch::Sender<bool>,
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
            stopping: watch::Sender::new(false),
        }
    }

    /// Lets everybody who waits for something go.
    pub fn stop_waiting(&self) {
        self.stopping.send_replace(true);
    }
}
