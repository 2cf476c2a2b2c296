//! The rules of signing in and out, and of passwords.

use std::net::IpAddr;
use std::sync::Arc;

use orgd_api_types::{
    CreateFirstUserRequest, CreateFirstUserResponse, LoginType, LoginWithPasswordRequest, Secret,
    UpdateUserPasswordRequest, ValidationError,
};
use uuid::Uuid;

use super::Services;
use super::error::{ServiceError, check};
use super::user_error::UserError;
use super::users::reach_of;
use crate::audit::{Action, Fact, Origin, Resource};
use crate::auth::attempts::Attempt;
use crate::auth::authenticate::Caller;
use crate::auth::password::{HashedPassword, Turn};
use crate::auth::principal::UserStatus;
use crate::auth::roles::{RoleSet, SiteRole};
use crate::auth::token::{KeyScope, NewToken, TokenPurpose};
use crate::db::user_changes::UserChange;
use crate::db::users::User;
use crate::ratelimit::Subject;

/// The order in which failing fields are reported.
const FIELDS: &[&str] = &["email", "username", "name", "old_password", "password"];
/// How the audit log calls whom an attempt to sign in was for when there is no such user.
const NOBODY: &str = "unknown";
/// How long a session lasts after its last use, in seconds: a day.
const SESSION: i64 = 24 * 60 * 60;

impl Services {
    /// Says so when there is no user yet.
    pub async fn check_first_user(&self) -> Result<(), ServiceError> {
        if self.database.has_users().await? { Ok(()) } else { Err(UserError::NoFirstUser.into()) }
    }

    /// Makes the first user, an owner, in their own name.
    pub async fn create_first_user(
        &self,
        request: CreateFirstUserRequest,
        origin: Origin,
    ) -> Result<CreateFirstUserResponse, ServiceError> {
        check(&request, FIELDS)?;
        // Before a hash is made for everybody who asks.
        if self.database.has_users().await? {
            return Err(UserError::FirstUserExists.into());
        }
        let (username, email) = (request.username.unwrap_or_default(), request.email.unwrap_or_default());
        let roles = RoleSet::EMPTY.with(SiteRole::Owner);
        let user = User {
            name: request.name.unwrap_or_default(),
            login_type: LoginType::Password,
            ..User::new(username, email, roles, self.clock.now())
        };
        let hashed = self.hashes.turn().await?.hash(request.password.unwrap_or_else(|| Secret::new(""))).await?;
        let user_id = user.id;
        let origin = Arc::new(Origin { user: Some(user_id), ..origin });
        match self.database.acting_for(Some(&origin)).create_first_user(user, hashed).await? {
            Some(organization_id) => Ok(CreateFirstUserResponse { user_id, organization_id }),
            None => Err(UserError::FirstUserExists.into()),
        }
    }

    /// Exchanges mail address and password for a session token. Nothing tells from outside whether there is such a user.
    pub async fn log_in(&self, request: LoginWithPasswordRequest, origin: Origin) -> Result<NewToken, ServiceError> {
        check(&request, FIELDS)?;
        let from = origin.ip;
        let (email, password) = (request.email.unwrap_or_default(), request.password);
        let turn = self.hashes.turn().await?;
        let attempt = self.begin_attempt(&email, from)?;
        let (user, hashed) = self.database.find_login(&email).await?.unzip();
        let tried = user.as_ref().map(|user| (user.id, user.username.clone()));
        let hashed =
            hashed.flatten().filter(|_| user.as_ref().is_some_and(|user| user.login_type == LoginType::Password));
        let is_right = turn.verify(password.unwrap_or_else(|| Secret::new("")), hashed.clone()).await?;
        let (Some(user), Some(hashed), true) = (user, hashed, is_right) else {
            self.note_bad_login(tried, origin).await?;
            return Err(UserError::BadLogin.into());
        };
        self.attempts.succeed(attempt);
        if user.status == UserStatus::Suspended {
            self.note_bad_login(tried, origin).await?;
            return Err(UserError::Suspended.into());
        }
        let token = self.new_session(user.id, SESSION, from)?;
        let origin = Arc::new(Origin { user: Some(user.id), ..origin });
        if self.database.acting_for(Some(&origin)).start_session(token.record.clone(), hashed).await? {
            Ok(token)
        } else {
            Err(UserError::BadLogin.into())
        }
    }

    /// Revokes the session token that the caller came with.
    pub async fn log_out(&self, caller: &Caller) -> Result<(), ServiceError> {
        let (id, now) = (caller.token.id.clone(), self.clock.now());
        self.acting_for(caller).revoke_session_token(id, None, Action::Logout, now).await?;
        Ok(())
    }

    /// Sets a password, and ends all sessions of the user.
    pub async fn update_password(
        &self,
        caller: &Caller,
        user: &User,
        request: UpdateUserPasswordRequest,
        from: Option<IpAddr>,
    ) -> Result<(), ServiceError> {
        check(&request, FIELDS)?;
        if user.login_type != LoginType::Password {
            let refused = "Users without password login type cannot change their password.";
            return Err(UserError::Refused(refused).into());
        }
        let new = request.password.unwrap_or_else(|| Secret::new(""));
        let old = request.old_password.filter(|password| !password.reveal().is_empty());
        let is_own = caller.principal.user_id == user.id;
        let verified = match old {
            Some(old) => {
                if old == new {
                    return Err(fault("password", "must not be the present password"));
                }
                Some(self.verify_present(user, old, from).await?)
            }
            None if is_own => return Err(fault("old_password", "is required by whoever changes their own password")),
            None => None,
        };
        let hashed = self.hashes.turn().await?.hash(new).await?;
        let change = UserChange::Password { hashed, verified };
        let database = self.acting_for(caller);
        let changed = database.change_user(user.id, reach_of(caller, user), change, self.clock.now()).await?;
        changed.map_err(|refusal| match ServiceError::from(refusal) {
            ServiceError::User(UserError::BadLogin) => fault("old_password", WRONG),
            other => other,
        })?;
        Ok(())
    }

    async fn verify_present(
        &self,
        user: &User,
        password: Secret,
        from: Option<IpAddr>,
    ) -> Result<HashedPassword, ServiceError> {
        let turn: Turn = self.hashes.turn().await?;
        let attempt = self.begin_attempt(&user.email, from)?;
        let hashed = self.database.find_password(user.id).await?;
        let is_right = turn.verify(password, hashed.clone()).await?;
        let Some(hashed) = hashed.filter(|_| is_right) else { return Err(fault("old_password", WRONG)) };
        self.attempts.succeed(attempt);
        Ok(hashed)
    }

    /// Notes an attempt to sign in as this user. What was typed is not kept: people type passwords where their address belongs.
    /// Who tries many addresses is found by where the attempts come from.
    async fn note_bad_login(&self, tried: Option<(Uuid, String)>, origin: Origin) -> Result<(), ServiceError> {
        let (id, name) = tried.unwrap_or_else(|| (Uuid::nil(), NOBODY.to_owned()));
        let fact = Fact::new(Action::Login, Resource::User, id, name, self.clock.now()).with_status(401);
        Ok(self.database.acting_for(Some(&Arc::new(origin))).record_refusal(fact).await?)
    }

    fn begin_attempt(&self, user: &str, from: Option<IpAddr>) -> Result<Attempt, ServiceError> {
        let begun = self.attempts.begin(user, from.map(Subject::address), self.clock.moment().steady);
        begun.map_err(|wait| UserError::TooManyAttempts(wait.as_secs().max(1)).into())
    }

    /// A session of this user that is not stored yet.
    pub(super) fn new_session(
        &self,
        user: Uuid,
        lifetime_seconds: i64,
        from: Option<IpAddr>,
    ) -> Result<NewToken, ServiceError> {
        let purpose = TokenPurpose {
            login_type: LoginType::Password,
            name: String::new(),
            scope: KeyScope::All,
            lifetime_seconds,
            address: text_of(from),
        };
        Ok(NewToken::generate(user, purpose, self.clock.now())?)
    }
}

/// What is said of a present password that is not.
const WRONG: &str = "is not the present password";

fn fault(field: &str, rule: &str) -> ServiceError {
    ServiceError::Validation(vec![ValidationError::new(field, rule)])
}

/// An address as it is kept with a token.
pub(super) fn text_of(address: Option<IpAddr>) -> String {
    address.map(|address| address.to_canonical().to_string()).unwrap_or_default()
}
