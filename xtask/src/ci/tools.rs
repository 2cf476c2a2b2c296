//! Programs that come from crates.io and are no dependency of the code: built once, below the target folder.

use std::path::PathBuf;

use anyhow::ensure;

use super::place::Place;
use super::shell::{command, fetch};

/// A program in the version that is known to work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool {
    /// The crate, which is also the program.
    pub(crate) name: &'static str,
    /// Its version.
    pub(crate) version: &'static str,
}

/// Looks at licences, sources, duplicates and advisories of all dependencies.
pub(crate) const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };
/// Writes down what a binary is made of.
pub(crate) const CYCLONEDX: Tool = Tool { name: "cargo-cyclonedx", version: "0.5.9" };
/// Makes a package for Debian.
pub(crate) const DEB: Tool = Tool { name: "cargo-deb", version: "3.8.0" };

impl Tool {
    /// The program, built first where it is missing.
    ///
    /// # Errors
    /// It cannot be built.
    pub(crate) fn ready(self, place: &Place) -> anyhow::Result<PathBuf> {
        let folder = place.work.join("tools").join(format!("{}-{}", self.name, self.version));
        let program = folder.join("bin").join(self.name);
        if !program.is_file() {
            // Without optimisation it is built in half the time, and what it does here takes a second either way.
            let arguments = ["install", "--quiet", "--debug", "--locked", "--version", self.version, self.name];
            fetch(
                command(&place.root, "cargo", &arguments)
                    .arg("--root")
                    .arg(&folder)
                    .arg("--target-dir")
                    .arg(place.work.join("tools/build")),
            )?;
            ensure!(program.is_file(), "{} was installed and is not at {}", self.name, program.display());
            // Of no use any more, and as large as everything else together.
            std::fs::remove_dir_all(place.work.join("tools/build"))?;
        }
        Ok(program)
    }
}
