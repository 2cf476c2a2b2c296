//! `orgd provisioner`: a worker that runs a command for each job.

use std::collections::HashMap;
use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand, ValueEnum};
use orgd_client::{Client, types};
use orgd_worker::{Phase, Settings, Stop, Worker, WorkerError};
use tokio::task::JoinSet;

use super::{output, remote};
use crate::config::{CommonFlags, Config, ServerAccess, WorkerFlags, process_environment};
use crate::telemetry::log;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take jobs, and run a command for each; docs/WORKERS.md has the details
    Start(Start),
}

/// What worker to start.
#[derive(Debug, Args)]
pub struct Start {
    #[command(flatten)]
    access: WorkerFlags,
    /// The organization whose jobs to take: a name, an ID or default
    #[arg(long, value_name = "ORGANIZATION", default_value = "default")]
    organization: String,
    /// What the worker is called [default: the name of this host]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What the worker offers to jobs; may be repeated. With a provisioner key the tags are those of the key
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    tags: Vec<(String, String)>,
    /// Which jobs to take; may be repeated
    #[arg(long = "provisioner", value_enum, default_value = "terraform")]
    provisioners: Vec<Provisioner>,
    /// How long a command that must stop may take after SIGTERM, before it gets SIGKILL
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    grace: Duration,
    /// How long one request waits for a job, in whole seconds from 1s to 60s; a worker that waits takes as long to drain
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    poll: Duration,
    /// How many jobs to run at once; each has a worker of its own, called NAME-1, NAME-2 and so on
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=1000))]
    concurrency: u16,
    /// What to log: off, error, warn, info, debug, trace, or a list such as info,orgd_worker=debug [default: info] [env: ORGD_LOG]
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// How to log, to standard error: text for people or json, one object a line [default: text] [env: ORGD_LOG_FORMAT]
    #[arg(long, value_name = "text|json")]
    log_format: Option<String>,
    /// The command and its arguments, after `--`
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Provisioner {
    Echo,
    Terraform,
}

/// Runs the command.
pub fn run(command: Command) -> anyhow::Result<()> {
    let Command::Start(start) = command;
    let common = CommonFlags { log: start.log.clone(), log_format: start.log_format.clone(), ..CommonFlags::default() };
    let config = Config::load(common.into(), process_environment())?;
    let _log = log::init(&config)?;
    let client = remote::client(ServerAccess::of_worker(start.access.clone(), process_environment())?)?;
    let workers = workers(&client, &start)?;
    remote::block_on(work(workers))
}

/// The workers that were asked for.
fn workers(client: &Client, start: &Start) -> anyhow::Result<Vec<Worker>> {
    let name = match &start.name {
        Some(name) => name.clone(),
        None => nix::unistd::gethostname()
            .context("this host has no name; give --name")?
            .into_string()
            .map_err(|name| anyhow!("the name of this host, {name:?}, is not UTF-8; give --name"))?,
    };
    let names: Vec<String> = match start.concurrency {
        1 => vec![name],
        several => (1..=several).map(|number| format!("{name}-{number}")).collect(),
    };
    let worker = |name| Ok(Worker::new(client.clone(), settings(start, name))?);
    names.into_iter().map(worker).collect()
}

fn settings(start: &Start, name: String) -> Settings {
    let provisioners = start.provisioners.iter().map(|provisioner| match provisioner {
        Provisioner::Echo => types::OrgdProvisioner::Echo,
        Provisioner::Terraform => types::OrgdProvisioner::Terraform,
    });
    Settings {
        organization: start.organization.clone(),
        name,
        tags: start.tags.iter().cloned().collect::<HashMap<_, _>>(),
        provisioners: provisioners.collect(),
        version: concat!("v", env!("CARGO_PKG_VERSION")).to_owned(),
        command: start.command.clone(),
        poll: start.poll,
        grace: start.grace,
    }
}

/// Works until signals or an error end it. When one worker cannot go on, the others end as well, after the jobs that they have.
async fn work(workers: Vec<Worker>) -> anyhow::Result<()> {
    let stop = Stop::default();
    let mut working = JoinSet::new();
    for worker in workers {
        let stop = stop.clone();
        working.spawn(async move { worker.run(&stop).await });
    }
    let ended = async {
        let mut first: Option<WorkerError> = None;
        while let Some(ended) = working.join_next().await {
            if let Err(error) = ended? {
                stop.advance(Phase::Draining);
                first.get_or_insert(error);
            }
        }
        first.map_or(Ok(()), |error| Err(anyhow!(output::plain(&error.to_string()))))
    };
    tokio::select! {
        ended = ended => ended,
        heard = stop.on_signals() => Ok(heard.context("cannot listen for signals")?),
    }
}

fn tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("must be a key, an equals sign and a value, such as gpu=yes".to_owned()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; write a duration such as 30s"))
}
