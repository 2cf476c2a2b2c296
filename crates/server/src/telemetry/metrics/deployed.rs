//! That the alerts and the dashboard of `deploy/` ask for numbers that exist, and that every alert is explained to its operator.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::*;
use crate::operations::Operation;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every name of a series and every `label="value"` of a server that has counted everything.
fn known() -> (BTreeSet<String>, String) {
    let labels: Vec<&'static str> = Operation::ALL.iter().map(|operation| operation.id()).collect();
    let metrics = Metrics::new(labels.leak(), DroppedLines::default(), Timestamp::from_micros(1));
    for operation in Operation::ALL {
        for status in STATUSES.into_iter().chain([418]) {
            metrics.record(Some(operation.index()), status, Duration::from_micros(1));
        }
    }
    metrics.following.get_or_init(Following::default);
    let text = metrics.render();
    let names = text.lines().filter(|line| !line.starts_with('#'));
    (names.map(|line| line.split(['{', ' ']).next().unwrap().to_owned()).collect(), text)
}

/// What an expression asks for: names of series of orgd and of its process, and equal labels.
fn asked(expression: &str) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let words = expression.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
    let names = words.filter(|word| word.starts_with("orgd_") || word.starts_with("process_")).collect();
    let matchers = expression.split(['{', '}', ',', ' ']).filter(|part| part.contains("=\""));
    let own =
        |part: &&str| ["operation", "status", "state", "result", "reason"].iter().any(|label| part.starts_with(label));
    (names, matchers.filter(own).collect())
}

#[track_caller]
fn exists(whence: &str, expressions: &[String]) {
    let (known, text) = known();
    for expression in expressions {
        let (names, labels) = asked(expression);
        assert!(names.iter().all(|name| known.contains(*name)), "{whence} asks for {names:?} in {expression}");
        for label in labels {
            assert!(text.contains(label), "{whence}: no series has {label}: {expression}");
        }
    }
    assert!(expressions.len() > 10, "{whence} has {} expressions", expressions.len());
}

fn alerts() -> Vec<Value> {
    let rules: Value = serde_saphyr::from_str(&read("deploy/prometheus/orgd.rules.yml")).unwrap();
    rules["groups"][0]["rules"].as_array().unwrap().clone()
}

#[test]
fn every_alert_asks_for_what_there_is() {
    let text = |rule: &Value| rule["expr"].as_str().unwrap().to_owned();
    exists("orgd.rules.yml", &alerts().iter().map(text).collect::<Vec<_>>());
}

#[test]
fn every_alert_is_tested_and_explained_and_no_other_is() {
    let (pages, tests) = (read("docs/OPERATIONS.md"), read("deploy/prometheus/orgd.rules.test.yml"));
    let names: BTreeSet<String> = alerts().iter().map(|rule| rule["alert"].as_str().unwrap().to_owned()).collect();
    let explained: BTreeSet<String> = pages
        .lines()
        .filter_map(|line| Some(line.strip_prefix("| `Orgd")?.split_once('`')?.0))
        .map(|rest| format!("Orgd{rest}"))
        .collect();
    assert_eq!(explained, names);
    for name in &names {
        assert!(tests.contains(&format!("alertname: {name}")), "nothing in orgd.rules.test.yml brings {name} about");
    }
}

#[test]
fn the_dashboard_asks_for_what_there_is_and_shows_all_of_it() {
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/orgd.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let expressions: Vec<String> = targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    exists("orgd.json", &expressions);
    let all = expressions.join(" ");
    let (known, _) = known();
    for name in known {
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(&name);
        assert!(all.contains(family) || family == "process_max_fds", "no panel shows {family}");
    }
}
