//! Holds the dependencies against `.ci/deny.toml`: licences, sources, duplicates, and advisories where their database can be had.

use std::process::{Command, Stdio};

use super::place::Place;
use super::shell::{command, run, say};
use super::tools::DENY;

/// Checks them.
///
/// # Errors
/// A dependency may not be there, or the tool cannot be had.
pub(crate) fn check(place: &Place) -> anyhow::Result<()> {
    let program = DENY.ready(place)?;
    let deny = |arguments: &[&str]| -> Command {
        let mut deny = command(&place.root, &program, &["--all-features", "--locked", "--config", ".ci/deny.toml"]);
        deny.args(arguments);
        deny
    };
    run(&mut deny(&["check", "--hide-inclusion-graph", "licenses", "bans", "sources"]))?;
    // The database is a repository of its own, which not every machine reaches.
    let fetched = deny(&["fetch", "db"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if fetched.is_ok_and(|status| status.success()) {
        return run(&mut deny(&["check", "--disable-fetch", "advisories"]));
    }
    say("NOT CHECKED: advisories; their database, https://github.com/RustSec/advisory-db, is out of reach.")
}
