//! What is told of a place that breaks a rule.

use std::fmt;

use super::Operation;

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The operation that it belongs to: its id, or method and path. None for what operations share.
    pub operation: Option<String>,
    /// JSON pointer to it.
    pub pointer: String,
    /// The rule, in words.
    pub rule: &'static str,
    /// What to do.
    pub advice: String,
}

impl Finding {
    /// A finding in an operation, or in what operations share.
    pub(super) fn new(
        operation: Option<&Operation<'_>>,
        pointer: impl Into<String>,
        rule: &'static str,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            operation: operation.map(|operation| operation.name.clone()),
            pointer: pointer.into(),
            rule,
            advice: advice.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = self.operation.as_deref().unwrap_or("document");
        writeln!(formatter, "{owner} at {}", self.pointer)?;
        writeln!(formatter, "  rule:      {}", self.rule)?;
        write!(formatter, "  next step: {}", self.advice)
    }
}
