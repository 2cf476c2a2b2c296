//! The rules of session tokens that somebody makes, lists and ends.

use std::net::IpAddr;

use orgd_api_types::{
    ApiAllowListTarget, ApiKey, ApiKeyScope, CreateTokenRequest, GenerateApiKeyResponse, LoginType, Timestamp,
    TokenConfig, ValidationError,
};
use uuid::Uuid;
use validator::Validate;

use super::Services;
use super::error::ServiceError;
use super::logins::text_of;
use super::user_error::UserError;
use crate::audit::Action;
use crate::auth::authenticate::Caller;
use crate::auth::permission::Permission;
use crate::auth::token::{KeyScope, NewToken, SessionTokenRecord, TokenPurpose, random_text};
use crate::db::api_keys::{TokenFilter, TokenMaker};
use crate::db::{Constraint, DbError};
use crate::wire::body::validations_of;
use crate::wire::query::TokenListQuery;

/// The order in which failing fields are reported.
const FIELDS: &[&str] = &["lifetime", "scope", "scopes", "token_name", "allow_list"];
/// How long the session of a device lasts after its last use, and a token for which nothing is said; in seconds: seven days.
const WEEK: i64 = 7 * 24 * 60 * 60;
/// How long a token can last at most, in seconds: a hundred years.
const LONGEST: i64 = 876_600 * 60 * 60;
const NANOSECONDS: i64 = 1_000_000_000;
/// What Coder's clients take for "never", in microseconds after 1970.
const NEVER: i64 = -62_135_596_800_000_000;

impl Services {
    /// Makes a session for a device.
    pub async fn create_session_key(
        &self,
        caller: &Caller,
        user: Uuid,
        from: Option<IpAddr>,
    ) -> Result<GenerateApiKeyResponse, ServiceError> {
        let token = self.new_session(user, WEEK, from)?;
        self.store_token(caller, &token).await?;
        Ok(GenerateApiKeyResponse { key: token.reveal().to_owned() })
    }

    /// Makes a token that ends when it is said to end.
    pub async fn create_token(
        &self,
        caller: &Caller,
        user: Uuid,
        request: CreateTokenRequest,
        from: Option<IpAddr>,
    ) -> Result<GenerateApiKeyResponse, ServiceError> {
        let mut faults = request.validate().err().map(|errors| validations_of(&errors, FIELDS)).unwrap_or_default();
        let lifetime_seconds = lifetime_of(request.lifetime, &mut faults);
        let scope = scope_of(&request, &mut faults);
        let narrow = request.allow_list.unwrap_or_default();
        if narrow.iter().any(|target| *target != ApiAllowListTarget::everything()) {
            let rule = r#"must be everything, [{"type": "*", "id": "*"}]: a narrower token is not supported"#;
            faults.push(ValidationError::new("allow_list", rule));
        }
        if !faults.is_empty() {
            return Err(ServiceError::Validation(faults));
        }
        let name = match request.token_name.filter(|name| !name.is_empty()) {
            Some(name) => name,
            None => random_text(12)?,
        };
        let purpose = TokenPurpose {
            login_type: LoginType::Token,
            name: name.clone(),
            scope,
            lifetime_seconds,
            address: text_of(from),
        };
        let token = NewToken::generate(user, purpose, self.clock.now())?;
        self.store_token(caller, &token).await?;
        Ok(GenerateApiKeyResponse { key: token.reveal().to_owned() })
    }

    async fn store_token(&self, caller: &Caller, token: &NewToken) -> Result<(), ServiceError> {
        let maker = TokenMaker { user: caller.principal.user_id, token: caller.token.id.clone() };
        match self.acting_for(caller).create_session_token(token.record.clone(), Some(maker)).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(UserError::SessionEnded.into()),
            Err(DbError::Conflict(Constraint::TokenName)) => {
                Err(UserError::TokenNameTaken(token.record.name.clone()).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The user's tokens with a name, newest first, or everybody's.
    pub async fn list_tokens(
        &self,
        caller: &Caller,
        user: Uuid,
        query: TokenListQuery,
    ) -> Result<Vec<ApiKey>, ServiceError> {
        let all = query.include_all && caller.may(Permission::ReadSessionTokens, None);
        let filter = TokenFilter {
            user: (!all).then_some(user),
            live_at: (!query.include_expired).then(|| self.clock.now()),
            tokens_only: true,
        };
        let tokens = self.database.list_session_tokens(filter).await?;
        Ok(tokens.into_iter().map(|owned| ApiKey { username: owned.username, ..shown(owned.token) }).collect())
    }

    /// One token of the user, by its id.
    pub async fn get_api_key(&self, user: Uuid, id: &str) -> Result<ApiKey, ServiceError> {
        let found = self.database.find_session_token(id).await?.filter(|token| token.user_id == user);
        found.map(shown).ok_or(ServiceError::NotFound)
    }

    /// One token of the user, by its name.
    pub async fn get_token_by_name(&self, user: Uuid, name: String) -> Result<ApiKey, ServiceError> {
        let found = self.database.find_session_token_by_name(user, name).await?;
        found.map(shown).ok_or(ServiceError::NotFound)
    }

    /// Revokes a token of the user.
    pub async fn delete_api_key(&self, caller: &Caller, user: Uuid, id: String) -> Result<(), ServiceError> {
        let now = self.clock.now();
        let deleted = self.acting_for(caller).revoke_session_token(id, Some(user), Action::Delete, now).await?;
        if deleted { Ok(()) } else { Err(ServiceError::NotFound) }
    }

    /// Ends a token of the user, and keeps it in the records.
    pub async fn expire_api_key(&self, caller: &Caller, user: Uuid, id: String) -> Result<(), ServiceError> {
        let found = self.acting_for(caller).expire_session_token(id, user, self.clock.now()).await?;
        if found { Ok(()) } else { Err(ServiceError::NotFound) }
    }

    /// What holds for every token.
    pub fn token_config(&self) -> TokenConfig {
        TokenConfig { max_token_lifetime: LONGEST * NANOSECONDS }
    }
}

fn shown(token: SessionTokenRecord) -> ApiKey {
    let scope = match token.scope {
        KeyScope::All => ApiKeyScope::All,
        KeyScope::ApplicationConnect => ApiKeyScope::ApplicationConnect,
    };
    ApiKey {
        id: token.id,
        user_id: token.user_id,
        last_used: token.last_used_at.unwrap_or_else(|| Timestamp::from_micros(NEVER)),
        expires_at: token.expires_at,
        created_at: token.created_at,
        updated_at: token.updated_at,
        login_type: token.login_type,
        scope,
        scopes: vec![scope],
        token_name: token.name,
        lifetime_seconds: token.lifetime_seconds,
        allow_list: vec![ApiAllowListTarget::everything()],
        username: String::new(),
    }
}

fn lifetime_of(nanoseconds: Option<i64>, faults: &mut Vec<ValidationError>) -> i64 {
    match nanoseconds.unwrap_or(0) {
        0 => WEEK,
        given if given < NANOSECONDS || given / NANOSECONDS > LONGEST => {
            let rule = format!("must be from {NANOSECONDS} nanoseconds, a second, to {}", LONGEST * NANOSECONDS);
            faults.push(ValidationError::new("lifetime", rule));
            WEEK
        }
        given => given / NANOSECONDS,
    }
}

fn scope_of(request: &CreateTokenRequest, faults: &mut Vec<ValidationError>) -> KeyScope {
    let listed = request.scopes.as_deref().unwrap_or_default();
    let (field, given): (_, Vec<&str>) = if listed.is_empty() {
        ("scope", request.scope.as_deref().filter(|scope| !scope.is_empty()).into_iter().collect())
    } else {
        ("scopes", listed.iter().map(String::as_str).collect())
    };
    let mut narrowest = None;
    for scope in &given {
        match scope.strip_prefix("coder:").unwrap_or(scope) {
            "all" => narrowest = Some(KeyScope::All),
            "application_connect" => narrowest = narrowest.or(Some(KeyScope::ApplicationConnect)),
            _ => {
                faults.push(ValidationError::new(field, "must be \"all\" or \"application_connect\""));
                return KeyScope::ApplicationConnect;
            }
        }
    }
    narrowest.unwrap_or(KeyScope::All)
}

#[cfg(test)]
mod tests {
    use orgd_api_types::CreateTokenRequest;

    use super::{KeyScope, LONGEST, NANOSECONDS, NEVER, Timestamp, WEEK, lifetime_of, scope_of};

    #[test]
    fn lifetimes_are_nanoseconds_within_bounds() {
        let read = |given| {
            let mut faults = Vec::new();
            let seconds = lifetime_of(given, &mut faults);
            faults.is_empty().then_some(seconds)
        };
        assert_eq!(read(None), Some(WEEK));
        assert_eq!(read(Some(0)), Some(WEEK));
        assert_eq!(read(Some(1_500_000_000)), Some(1));
        assert_eq!(read(Some(LONGEST * NANOSECONDS)), Some(LONGEST));
        for wrong in [-1, 1, 999_999_999, (LONGEST + 1) * NANOSECONDS, i64::MAX, i64::MIN] {
            assert_eq!(read(Some(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn scopes_are_known_ones() {
        let read = |scope: Option<&str>, scopes: &[&str]| {
            let request = CreateTokenRequest {
                scope: scope.map(str::to_owned),
                scopes: Some(scopes.iter().map(|scope| (*scope).to_owned()).collect()),
                ..CreateTokenRequest::default()
            };
            let mut faults = Vec::new();
            let scope = scope_of(&request, &mut faults);
            faults.is_empty().then_some(scope)
        };
        assert_eq!(read(None, &[]), Some(KeyScope::All));
        assert_eq!(read(Some(""), &[]), Some(KeyScope::All));
        assert_eq!(read(Some("application_connect"), &[]), Some(KeyScope::ApplicationConnect));
        assert_eq!(read(Some("all"), &["coder:application_connect"]), Some(KeyScope::ApplicationConnect));
        assert_eq!(read(None, &["application_connect", "coder:all"]), Some(KeyScope::All));
        assert_eq!(read(Some("workspace:read"), &[]), None);
        assert_eq!(read(None, &["all", "workspace:read"]), None);
    }

    #[test]
    fn never_is_what_go_takes_for_it() {
        assert_eq!(Timestamp::from_micros(NEVER).to_string(), "0001-01-01T00:00:00Z");
    }
}
