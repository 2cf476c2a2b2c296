//! `orgd import`: the flags, the progress bar and the words around an import.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::access::Access;
use super::output;
use crate::config::CommonFlags;
use crate::queue::ProvisionerType;
use crate::transfer::{self, Counts, Options, Progress, Source, Summary};

const EXPLANATION: &str = "\
Files hold what a Coder server answers: organizations (GET /api/v2/organizations) and provisioner jobs \
(GET /api/v2/organizations/{organization}/provisionerjobs), as a JSON array, as one object, or as one object a line \
(NDJSON), mixed in any order. Files of `orgd export` and of `coder provisioner jobs list --output json` are read too.

It is all or nothing: when anything is wrong, every fault is named with its file and line, and the database stays as it was.

Default organization: a new database takes the one of the files (is_default: true) as its own. A database that has one \
already imports the other as a normal organization if its name is free. With --into-default the organization is not \
imported; its jobs are given to the default organization that is there.

Left out: keys that are not documented (named at the end), and queue_position, queue_size and available_workers, which \
follow from the moment. The documented shape does not say what a job needs; all jobs of one import get --provisioner.

A server may run on the same database. It goes on answering reads, and sees what was imported a moment later; its writes \
wait, and are refused with 503 when an import takes longer than a few seconds.

Examples:
  orgd import --into-default docs/examples/*.json
  curl -H \"$AUTH\" \"$URL/organizations/default/provisionerjobs?limit=0\" | orgd import -";

/// What to import, and how.
#[derive(Debug, Args)]
#[command(after_long_help = EXPLANATION)]
pub struct Flags {
    /// Files with JSON or NDJSON; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Give the jobs of the files' default organization to the one that is the default here
    #[arg(long)]
    into_default: bool,
    /// What the jobs need to run
    #[arg(long, value_enum, default_value = "terraform")]
    provisioner: Provisioner,
    #[command(flatten)]
    common: CommonFlags,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Provisioner {
    /// Terraform
    Terraform,
    /// Answers what it was told to; for tests
    Echo,
}

/// Runs the command.
pub fn run(flags: Flags) -> anyhow::Result<()> {
    let Flags { files, into_default, provisioner, common } = flags;
    let (sources, length) = sources(&files)?;
    let access = Access::new(common)?;
    let mut conn = access.open_or_create()?;
    let provisioner = match provisioner {
        Provisioner::Terraform => ProvisionerType::Terraform,
        Provisioner::Echo => ProvisionerType::Echo,
    };
    let mut bar = Bar::new(length);
    let imported = transfer::import(&mut conn, &sources, Options { into_default, provisioner }, &mut bar);
    bar.0.finish_and_clear();
    let summary = imported?;
    access.wait_until_noticed();
    warn(&summary);
    output::say(&format!("Imported {}.", summary.counts));
    Ok(())
}

/// The sources that the arguments name, and how many bytes they hold in all, if that is known. A file that is not there is
/// said before anything is read.
fn sources(files: &[PathBuf]) -> anyhow::Result<(Vec<Source>, Option<u64>)> {
    let mut sources = Vec::with_capacity(files.len());
    let mut length = Some(0);
    for file in files {
        if file.as_path() == Path::new("-") {
            if sources.contains(&Source::StandardInput) {
                bail!("standard input can be read once, but - is given twice");
            }
            sources.push(Source::StandardInput);
            length = None;
            continue;
        }
        let told = std::fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?;
        if told.is_dir() {
            bail!("cannot read {}: it is a folder; name the files in it", file.display());
        }
        // A pipe has no length.
        length = length.filter(|_| told.is_file()).map(|length| length + told.len());
        sources.push(Source::File(file.clone()));
    }
    Ok((sources, length))
}

fn warn(summary: &Summary) {
    for name in &summary.made_normal {
        output::say(&format!(
            "Note: {name:?} is the default organization of another server. It is a normal one here; --into-default gives \
             its jobs to the default organization instead."
        ));
    }
    for (key, count) in &summary.unknown_keys {
        let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
        output::say(&format!(
            "Warning: the key {key:?} is not part of the documented shape and was left out, {times}."
        ));
    }
}

/// Shows how far the import has come, when standard error is a terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new(length: Option<u64>) -> Self {
        let bar = match length {
            Some(length) => {
                ProgressBar::new(length).with_style(style("Reading {wide_bar} {percent:>3} %  {msg}  {eta} left"))
            }
            None => ProgressBar::no_length().with_style(style("{spinner} Reading  {decimal_bytes}  {wide_msg}")),
        };
        Self(bar)
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Progress for Bar {
    fn advanced(&mut self, bytes: u64, counts: Counts) {
        self.0.set_position(bytes);
        self.0.set_message(counts.to_string());
    }

    fn committing(&mut self) {
        self.0.set_style(style("{spinner} Writing to the disk  {wide_msg}"));
        self.0.enable_steady_tick(Duration::from_millis(100));
    }
}
