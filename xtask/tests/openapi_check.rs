//! `cargo xtask openapi check` as whoever runs it sees it: what it prints and its exit code.

#![expect(clippy::expect_used, reason = "a test fails by panicking, helpers included")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use orgd_contract::Contract;
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi")
}

fn documented() -> Value {
    Contract::load(&folder()).expect("the contract loads").document().clone()
}

fn check(documented: &Path, generated: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["openapi", "check", "--documented"])
        .arg(documented)
        .arg("--generated")
        .arg(generated)
        .output()
        .expect("xtask runs")
}

/// Runs the check with this text as the generated document.
fn check_text(generated: &str) -> Output {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("generated.json");
    std::fs::write(&file, generated).expect("a file");
    let output = check(&folder(), &file);
    assert_eq!(std::fs::read_to_string(&file).expect("the file is still there"), generated);
    output
}

#[test]
fn exits_with_0_when_they_agree() {
    let output = check_text(&documented().to_string());
    assert_eq!(output.status.code(), Some(0));
    let count = documented()["paths"]
        .as_object()
        .expect("paths")
        .values()
        .map(|item| item.as_object().expect("a path item").len())
        .sum::<usize>();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        format!("The documented and the generated document agree: {count} operations.\n")
    );
}

#[test]
fn exits_with_1_and_every_difference_when_they_differ() {
    let mut generated = documented();
    generated["info"]["title"] = json!("Coder");
    generated["paths"]["/organizations"]["get"]["summary"] = json!("List organizations");
    let before = documented();
    let output = check_text(&generated.to_string());

    assert_eq!(output.status.code(), Some(1));
    let expected = "\
document at /info/title
  documented: \"orgd\"
  generated:  \"Coder\"
  next step:  change what crates/server/src/http/document.rs generates; or, if the code is right, change openapi/openapi.yaml.

getOrganizations at /paths/~1organizations/get/summary
  documented: \"Get organizations\"
  generated:  \"List organizations\"
  next step:  change the `#[utoipa::path]` of the handler `get_organizations` (crates/server/src/http); or, if the code is \
right, change openapi/organizations.yaml.

2 differences between the documented and the generated document.
";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    assert_eq!(documented(), before, "the check leaves the contract alone");
}

#[test]
fn exits_with_2_when_they_cannot_be_compared() {
    let documented = documented().to_string();
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("generated.json");
    std::fs::write(&file, documented).expect("a file");
    let (nowhere, empty) = (dir.path().join("nowhere"), dir.path().join("empty"));
    std::fs::create_dir(&empty).expect("a folder");

    for (output, message) in [
        (check(&folder(), &nowhere), "cannot read"),
        (check_text("{"), "is not JSON"),
        (check_text("[]"), "must be a JSON object"),
        (check(&nowhere, &file), "cannot list"),
        (check(&empty, &file), "has no .yaml file"),
    ] {
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.starts_with("error: ") && stderr.contains(message), "{stderr}");
        assert!(output.stdout.is_empty());
    }
}
