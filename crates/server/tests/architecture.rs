//! What the compiler does not hold: which layer may use what, and how files are laid out. Each rule looks at one file's path
//! and text, so that the tests below can also show each rule the violation that it is there to find.

#![expect(clippy::expect_used, reason = "a test fails by panicking, helpers included")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Lines that a file may have, and a file of tests.
const MOST_LINES: usize = 400;
const MOST_TEST_LINES: usize = 600;

/// Crates that only some parts of the server may name, and those parts, below `crates/server/src/`.
const LAYERS: &[(&str, &[&str])] = &[
    ("diesel::", &["db/", "db.rs"]),
    ("diesel_migrations::", &["db/"]),
    ("r2d2::", &["db/"]),
    ("actix_web::", &["http/", "http.rs", "auth/", "cli/serve.rs"]),
    ("std::env", &["config/", "config.rs"]),
    ("orgd_client::", &["cli/"]),
    ("orgd_conformance::", &["cli/"]),
    ("orgd_worker::", &["cli/"]),
];

type Rule = fn(&str, &str) -> Option<String>;

const RULES: &[Rule] = &[layers, says_what_it_owns, is_short, is_not_called_mod, expects_with_a_reason];

/// Crates are used by the layers that they belong to and by no other. Tests may look into the environment.
fn layers(path: &str, text: &str) -> Option<String> {
    let inside = path.strip_prefix("crates/server/src/")?;
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    LAYERS.iter().find_map(|(name, parts)| {
        let allowed = parts.iter().any(|part| inside.starts_with(part)) || (*name == "std::env" && is_test(path));
        let line = code.iter().position(|line| !allowed && line.contains(name))?;
        Some(format!("line {}: `{name}` belongs to {}", line + 1, parts.join(", ")))
    })
}

fn says_what_it_owns(_: &str, text: &str) -> Option<String> {
    let first = text.lines().next().unwrap_or_default();
    let said = first.strip_prefix("//! ").is_some_and(|sentence| !sentence.trim().is_empty());
    (!said).then(|| "line 1: must be a `//!` comment that says what the file owns".to_owned())
}

fn is_short(path: &str, text: &str) -> Option<String> {
    let most = if is_test(path) { MOST_TEST_LINES } else { MOST_LINES };
    let lines = text.lines().count();
    (lines > most).then(|| format!("{lines} lines; at most {most}"))
}

fn is_not_called_mod(path: &str, _: &str) -> Option<String> {
    path.ends_with("/mod.rs").then(|| "name it after its folder, beside the folder".to_owned())
}

fn expects_with_a_reason(_: &str, text: &str) -> Option<String> {
    // Put together here, so that this file does not break its own rule.
    let forbidden = [concat!("#[", "allow("), concat!("#![", "allow(")];
    let line = text.lines().position(|line| forbidden.iter().any(|attribute| line.contains(attribute)))?;
    Some(format!("line {}: use `expect(…, reason = \"…\")`, which ends when it is no longer needed", line + 1))
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("tests.rs")
}

fn violations(path: &str, text: &str) -> Vec<String> {
    RULES.iter().filter_map(|rule| rule(path, text)).map(|found| format!("{path}: {found}")).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the source tree is there")
}

/// Every source file of the project with its path from the top.
fn sources() -> BTreeMap<String, String> {
    let root = root();
    let mut folders = vec![root.join("crates"), root.join("xtask")];
    let mut files = vec![root.join("build.rs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name");
            if path.is_dir() && name != "node_modules" && name != "target" {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let name = |file: &PathBuf| file.strip_prefix(&root).expect("in the tree").to_str().expect("UTF-8").to_owned();
    files.iter().map(|file| (name(file), std::fs::read_to_string(file).expect("a readable file"))).collect()
}

#[test]
fn the_source_tree_keeps_every_rule() {
    let sources = sources();
    assert!(sources.contains_key("build.rs") && sources.contains_key("crates/server/src/main.rs"));
    let found: Vec<String> = sources.iter().flat_map(|(path, text)| violations(path, text)).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn every_rule_finds_what_it_is_there_for() {
    let long = format!("//! A.\n{}", "\n".repeat(MOST_LINES));
    let very_long = format!("//! A.\n{}", "\n".repeat(MOST_TEST_LINES));
    let allowing = format!("//! A.\n{}dead_code)]", concat!("#[", "allow("));
    for (path, text) in [
        ("crates/server/src/service/a.rs", "//! A.\nuse diesel::prelude::*;"),
        ("crates/server/src/http/a.rs", "//! A.\nfn f(c: &mut diesel::SqliteConnection) {}"),
        ("crates/server/src/model.rs", "//! A.\nuse r2d2::Pool;"),
        ("crates/server/src/service/a.rs", "//! A.\nuse actix_web::web;"),
        ("crates/server/src/cli/token.rs", "//! A.\nuse actix_web::web;"),
        ("crates/server/src/http/a.rs", "//! A.\nlet home = std::env::var(\"HOME\");"),
        ("crates/server/src/config/a.rs", "//! A.\nuse orgd_client::Client;"),
        ("crates/server/src/service/a.rs", "//! A.\nuse orgd_worker::Worker;"),
        ("crates/server/src/http/a.rs", "//! A.\nuse orgd_conformance::run;"),
        ("crates/contract/src/a.rs", "use std::fmt;"),
        ("crates/contract/src/b.rs", "//!\nuse std::fmt;"),
        ("xtask/src/empty.rs", ""),
        ("crates/server/src/a.rs", &long),
        ("crates/server/tests/a.rs", &very_long),
        ("crates/server/src/a/mod.rs", "//! A."),
        ("crates/api-types/src/a.rs", &allowing),
    ] {
        assert_eq!(violations(path, text).len(), 1, "{path}: {text:.60}");
    }
}

#[test]
fn no_rule_finds_what_is_allowed() {
    let long = format!("//! A.\n{}", "\n".repeat(MOST_LINES));
    for (path, text) in [
        ("crates/server/src/db/a.rs", "//! A.\nuse diesel::prelude::*;"),
        ("crates/server/src/http/a.rs", "//! A.\nuse actix_web::web; // not diesel::prelude"),
        ("crates/server/src/config/a.rs", "//! A.\nuse std::env;"),
        ("crates/server/src/telemetry/a/tests.rs", "//! A.\nuse std::env;"),
        ("crates/server/tests/a.rs", &long),
        ("xtask/src/a.rs", "//! A.\nuse std::env;"),
    ] {
        assert_eq!(violations(path, text), Vec::<String>::new());
    }
}

/// Whether a migration's name is not `YYYY-MM-DD-NNNNNN_what_it_does`. Diesel orders them by what is before the `_`.
fn is_misnamed(name: &str) -> bool {
    let Some((stamp, title)) = name.split_once('_') else { return true };
    let shape: String = stamp.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let titled = title.starts_with(|c: char| c.is_ascii_lowercase())
        && title.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    shape != "0000-00-00-000000" || !titled
}

#[test]
fn knows_a_misnamed_migration() {
    for wrong in ["2026-11-24_a", "2026-11-24-000001", "2026-11-24-000001_", "20261124000001_a", "2026-11-24-000001_A"]
    {
        assert!(is_misnamed(wrong), "{wrong}");
    }
    assert!(!is_misnamed("2026-11-24-000001_identity"));
}

#[test]
fn migrations_are_named_by_their_stamp_can_be_undone_and_are_the_same_for_every_database() {
    let mut databases = BTreeMap::new();
    for database in std::fs::read_dir(root().join("migrations")).expect("migrations") {
        let database = database.expect("an entry").path();
        let mut names = Vec::new();
        for migration in std::fs::read_dir(&database).expect("a folder for each database") {
            let folder = migration.expect("an entry").path();
            let name = folder.file_name().expect("a name").to_str().expect("UTF-8").to_owned();
            assert!(!is_misnamed(&name), "{}", folder.display());
            for script in ["up.sql", "down.sql"] {
                let text = std::fs::read_to_string(folder.join(script)).expect("both scripts");
                assert!(text.contains(';'), "{name}/{script} has no statement");
            }
            names.push(name);
        }
        names.sort();
        let stamps: Vec<_> = names.iter().filter_map(|name| name.split_once('_')).map(|(stamp, _)| stamp).collect();
        assert!(stamps.windows(2).all(|pair| pair[0] < pair[1]), "two migrations share a stamp: {names:?}");
        databases.insert(database, names);
    }
    let all: Vec<_> = databases.values().collect();
    assert!(!all.is_empty() && !all[0].is_empty());
    assert!(all.iter().all(|names| *names == all[0]), "{databases:?}");
}

/// What is older is known to lose or leak something: diesel before 2.3.10, h2 before 0.4.16 (there is no HTTP/2 here at all).
#[test]
fn dependencies_with_known_faults_are_not_locked() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let version = |name: &str| {
        let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        let numbers = rest.split('"').next()?.split(['.', '-', '+']).map(|number| number.parse().unwrap_or(0));
        Some(numbers.take(3).collect::<Vec<u32>>())
    };
    assert!(version("diesel").expect("diesel is used") >= vec![2, 3, 10]);
    assert_eq!(version("h2"), None, "HTTP/2 came in with a feature of a dependency");
}

/// What `systemd-analyze` makes of the service: 10 may do everything, 0 nothing.
#[test]
fn the_service_of_systemd_may_do_little() {
    let unit = root().join("deploy/systemd/orgd.service");
    let arguments = ["security", "--offline=true", "--no-pager", "--threshold=20"];
    match std::process::Command::new("systemd-analyze").args(arguments).arg(&unit).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let exposure = said.lines().last().unwrap_or_default().to_owned();
            assert!(output.status.success() && exposure.contains("exposure level"), "{exposure}");
        }
        // Said by the name of the test that asks for it; not every machine has systemd.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
    }
}
