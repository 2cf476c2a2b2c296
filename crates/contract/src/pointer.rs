//! JSON pointers (RFC 6901), built from the root down.

use std::fmt;

/// The way from the root of a document to one of its values. It borrows the way to the value around it, so that a walk
/// through a document writes down only the pointers that it shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pointer<'a> {
    /// The value around this one, and the step from there; none for the root.
    step: Option<(&'a Pointer<'a>, Segment<'a>)>,
}

#[derive(Debug, Clone, Copy)]
enum Segment<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Pointer<'a> {
    /// The pointer to the whole document.
    pub(crate) const ROOT: Self = Self { step: None };

    /// The pointer to a member of the object that this one leads to.
    pub(crate) fn member(&'a self, key: &'a str) -> Self {
        Self { step: Some((self, Segment::Key(key))) }
    }

    /// The pointer to an element of the list that this one leads to.
    pub(crate) fn element(&'a self, index: usize) -> Self {
        Self { step: Some((self, Segment::Index(index))) }
    }
}

/// The text of the pointer to a member of the object that the pointer `at` leads to.
pub(crate) fn member_of(at: &str, key: &str) -> String {
    format!("{at}/{}", escape(key))
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The key that a segment of a JSON pointer stands for.
#[must_use]
pub fn unescape_segment(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// The text form, which is empty for the root.
impl fmt::Display for Pointer<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            None => Ok(()),
            Some((above, Segment::Index(index))) => write!(formatter, "{above}/{index}"),
            Some((above, Segment::Key(key))) => {
                write!(formatter, "{above}/{}", escape(key))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_would_be_read_as_a_separator() {
        let (root, paths) = (Pointer::ROOT, Pointer::ROOT.member("paths").to_string());
        assert_eq!((root.to_string(), paths), (String::new(), "/paths".to_owned()));

        let path = Pointer::ROOT.member("/a~b/{c}");
        let pointer = path.element(0).to_string();
        assert_eq!(pointer, "/~1a~0b~1{c}/0");
        assert_eq!(format!("{}/0", member_of("", "/a~b/{c}")), pointer);
        let document = serde_json::json!({"/a~b/{c}": [7]});
        assert_eq!(document.pointer(&pointer), Some(&serde_json::json!(7)));
    }
}
