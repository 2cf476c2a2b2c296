//! `cargo xtask openapi export`: writes the documented contract as files, in every form that tools ask for.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use orgd_contract::{Contract, Form};
use serde_json::Value;

use crate::ci::place::Place;

/// What to write, and where.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Folder to write into, made when it is not there; `openapi` in the target folder when it is not given.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Folder of the documented contract; `openapi/` of this source tree when it is not given.
    #[arg(long, value_name = "DIR")]
    documented: Option<PathBuf>,
}

/// Writes the files, and prints their names to standard output.
///
/// # Errors
/// The contract cannot be read, 3.0 cannot say it, or a file cannot be written.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let documented = arguments.documented.clone().unwrap_or_else(super::documented_folder);
    let contract = Contract::load(&documented)?;
    let out = match &arguments.out {
        Some(folder) => folder.clone(),
        None => Place::find()?.target.join("openapi"),
    };
    let mut stdout = std::io::stdout().lock();
    for file in write(contract.document(), &out)? {
        writeln!(stdout, "{}", file.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a document in every form into the folder, and tells the files.
///
/// # Errors
/// 3.0 cannot say it, or a file cannot be written.
pub(crate) fn write(document: &Value, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    // All of them first: a folder with some old and some new files is worse than an old one.
    let texts = Form::ALL.map(|form| form.write(document).map(|text| (folder.join(form.file_name()), text)));
    let texts = texts.into_iter().collect::<Result<Vec<_>, _>>()?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (file, text) in &texts {
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(texts.into_iter().map(|(file, _)| file).collect())
}
