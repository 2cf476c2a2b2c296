//! What is recorded of one server is what another has.

use std::process::{Output, Stdio};

use serde_json::Value;

use super::double::{Double, orgd};

fn record(double: &Double, flags: &[&str]) -> Output {
    let command = &mut orgd(&[&["record"], flags].concat());
    command.env("ORGD_URL", double.url()).env("ORGD_TOKEN", double.token()).stdin(Stdio::null()).output().unwrap()
}

/// Organizations, members and jobs, without what follows from the moment.
fn state(double: &Double, token: &str) -> Vec<Value> {
    let get = |path: &str| double.try_as(token, "GET", path, None).unwrap().expect(200);
    let mut all = vec![get("/organizations")];
    for organization in ["coder", "platform-team", "research", "empty-handed"] {
        let mut jobs = get(&format!("/organizations/{organization}/provisionerjobs?limit=0"));
        for job in jobs.as_array_mut().unwrap() {
            job.as_object_mut().unwrap().retain(|key, _| !key.starts_with("queue_") && key != "available_workers");
        }
        all.push(jobs);
        let workers = get(&format!("/organizations/{organization}/provisionerdaemons?offline=true"));
        all.push(workers.as_array().unwrap().iter().map(|one| one["name"].clone()).collect());
    }
    all
}

#[test]
fn another_server_has_what_was_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recorded.yaml");
    let file = file.to_str().unwrap();
    let original = Double::bare(&[]);
    let output = record(&original, &[file]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("Recorded 4 organizations, 10 users, 4 workers and 26 provisioner jobs."), "{said}");

    let copy = Double::bare(&["--seed", file, "--clock", "frozen"]);
    assert_eq!(copy.ready["user"], "olivia", "the owner who was recorded");
    assert_eq!(state(&copy, copy.token()), state(&original, original.token()));
    let statuses = |double: &Double, token: &str| -> std::collections::BTreeMap<String, Value> {
        let users = double.try_as(token, "GET", "/users", None).unwrap().expect(200);
        let status = |user: &Value| (user["username"].as_str().unwrap().to_owned(), user["status"].clone());
        users["users"].as_array().unwrap().iter().map(status).collect()
    };
    let of_original = statuses(&original, original.token());
    let recorded = statuses(&copy, copy.token());
    assert!(recorded.iter().all(|(name, status)| of_original[name] == *status), "{recorded:?}");
    assert!(recorded.values().any(|status| status != "active"), "{recorded:?}");
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains("\nnow: "), "a frozen clock has a place to stand");
    assert!(!text.contains("secret"), "no token and no password");
}

#[test]
fn a_mask_hides_names_and_keeps_what_belongs_together() {
    let original = Double::bare(&[]);
    let output =
        record(&original, &["--mask", "--organization", "platform-team", "--organization", "coder", "--limit", "5"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    for name in [
        "olivia",
        "Olivia",
        "paul",
        "example.com",
        "platform",
        "Platform",
        "kubernetes",
        "Kubernetes",
        "builder",
        "dev-",
    ] {
        assert!(!text.contains(name), "{name} is in\n{text}");
    }
    for name in ["organization-1", "user-1", "worker-1", "template-1"] {
        assert!(text.contains(name), "{name}");
    }
    assert_eq!(text.matches("initiator_id:").count(), 8, "five of coder, three of platform-team");
}

#[test]
fn what_is_not_there_is_told() {
    let double = Double::bare(&[]);
    let missing = record(&double, &["--organization", "nobody"]);
    assert!(!missing.status.success());
    let said = String::from_utf8(missing.stderr).unwrap();
    assert!(said.contains("there is coder, empty-handed, platform-team, research"), "{said}");
    let away =
        orgd(&["record"]).env("ORGD_URL", "http://127.0.0.1:9").env("ORGD_TOKEN", double.token()).output().unwrap();
    assert!(!away.status.success());
}
