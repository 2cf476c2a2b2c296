//! Where a request carries its session token, and whether a browser was tricked into sending it.

use std::borrow::Cow;

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, COOKIE};

/// Name of the cookie and of the query parameter.
const TOKEN_NAME: &str = "coder_session_token";
/// Name of the header.
const TOKEN_HEADER: &str = "Coder-Session-Token";
/// Name of the header with which workers come.
const KEY_HEADER: &str = "Coder-Provisioner-Key";
/// Name of the other query parameter, the last place that is looked at.
const ACCESS_TOKEN: &str = "access_token";

const NO_PROOF: &str = "Something is wrong with your CSRF token. Please refresh the page. If this error persists, try clearing your cookies.";
const MISMATCH: &str = "CSRF error encountered. Authentication via \"coder_session_token\" cookie and \"Coder-Session-Token\" header detected, but the values do not match.";

/// The session token of a request, from the first place that has one.
#[derive(Debug)]
pub struct Credentials<'a> {
    text: Cow<'a, str>,
}

impl<'a> Credentials<'a> {
    /// Looks at the cookie, the query parameter, the header, the bearer token and the other query parameter. Only the first
    /// that is not empty counts: a bad cookie beats a good header.
    pub fn of(request: &'a HttpRequest) -> Option<Self> {
        let text = cookie(request)
            .map(Cow::Borrowed)
            .or_else(|| query(request, TOKEN_NAME))
            .or_else(|| header(request).map(Cow::Borrowed))
            .or_else(|| bearer(request).map(Cow::Borrowed))
            .or_else(|| query(request, ACCESS_TOKEN))?;
        Some(Self { text })
    }

    /// The text that was sent.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// The secret of the provisioner key that a request carries.
pub fn provisioner_key(request: &HttpRequest) -> Option<&str> {
    one_text(request, KEY_HEADER)
}

/// Refuses a request that changes something and whose only proof is the cookie, which a browser sends for any page.
pub fn check_cross_site(request: &HttpRequest, credentials: Option<&Credentials<'_>>) -> Result<(), &'static str> {
    let (Some(cookie), Some(_)) = (cookie(request), credentials) else { return Ok(()) };
    if bearer(request).is_some() || query(request, TOKEN_NAME).is_some_and(|value| value == cookie) {
        return Ok(());
    }
    match header(request) {
        Some(value) if value == cookie => Ok(()),
        Some(_) => Err(MISMATCH),
        None => Err(NO_PROOF),
    }
}

fn cookie(request: &HttpRequest) -> Option<&str> {
    let headers = request.headers().get_all(COOKIE).filter_map(|value| value.to_str().ok());
    headers
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == TOKEN_NAME && !value.is_empty())
        .map(|(_, value)| value.trim_matches('"'))
}

fn header(request: &HttpRequest) -> Option<&str> {
    one_text(request, TOKEN_HEADER)
}

/// The value of a header with a secret, if it has one.
///
/// A value that is not text cannot be a secret, and of two that differ nobody knows which is meant; either must still not give way to the next
/// place, so it stands for a text that is no secret.
fn one_text<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let mut values = request.headers().get_all(name);
    let first = values.next()?;
    let text = if values.all(|other| other == first) { first.to_str().unwrap_or("?") } else { "?" };
    Some(text).filter(|text| !text.is_empty())
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
}

fn query<'a>(request: &'a HttpRequest, name: &str) -> Option<Cow<'a, str>> {
    let query = request.query_string();
    // Most requests have none of the two; finding that out costs no decoding.
    if !query.contains("token") && !query.contains('%') {
        return None;
    }
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, value)| key == name && !value.is_empty())
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::{Credentials, check_cross_site};

    fn found(request: TestRequest) -> Option<String> {
        Credentials::of(&request.to_http_request()).map(|credentials| credentials.text().to_owned())
    }

    #[test]
    fn the_first_place_that_has_a_token_wins() {
        let all = || {
            TestRequest::with_uri("/?coder_session_token=query&access_token=last")
                .insert_header(("Coder-Session-Token", "header"))
                .insert_header(("Authorization", "bEARER  bearer "))
        };
        assert_eq!(found(all().insert_header(("Cookie", "a=b; coder_session_token=cookie"))).unwrap(), "cookie");
        assert_eq!(found(all()).unwrap(), "query");
        let rest = TestRequest::with_uri("/?access_token=last").insert_header(("Authorization", "bEARER  bearer "));
        assert_eq!(found(rest).unwrap(), "bearer");
        assert_eq!(found(TestRequest::with_uri("/?access_token=a%2Db")).unwrap(), "a-b");
        assert_eq!(found(TestRequest::with_uri("/?coder_session_token=")), None);
        let twice = |other| {
            TestRequest::default()
                .append_header(("Coder-Session-Token", "a"))
                .append_header(("Coder-Session-Token", other))
        };
        assert_eq!(found(twice("a")).unwrap(), "a");
        assert_eq!(found(twice("b")).unwrap(), "?");
        assert_eq!(found(TestRequest::default().insert_header(("Authorization", "Basic x"))), None);
    }

    #[test]
    fn a_cookie_alone_proves_nothing() {
        let with_cookie = || TestRequest::post().insert_header(("Cookie", "coder_session_token=one"));
        let check = |request: TestRequest| {
            let request = request.to_http_request();
            check_cross_site(&request, Credentials::of(&request).as_ref()).is_ok()
        };
        assert!(!check(with_cookie()));
        assert!(!check(with_cookie().insert_header(("Coder-Session-Token", "other"))));
        assert!(check(with_cookie().insert_header(("Coder-Session-Token", "one"))));
        assert!(check(with_cookie().insert_header(("Authorization", "Bearer x"))));
        assert!(check(with_cookie().uri("/?coder_session_token=one")));
        assert!(check(TestRequest::post().insert_header(("Coder-Session-Token", "one"))));
    }
}
