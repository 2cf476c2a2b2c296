//! The report as JUnit XML, which CI services read: a suite for each operation, a test case for each case.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};

use super::{CaseResult, Report, text};
use crate::case::Verdict;

pub(super) fn write(report: &Report) -> Result<String, String> {
    let mut junit = Junit::new("orgd conformance");
    junit.set_time(seconds(report.seconds));
    for (operation, results) in report.by_operation() {
        let mut suite = TestSuite::new(operation);
        suite.add_test_cases(results.into_iter().map(case));
        junit.add_test_suite(suite);
    }
    if !report.left_over.is_empty() {
        let mut suite = TestSuite::new("cleanup");
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message("could not be deleted").set_description(harmless(&report.left_over.join("\n")));
        suite.add_test_case(TestCase::new("everything that was made is deleted", status));
        junit.add_test_suite(suite);
    }
    junit.to_string().map_err(|error| error.to_string())
}

fn case(result: &CaseResult) -> TestCase {
    let status = match &result.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Skipped { reason } => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(harmless(reason));
            status
        }
        // There is no such thing in JUnit. It passes, and says so below.
        Verdict::KnownDifference { .. } => TestCaseStatus::success(),
        Verdict::Fail { findings } => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let first = findings.first().map(|one| format!("expected {}, got {}", one.expected, one.got));
            status.set_message(harmless(&first.unwrap_or_default())).set_type("contract");
            status.set_description(harmless(&text::details(findings, &result.exchanges)));
            status
        }
    };
    let mut case = TestCase::new(result.case.as_str(), status);
    case.set_classname(format!("orgd.conformance.{}", result.operation)).set_time(seconds(result.seconds));
    if let Verdict::KnownDifference { differences, findings } = &result.verdict {
        let numbers: Vec<_> = differences.iter().map(|number| format!("#{number}")).collect();
        let details = text::details(findings, &result.exchanges);
        case.set_system_out(harmless(&format!("known difference {}\n{details}", numbers.join(", "))));
    }
    case
}

/// Text without what XML cannot hold, not even escaped.
fn harmless(text: &str) -> String {
    let is_allowed =
        |one: char| matches!(one, '\t' | '\n') || !(one.is_control() || matches!(one, '\u{fffe}' | '\u{ffff}'));
    text.chars().map(|one| if is_allowed(one) { one } else { '\u{fffd}' }).collect()
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
