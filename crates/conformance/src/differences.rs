//! Where Coder's server answers otherwise on purpose: the list in `differences.yaml`, which decides what a case takes for a known
//! difference, and from which `docs/DIFFERENCES.md` is written.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::case::{Aspect, Finding};

const LIST: &str = include_str!("../differences.yaml");

const HEAD: &str = "# Differences from Coder's server

Written by `cargo xtask differences` from `crates/conformance/differences.yaml`; a change made here by hand fails CI.

orgd follows Coder's published reference and, where that is silent, what Coder's server does. Here is where it deliberately does not, \
and why. [`orgd conformance`](CONFORMANCE.md) knows this list: what a Coder server does that stands here is a *known difference* \
with its number and no failure. The column *checked* says whether a case meets it.

";

/// One difference.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Never changes and is never used again.
    pub number: u32,
    /// A few words.
    pub title: String,
    /// The operations that it is about; empty for all of them.
    #[serde(default)]
    pub operations: Vec<String>,
    /// What Coder's server does.
    pub coder: String,
    /// What orgd does.
    pub orgd: String,
    /// Why.
    pub why: String,
    /// What a case takes for it.
    #[serde(default)]
    pub accepted: Vec<Accepted>,
}

/// An answer of Coder's server that is a known difference.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The cases that meet it, `operation/case`; `*` for either stands for all.
    pub cases: Vec<String>,
    /// What of the answer is not as documented.
    pub aspect: Aspect,
    /// Exactly how it is instead; anything when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub got: Option<String>,
    /// What the answer's body has to have in it besides, such as the words of a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// The list.
#[derive(Debug, Clone)]
pub struct Differences(Vec<Difference>);

impl Differences {
    /// Reads the list that is compiled in.
    ///
    /// # Errors
    /// It is not what it must be; a test holds that it is.
    pub fn load() -> Result<Self, String> {
        serde_saphyr::from_str(LIST).map(Self).map_err(|error| format!("differences.yaml: {error}"))
    }

    /// Every difference, by number.
    #[must_use]
    pub fn all(&self) -> &[Difference] {
        &self.0
    }

    /// The difference that a finding of this case is, when the answer is what the list says.
    #[must_use]
    pub fn of(&self, operation: &str, case: &str, finding: &Finding, answer: &str) -> Option<u32> {
        let covers = |one: &&Difference| one.accepted.iter().any(|one| one.covers(operation, case, finding, answer));
        self.0.iter().find(covers).map(|one| one.number)
    }

    /// The page `docs/DIFFERENCES.md`.
    #[must_use]
    pub fn page(&self) -> String {
        let mut page = HEAD.to_owned();
        page.push_str("| # | subject | Coder's server | orgd | why | checked |\n|---|---|---|---|---|---|\n");
        for one in &self.0 {
            let checked = if one.accepted.is_empty() { "" } else { "yes" };
            let cells = [&one.title, &one.coder, &one.orgd, &one.why].map(|cell| cell.trim().replace('|', "\\|"));
            // Writing to a String cannot fail.
            let _ = writeln!(page, "| {} | {} | {checked} |", one.number, cells.join(" | "));
        }
        page
    }
}

impl Accepted {
    fn covers(&self, operation: &str, case: &str, finding: &Finding, answer: &str) -> bool {
        let is_case = |pattern: &String| {
            pattern
                .split_once('/')
                .is_some_and(|(one, other)| (one == "*" || one == operation) && (other == "*" || other == case))
        };
        self.aspect == finding.aspect
            && self.got.as_ref().is_none_or(|got| *got == finding.got)
            && self.body.as_ref().is_none_or(|body| answer.contains(body.as_str()))
            && self.cases.iter().any(is_case)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Differences;
    use crate::contract::Contract;
    use crate::runner::list;

    #[test]
    fn the_page_says_what_the_list_says() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/DIFFERENCES.md");
        let differs = std::fs::read_to_string(page).unwrap() != Differences::load().unwrap().page();
        assert!(!differs, "run `cargo xtask differences`");
    }

    #[test]
    fn the_list_names_what_there_is() {
        let differences = Differences::load().unwrap();
        let contract = Contract::load().unwrap();
        let cases: BTreeSet<String> =
            list(&[]).unwrap().iter().map(|one| format!("{}/{}", one.operation, one.case)).collect();
        let mut number = 0;
        for one in differences.all() {
            number += 1;
            assert_eq!(one.number, number, "numbers grow by one");
            for operation in &one.operations {
                assert!(contract.operation(operation).is_some(), "{number}: {operation}");
            }
            for pattern in one.accepted.iter().flat_map(|accepted| &accepted.cases) {
                let (operation, case) = pattern.split_once('/').unwrap();
                let fits = |known: &&String| {
                    let (one, other) = known.split_once('/').unwrap();
                    (operation == "*" || operation == one) && (case == "*" || case == other)
                };
                assert!(cases.iter().any(|known| fits(&known)), "{number}: no case is {pattern}");
            }
        }
        assert!(number >= 17);
    }
}
