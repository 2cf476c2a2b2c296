//! Users, and the requests that make and change them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::user_rules::{check_email, check_full_name, check_old_password, check_password, check_username};
use crate::{Secret, SlimRole, Timestamp};

/// Somebody who can be asked to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::User)]
pub struct User {
    /// Never changes and is never used again.
    pub id: Uuid,
    /// Names the user in paths; unique among users that are not deleted, without regard to case.
    pub username: String,
    /// The full name. Absent when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    pub name: String,
    /// Mail address; unique among users that are not deleted, without regard to case. It is also the name to sign in with.
    #[schema(format = Email)]
    pub email: String,
    /// When the user was created, UTC.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub created_at: Timestamp,
    /// When the user was last changed, UTC.
    #[schema(required = false, value_type = chrono::DateTime<chrono::Utc>)]
    pub updated_at: Timestamp,
    /// When the user last sent a request, to the hour. Absent when they never did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub last_seen_at: Option<Timestamp>,
    /// Whether the user may sign in.
    #[schema(required = false)]
    pub status: UserStatus,
    /// How the user signs in.
    #[schema(required = false)]
    pub login_type: LoginType,
    /// The organizations of which the user is a member.
    #[schema(required = false)]
    pub organization_ids: Vec<Uuid>,
    /// The roles in the whole installation, besides that of a member, which everybody has.
    #[schema(required = false)]
    pub roles: Vec<SlimRole>,
}

/// Whether a user may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = codersdk::UserStatus)]
pub enum UserStatus {
    /// May sign in.
    Active,
    /// Has not signed in yet, or not for long; a request makes them active.
    Dormant,
    /// May not sign in until an administrator allows it again.
    Suspended,
}

impl UserStatus {
    /// Every value, in the order of the document.
    pub const ALL: &'static [Self] = &[Self::Active, Self::Dormant, Self::Suspended];

    /// The status as the API and the database write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Dormant => "dormant",
            Self::Suspended => "suspended",
        }
    }

    /// The status that the API writes like this.
    pub fn from_wire(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.as_str() == text)
    }

    /// The status with this name; one that this version does not know lets nobody in.
    pub fn from_name(name: &str) -> Self {
        Self::from_wire(name).unwrap_or(Self::Suspended)
    }
}

/// How somebody signs in, or what a session token comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = codersdk::LoginType)]
pub enum LoginType {
    /// With a mail address and a password.
    Password,
    /// A session token that was made as such; nobody signs in with it.
    Token,
    /// Not at all: with session tokens that an administrator makes.
    None,
    /// With GitHub, which this server does not do.
    Github,
    /// With OpenID Connect, which this server does not do.
    Oidc,
}

impl LoginType {
    /// Every value, in the order of the document.
    pub const ALL: &'static [Self] = &[Self::Password, Self::Token, Self::None, Self::Github, Self::Oidc];

    /// The value as the API and the database write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Token => "token",
            Self::None => "none",
            Self::Github => "github",
            Self::Oidc => "oidc",
        }
    }

    /// The value that the API writes like this.
    pub fn from_wire(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.as_str() == text)
    }
}

/// A page of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = codersdk::GetUsersResponse)]
pub struct GetUsersResponse {
    /// The users of the page, by name.
    #[schema(required = false)]
    pub users: Vec<User>,
    /// How many users the search finds on all pages.
    #[schema(required = false, value_type = isize)]
    pub count: i64,
}

/// A new user.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = codersdk::CreateUserRequestWithOrgs)]
pub struct CreateUserRequest {
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
    /// Mail address, at most 254 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false, format = Email)]
    #[validate(required(message = "is required"), custom(function = "check_email"))]
    pub email: Option<String>,
    /// The full name, at most 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 128)]
    #[validate(custom(function = "check_full_name"))]
    pub name: Option<String>,
    /// The password, at least 8 characters. Needed with the login type `password`, and refused with `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = Password)]
    pub password: Option<Secret>,
    /// How the user signs in: `password`, which is also meant by an empty text, or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub login_type: Option<String>,
    /// `active`, or `dormant` until the user signs in, which is also meant by an empty text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub user_status: Option<String>,
    /// The organizations of which the user becomes a member; the default organization when absent or empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub organization_ids: Option<Vec<Uuid>>,
}

/// What people know a user by.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = codersdk::UpdateUserProfileRequest)]
pub struct UpdateUserProfileRequest {
    /// The name, new or not: 1 to 32 letters and digits in groups joined by single hyphens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        required = true,
        nullable = false,
        min_length = 1,
        max_length = 32,
        pattern = "^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$"
    )]
    #[validate(required(message = "is required"))]
    pub username: Option<String>,
    /// The full name, at most 128 bytes. Absent or empty clears it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 128)]
    #[validate(custom(function = "check_full_name"))]
    pub name: Option<String>,
}

/// A new password.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = codersdk::UpdateUserPasswordRequest)]
pub struct UpdateUserPasswordRequest {
    /// The present password. Needed by whoever changes their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = Password)]
    #[validate(custom(function = "check_old_password"))]
    pub old_password: Option<Secret>,
    /// The new password: at least 8 characters, at most 512 bytes, and not one character repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false, value_type = Option<String>, format = Password, min_length = 8)]
    #[validate(required(message = "is required"), custom(function = "check_password"))]
    pub password: Option<Secret>,
}

/// The roles that somebody is to have, instead of those that they have.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = codersdk::UpdateRoles)]
pub struct UpdateRoles {
    /// Names of roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false)]
    #[validate(required(message = "is required"))]
    pub roles: Option<Vec<String>>,
}
