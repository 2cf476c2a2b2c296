//! `orgd jobs logs`: what a job's worker wrote.

use anyhow::Context as _;
use clap::Args;
use orgd_client::{LogEvent, types};
use uuid::Uuid;

use super::Place;
use crate::cli::{output, remote};

/// Whose log to print.
#[derive(Debug, Args)]
pub struct Logs {
    /// The job's ID
    #[arg(value_name = "JOB", value_parser = super::job_id)]
    job: Uuid,
    /// Go on until the job ends
    #[arg(long, short)]
    follow: bool,
    #[command(flatten)]
    place: Place,
}

/// Runs the command.
pub fn run(logs: Logs) -> anyhow::Result<()> {
    let Logs { job, follow, place: Place { access, organization } } = logs;
    let client = remote::user(access)?;
    let printed = remote::block_on(async {
        if !follow {
            let lines = client.api().get_provisioner_job_logs(&organization, &job, None, None).await;
            return lines.map_err(remote::failed)?.iter().try_for_each(print);
        }
        let mut following = client.follow(&organization, job, None);
        while let Some(event) = following.next().await.map_err(remote::failed)? {
            match event {
                LogEvent::Line(line) => print(&line)?,
                LogEvent::End(status) => output::say(end(status)),
            }
        }
        Ok(())
    });
    printed.with_context(|| format!("job {job} of organization {organization:?}"))
}

fn end(status: types::CodersdkProvisionerJobStatus) -> &'static str {
    use types::CodersdkProvisionerJobStatus as Status;
    match status {
        Status::Succeeded => "The job succeeded.",
        Status::Failed => "The job failed.",
        Status::Canceled => "The job was canceled.",
        Status::Pending | Status::Running | Status::Canceling => "The log ends before the job does.",
    }
}

fn print(line: &types::CodersdkProvisionerJobLog) -> anyhow::Result<()> {
    let time = line.created_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    output::write_line(&format!("{time} {:<5} {}", line.log_level.to_string(), output::plain(&line.output)))
}
