//! A request that is being put together: by operation and parameters, or raw where it is meant to be wrong.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// Everything but what a path segment or a value can have as it is.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Who sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The user whose token was given.
    User,
    /// The second one, who may do little.
    Other,
    /// Nobody: no token at all.
    Nobody,
    /// Somebody with this token, which is none.
    Pretender(&'static str),
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) operation: &'static str,
    pub(crate) caller: Caller,
    /// Values of the path's parameters, in their order.
    pub(crate) at: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) content_type: Option<&'static str>,
}

/// A call of this operation with these values in its path.
pub(crate) fn call(operation: &'static str, at: &[&str]) -> Call {
    let at = at.iter().map(|value| (*value).to_owned()).collect();
    Call { operation, caller: Caller::User, at, query: Vec::new(), body: None, content_type: None }
}

impl Call {
    pub(crate) fn by(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }

    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.raw(body.to_string(), "application/json")
    }

    pub(crate) fn raw(mut self, body: impl Into<Vec<u8>>, content_type: &'static str) -> Self {
        self.body = Some(body.into());
        self.content_type = Some(content_type);
        self
    }

    /// Path and query below the API's base.
    pub(crate) fn target(&self, template: &str) -> String {
        let mut values = self.at.iter();
        let segment = |segment: &str| match values.next_if_parameter(segment) {
            Some(value) => encoded(&value),
            None => segment.to_owned(),
        };
        let mut target = template.split('/').map(segment).collect::<Vec<_>>().join("/");
        for (index, (name, value)) in self.query.iter().enumerate() {
            target.push(if index == 0 { '?' } else { '&' });
            target.push_str(&format!("{}={}", encoded(name), encoded(value)));
        }
        target
    }
}

/// Takes the next value where the template has a parameter.
trait NextIfParameter {
    fn next_if_parameter(&mut self, segment: &str) -> Option<String>;
}

impl<'a, I: Iterator<Item = &'a String>> NextIfParameter for I {
    fn next_if_parameter(&mut self, segment: &str) -> Option<String> {
        if segment.starts_with('{') { self.next().cloned() } else { None }
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::call;

    #[test]
    fn values_are_put_where_the_path_has_parameters() {
        let call = call("x", &["a b", "{c}"]).query("tags", r#"{"a":"b"}"#).query("n", "1");
        assert_eq!(call.target("/o/{organization}/j/{job}"), "/o/a%20b/j/%7Bc%7D?tags=%7B%22a%22%3A%22b%22%7D&n=1");
    }
}
