//! Session tokens as the API shows them, and the requests that make them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::{LoginType, Timestamp};

const NAME_RULE: &str = r#"must be at most 64 bytes without control characters, slashes, and white space at either end, for example "laptop""#;
const NAME_RESERVED: &str = r#"must not be "tokenconfig", "." or "..", which mean something else in paths"#;

/// A session token, less its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::APIKey)]
pub struct ApiKey {
    /// The part of the token before the hyphen.
    pub id: String,
    /// Whose token it is.
    pub user_id: Uuid,
    /// When it was last used, to the hour. `0001-01-01T00:00:00Z` when it never was.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub last_used: Timestamp,
    /// When it ends, or ended.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub expires_at: Timestamp,
    /// When it was made.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub updated_at: Timestamp,
    /// `password` for a session, which lasts for as long as it is used; `token` for one that ends when it was made to end.
    pub login_type: LoginType,
    /// What it can be used for.
    #[schema(required = false)]
    pub scope: ApiKeyScope,
    /// The same, as a list.
    #[schema(required = false)]
    pub scopes: Vec<ApiKeyScope>,
    /// The name that its maker gave it; empty for a session.
    pub token_name: String,
    /// How long it lasts, in seconds, counted from when it was made or, for a session, last extended.
    #[schema(value_type = isize)]
    pub lifetime_seconds: i64,
    /// What it can be used with: everything.
    #[schema(required = false)]
    pub allow_list: Vec<ApiAllowListTarget>,
    /// The name of the user, in the list of tokens only.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    pub username: String,
}

/// What a session token can be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = codersdk::APIKeyScope)]
pub enum ApiKeyScope {
    /// Everything that its user may do.
    All,
    /// Connecting to applications, which is nothing that this server does.
    ApplicationConnect,
}

/// Something that a session token can be used with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::APIAllowListTarget)]
pub struct ApiAllowListTarget {
    /// The kind of thing; `*` for all kinds.
    #[serde(rename = "type")]
    #[schema(required = false)]
    pub kind: String,
    /// Which one; `*` for all of them.
    #[schema(required = false)]
    pub id: String,
}

impl ApiAllowListTarget {
    /// Everything.
    pub fn everything() -> Self {
        Self { kind: "*".to_owned(), id: "*".to_owned() }
    }
}

/// A new session token.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = codersdk::CreateTokenRequest)]
pub struct CreateTokenRequest {
    /// How long it lasts, in nanoseconds; seven days when absent or 0, and at most what `tokenconfig` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<isize>)]
    pub lifetime: Option<i64>,
    /// What it can be used for: `all`, which is also meant by an empty text, or `application_connect`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub scope: Option<String>,
    /// The same, as a list; when it is given and not empty, `scope` does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub scopes: Option<Vec<String>>,
    /// A name to know it by, unique among the user's tokens; one is made up when it is absent or empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 64)]
    #[validate(custom(function = "check_name"))]
    pub token_name: Option<String>,
    /// What it can be used with: everything, `[{"type": "*", "id": "*"}]`, which is also meant when it is absent or empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub allow_list: Option<Vec<ApiAllowListTarget>>,
}

/// A session token that was just made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::GenerateAPIKeyResponse)]
pub struct GenerateApiKeyResponse {
    /// The token, which is shown here and never again.
    #[schema(required = false)]
    pub key: String,
}

impl std::fmt::Debug for GenerateApiKeyResponse {
    /// Without the token, so that it cannot get into a log.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("GenerateApiKeyResponse").finish_non_exhaustive()
    }
}

/// What holds for every session token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::TokenConfig)]
pub struct TokenConfig {
    /// How long a token can last at most, in nanoseconds.
    #[schema(required = false, value_type = isize)]
    pub max_token_lifetime: i64,
}

fn check_name(name: &str) -> Result<(), ValidationError> {
    let rule = |message: &'static str| Err(ValidationError::new("token_name").with_message(message.into()));
    if name.len() > 64 || name.contains(|c: char| c.is_control() || c == '/') || name.trim() != name {
        rule(NAME_RULE)
    } else if matches!(name, "." | "..") || name.eq_ignore_ascii_case("tokenconfig") {
        rule(NAME_RESERVED)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{GenerateApiKeyResponse, check_name};

    #[test]
    fn names_follow_the_rule() {
        for good in ["", "laptop", "CI of platform-team", "...", &"a".repeat(64)] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in [" a", "a\t", "a/b", "a\0b", ".", "..", "tokenconfig", "TokenConfig", &"a".repeat(65)] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_token_is_not_shown_by_accident() {
        let made = GenerateApiKeyResponse { key: "secret".to_owned() };
        assert!(!format!("{made:?}").contains("secret"));
    }
}
