//! `orgd export`: where an export goes.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::access::Access;
use super::output;
use crate::config::CommonFlags;
use crate::transfer::{Counts, ExportError, export};

const EXPLANATION: &str = "\
One JSON object a line (NDJSON): the organizations, oldest first, then the jobs of each, oldest first, all from one moment. \
The shapes are the documented ones, with keys left out that have no value. queue_position and queue_size are 0, and \
available_workers is left out, since they are true for a moment only.

Not exported: deleted organizations, users, tokens, workers, logs, and what the shapes have no key for (which provisioner a \
job needs). It is for moving organizations and jobs to another server; a backup is a copy of the database.

A server may run on the same database.

Example:
  orgd export | ssh other orgd import -";

/// What to export, and where to.
#[derive(Debug, Args)]
#[command(after_long_help = EXPLANATION)]
pub struct Flags {
    /// Only this organization: a name or ID, or default
    #[arg(long, value_name = "ORGANIZATION")]
    organization: Option<String>,
    /// Write to this file instead of standard output; it is replaced once the export is complete
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    common: CommonFlags,
}

/// Runs the command.
pub fn run(flags: Flags) -> anyhow::Result<()> {
    let Flags { organization, output, common } = flags;
    let mut conn = Access::new(common)?.open()?;
    let only = organization.as_deref();
    let counts = match &output {
        Some(path) => into_file(path, |out| export(&mut conn, only, out))?,
        None => {
            let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
            match export(&mut conn, only, &mut out) {
                // Whoever reads has enough, as in `orgd export | head`.
                Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                    // What is still in the buffer would be written again.
                    let _ = out.into_parts();
                    return Ok(());
                }
                exported => exported?,
            }
        }
    };
    output::say(&format!("Exported {counts}."));
    Ok(())
}

/// Writes beside the file and takes its place at the end, so that there is never half an export under its name. What is not a
/// plain file, such as a pipe, is written to directly.
fn into_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<Counts, ExportError>) -> anyhow::Result<Counts> {
    let cannot = || format!("cannot write {}", path.display());
    let is_plain = fs::metadata(path).map_or(true, |told| told.is_file());
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let target = if is_plain { Path::new(&partial) } else { path };
    let file = File::options().write(true).create(true).truncate(is_plain).open(target).with_context(cannot)?;
    let mut out = BufWriter::with_capacity(1 << 16, file);
    let written = write(&mut out).map_err(anyhow::Error::from).and_then(|counts| {
        let file = out.into_inner().map_err(io::IntoInnerError::into_error).with_context(cannot)?;
        if is_plain {
            file.sync_all().with_context(cannot)?;
            fs::rename(target, path).with_context(cannot)?;
        }
        Ok(counts)
    });
    if written.is_err() && is_plain {
        // The error that is told is the first one.
        let _ = fs::remove_file(target);
    }
    written
}
