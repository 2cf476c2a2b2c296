//! `orgd backup` and `orgd restore`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use super::access::Access;
use super::output::{self, Output};
use crate::clock::{Clock, SystemClock};
use crate::config::{CommonFlags, DatabaseUrl};
use crate::db::backup::{self, Counted, InTheWay};

const ON_BACKUP: &str = "\
Beside a running server or without one. The file is a database of its own, holds everything that was acknowledged before the \
command began, and is read through before it gets its name; it is readable by its owner only. A backup that was interrupted \
leaves no file of that name.

PostgreSQL has backups of its own: pg_dump, or a base backup with archived logs.

Example:
  orgd backup /backups/orgd-monday.db";

const ON_RESTORE: &str = "\
The server must be stopped. The backup is read through first and stays as it is. A database that is in the way is kept under \
another name with --force, and refused without.

Session tokens and provisioner keys that were revoked after the backup was made are valid again. --revoke-tokens ends every \
session and revokes every session token of the restored database; make a new one with `orgd token create --user NAME`. \
Provisioner keys stay.

Example:
  orgd restore /backups/orgd-monday.db --database-url sqlite://orgd.db";

/// What to back up, and where to.
#[derive(Debug, Args)]
#[command(after_long_help = ON_BACKUP)]
pub struct BackupFlags {
    /// The file to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace the file when there is one
    #[arg(long)]
    force: bool,
    /// How to print what the backup holds
    #[arg(long, short, value_enum, default_value = "table")]
    output: Output,
    #[command(flatten)]
    common: CommonFlags,
}

/// What to restore, and where to.
#[derive(Debug, Args)]
#[command(after_long_help = ON_RESTORE)]
pub struct RestoreFlags {
    /// A file that `orgd backup` has written
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Put it in the place of a database, which is kept under another name
    #[arg(long)]
    force: bool,
    /// Revoke every session token that the backup holds
    #[arg(long)]
    revoke_tokens: bool,
    /// How to print what was restored
    #[arg(long, short, value_enum, default_value = "table")]
    output: Output,
    #[command(flatten)]
    common: CommonFlags,
}

/// Runs `orgd backup`.
pub fn back_up(flags: BackupFlags) -> anyhow::Result<()> {
    let access = Access::new(flags.common)?;
    let DatabaseUrl::Sqlite { path } = access.url() else {
        bail!(
            "`orgd backup` is for SQLite; PostgreSQL has backups of its own: pg_dump --format=custom --file={} DATABASE",
            flags.file.display()
        );
    };
    let mut source = access.open_as_it_is()?;
    let counted = backup::make(&mut source, path, &flags.file, in_the_way(flags.force))?;
    print(flags.output, &counted)?;
    output::say(&format!("Backed up {} into {}, and read through.", access.url(), flags.file.display()));
    Ok(())
}

/// Runs `orgd restore`.
pub fn restore(flags: RestoreFlags) -> anyhow::Result<()> {
    let access = Access::new(flags.common)?;
    let DatabaseUrl::Sqlite { path } = access.url() else {
        bail!(
            "`orgd restore` is for SQLite; for PostgreSQL there are pg_restore, and `orgd copy --from sqlite://{} --to \
             postgres://…`, which moves a backup of SQLite into an empty database",
            flags.file.display()
        );
    };
    let now = SystemClock::new().now();
    let restored = backup::restore(&flags.file, path, in_the_way(flags.force), flags.revoke_tokens, now)?;
    print(flags.output, &restored.counted)?;
    if restored.counted.is_empty() {
        output::say(
            "Its schema is older than this version's; `orgd serve` or `orgd migrate run` brings it up to date.",
        );
    }
    if let Some(revoked) = restored.revoked {
        output::say(&format!("Revoked {revoked} session tokens."));
    }
    if let Some(replaced) = &restored.replaced {
        output::say(&format!("The database that was there is now {}.", replaced.display()));
    }
    output::say(&format!("Restored {} into {}.", flags.file.display(), access.url()));
    Ok(())
}

fn in_the_way(force: bool) -> InTheWay {
    if force { InTheWay::Replace } else { InTheWay::Refuse }
}

fn print(format: Output, counted: &[Counted]) -> anyhow::Result<()> {
    output::print_list(format, counted, &["table", "rows"], |counted| {
        vec![counted.table.to_owned(), counted.rows.to_string()]
    })
}
