//! What the tags of jobs, of workers and of provisioner keys have in common.

use std::collections::BTreeMap;

use validator::ValidationError;

/// The most tags that a job or a key has.
pub(crate) const MAX_TAGS: usize = 64;
/// The longest key of a tag, in bytes; of a job's tags also the longest value.
pub(crate) const MAX_TAG_TEXT: usize = 128;
/// The longest text of all tags as compact JSON, in bytes. PostgreSQL indexes texts up to about 2700.
pub const MAX_TAGS_JSON: usize = 2048;

/// True when a key or a value holds the NUL character, which PostgreSQL does not store.
pub(crate) fn hold_nul(tags: &BTreeMap<String, String>) -> bool {
    tags.iter().any(|(key, value)| key.contains('\0') || value.contains('\0'))
}

/// True when the tags are longer than [`MAX_TAGS_JSON`].
pub fn exceed_json(tags: &BTreeMap<String, String>) -> bool {
    serde_json::to_string(tags).map_or(true, |json| json.len() > MAX_TAGS_JSON)
}

/// The rule of the tags of jobs and of workers.
pub(crate) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ValidationError> {
    if tags.len() > MAX_TAGS {
        return Err(broken("must be at most 64 tags"));
    }
    let mut texts = tags.iter().flat_map(|(key, value)| [key, value]);
    if tags.keys().any(String::is_empty) || texts.any(|text| text.len() > MAX_TAG_TEXT) {
        return Err(broken("must have keys of 1 to 128 bytes and values of at most 128 bytes"));
    }
    if hold_nul(tags) {
        return Err(broken("must not contain the NUL character"));
    }
    if exceed_json(tags) {
        return Err(broken("must be at most 2048 bytes as JSON"));
    }
    Ok(())
}

fn broken(rule: &'static str) -> ValidationError {
    ValidationError::new("rule").with_message(rule.into())
}
