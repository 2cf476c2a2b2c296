//! `cargo xtask openapi check`: compares the documented contract with the generated document. It has no option to write
//! either of them: whoever reads a difference decides which side is right.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use orgd_contract::{Contract, compare};

use super::generated;

/// Exit code for documents that differ.
const DIFFER: u8 = 1;

/// What to compare.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Folder of the documented contract; `openapi/` of this source tree when it is not given.
    #[arg(long, value_name = "DIR")]
    documented: Option<PathBuf>,
    /// The generated document as a JSON file; what the code generates when it is not given.
    #[arg(long, value_name = "FILE")]
    generated: Option<PathBuf>,
}

/// Compares, and prints the differences to standard output.
///
/// # Errors
/// One of the documents cannot be had.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = arguments.documented.clone().unwrap_or_else(super::documented_folder);
    let contract = Contract::load(&folder)?;
    let generated = generated::document(arguments.generated.as_deref())?;
    let differences = compare(contract.document(), &generated);

    let mut out = std::io::stdout().lock();
    for difference in &differences {
        writeln!(out, "{difference}\n")?;
    }
    let operations = contract.operations().len();
    match differences.len() {
        0 => {
            writeln!(out, "The documented and the generated document agree: {operations} operations.")?;
            Ok(ExitCode::SUCCESS)
        }
        count => {
            let noun = if count == 1 { "difference" } else { "differences" };
            writeln!(out, "{count} {noun} between the documented and the generated document.")?;
            Ok(ExitCode::from(DIFFER))
        }
    }
}
