//! Organizations, and the requests that make and change them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::Timestamp;

/// The name that means the default organization in paths and that no organization can take.
pub const RESERVED_ORGANIZATION_NAME: &str = "default";

const NAME_RULE: &str =
    r#"must be 1 to 32 letters and digits in groups joined by single hyphens, for example "platform-team""#;
const NAME_RESERVED: &str = r#"must not be "new" or "create", which are reserved"#;
const DISPLAY_NAME_RULE: &str =
    "must be at most 64 bytes on one line, without white space at either end, for example \"Platform Team\"";
const NUL_RULE: &str = "must not contain the NUL character";

/// A group of people with its own provisioner jobs and workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::Organization)]
pub struct Organization {
    /// Never changes and is never used again.
    pub id: Uuid,
    /// Names the organization in paths; unique among organizations that are not deleted, without regard to case.
    #[schema(required = false)]
    pub name: String,
    /// The name that people see.
    #[schema(required = false)]
    pub display_name: String,
    /// Path or URL of an icon; empty when there is none.
    #[schema(required = false)]
    pub icon: String,
    /// Free text; empty when there is none.
    #[schema(required = false)]
    pub description: String,
    /// When it was created, UTC.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub created_at: Timestamp,
    /// When it was last changed, UTC.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub updated_at: Timestamp,
    /// True for the one organization that every installation starts with.
    pub is_default: bool,
}

/// A new organization.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = codersdk::CreateOrganizationRequest)]
pub struct CreateOrganizationRequest {
    /// 1 to 32 letters and digits in groups joined by single hyphens. `new`, `create` and `default` are reserved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        required = true,
        nullable = false,
        min_length = 1,
        max_length = 32,
        pattern = "^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$"
    )]
    #[validate(required(message = "is required"), custom(function = "check_name"))]
    pub name: Option<String>,
    /// The name that people see: at most 64 bytes on one line, without white space at either end. The name when absent or
    /// empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 64)]
    #[validate(custom(function = "check_display_name"))]
    pub display_name: Option<String>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    #[validate(custom(function = "check_no_nul"))]
    pub description: Option<String>,
    /// Path or URL of an icon.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    #[validate(custom(function = "check_no_nul"))]
    pub icon: Option<String>,
}

/// The fields of an organization to change.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = codersdk::UpdateOrganizationRequest)]
pub struct UpdateOrganizationRequest {
    /// The new name: 1 to 32 letters and digits in groups joined by single hyphens. `new`, `create` and `default` are
    /// reserved. Absent, null or empty leaves it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 32, pattern = "^([a-zA-Z0-9]+(-[a-zA-Z0-9]+)*)?$")]
    #[validate(custom(function = "check_changed_name"))]
    pub name: Option<String>,
    /// The new display name: at most 64 bytes on one line, without white space at either end. Absent, null or empty leaves
    /// it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64)]
    #[validate(custom(function = "check_display_name"))]
    pub display_name: Option<String>,
    /// The new description. Absent or null leaves it as it is, empty clears it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[validate(custom(function = "check_no_nul"))]
    pub description: Option<String>,
    /// The new icon. Absent or null leaves it as it is, empty clears it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[validate(custom(function = "check_no_nul"))]
    pub icon: Option<String>,
}

fn rule(code: &'static str, message: &'static str) -> ValidationError {
    ValidationError::new(code).with_message(message.into())
}

/// The rule for names of organizations and users that this name breaks, in words, if it breaks one.
pub fn name_rule_broken_by(name: &str) -> Option<String> {
    check_name(name).err().and_then(|error| error.message).map(|message| message.into_owned())
}

fn check_name(name: &str) -> Result<(), ValidationError> {
    let grouped =
        name.split('-').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if name.is_empty() {
        Err(rule("required", "is required"))
    } else if name.len() > 32 || !grouped {
        Err(rule("organization_name", NAME_RULE))
    } else if matches!(name, "new" | "create") {
        Err(rule("organization_name", NAME_RESERVED))
    } else {
        Ok(())
    }
}

fn check_changed_name(name: &str) -> Result<(), ValidationError> {
    if name.is_empty() { Ok(()) } else { check_name(name) }
}

fn check_display_name(name: &str) -> Result<(), ValidationError> {
    // White space is what the reference's expression calls `\s`: these five ASCII characters and nothing else.
    let space = |character: char| matches!(character, ' ' | '\t' | '\n' | '\x0c' | '\r');
    if name.contains('\0') {
        Err(rule("no_nul", NUL_RULE))
    } else if name.len() > 64 || name.starts_with(space) || name.ends_with(space) || name.contains('\n') {
        Err(rule("organization_display_name", DISPLAY_NAME_RULE))
    } else {
        Ok(())
    }
}

fn check_no_nul(text: &str) -> Result<(), ValidationError> {
    if text.contains('\0') { Err(rule("no_nul", NUL_RULE)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{check_display_name, check_name};

    #[test]
    fn names_follow_the_rule() {
        for good in ["a", "Acme", "a-b-c", "0", "Default", "New", "0123456789abcdef0123456789abcdef"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "a--b", "a_b", "a.b", "a b", "ä", "new", "create", "a\0", &"a".repeat(33)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn display_names_follow_the_rule() {
        for good in ["", "A", "A B", "<b> </b>", "é\u{a0}", "\u{a0}", "a\tb", &"a".repeat(64)] {
            assert!(check_display_name(good).is_ok(), "{good}");
        }
        for bad in [" A", "A ", "\tA", "A\r", "A\nB", "a\0b", &"a".repeat(65), &"ä".repeat(33)] {
            assert!(check_display_name(bad).is_err(), "{bad}");
        }
    }
}
