//! What the tags of jobs and of provisioner keys have in common.

use std::collections::BTreeMap;

/// The most tags that a job or a key has.
pub(crate) const MAX_TAGS: usize = 64;
/// The longest key of a tag, in bytes; of a job's tags also the longest value.
pub(crate) const MAX_TAG_TEXT: usize = 128;
/// The longest text of all tags as compact JSON, in bytes. PostgreSQL indexes texts up to about 2700.
pub(crate) const MAX_TAGS_JSON: usize = 2048;

/// True when a key or a value holds the NUL character, which PostgreSQL does not store.
pub(crate) fn hold_nul(tags: &BTreeMap<String, String>) -> bool {
    tags.iter().any(|(key, value)| key.contains('\0') || value.contains('\0'))
}

/// True when the tags are longer than [`MAX_TAGS_JSON`].
pub(crate) fn exceed_json(tags: &BTreeMap<String, String>) -> bool {
    serde_json::to_string(tags).map_or(true, |json| json.len() > MAX_TAGS_JSON)
}
