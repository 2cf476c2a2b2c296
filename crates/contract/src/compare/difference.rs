//! One difference, and how it is shown to somebody who has never seen this project.

use std::fmt;

use serde_json::Value;

/// A structured value is cut after this many characters; a text is shown whole, since the difference may be at its end.
const LONGEST_VALUE: usize = 240;

/// A place where the documented and the generated document do not mean the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The `operationId`, or `components`, or `document` for what belongs to neither.
    pub operation: String,
    /// JSON pointer to the value: into the documented document, or into the generated one for what only that has.
    pub pointer: String,
    /// The documented value; `None` when there is none.
    pub documented: Option<Value>,
    /// The generated value; `None` when there is none.
    pub generated: Option<Value>,
    /// What to do next, in words.
    pub next_step: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{} at {}", self.operation, self.pointer)?;
        writeln!(formatter, "  documented: {}", shown(self.documented.as_ref()))?;
        writeln!(formatter, "  generated:  {}", shown(self.generated.as_ref()))?;
        write!(formatter, "  next step:  {}", self.next_step)
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::String(text)) => format!("{text:?}"),
        Some(value) => {
            let text = value.to_string();
            match text.char_indices().nth(LONGEST_VALUE) {
                None => text,
                Some((end, _)) => format!("{}… ({} characters in all)", &text[..end], text.chars().count()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn is_shown_in_four_lines() {
        let difference = Difference {
            operation: "getThing".to_owned(),
            pointer: "/paths/~1thing/get/summary".to_owned(),
            documented: Some(json!("Get \"thing\"")),
            generated: None,
            next_step: "add the summary.".to_owned(),
        };
        let expected = "getThing at /paths/~1thing/get/summary\n  documented: \"Get \\\"thing\\\"\"\n  generated:  nothing\n  \
                        next step:  add the summary.";
        assert_eq!(difference.to_string(), expected);
    }

    #[test]
    fn cuts_structures_and_keeps_texts_whole() {
        let long = "ä".repeat(1000);
        assert_eq!(shown(Some(&json!(long))).chars().count(), 1002);
        let cut = shown(Some(&json!([long])));
        assert!(cut.ends_with("… (1004 characters in all)"), "{cut}");
        assert!(cut.chars().count() < 280, "{cut}");
    }
}
