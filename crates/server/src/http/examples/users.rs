//! Examples of users, of signing in, and of session tokens.

use orgd_api_types::{
    ApiAllowListTarget, ApiKey, ApiKeyScope, CreateFirstUserRequest, CreateFirstUserResponse, CreateTokenRequest,
    CreateUserRequest, GenerateApiKeyResponse, GetUsersResponse, LoginType, LoginWithPasswordRequest,
    LoginWithPasswordResponse, Response, Secret, SlimRole, TokenConfig, UpdateRoles, UpdateUserPasswordRequest,
    UpdateUserProfileRequest, User, UserStatus, ValidationError,
};
use serde_json::Value;
use uuid::{Uuid, uuid};

use super::{ORGANIZATION, at, json, say};
use crate::operations::UsersOperation as Op;

const ANA: Uuid = uuid!("0198f5a0-5b20-7d4e-8f3a-2b3c4d5e6f70");
const PASSWORD: &str = "correct horse battery staple";
/// In the form of a session token, and nobody's.
const TOKEN: &str = "Jq7dWm2x0b-9sVfR4kLq8ZtYh2NcX6bEw";
const TAKEN: &str = "This value is already in use and should be unique.";
const LAST_OWNER: &str = "The last owner cannot be removed.";
const TOO_MANY: &str = "Too many attempts to log in.";

pub(super) fn request(operation: Op) -> Option<Value> {
    let text = |text: &str| Some(text.to_owned());
    match operation {
        Op::CreateInitialUser => json(&CreateFirstUserRequest {
            email: text("ana@example.com"),
            username: text("ana"),
            name: text("Ana Lopez"),
            password: Some(Secret::new(PASSWORD)),
        }),
        Op::LogInUser => {
            json(&LoginWithPasswordRequest { email: text("ana@example.com"), password: Some(Secret::new(PASSWORD)) })
        }
        Op::CreateNewUser => json(&CreateUserRequest {
            username: text("ben"),
            email: text("ben@example.com"),
            password: Some(Secret::new(PASSWORD)),
            ..CreateUserRequest::default()
        }),
        Op::UpdateUserProfile => json(&UpdateUserProfileRequest { username: text("ana"), name: text("Ana Lopez") }),
        Op::UpdateUserPassword => json(&UpdateUserPasswordRequest {
            old_password: Some(Secret::new(PASSWORD)),
            password: Some(Secret::new("a longer one, which nobody knows yet")),
        }),
        Op::AssignRoleToUser => json(&UpdateRoles { roles: Some(vec!["auditor".to_owned()]) }),
        Op::CreateTokenApiKey => json(&CreateTokenRequest {
            lifetime: Some(30 * 24 * 60 * 60 * 1_000_000_000),
            scope: text("all"),
            token_name: text("laptop"),
            ..CreateTokenRequest::default()
        }),
        Op::CheckInitialUserCreated
        | Op::LogOutUser
        | Op::GetUsers
        | Op::GetUserByName
        | Op::DeleteUser
        | Op::GetUserRoles
        | Op::SuspendUserAccount
        | Op::ActivateUserAccount
        | Op::CreateNewSessionKey
        | Op::GetApiKeyById
        | Op::DeleteApiKey
        | Op::ExpireApiKey
        | Op::GetUserTokens
        | Op::GetApiKeyByTokenName
        | Op::GetTokenConfig => None,
    }
}

pub(super) fn response(operation: Op, status: &str) -> Option<Value> {
    match (operation, status) {
        (Op::CheckInitialUserCreated, "200") | (Op::CreateInitialUser, "409") => {
            json(&say("The initial user has already been created!", ""))
        }
        (Op::CheckInitialUserCreated, "404") => json(&say("The initial user has not been created!", "")),
        (Op::CreateInitialUser, "201") => {
            json(&CreateFirstUserResponse { user_id: ANA, organization_id: ORGANIZATION })
        }
        (Op::LogInUser, "201") => json(&LoginWithPasswordResponse { session_token: TOKEN.to_owned() }),
        (Op::LogInUser, "401") => json(&say("Incorrect email or password.", "")),
        (Op::LogInUser | Op::UpdateUserPassword, "429") => json(&say(TOO_MANY, "")),
        (Op::LogOutUser, "200") => json(&say("Logged out!", "")),
        (Op::GetUsers, "200") => json(&GetUsersResponse { users: vec![ana()], count: 1 }),
        (Op::CreateNewUser, "201")
        | (
            Op::GetUserByName
            | Op::UpdateUserProfile
            | Op::GetUserRoles
            | Op::AssignRoleToUser
            | Op::SuspendUserAccount
            | Op::ActivateUserAccount,
            "200",
        ) => json(&ana()),
        (Op::CreateNewUser | Op::UpdateUserProfile, "409") => json(&taken("User already exists.", "username")),
        (Op::DeleteUser, "200") => json(&say("User has been deleted!", "")),
        (Op::DeleteUser | Op::AssignRoleToUser, "409") => json(&say(LAST_OWNER, "")),
        (Op::CreateNewSessionKey | Op::CreateTokenApiKey, "201") => {
            json(&GenerateApiKeyResponse { key: TOKEN.to_owned() })
        }
        (Op::CreateTokenApiKey, "409") => json(&taken("A token with name \"laptop\" already exists.", "token_name")),
        (Op::GetApiKeyById | Op::GetApiKeyByTokenName, "200") => json(&laptop()),
        (Op::GetUserTokens, "200") => json(&[ApiKey { username: "ana".to_owned(), ..laptop() }]),
        (Op::GetTokenConfig, "200") => json(&TokenConfig { max_token_lifetime: 3_155_760_000_000_000_000 }),
        _ => None,
    }
}

fn taken(message: &str, field: &str) -> Response {
    Response { validations: vec![ValidationError::new(field, TAKEN)], ..say(message, "") }
}

fn ana() -> User {
    User {
        id: ANA,
        username: "ana".to_owned(),
        name: "Ana Lopez".to_owned(),
        email: "ana@example.com".to_owned(),
        created_at: at(97_440_000_000),
        updated_at: at(97_440_000_000),
        last_seen_at: Some(at(115_200_000_000)),
        status: UserStatus::Active,
        login_type: LoginType::Password,
        organization_ids: vec![ORGANIZATION],
        roles: vec![SlimRole {
            name: "user-admin".to_owned(),
            display_name: "User Admin".to_owned(),
            organization_id: None,
        }],
    }
}

fn laptop() -> ApiKey {
    ApiKey {
        id: "Jq7dWm2x0b".to_owned(),
        user_id: ANA,
        last_used: at(115_200_000_000),
        expires_at: at(97_440_000_000 + 30 * 86_400_000_000),
        created_at: at(97_440_000_000),
        updated_at: at(97_440_000_000),
        login_type: LoginType::Token,
        scope: ApiKeyScope::All,
        scopes: vec![ApiKeyScope::All],
        token_name: "laptop".to_owned(),
        lifetime_seconds: 30 * 86_400,
        allow_list: vec![ApiAllowListTarget::everything()],
        username: String::new(),
    }
}
