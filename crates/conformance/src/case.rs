//! What a case is, and what can come of it.

use std::future::Future;
use std::pin::Pin;

use serde::Serialize;

use crate::run::Run;

/// What a case needs besides a session token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Sends nothing but GET.
    Reading,
    /// Makes organizations and changes them.
    Writing,
}

/// Why a case ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// What is wrong was noted; the rest of the case makes no sense.
    Failed,
    /// There is nothing to look at.
    Skip(String),
    /// Somebody wants the run to end.
    Interrupted,
}

/// What a case does.
pub(crate) type Doing = for<'a> fn(&'a mut Run<'_>) -> Pin<Box<dyn Future<Output = Result<(), Stop>> + 'a>>;

/// One case: a rule of the contract, and how to find out whether a server keeps it.
pub(crate) struct Case {
    pub(crate) operation: &'static str,
    pub(crate) name: &'static str,
    /// The rule.
    pub(crate) rule: &'static str,
    pub(crate) needs: Needs,
    pub(crate) run: Doing,
}

/// A case, for people who choose.
#[derive(Debug, Clone, Serialize)]
pub struct CaseInfo {
    /// ID of the operation.
    pub operation: String,
    /// Name of the case, unique in its operation.
    pub case: String,
    /// The rule that it checks.
    pub rule: String,
    /// True when it runs only with `--write`.
    pub writes: bool,
    /// True when the operation is one of orgd's own.
    pub extension: bool,
}

/// What of an answer was not as expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// There was no answer, or none that is HTTP.
    Answer,
    /// The status.
    Status,
    /// A header.
    Header,
    /// The body, as its schema documents it.
    Schema,
    /// A null, which no answer has.
    Null,
    /// A key that is not documented.
    UndocumentedKey,
    /// A value in the body.
    Value,
    /// Which fields an error names.
    Validations,
    /// The order of a list.
    Order,
    /// What a list holds.
    Content,
}

/// One thing that was not as expected.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What of the answer it is.
    pub aspect: Aspect,
    /// What the contract says.
    pub expected: String,
    /// What the server did.
    pub got: String,
    /// Which of the case's requests it was about, from 0.
    pub exchange: usize,
}

/// What came of a case.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// The server keeps the rule.
    Pass,
    /// It does not.
    Fail {
        /// Everything that was not as expected.
        findings: Vec<Finding>,
    },
    /// It could not be found out.
    Skipped {
        /// Why.
        reason: String,
    },
    /// The server does what the list of differences says of its kind.
    KnownDifference {
        /// Numbers in the list.
        differences: Vec<u32>,
        /// What was not as documented.
        findings: Vec<Finding>,
    },
}
