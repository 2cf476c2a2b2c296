//! What came of a run, and how it is shown: to people, to programs and to CI services.

mod junit;
mod text;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::case::Verdict;
use crate::exchange::Exchange;
use crate::runner::Kind;

/// What came of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The server.
    pub url: String,
    /// Which kind it is.
    pub kind: Kind,
    /// What it says of itself.
    pub version: String,
    /// Whether organizations were made, changed and deleted.
    pub write: bool,
    /// Whether somebody ended it early.
    pub interrupted: bool,
    /// How long it took.
    pub seconds: f64,
    /// What it made and could not delete, with the reason.
    pub left_over: Vec<String>,
    /// Every case.
    pub results: Vec<CaseResult>,
}

/// What came of a case.
#[derive(Debug, Clone, Serialize)]
pub struct CaseResult {
    /// ID of the operation.
    pub operation: String,
    /// Name of the case.
    pub case: String,
    /// The rule that it checks.
    pub rule: String,
    /// How long it took.
    pub seconds: f64,
    /// What came of it.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The requests of a case that did not pass.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exchanges: Vec<Exchange>,
}

/// How many cases ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    /// Kept.
    pub pass: usize,
    /// Broken.
    pub fail: usize,
    /// As the list of differences says.
    pub known_difference: usize,
    /// Not found out.
    pub skipped: usize,
}

impl Counts {
    fn add(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Pass => self.pass += 1,
            Verdict::Fail { .. } => self.fail += 1,
            Verdict::KnownDifference { .. } => self.known_difference += 1,
            Verdict::Skipped { .. } => self.skipped += 1,
        }
    }
}

impl Report {
    /// How many cases ended in which way.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.results.iter().for_each(|result| counts.add(&result.verdict));
        counts
    }

    /// True when the server keeps what could be found out, and nothing is left over.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.counts().fail == 0 && self.left_over.is_empty() && !self.interrupted
    }

    /// The report as JSON, with the counts.
    ///
    /// # Errors
    /// Never in practice: every part of it can be written.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        let mut value = serde_json::to_value(self)?;
        value["counts"] = serde_json::to_value(self.counts())?;
        serde_json::to_string_pretty(&value)
    }

    /// The report as JUnit XML: a suite for each operation.
    ///
    /// # Errors
    /// Never in practice: it is written to memory.
    pub fn junit(&self) -> Result<String, String> {
        junit::write(self)
    }

    /// The report for people. With `all`, each case has a line, otherwise each operation.
    #[must_use]
    pub fn text(&self, all: bool, colours: bool) -> String {
        text::write(self, all, colours)
    }

    /// The results of each operation, in the order in which they ran.
    fn by_operation(&self) -> Vec<(&str, Vec<&CaseResult>)> {
        let mut order: Vec<(&str, Vec<&CaseResult>)> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for result in &self.results {
            let place = *places.entry(&result.operation).or_insert_with(|| {
                order.push((&result.operation, Vec::new()));
                order.len() - 1
            });
            order[place].1.push(result);
        }
        order
    }
}
