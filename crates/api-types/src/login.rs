//! Signing in, and the first user of an installation.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::Secret;
use crate::user_rules::{check_email, check_full_name, check_old_password, check_password, check_username};

/// The first user of an installation, who becomes its owner.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = codersdk::CreateFirstUserRequest)]
pub struct CreateFirstUserRequest {
    /// Mail address, at most 254 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false)]
    #[validate(required(message = "is required"), custom(function = "check_email"))]
    pub email: Option<String>,
    /// 1 to 32 letters and digits in groups joined by single hyphens. Words that the paths below `/users` use are reserved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        required = true,
        nullable = false,
        min_length = 1,
        max_length = 32,
        pattern = "^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$"
    )]
    #[validate(required(message = "is required"), custom(function = "check_username"))]
    pub username: Option<String>,
    /// The full name, at most 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 128)]
    #[validate(custom(function = "check_full_name"))]
    pub name: Option<String>,
    /// The password: at least 8 characters, at most 512 bytes, and not one character repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false, value_type = Option<String>, format = Password, min_length = 8)]
    #[validate(required(message = "is required"), custom(function = "check_password"))]
    pub password: Option<Secret>,
}

/// What the first user was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::CreateFirstUserResponse)]
pub struct CreateFirstUserResponse {
    /// The user.
    #[schema(required = false)]
    pub user_id: Uuid,
    /// The default organization, of which they are a member.
    #[schema(required = false)]
    pub organization_id: Uuid,
}

/// Who signs in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = codersdk::LoginWithPasswordRequest)]
pub struct LoginWithPasswordRequest {
    /// The user's mail address, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false, format = Email)]
    #[validate(required(message = "is required"))]
    pub email: Option<String>,
    /// The user's password.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false, value_type = Option<String>, format = Password)]
    #[validate(required(message = "is required"), custom(function = "check_old_password"))]
    pub password: Option<Secret>,
}

/// What comes of signing in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::LoginWithPasswordResponse)]
pub struct LoginWithPasswordResponse {
    /// The session token, which is shown here and never again.
    pub session_token: String,
}

impl std::fmt::Debug for LoginWithPasswordResponse {
    /// Without the token, so that it cannot get into a log.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LoginWithPasswordResponse").finish_non_exhaustive()
    }
}
