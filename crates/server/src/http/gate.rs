//! The way into an operation: who is asking, how often, about which organization, and may they?
//!
//! The order is fixed, since it decides which error a caller sees: cross-site check, authentication, rate limit, organization,
//! permission; bodies and query strings come after that. Handlers get loaded, permitted values and cannot reach an organization
//! without asking for the permission of their operation.

use std::borrow::Cow;
use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::USER_AGENT;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::{Either, LocalBoxFuture};
use uuid::Uuid;

use super::error::ApiError;
use super::paths::{operation_of, segment};
use super::request_id::RequestId;
use super::state::App;
use crate::audit::Origin;
use crate::auth::authenticate::{
    AuthenticationError, Caller, authenticate, authenticate_from_memory, authenticate_worker,
};
use crate::auth::credentials::{Credentials, check_cross_site, provisioner_key};
use crate::auth::permission::{Permission, permission};
use crate::auth::roles::SiteRole;
use crate::clock::Moment;
use crate::db::provisioner_keys::ProvisionerKeyRecord;
use crate::model::organizations::CachedOrganization;
use crate::operations::Operation;
use crate::ratelimit::{Decision, RateLimiter, Subject};
use crate::service::ServiceError;
use crate::service::workers::{KnownWorker, WorkerCaller};
use crate::wire::percent::decode;
use crate::wire::reference::OrganizationRef;
use crate::wire::uuid::parse_uuid;

mod users;

pub use users::{AtUser, Visitor};

/// Asks the rate limiter to look away; owners only.
const BYPASS: &str = "x-coder-bypass-ratelimit";

/// An authenticated caller within the rate limit, for an operation that is not about one organization.
pub struct Entered {
    /// The parts of the server.
    pub app: Data<App>,
    /// Who is asking.
    pub caller: Caller,
    operation: Option<Operation>,
}

/// Who authenticated, for the record of the request.
#[derive(Clone, Copy)]
pub struct CallerId(pub Uuid);

/// What is known of a request before it is known who asks.
struct Arrival {
    app: Data<App>,
    now: Moment,
}

/// Every server is built with its state; see `server`.
fn app_of(request: &HttpRequest) -> Result<Data<App>, ApiError> {
    request.app_data::<Data<App>>().cloned().ok_or(ApiError::Panic)
}

impl Arrival {
    fn of(request: &HttpRequest, credentials: Option<&Credentials<'_>>) -> Result<Self, ApiError> {
        let app = app_of(request)?;
        if !is_safe(request.method()) {
            check_cross_site(request, credentials).map_err(ApiError::CrossSite)?;
        }
        let now = app.clock.moment();
        Ok(Self { app, now })
    }

    /// Who asks, as far as memory can tell; `None` when the database must be asked.
    fn recognise(&self, credentials: Option<&Credentials<'_>>) -> Option<Result<Caller, AuthenticationError>> {
        let Some(credentials) = credentials else { return Some(Err(AuthenticationError::Missing)) };
        if !self.app.database.is_fresh() {
            return None;
        }
        authenticate_from_memory(&self.app.identities, credentials.text(), self.now.wall)
    }

    /// Who asks, as the database says. Everything that the request reads from memory afterwards is as new as its arrival.
    async fn look_up(&self, credentials: Option<&Credentials<'_>>) -> Result<Caller, AuthenticationError> {
        let Some(credentials) = credentials else { return Err(AuthenticationError::Missing) };
        let App { database, identities, .. } = &**self.app;
        if !database.is_fresh() {
            database.refresh().await?;
        }
        authenticate(identities, database, credentials.text(), self.now.wall).await
    }

    /// Counts the request against the caller's rate limit and lets in whoever was recognised.
    fn enter(
        self,
        request: &HttpRequest,
        authenticated: Result<Caller, AuthenticationError>,
    ) -> Result<Entered, ApiError> {
        let Self { app, now, .. } = self;
        limit_rate(request, &app, authenticated.as_ref().ok(), now)?;
        let mut caller = authenticated.map_err(ApiError::Authentication)?;
        if !is_safe(request.method()) {
            let origin = Arc::new(origin_of(&app, request, Some(caller.principal.user_id)));
            // For the record of a refusal, too.
            request.extensions_mut().insert(Arc::clone(&origin));
            caller.origin = Some(origin);
        }
        let operation = operation_of(request);
        request.extensions_mut().insert(CallerId(caller.principal.user_id));
        app.services.note_use(&caller, app.proxies.caller(request), now.wall);
        Ok(Entered { app, caller, operation })
    }
}

/// Who is behind a request, for the audit log.
fn origin_of(app: &App, request: &HttpRequest, user: Option<Uuid>) -> Origin {
    let agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Origin::of_request(user, app.proxies.caller(request), agent, RequestId::of(request))
}

/// Anybody, for an operation that asks nobody who they are; counted by address.
pub struct AtDoor {
    /// The parts of the server.
    pub app: Data<App>,
}

impl FromRequest for AtDoor {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let arrived = Arrival::of(request, None);
        ready(arrived.and_then(|Arrival { app, now }| {
            count_against(request, &app, None, now)?;
            Ok(Self { app })
        }))
    }
}

/// The way in takes no detour when memory knows the caller, which is nearly always.
type Way<T> = Either<Ready<Result<T, ApiError>>, LocalBoxFuture<'static, Result<T, ApiError>>>;

/// Lets a request in and then does `next`.
fn enter<T: 'static>(
    request: &HttpRequest,
    next: impl FnOnce(&HttpRequest, Entered) -> Result<T, ApiError> + 'static,
) -> Way<T> {
    let credentials = Credentials::of(request);
    let arrival = match Arrival::of(request, credentials.as_ref()) {
        Ok(arrival) => arrival,
        Err(error) => return Either::Left(ready(Err(error))),
    };
    if let Some(authenticated) = arrival.recognise(credentials.as_ref()) {
        if authenticated.is_ok() {
            arrival.app.metrics.auth_cache_hits.inc();
        }
        let entered = arrival.enter(request, authenticated);
        return Either::Left(ready(entered.and_then(|entered| next(request, entered))));
    }
    let request = request.clone();
    Either::Right(Box::pin(async move {
        let authenticated = arrival.look_up(Credentials::of(&request).as_ref()).await;
        if authenticated.is_ok() {
            arrival.app.metrics.auth_cache_misses.inc();
        }
        arrival.enter(&request, authenticated).and_then(|entered| next(&request, entered))
    }))
}

impl Entered {
    /// Lets in whoever sends this request.
    pub async fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        enter(request, |_, entered| Ok(entered)).await
    }

    /// Lets the caller through when they have the operation's permission in the whole installation.
    pub fn require(self) -> Result<Self, ApiError> {
        let Some(permission) = self.operation.map(permission) else { return Err(ApiError::RouteNotFound) };
        if self.caller.may(permission, None) {
            return Ok(self);
        }
        Err(ServiceError::Forbidden(permission).into())
    }
}

impl FromRequest for Entered {
    type Error = ApiError;
    type Future = Way<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        enter(request, |_, entered| Ok(entered))
    }
}

/// A caller at the door of an organization that they may read.
pub struct AtOrganization {
    entered: Entered,
    organization: Arc<CachedOrganization>,
}

/// A caller who has the operation's permission in the organization.
pub struct InOrganization {
    /// The parts of the server.
    pub app: Data<App>,
    /// Who is asking.
    pub caller: Caller,
    /// The organization.
    pub organization: Arc<CachedOrganization>,
}

impl AtOrganization {
    fn of(request: &HttpRequest, entered: Entered) -> Result<Self, ApiError> {
        let raw = segment(request, "organization");
        let organization = find_organization(&entered, raw)?;
        Ok(Self { entered, organization })
    }

    /// Lets the caller through when they have the operation's permission here.
    pub fn require(self) -> Result<InOrganization, ApiError> {
        let Self { entered, organization } = self;
        let Some(permission) = entered.operation.map(permission) else { return Err(ApiError::RouteNotFound) };
        if entered.caller.may(permission, Some(organization.organization.id)) {
            return Ok(InOrganization { app: entered.app, caller: entered.caller, organization });
        }
        Err(if permission.hides() { ServiceError::NotFound } else { ServiceError::Forbidden(permission) }.into())
    }
}

impl FromRequest for AtOrganization {
    type Error = ApiError;
    type Future = Way<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        enter(request, Self::of)
    }
}

/// The organization that a path segment, as it was sent, names to this caller.
pub fn find_organization(entered: &Entered, raw: &str) -> Result<Arc<CachedOrganization>, ApiError> {
    let reference = OrganizationRef::parse(raw).ok_or(ServiceError::NotFound)?;
    Ok(entered.app.services.find_organization(&entered.caller, &reference)?)
}

/// A worker, or a user who does its work, in an organization.
pub struct AtWork {
    /// The parts of the server.
    pub app: Data<App>,
    /// Who asks.
    pub caller: WorkerCaller,
    /// The organization.
    pub organization: Arc<CachedOrganization>,
}

impl AtWork {
    async fn of(request: HttpRequest) -> Result<Self, ApiError> {
        let Some(secret) = provisioner_key(&request) else {
            let entered = Entered::of(&request).await?;
            let inside = AtOrganization::of(&request, entered)?.require()?;
            let caller = WorkerCaller::User(inside.caller);
            return Ok(Self { app: inside.app, caller, organization: inside.organization });
        };
        // As in `Arrival::of`. A browser does not add this header on its own, so no page can trick it into a request.
        let app = app_of(&request)?;
        let key = Self::recognise(&app, secret).await;
        let subject = key.as_ref().ok().map(|key| key.id);
        count_against(&request, &app, subject, app.clock.moment())?;
        let key = key.map_err(ApiError::Authentication)?;
        request.extensions_mut().insert(CallerId(key.id));
        let raw = segment(&request, "organization");
        let reference = OrganizationRef::parse(raw).ok_or(ServiceError::NotFound)?;
        let organization = app.services.find_own_organization(key.organization, &reference)?;
        Ok(Self { app, caller: WorkerCaller::Key(key), organization })
    }

    async fn recognise(app: &App, secret: &str) -> Result<Arc<ProvisionerKeyRecord>, AuthenticationError> {
        if !app.database.is_fresh() {
            app.database.refresh().await?;
        }
        authenticate_worker(&app.identities, &app.database, secret).await
    }

    /// Lets a caller through who has waited and may still speak for the worker that the path names: the key may have been deleted
    /// since, a role taken away, the organization deleted. Does not count against the rate limit.
    pub async fn require_again(&self, request: &HttpRequest) -> Result<(), ApiError> {
        let organization = self.organization.organization.id;
        let caller = match provisioner_key(request) {
            Some(secret) => {
                let key = Self::recognise(&self.app, secret).await.map_err(ApiError::Authentication)?;
                require_live(&self.app, organization)?;
                WorkerCaller::Key(key)
            }
            None => WorkerCaller::User(
                require_still(&self.app, request, Permission::DoProvisionerJobs, organization).await?,
            ),
        };
        let id = uuid_in_path(request, "provisionerdaemon")?;
        self.app.services.find_worker(&caller, organization, id).await?;
        Ok(())
    }

    /// The worker that the path names, if the caller may speak for it.
    pub async fn worker(&self, request: &HttpRequest) -> Result<KnownWorker, ApiError> {
        let id = uuid_in_path(request, "provisionerdaemon")?;
        let known = self.app.services.find_worker(&self.caller, self.organization.organization.id, id).await?;
        Ok(KnownWorker { request: RequestId::of(request), ..known })
    }
}

impl FromRequest for AtWork {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(Self::of(request.clone()))
    }
}

/// The user who sent this request some time ago, if their session token is still good and they still have the permission in the
/// organization. Does not count against the rate limit.
pub async fn require_still(
    app: &Data<App>,
    request: &HttpRequest,
    permission: Permission,
    organization: Uuid,
) -> Result<Caller, ApiError> {
    let arrival = Arrival { app: app.clone(), now: app.clock.moment() };
    let caller = arrival.look_up(Credentials::of(request).as_ref()).await.map_err(ApiError::Authentication)?;
    require_live(app, organization)?;
    if caller.may(permission, Some(organization)) { Ok(caller) } else { Err(ServiceError::NotFound.into()) }
}

fn require_live(app: &App, organization: Uuid) -> Result<(), ServiceError> {
    app.model.load().organizations.by_id(organization).map(drop).ok_or(ServiceError::NotFound)
}

/// The text of this segment of the path. What is no text, or has a NUL, which no stored text has, names nothing.
pub fn text_in_path(request: &HttpRequest, name: &str) -> Result<String, ServiceError> {
    let text = decode(segment(request, name)).ok();
    text.filter(|text| !text.contains('\0')).map(Cow::into_owned).ok_or(ServiceError::NotFound)
}

/// The UUID in this segment of the path.
pub fn uuid_in_path(request: &HttpRequest, name: &str) -> Result<Uuid, ApiError> {
    let raw = segment(request, name);
    let text = percent_encoding::percent_decode_str(raw).decode_utf8_lossy();
    parse_uuid(&text).map_err(|error| ApiError::Uuid { raw: text.to_string(), why: error.to_string() })
}

pub fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

fn limit_rate(request: &HttpRequest, app: &App, caller: Option<&Caller>, now: Moment) -> Result<(), ApiError> {
    if request.headers().get(BYPASS).is_some_and(|value| value == "true")
        && let Some(caller) = caller
    {
        let is_owner = caller.principal.roles.contains(SiteRole::Owner);
        return if is_owner { Ok(()) } else { Err(ApiError::BypassRefused) };
    }
    count_against(request, app, caller.map(|caller| caller.principal.user_id), now)
}

/// Counts a request against the rate limit of a user or a provisioner key, or of an address.
fn count_against(request: &HttpRequest, app: &App, id: Option<Uuid>, now: Moment) -> Result<(), ApiError> {
    let subject = id.map(Subject::User).or_else(|| app.proxies.caller(request).map(Subject::address));
    count(request, app, &app.limiter, subject, now)
}

/// Counts a request of this subject against a limit.
fn count(
    request: &HttpRequest,
    app: &App,
    limiter: &RateLimiter,
    subject: Option<Subject>,
    now: Moment,
) -> Result<(), ApiError> {
    let Some(subject) = subject else { return Ok(()) };
    let decision = limiter.check(subject, request.path(), now);
    match decision {
        Decision::Unlimited => return Ok(()),
        Decision::Allowed { .. } | Decision::Limited { .. } => request.extensions_mut().insert(decision),
    };
    let Decision::Limited { limit, .. } = decision else { return Ok(()) };
    app.metrics.rate_limited.inc();
    Err(ApiError::RateLimited { limit })
}
