//! What the operations do and the rules that they follow. Knows neither HTTP nor SQL.

pub mod error;
mod job_queue;
mod job_stream;
mod lists;
mod organizations;
mod provisioner_daemons;
mod provisioner_jobs;
mod provisioner_keys;

use std::sync::Arc;

pub use error::ServiceError;
pub use job_queue::QueuedJob;
pub use job_stream::JobStream;
pub use provisioner_jobs::JobList;

use crate::clock::Clock;
use crate::db::Database;
use crate::model::ReadModel;
use crate::model::pages::Pages;

/// The operations, over one database and its picture in memory.
pub struct Services {
    model: Arc<ReadModel>,
    database: Database,
    clock: Arc<dyn Clock>,
    all_organizations: lists::AllOrganizations,
    pages: Pages,
}

impl Services {
    /// Puts the parts together.
    pub fn new(model: Arc<ReadModel>, database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { model, database, clock, all_organizations: Default::default(), pages: Pages::default() }
    }
}
