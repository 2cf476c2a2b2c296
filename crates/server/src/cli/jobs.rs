//! `orgd jobs`: provisioner jobs, as a server shows them.

mod list;
mod logs;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::{output, remote};
use crate::config::ClientFlags;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List jobs, the oldest first
    List(list::List),
    /// Cancel a job; one that runs is canceled when its worker has stopped
    Cancel(Cancel),
    /// Print the log of a job
    Logs(logs::Logs),
}

/// Which server, and which organization.
#[derive(Debug, Args)]
struct Place {
    #[command(flatten)]
    access: ClientFlags,
    /// The organization: a name, an ID or default
    #[arg(long, value_name = "ORGANIZATION", default_value = "default")]
    organization: String,
}

/// What to cancel.
#[derive(Debug, Args)]
pub struct Cancel {
    /// The job's ID
    #[arg(value_name = "JOB", value_parser = job_id)]
    job: Uuid,
    #[command(flatten)]
    place: Place,
}

/// The ID of a job. What the parser of UUIDs says is of no use to whoever gave a name.
fn job_id(text: &str) -> Result<Uuid, &'static str> {
    Uuid::try_parse(text).map_err(|_| "a job is named by its ID, a UUID")
}

/// Runs the command.
pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::List(list) => list::run(list),
        Command::Cancel(Cancel { job, place: Place { access, organization } }) => {
            let client = remote::user(access)?;
            let said = remote::block_on(async {
                client.api().cancel_provisioner_job(&organization, &job).await.map_err(remote::failed)
            });
            let said = said.with_context(|| format!("job {job} of organization {organization:?}"))?;
            output::say(&output::plain(&said.message));
            Ok(())
        }
        Command::Logs(logs) => logs::run(logs),
    }
}
