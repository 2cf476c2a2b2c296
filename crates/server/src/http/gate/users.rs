//! The way in for somebody who is not signed in, and the way to a user.

use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use std::future::{Ready, ready};

use super::{Entered, app_of, count, origin_of};
use super::{operation_of, segment};
use crate::audit::Origin;
use crate::auth::authenticate::Caller;
use crate::auth::permission::{Permission, permission};
use crate::db::users::User;
use crate::http::error::ApiError;
use crate::http::state::App;
use crate::operations::{Operation, UsersOperation};
use crate::ratelimit::Subject;
use crate::service::ServiceError;
use crate::wire::reference::UserRef;

/// Somebody who need not be signed in, within the rate limit of their address. What they ask for takes nothing from a cookie,
/// so that no page can trick a browser into anything; and no page can read the answer or set its cookie.
pub struct Visitor {
    /// The parts of the server.
    pub app: Data<App>,
    /// From where they ask, with which program.
    pub origin: Origin,
}

impl Visitor {
    fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let app = app_of(request)?;
        let origin = origin_of(&app, request, None);
        let logs_in = operation_of(request) == Some(Operation::Users(UsersOperation::LogInUser));
        let limiter = if logs_in { &app.login_limiter } else { &app.limiter };
        count(request, &app, limiter, origin.ip.map(Subject::address), app.clock.moment())?;
        Ok(Self { app, origin })
    }
}

impl FromRequest for Visitor {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

/// A caller at the door of a user whom they may read.
pub struct AtUser {
    entered: Entered,
    user: User,
    address: Option<IpAddr>,
}

/// A caller who has the operation's permission over the user.
pub struct OverUser {
    /// The parts of the server.
    pub app: Data<App>,
    /// Who is asking.
    pub caller: Caller,
    /// The user.
    pub user: User,
    /// From where the caller asks.
    pub address: Option<IpAddr>,
}

impl AtUser {
    async fn of(request: HttpRequest) -> Result<Self, ApiError> {
        let entered = Entered::of(&request).await?;
        let raw = segment(&request, "user");
        let reference = UserRef::parse(raw).ok_or(ServiceError::NotFound)?;
        let user = entered.app.services.find_user(&entered.caller, &reference).await?;
        let address = entered.app.proxies.caller(&request);
        Ok(Self { entered, user, address })
    }

    /// Lets the caller through when they have the operation's permission over the user.
    pub fn require(self) -> Result<OverUser, ApiError> {
        let Self { entered: Entered { app, caller, operation }, user, address } = self;
        let Some(permission) = operation.map(permission) else { return Err(ApiError::RouteNotFound) };
        if caller.may_to(permission, user.id) {
            return Ok(OverUser { app, caller, user, address });
        }
        Err(if permission.hides() { ServiceError::NotFound } else { ServiceError::Forbidden(permission) }.into())
    }
}

impl FromRequest for AtUser {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(Self::of(request.clone()))
    }
}

impl Entered {
    /// Lets the caller through when they have the operation's permission over themselves.
    pub fn require_own(self) -> Result<Self, ApiError> {
        let Some(permission) = self.operation.map(permission) else { return Err(ApiError::RouteNotFound) };
        // A session can always end itself, whatever else it can be used for.
        if permission == Permission::SignOut || self.caller.may_to(permission, self.caller.principal.user_id) {
            return Ok(self);
        }
        Err(ServiceError::Forbidden(permission).into())
    }
}
