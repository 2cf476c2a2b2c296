//! `cargo xtask openapi release`: keeps the documented contract as that of its version, for all later ones to be compared with.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::bail;

use super::released;

/// Writes `openapi/released/<version>.yaml`; one that is there and says something else stays.
///
/// # Errors
/// That, or it cannot be written.
pub(super) fn run() -> anyhow::Result<ExitCode> {
    let working = released::working()?;
    let file = released::folder().join(format!("{}.yaml", working.version()));
    let text = released::text(&working.document)?;
    if std::fs::read_to_string(&file).is_ok_and(|there| there != text) {
        bail!(
            "{} is released and says something else; bump the version in openapi/openapi.yaml and Cargo.toml",
            working.version()
        );
    }
    std::fs::create_dir_all(released::folder())?;
    std::fs::write(&file, text)?;
    writeln!(std::io::stdout(), "{}", file.display())?;
    Ok(ExitCode::SUCCESS)
}
