//! Provisioner keys, and the request that makes one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::Timestamp;
use crate::tag_rules::{MAX_TAG_TEXT, MAX_TAGS, MAX_TAGS_JSON, exceed_json, hold_nul};

/// The names that stand for workers without a key of their own.
const RESERVED: &[&str] = &["built-in", "user-auth", "psk"];

const NAME_RULE: &str = r#"must be 1 to 64 bytes without control characters, slashes, and white space at either end, for example "build-farm""#;
const NAME_RESERVED: &str = r#"must not be "built-in", "user-auth", "psk", "." or "..", which are reserved"#;

/// A key with which workers register, less its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::ProvisionerKey)]
pub struct ProvisionerKey {
    /// Key ID.
    pub id: Uuid,
    /// When it was made.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub created_at: Timestamp,
    /// The organization whose jobs its workers take.
    pub organization: Uuid,
    /// Names the key in paths; unique in its organization, without regard to case.
    pub name: String,
    /// The tags of every worker that registers with the key, as they were given.
    pub tags: BTreeMap<String, String>,
}

/// A new provisioner key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = codersdk::CreateProvisionerKeyRequest)]
pub struct CreateProvisionerKeyRequest {
    /// 1 to 64 bytes without control characters, slashes, and white space at either end. `built-in`, `user-auth` and `psk` are
    /// reserved in any case, and so are `.` and `..`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false, min_length = 1, max_length = 64)]
    #[validate(required(message = "is required"), custom(function = "check_name"))]
    pub name: Option<String>,
    /// The tags of every worker that registers with the key; none when absent. At most 64, with keys of at most 128 bytes, and
    /// at most 2048 bytes as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    #[validate(custom(function = "check_tags"))]
    pub tags: Option<BTreeMap<String, String>>,
}

/// The secret of a provisioner key that was just made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::CreateProvisionerKeyResponse)]
pub struct CreateProvisionerKeyResponse {
    /// The secret, 43 letters and digits. Only its SHA-256 is kept.
    pub key: String,
}

impl std::fmt::Debug for CreateProvisionerKeyResponse {
    /// Without the secret, so that it cannot get into a log.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CreateProvisionerKeyResponse").finish_non_exhaustive()
    }
}

fn rule(code: &'static str, message: impl Into<std::borrow::Cow<'static, str>>) -> ValidationError {
    ValidationError::new(code).with_message(message.into())
}

fn check_name(name: &str) -> Result<(), ValidationError> {
    let reserved = RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved));
    if name.is_empty() {
        Err(rule("required", "is required"))
    } else if name.len() > 64 || name.contains(|c: char| c.is_control() || c == '/') || name.trim() != name {
        Err(rule("provisioner_key_name", NAME_RULE))
    } else if reserved || matches!(name, "." | "..") {
        Err(rule("provisioner_key_name", NAME_RESERVED))
    } else {
        Ok(())
    }
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ValidationError> {
    if hold_nul(tags) {
        Err(rule("tags", "must not contain the NUL character"))
    } else if tags.len() > MAX_TAGS {
        Err(rule("tags", format!("must be at most {MAX_TAGS} tags")))
    } else if tags.keys().any(|key| key.len() > MAX_TAG_TEXT) {
        Err(rule("tags", format!("must have keys of at most {MAX_TAG_TEXT} bytes")))
    } else if exceed_json(tags) {
        Err(rule("tags", format!("must be at most {MAX_TAGS_JSON} bytes as JSON")))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{CreateProvisionerKeyResponse, check_name, check_tags};

    #[test]
    fn names_follow_the_rule() {
        for good in ["a", "build-farm", "build_farm.1", "two words", "ä", "psk2", "...", &"a".repeat(64)] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        let too_long = "a".repeat(65);
        for bad in ["", " a", "a ", "a/b", "a\nb", "a\0", "built-in", "User-Auth", "PSK", ".", "..", &too_long] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn tags_follow_the_rule() {
        let tags = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let many = |count: usize| (0..count).map(|n| (n.to_string(), String::new())).collect::<BTreeMap<_, _>>();
        let (longest, too_long) = ("k".repeat(128), "k".repeat(129));
        // `{"k":""}` is eight bytes.
        let (fills, overflows) = ("v".repeat(2040), "v".repeat(2041));
        for good in [tags(&[]), many(64), tags(&[(&longest, "")]), tags(&[("k", &fills)])] {
            assert_eq!(check_tags(&good), Ok(()));
        }
        for bad in [many(65), tags(&[(&too_long, "")]), tags(&[("k", &overflows)]), tags(&[("k", "\0")])] {
            assert!(check_tags(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_secret_is_not_shown_by_accident() {
        let made = CreateProvisionerKeyResponse { key: "secret".to_owned() };
        assert!(!format!("{made:?}").contains("secret"));
    }
}
