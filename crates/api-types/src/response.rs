//! The one body of every error and of every operation without a result of its own.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What every error answers, and what an operation without a result of its own answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::Response)]
pub struct Response {
    /// What happened, for people.
    pub message: String,
    /// What went wrong, for the developer of the client. Absent when there is nothing to add.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    pub detail: String,
    /// The fields or parameters that failed, all at once. Absent when none did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub validations: Vec<ValidationError>,
}

/// One field or parameter that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::ValidationError)]
pub struct ValidationError {
    /// The key of the body, or the name of the query parameter or header.
    pub field: String,
    /// The rule, in words.
    pub detail: String,
}

impl ValidationError {
    /// Names the field and states the rule that it breaks.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), detail: detail.into() }
    }
}
