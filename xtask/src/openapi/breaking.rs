//! `cargo xtask openapi breaking`: whether the working version may have the changes that it has since the last release.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use orgd_contract::{ApiChange, Class, changes, parse_version, required_version};

use super::released::{self, Named};
use super::{changelog, diff, redocly};

/// Exit code for a version that may not have its changes, or a changelog that does not tell them.
const REFUSED: u8 = 1;

/// What to compare.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What was released: a version, or a file; the newest of openapi/released/ when it is not given.
    #[arg(long, value_name = "A")]
    from: Option<String>,
    /// What is to be released; the documented contract when it is not given.
    #[arg(long, value_name = "B")]
    to: Option<String>,
    /// Folder of the npm project that has `@redocly/cli`, whose opinion is asked besides; needs Node.
    #[arg(long, value_name = "DIR")]
    redocly: Option<PathBuf>,
    /// Write the section "API" of docs/CHANGELOG.md.
    #[arg(long, conflicts_with_all = ["from", "to"])]
    changelog: bool,
    /// Refuse when that section is not what would be written.
    #[arg(long, conflicts_with_all = ["from", "to", "changelog"])]
    check_changelog: bool,
}

/// Prints what has changed and which version it asks for.
///
/// # Errors
/// A document cannot be had, a version is none, or the tool that is asked besides does not run.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let old = arguments.from.as_deref().map_or_else(released::newest, released::find)?;
    let new = arguments.to.as_deref().map_or_else(released::working, released::find)?;
    let mut found = changes(&old.document, &new.document);
    if let Some(folder) = &arguments.redocly {
        redocly::require_eyes(folder, &old.document)?;
        let missed = redocly::missed(folder, &old.document, &new.document, &found)?;
        found.extend(missed);
        found.sort_by_key(|change| change.class);
    }
    let mut out = std::io::stdout().lock();
    write!(out, "{}", diff::text(&found, false))?;
    let allowed = judge(&old, &new, &found, &mut out)?;
    let told = if arguments.changelog {
        changelog::write(&old, &found)?;
        true
    } else if arguments.check_changelog {
        changelog::check(&old, &found, &mut out)?
    } else {
        true
    };
    Ok(if allowed && told { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}

/// Says whether the version is high enough for the changes.
fn judge(old: &Named, new: &Named, found: &[ApiChange], out: &mut impl std::io::Write) -> anyhow::Result<bool> {
    let (released, working) = (old.version(), new.version());
    let (major, minor, patch) = required_version(released, found)?;
    let count = |class: Class| found.iter().filter(|change| change.class == class).count();
    let breaking = found.iter().filter(|change| change.class.is_breaking()).count();
    let (additive, words) = (count(Class::Additive), count(Class::Wording));
    writeln!(out, "Since {released}: {breaking} breaking, {additive} additive, {words} of words only.")?;
    if parse_version(working)? >= (major, minor, patch) {
        writeln!(out, "Version {working} may have them.")?;
        return Ok(true);
    }
    writeln!(
        out,
        "Version {working} may not have them. Take the ways out, or bump the version to {major}.{minor}.{patch} in openapi/openapi.yaml and Cargo.toml."
    )?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    use orgd_contract::changes;
    use serde_json::json;

    use super::{Named, judge};

    fn named(version: &str, paths: serde_json::Value) -> Named {
        let document = json!({"openapi": "3.1.0", "info": {"version": version}, "paths": paths});
        Named { name: version.to_owned(), document }
    }

    #[test]
    fn a_breaking_change_without_a_bump_is_refused_with_the_version_that_it_needs() {
        let one = json!({"/a": {"get": {"responses": {"200": {"description": "x"}}}}});
        let both = json!({"/a": one["/a"], "/b": one["/a"]});
        for (old, new, wanted) in [
            (named("0.1.0", one.clone()), named("0.1.0", one.clone()), None),
            (named("0.1.0", one.clone()), named("0.1.0", both.clone()), Some("0.1.1")),
            (named("0.1.0", one.clone()), named("0.1.1", both.clone()), None),
            (named("0.1.0", both.clone()), named("0.1.9", one.clone()), Some("0.2.0")),
            (named("0.1.0", both.clone()), named("0.2.0", one.clone()), None),
            (named("1.2.0", both), named("1.3.0", one), Some("2.0.0")),
        ] {
            let mut out = Vec::new();
            let allowed = judge(&old, &new, &changes(&old.document, &new.document), &mut out).unwrap();
            let told = String::from_utf8(out).unwrap();
            assert_eq!(allowed, wanted.is_none(), "{told}");
            assert!(wanted.is_none_or(|version| told.contains(&format!("bump the version to {version} in"))), "{told}");
        }
    }
}
