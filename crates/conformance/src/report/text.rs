//! The report for people: a line for each operation, what was skipped and why, and at the end each failure with what was sent,
//! what was expected and what came back.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{CaseResult, Counts, Report};
use crate::case::{Finding, Verdict};
use crate::exchange::Exchange;
use crate::runner::Kind;

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const GREY: &str = "2";
/// Characters of a line that names several operations.
const WIDTH: usize = 90;

/// Paints words, or leaves them alone.
struct Paint(bool);

impl Paint {
    fn with(&self, colour: &str, words: &str) -> String {
        if self.0 { format!("\x1b[{colour}m{words}\x1b[0m") } else { words.to_owned() }
    }
}

// Writing to a String cannot fail, so the results of `writeln!` are not looked at.
pub(super) fn write(report: &Report, all: bool, colours: bool) -> String {
    let paint = Paint(colours);
    let mut out = String::new();
    let mode = if report.write { "reading and writing" } else { "reading only" };
    let kind = match report.kind {
        Kind::Orgd => "orgd",
        Kind::Coder => "Coder",
    };
    let _ = writeln!(out, "{} ({kind} {}), {mode}\n", plain(&report.url), plain(&report.version));
    let mut nothing_run = Vec::new();
    for (operation, results) in report.by_operation() {
        if all {
            results.iter().for_each(|result| line_of_case(&mut out, &paint, result));
        } else if results.iter().all(|result| matches!(result.verdict, Verdict::Skipped { .. })) {
            nothing_run.push(operation);
        } else {
            line_of_operation(&mut out, &paint, operation, &results);
        }
    }
    not_run(&mut out, &paint, &nothing_run);
    known(&mut out, report);
    if !all {
        skipped(&mut out, report);
    }
    for result in &report.results {
        failure(&mut out, &paint, result);
    }
    for left in &report.left_over {
        let _ = writeln!(out, "\n{} could not be deleted: {}", paint.with(RED, "LEFT OVER"), plain(left));
    }
    sum(&mut out, &paint, report);
    out
}

/// Operations of which nothing was found out, together on a few lines.
fn not_run(out: &mut String, paint: &Paint, operations: &[&str]) {
    let mut line = String::new();
    for operation in operations {
        if !line.is_empty() && line.len() + operation.len() > WIDTH {
            let _ = writeln!(out, "{}  {line}", paint.with(GREY, "skip "));
            line.clear();
        }
        let _ = write!(line, "{}{operation}", if line.is_empty() { "" } else { ", " });
    }
    if !line.is_empty() {
        let _ = writeln!(out, "{}  {line}", paint.with(GREY, "skip "));
    }
}

fn line_of_operation(out: &mut String, paint: &Paint, operation: &str, results: &[&CaseResult]) {
    let mut counts = Counts::default();
    results.iter().for_each(|result| counts.add(&result.verdict));
    let mark = match counts {
        Counts { fail: 1.., .. } => paint.with(RED, "FAIL "),
        Counts { known_difference: 1.., .. } => paint.with(YELLOW, "known"),
        _ => paint.with(GREEN, "pass "),
    };
    let _ = writeln!(out, "{mark}  {operation:<44} {}", words(counts));
}

fn line_of_case(out: &mut String, paint: &Paint, result: &CaseResult) {
    let (mark, more) = match &result.verdict {
        Verdict::Pass => (paint.with(GREEN, "pass "), String::new()),
        Verdict::Fail { .. } => (paint.with(RED, "FAIL "), String::new()),
        Verdict::KnownDifference { differences, .. } => {
            (paint.with(YELLOW, "known"), format!("  ({})", numbers(differences)))
        }
        Verdict::Skipped { reason } => (paint.with(GREY, "skip "), format!("  ({})", plain(reason))),
    };
    let _ = writeln!(out, "{mark}  {}/{}  {}{more}", result.operation, result.case, result.rule);
}

fn words(counts: Counts) -> String {
    let Counts { pass, fail, known_difference, skipped } = counts;
    let named = [(fail, "failed"), (known_difference, "known"), (pass, "passed"), (skipped, "skipped")];
    let said = named.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    said.collect::<Vec<_>>().join(", ")
}

fn numbers(differences: &[u32]) -> String {
    let numbers: Vec<_> = differences.iter().map(|number| format!("#{number}")).collect();
    format!("difference {}", numbers.join(", "))
}

fn known(out: &mut String, report: &Report) {
    let mut by_number: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for result in &report.results {
        if let Verdict::KnownDifference { differences, .. } = &result.verdict {
            for number in differences {
                by_number.entry(*number).or_default().push(format!("{}/{}", result.operation, result.case));
            }
        }
    }
    if !by_number.is_empty() {
        let _ = writeln!(out, "\nKnown differences (docs/DIFFERENCES.md):");
    }
    for (number, cases) in by_number {
        let _ = writeln!(out, "  #{number:<3} {}", cases.join(", "));
    }
}

fn skipped(out: &mut String, report: &Report) {
    let mut by_reason: BTreeMap<&str, usize> = BTreeMap::new();
    for result in &report.results {
        if let Verdict::Skipped { reason } = &result.verdict {
            *by_reason.entry(reason).or_default() += 1;
        }
    }
    if !by_reason.is_empty() {
        let _ = writeln!(out, "\nSkipped:");
    }
    for (reason, count) in by_reason {
        let _ = writeln!(out, "  {count:>4}  {}", plain(reason));
    }
}

fn failure(out: &mut String, paint: &Paint, result: &CaseResult) {
    let Verdict::Fail { findings } = &result.verdict else { return };
    let title = format!("FAIL {}/{}", result.operation, result.case);
    let _ = writeln!(out, "\n{}: {}", paint.with(RED, &title), result.rule);
    out.push_str(&details(findings, &result.exchanges));
}

/// What was sent, what was expected and what came back.
pub(super) fn details(findings: &[Finding], exchanges: &[Exchange]) -> String {
    let mut out = String::new();
    let mut shown = None;
    for finding in findings {
        if let Some(exchange) = exchanges.get(finding.exchange).filter(|_| shown != Some(finding.exchange)) {
            shown = Some(finding.exchange);
            let _ = writeln!(out, "  request   {}", plain(&exchange.request));
            for header in &exchange.headers {
                let _ = writeln!(out, "            {}", plain(header));
            }
            if let Some(body) = &exchange.body {
                let _ = writeln!(out, "            {}", plain(body));
            }
            let status = exchange.status.map_or("no answer".to_owned(), |status| status.to_string());
            let _ = writeln!(out, "  answer    {status} {}", plain(&exchange.answer));
        }
        let _ = writeln!(out, "  expected  {}", plain(&finding.expected));
        let _ = writeln!(out, "  got       {}", plain(&finding.got));
    }
    out
}

fn sum(out: &mut String, paint: &Paint, report: &Report) {
    let counts = report.counts();
    let said = format!("{} cases: {}", report.results.len(), words(counts));
    let said = if report.interrupted { format!("interrupted after {said}") } else { said };
    let colour = if report.is_good() { GREEN } else { RED };
    let _ = write!(out, "\n{} ({:.1} s)", paint.with(colour, &said), report.seconds);
}

/// Text of a server without control characters, so that it cannot drive the terminal.
fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}
