//! Compares what the tour promises with what came. `<id>` and `<time>` stand for what no two servers answer alike.

use anyhow::{Context as _, bail, ensure};
use orgd_api_types::Timestamp;
use serde_json::Value;

/// Stands for a UUID.
const ID: &str = "<id>";
/// Stands for a point in time.
const TIME: &str = "<time>";

/// What the tour promises.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// One JSON value after the other; white space is free.
    Json(Vec<Value>),
    /// Text, line by line.
    Text(String),
}

/// Why an answer is another one, in words.
#[derive(Debug, PartialEq)]
pub(super) struct Difference(pub(super) String);

impl Answer {
    /// Reads an answer from a block of this language.
    ///
    /// # Errors
    /// The language is not one of answers, or the text is not in it.
    pub(super) fn parse(language: &str, text: &str) -> anyhow::Result<Self> {
        match language {
            "json" => {
                let values = values(text).context("it is not JSON")?;
                ensure!(!values.is_empty(), "it is empty");
                Ok(Self::Json(values))
            }
            "text" => Ok(Self::Text(text.to_owned())),
            other => bail!("it is {other:?}, and only sh, json and text can be checked"),
        }
    }

    /// Compares with what came.
    ///
    /// # Errors
    /// It is another answer; the first place where it is.
    pub(super) fn compare(&self, given: &str) -> Result<(), Difference> {
        match self {
            Self::Json(promised) => {
                let given = values(given).map_err(|error| Difference(format!("not JSON ({error}):\n{given}")))?;
                if promised.len() != given.len() {
                    let counts = format!("{} values instead of {}", given.len(), promised.len());
                    return Err(Difference(format!("{counts}: {given:?}")));
                }
                promised.iter().zip(&given).try_for_each(|(promised, given)| same(promised, given, ""))
            }
            Self::Text(promised) if promised.trim_end() == given.trim_end() => Ok(()),
            Self::Text(promised) => Err(Difference(format!("{given:?} instead of {promised:?}"))),
        }
    }
}

fn values(text: &str) -> serde_json::Result<Vec<Value>> {
    serde_json::Deserializer::from_str(text).into_iter().collect()
}

fn same(promised: &Value, given: &Value, place: &str) -> Result<(), Difference> {
    let is_same = match (promised, given) {
        (Value::Object(promised), Value::Object(given)) => {
            let keys = |object: &serde_json::Map<String, Value>| object.keys().cloned().collect::<Vec<_>>();
            if keys(promised) != keys(given) {
                let keys = format!("the keys {:?} instead of {:?}", keys(given), keys(promised));
                return Err(Difference(format!("at {place:?}: {keys}")));
            }
            let mut pairs = promised.iter().zip(given.values());
            return pairs.try_for_each(|((key, promised), given)| same(promised, given, &format!("{place}/{key}")));
        }
        (Value::Array(promised), Value::Array(given)) if promised.len() == given.len() => {
            let mut pairs = promised.iter().zip(given).enumerate();
            return pairs.try_for_each(|(index, (promised, given))| same(promised, given, &format!("{place}/{index}")));
        }
        (Value::String(promised), Value::String(given)) if promised == ID => is_id(given),
        (Value::String(promised), Value::String(given)) if promised == TIME => given.parse::<Timestamp>().is_ok(),
        _ => promised == given,
    };
    if is_same { Ok(()) } else { Err(Difference(format!("at {place:?}: {given} instead of {promised}"))) }
}

/// A UUID as the API writes it.
fn is_id(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && text.chars().all(|character| matches!(character, '-' | '0'..='9' | 'a'..='f'))
}

#[cfg(test)]
mod tests {
    use super::Answer;

    fn agree(promised: &str, given: &str) -> bool {
        Answer::parse("json", promised).unwrap().compare(given).is_ok()
    }

    #[test]
    fn json_is_compared_by_value() {
        assert!(agree("{\"a\": [1, \"x\"]}\n404", "{\"a\":[1,\"x\"]}\n404"));
        for given in [
            "{\"a\":[1,\"y\"]}\n404",
            "{\"a\":[1]}\n404",
            "{\"a\":[1,\"x\"],\"b\":0}\n404",
            "{}\n404",
            "{\"a\":[1,\"x\"]}\n400",
            "{\"a\":[1,\"x\"]}",
            "{\"a\":[1,\"x\"]",
        ] {
            assert!(!agree("{\"a\": [1, \"x\"]}\n404", given), "{given}");
        }
    }

    #[test]
    fn placeholders_stand_for_one_kind_of_value() {
        assert!(agree("\"<id>\"", "\"0198f5a0-7c1e-7d11-a3a4-1b0c4f1d2e3f\""));
        assert!(!agree("\"<id>\"", "\"0198F5A0-7C1E-7D11-A3A4-1B0C4F1D2E3F\""));
        assert!(!agree("\"<id>\"", "\"platform-team\""));
        assert!(agree("\"<time>\"", "\"2026-01-02T03:04:05.123456Z\""));
        assert!(!agree("\"<time>\"", "\"yesterday\""));
        assert!(!agree("\"<time>\"", "1"));
    }

    #[test]
    fn text_is_compared_as_it_is() {
        let answer = Answer::parse("text", "Done.\n").unwrap();
        assert!(answer.compare("Done.").is_ok());
        assert!(answer.compare("done.\n").is_err());
    }
}
