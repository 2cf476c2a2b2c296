//! What a worker is told.

use std::collections::HashMap;
use std::ffi::OsString;
use std::time::Duration;

use orgd_client::types;

use crate::error::WorkerError;

/// With less a worker would do nothing but ask.
const SHORTEST_POLL: Duration = Duration::from_secs(1);
/// The longest time for which a server can be asked to wait for a job.
pub const LONGEST_POLL: Duration = Duration::from_secs(60);

/// What a worker is, and what it does with a job.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The organization whose jobs it takes: an ID, a name or `default`.
    pub organization: String,
    /// Its name; with the tag `owner` it identifies the worker in its organization.
    pub name: String,
    /// What it offers to jobs. With a provisioner key the tags are those of the key, and there must be none here.
    pub tags: HashMap<String, String>,
    /// Which types of job it runs, at least one.
    pub provisioners: Vec<types::OrgdProvisioner>,
    /// The version of its program.
    pub version: String,
    /// The command to run for each job, and its arguments.
    pub command: Vec<OsString>,
    /// For how long one request waits for a job, in whole seconds from one to [`LONGEST_POLL`].
    pub poll: Duration,
    /// How long a command that must stop may take after SIGTERM, before it gets SIGKILL.
    pub grace: Duration,
}

impl Settings {
    /// What is sent to register.
    pub(crate) fn registration(&self) -> Result<types::OrgdRegisterProvisionerDaemonRequest, WorkerError> {
        let unfit = |what: &str, why: &dyn std::fmt::Display| WorkerError::Settings(format!("{what}: {why}"));
        if self.provisioners.is_empty() {
            return Err(unfit("provisioners", &"at least one is needed"));
        }
        Ok(types::OrgdRegisterProvisionerDaemonRequest {
            name: self.name.parse().map_err(|error| unfit("name", &error))?,
            provisioners: self.provisioners.clone(),
            tags: self.tags.clone(),
            version: Some(self.version.parse().map_err(|error| unfit("version", &error))?),
            api_version: Some("1.0".parse().map_err(|error| unfit("interface", &error))?),
        })
    }

    /// What is sent to ask for a job.
    pub(crate) fn request(&self) -> Result<types::OrgdAcquireProvisionerJobRequest, WorkerError> {
        let allowed = SHORTEST_POLL..=LONGEST_POLL;
        let seconds = i32::try_from(self.poll.as_secs()).ok().filter(|_| allowed.contains(&self.poll));
        let seconds = seconds.ok_or_else(|| WorkerError::Settings("poll: must be 1 s to 60 s".to_owned()))?;
        Ok(types::OrgdAcquireProvisionerJobRequest { wait_seconds: Some(seconds) })
    }
}
