//! The request header `Idempotency-Key`: reads it and says what makes two requests the same. What was answered is not known here.

use orgd_api_types::ValidationError;
use sha2::{Digest, Sha256};

/// The header as people write it.
pub const HEADER: &str = "Idempotency-Key";

/// The longest key, in bytes.
const LONGEST: usize = 255;

/// A request that its caller may repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatableRequest {
    /// What the caller calls it.
    pub key: String,
    /// SHA-256 of what it asks for; see [`hash_of`].
    pub hash: [u8; 32],
    /// The HTTP status of its answer if it succeeds.
    pub status: u16,
}

/// The key that the header's values give: 1 to 255 visible ASCII characters, the same each time. `None` when there is no value.
///
/// # Errors
///
/// The rule that is broken.
pub fn read_key<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Result<Option<String>, ValidationError> {
    let Some(key) = values.next() else { return Ok(None) };
    if values.any(|other| other != key) {
        return Err(ValidationError::new(HEADER, "must not be given twice with different values"));
    }
    let text = str::from_utf8(key).ok().filter(|key| (1..=LONGEST).contains(&key.len()));
    match text.filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic())) {
        Some(key) => Ok(Some(key.to_owned())),
        None => Err(ValidationError::new(HEADER, format!("must be 1 to {LONGEST} visible ASCII characters"))),
    }
}

/// The SHA-256 of a request: two are the same when their operation, their path as it was sent and the bytes of their body are.
pub fn hash_of(operation: &str, path: &str, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [operation.as_bytes(), path.as_bytes(), body] {
        // The length keeps the end of one part from passing for the beginning of the next.
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{hash_of, read_key};

    fn key(values: &[&[u8]]) -> Result<Option<String>, String> {
        read_key(values.iter().copied()).map_err(|error| error.detail)
    }

    #[test]
    fn takes_visible_ascii_once() {
        let longest = "~".repeat(255);
        assert_eq!(key(&[]), Ok(None));
        for good in ["a", "!", "0198f5a0-7c1e-7d11-a3a4-1b0c4f1d2e3f", "\"quoted\"", &longest] {
            assert_eq!(key(&[good.as_bytes()]), Ok(Some(good.to_owned())));
            assert_eq!(key(&[good.as_bytes(), good.as_bytes()]), Ok(Some(good.to_owned())));
        }
        let too_long = "a".repeat(256);
        for bad in ["", " ", "a b", "a\tb", "a\u{7f}", "schlüssel", &too_long] {
            assert_eq!(key(&[bad.as_bytes()]), Err("must be 1 to 255 visible ASCII characters".to_owned()), "{bad:?}");
        }
        assert!(key(&[b"\xff"]).is_err());
        for two in [[&b"a"[..], b"b"], [b"a", b""]] {
            assert_eq!(key(&two), Err("must not be given twice with different values".to_owned()));
        }
    }

    #[test]
    fn every_part_counts_and_none_runs_into_the_next() {
        let requests = [("ab", "c", "d"), ("a", "bc", "d"), ("ab", "", "cd"), ("ab", "cd", ""), ("ab", "c", "e")];
        let hashes: HashSet<_> = requests.iter().map(|(id, path, body)| hash_of(id, path, body.as_bytes())).collect();
        assert_eq!(hashes.len(), requests.len());
        assert_eq!(hash_of("ab", "c", b"d"), hash_of("ab", "c", b"d"));
    }
}
