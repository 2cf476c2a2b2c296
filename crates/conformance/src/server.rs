//! The server under test, over plain HTTP: nothing is followed, repaired or tried again, so that nothing is hidden.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use reqwest::redirect::Policy;
use url::Url;

use crate::call::{Call, Caller};
use crate::contract::Operation;
use crate::exchange::{Answer, Sent};
use crate::guard::Guard;
use crate::mask::Mask;

/// Where the API begins.
const BASE: &str = "/api/v2";
/// The header of a session token.
const TOKEN: &str = "Coder-Session-Token";
/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Servers close connections that nobody uses; a request on one that is being closed would be lost.
const IDLE: Duration = Duration::from_secs(3);
/// The largest body that is read.
const LARGEST: usize = 64 << 20;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// The connection or the HTTP broke.
    Broken(String),
    /// It may not be sent.
    Refused(String),
    /// Somebody wants the run to end.
    Interrupted,
}

/// The server under test.
pub(crate) struct Server {
    http: reqwest::Client,
    base: Url,
    token: String,
    other: Option<String>,
    stop: Arc<AtomicBool>,
    pub(crate) guard: Guard,
    pub(crate) mask: Mask,
}

/// How to get at a server.
pub(crate) struct Access<'a> {
    pub(crate) url: &'a str,
    pub(crate) token: &'a str,
    pub(crate) other: Option<&'a str>,
    pub(crate) timeout: Duration,
}

impl Server {
    pub(crate) fn new(access: &Access<'_>, guard: Guard, stop: Arc<AtomicBool>) -> Result<Self, String> {
        let mut base = Url::parse(access.url).map_err(|error| error.to_string())?;
        if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
            return Err("give http:// or https:// and a host".to_owned());
        }
        let path = base.path().trim_end_matches('/').trim_end_matches(BASE).to_owned();
        base.set_path(&format!("{path}{BASE}"));
        base.set_query(None);
        // A second installation fails, and then another part of the process has chosen.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder();
        // Without TLS no certificates are needed, and a small container has none.
        let http = if base.scheme() == "http" { http.tls_certs_only([]) } else { http };
        let http = http
            .user_agent(concat!("orgd-conformance/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(access.timeout)
            .pool_idle_timeout(IDLE)
            .redirect(Policy::none())
            .build()
            .map_err(|error| reasons(&error))?;
        let mask = Mask::default();
        for secret in [Some(access.token), access.other].into_iter().flatten() {
            mask.learn(secret);
        }
        let other = access.other.map(str::to_owned);
        Ok(Self { http, base, token: access.token.to_owned(), other, stop, guard, mask })
    }

    /// True when there is a second caller.
    pub(crate) fn has_other(&self) -> bool {
        self.other.is_some()
    }

    /// The first ten characters of the session token, which are its ID and no secret.
    pub(crate) fn token_id(&self) -> Option<&str> {
        self.token.split_once('-').map(|(id, _)| id)
    }

    /// Sends a request. What was sent is told also when nothing came back.
    pub(crate) async fn send(&self, operation: &Operation, call: &Call) -> (Sent, Result<Answer, NoAnswer>) {
        let target = call.target(&operation.path);
        let segments: Vec<&str> = operation.path.split('/').skip(1).collect();
        let mut values = call.at.iter();
        let mut given =
            |segment| if str::starts_with(segment, '{') { values.next().map_or("", String::as_str) } else { segment };
        let segments: Vec<&str> = segments.into_iter().map(&mut given).collect();
        let (headers, sent) = self.sent(operation, call, &target);
        if self.stop.load(Ordering::SeqCst) {
            return (sent, Err(NoAnswer::Interrupted));
        }
        if let Err(why) = self.guard.admit(&operation.method, &segments) {
            return (sent, Err(NoAnswer::Refused(why)));
        }
        self.guard.before(&operation.method, &segments, call.body.as_deref());
        let answer = self.exchange(operation, call, &target, headers).await;
        if let Ok(answer) = &answer {
            self.guard.after(&operation.method, &segments, answer.status, answer.json().as_ref());
        }
        (sent, answer.map_err(NoAnswer::Broken))
    }

    /// The cleanup goes on after an interruption.
    pub(crate) fn resume(&self) {
        self.stop.store(false, Ordering::SeqCst);
    }

    fn sent(&self, operation: &Operation, call: &Call, target: &str) -> (Vec<(&'static str, String)>, Sent) {
        let token = match call.caller {
            Caller::User => Some(self.token.clone()),
            Caller::Other => self.other.clone(),
            Caller::Nobody => None,
            Caller::Pretender(token) => Some(token.to_owned()),
        };
        let token = token.map(|token| (TOKEN, token));
        let content_type = call.content_type.map(|kind| ("Content-Type", kind.to_owned()));
        let headers: Vec<_> = token.into_iter().chain(content_type).collect();
        let body = call.body.as_deref().map(|body| String::from_utf8_lossy(body).into_owned());
        let target = format!("{}{target}", self.base.path());
        (headers.clone(), Sent { method: operation.method.clone(), target, headers, body })
    }

    async fn exchange(
        &self,
        operation: &Operation,
        call: &Call,
        target: &str,
        headers: Vec<(&'static str, String)>,
    ) -> Result<Answer, String> {
        let url = Url::parse(&format!("{}{target}", self.base)).map_err(|error| error.to_string())?;
        let method = Method::from_bytes(operation.method.as_bytes()).map_err(|error| error.to_string())?;
        let mut request = self.http.request(method, url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
        let mut response = request.send().await.map_err(|error| reasons(&error))?;
        let status = response.status().as_u16();
        let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| reasons(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST {
                return Err(format!("the body is larger than {LARGEST} bytes"));
            }
        }
        Ok(Answer { status, headers, body })
    }
}

/// An error with its causes, less the URL, which everybody knows.
fn reasons(error: &reqwest::Error) -> String {
    let mut words = Vec::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    if words.is_empty() { error.to_string() } else { words.join(": ") }
}
