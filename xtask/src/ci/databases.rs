//! Which tests are run again on PostgreSQL: those that have anything to do with a database.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;

/// Test targets that know no database, or care for themselves whatever the others run on: a test double, for one, always has its own SQLite, and hostile
/// requests go to both databases at once.
const OTHER_TARGETS: [&str; 4] = ["architecture", "contract", "hostile", "test_double"];

/// Those that are run on one PostgreSQL only: crashes, load, clients and whole conformance runs send statements that the others have sent to both.
const ON_ONE: [&str; 5] = ["client", "conformance", "durability", "load", "transfer"];

/// Which PostgreSQL the tests are run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// The oldest supported one: what depends on the version.
    Oldest,
    /// The newest.
    Newest,
}

impl Version {
    /// As `cargo xtask test --database` calls it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Oldest => "oldest",
            Self::Newest => "newest",
        }
    }
}

/// The arguments of `cargo test` for them. A new test target is among them until somebody says that it need not be.
///
/// No package is left out, although the units of most know no database: they take a second, and with fewer packages Cargo chooses other features of
/// their libraries and builds orgd once more.
///
/// # Errors
/// The folder of the tests cannot be read.
pub(super) fn arguments(root: &Path, version: Version) -> anyhow::Result<Vec<String>> {
    let mut arguments = vec!["--lib".to_owned()];
    let mut targets = BTreeSet::new();
    for package in ["client", "server", "worker"] {
        targets.extend(targets_below(&root.join("crates").join(package).join("tests"))?);
    }
    targets.retain(|name| !OTHER_TARGETS.contains(&name.as_str()));
    if version == Version::Oldest {
        targets.retain(|name| !ON_ONE.contains(&name.as_str()));
    }
    arguments.extend(targets.into_iter().flat_map(|name| ["--test".to_owned(), name]));
    Ok(arguments)
}

/// Cargo's rule: a file, or a folder with a `main.rs`.
fn targets_below(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut targets = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let is_file = path.extension().is_some_and(|extension| extension == "rs");
        if (is_file || path.join("main.rs").exists())
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            targets.push(name.to_owned());
        }
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::{ON_ONE, OTHER_TARGETS, Version, arguments, targets_below};
    use crate::ci::place::Place;

    #[test]
    fn what_has_to_do_with_a_database_is_run_again() {
        let root = Place::find().unwrap().root;
        for version in [Version::Oldest, Version::Newest] {
            let line = arguments(&root, version).unwrap().join(" ");
            for target in ["--lib", "--test api", "--test postgres", "--test worker"] {
                assert!(line.contains(target), "{line}");
            }
            assert!(!line.contains("test_double") && !line.contains("support"), "{line}");
            assert_eq!(line.contains("--test durability"), version == Version::Newest, "{line}");
        }
    }

    #[test]
    fn what_is_left_out_exists() {
        let crates = Place::find().unwrap().root.join("crates");
        let mut targets = targets_below(&crates.join("server/tests")).unwrap();
        targets.extend(targets_below(&crates.join("client/tests")).unwrap());
        for name in OTHER_TARGETS.into_iter().chain(ON_ONE) {
            assert!(targets.iter().any(|target| target == name), "{name} is no test target any more");
        }
    }
}
