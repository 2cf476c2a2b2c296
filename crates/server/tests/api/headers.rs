//! The headers of each kind of answer, all of them: what guards browsers, and which pages of other origins may call.

use crate::harness::{TestServer, eventually, exchange_raw};

/// What is not a page.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";
/// What is one.
const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                    frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/// Swagger UI has one style within its markup.
const SWAGGER_STYLES: &str = "style-src 'self' 'unsafe-hashes' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='";
/// What a refusal of a token says.
const CHALLENGE: &str = "www-authenticate: Bearer realm=\"coder\", error=\"invalid_token\", \
                         error_description=\"The access token is invalid\"";
/// What every answer has and what differs from one to the next.
const VARIABLE: [&str; 7] = [
    "content-length",
    "content-type",
    "date",
    "etag",
    "transfer-encoding",
    "x-coder-build-version",
    "x-coder-request-id",
];

/// The status and the headers of an answer, names in lower case and in order.
fn ask(server: &TestServer, request: &str, more: &[(&str, &str)]) -> (u16, Vec<(String, String)>) {
    let headers: String = more.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!("{request} HTTP/1.1\r\nHost: orgd.test\r\nConnection: close\r\n{headers}\r\n");
    let answer = exchange_raw(server, request.as_bytes());
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, _) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let pairs = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let mut headers: Vec<_> = pairs.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    headers.retain(|(name, _)| name != "connection");
    headers.sort();
    (status, headers)
}

/// What guards browsers and caches, as text; the rest by its names.
fn shown(headers: &[(String, String)]) -> Vec<String> {
    let fixed = headers.iter().filter(|(name, _)| !VARIABLE.contains(&name.as_str()));
    fixed.map(|(name, value)| format!("{name}: {value}")).collect()
}

#[test]
fn each_kind_of_answer_has_its_headers_and_no_others() {
    let server = TestServer::start();
    eventually(|| server.anonymous().request_at("GET", "/readyz").send().status == 200);
    let token = [("Coder-Session-Token", server.owner_token())];
    let answer = |policy: &str, cache: &str, more: &[&str]| {
        let mut all = vec![
            format!("cache-control: {cache}"),
            format!("content-security-policy: {policy}"),
            "x-content-type-options: nosniff".to_owned(),
        ];
        all.extend(more.iter().map(|header| (*header).to_owned()));
        all.sort();
        all
    };
    let plain = answer(NOTHING, "no-store", &[]);
    let packed = answer(NOTHING, "no-cache", &[]);
    let page = |policy: &str| answer(policy, "no-cache", &["referrer-policy: no-referrer"]);
    let [queue, swagger] = [page(PAGE), page(&PAGE.replace("style-src 'self'", SWAGGER_STYLES))];
    let get_only = answer(NOTHING, "no-store", &["allow: GET, HEAD"]);
    for (request, more, status, expected) in [
        ("GET /api/v2/organizations", &token[..], 200, plain.clone()),
        ("GET /api/v2/organizations", &[], 401, answer(NOTHING, "no-store", &[CHALLENGE])),
        ("GET /api/v2/organizations/nowhere", &token, 404, plain.clone()),
        ("GET /api/v2/nowhere", &token, 404, plain.clone()),
        ("GET /nowhere", &[], 404, plain.clone()),
        ("POST /healthz", &[], 405, get_only),
        ("GET /healthz", &[], 200, plain.clone()),
        ("GET /readyz", &[], 200, plain.clone()),
        ("GET /metrics", &[], 200, plain.clone()),
        ("GET /", &[], 302, answer(NOTHING, "no-store", &["location: /swagger/"])),
        ("GET /swagger-ui/", &[], 302, answer(NOTHING, "no-store", &["location: /swagger/"])),
        ("GET /swagger/", &[], 200, swagger.clone()),
        ("GET /swagger/swagger-ui-bundle.js", &[], 200, swagger),
        ("GET /queue", &[], 200, queue.clone()),
        ("GET /queue/app.mjs", &[], 200, queue),
        ("GET /openapi.json", &[], 200, packed.clone()),
        ("GET /openapi-3.0.yaml", &[], 200, packed),
    ] {
        let (found, headers) = ask(&server, request, more);
        assert_eq!(found, status, "{request}");
        assert_eq!(shown(&headers), expected, "{request}");
        assert!(!headers.iter().any(|(name, _)| name == "server"), "{request}: nobody is told what runs here");
    }
    let tag =
        ask(&server, "GET /swagger/swagger-ui.css", &[]).1.into_iter().find(|(name, _)| name == "etag").unwrap().1;
    assert_eq!(ask(&server, "GET /swagger/swagger-ui.css", &[("If-None-Match", &tag)]).0, 304);
}

#[test]
fn swagger_ui_can_be_turned_off() {
    let server = TestServer::with(&[("ORGD_SWAGGER_UI", "false")]);
    for path in ["/", "/swagger", "/swagger/", "/swagger/swagger-ui.css"] {
        assert_eq!(ask(&server, &format!("GET {path}"), &[]).0, 404, "{path}");
    }
    assert!(!server.stdout().contains("swagger") && !server.stderr().contains("swagger"), "it is not advertised");
    for path in ["/openapi.json", "/queue"] {
        assert_eq!(ask(&server, &format!("GET {path}"), &[]).0, 200, "{path}");
    }
}

#[test]
fn without_origins_no_page_of_another_origin_is_told_anything() {
    let server = TestServer::start();
    for origin in ["https://evil.example.com", "null", "http://orgd.test"] {
        for request in ["GET /api/v2/organizations", "OPTIONS /api/v2/organizations"] {
            let more = [("Origin", origin), ("Access-Control-Request-Method", "POST")];
            let (status, headers) = ask(&server, request, &more);
            assert!(status >= 400, "{request} from {origin}: {status}");
            for (name, value) in headers {
                assert!(!name.starts_with("access-control-") && name != "vary", "{name}: {value}");
            }
        }
    }
}

#[test]
fn with_origins_exactly_their_pages_may_call() {
    let allowed = "https://portal.example.com";
    let origins = format!("http://localhost:3000,{allowed}");
    let server = TestServer::with(&[("ORGD_CORS_ORIGINS", &origins)]);
    let of = |headers: &[(String, String)], wanted: &str| -> Vec<String> {
        headers.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.clone()).collect()
    };
    let cors = |headers: &[(String, String)]| headers.iter().filter(|(name, _)| name.starts_with("access-")).count();

    // Refusals, too: a page must be able to tell its user.
    for (token, status) in [(server.owner_token(), 200), ("wrong", 401)] {
        let more = [("Origin", allowed), ("Coder-Session-Token", token)];
        let (found, headers) = ask(&server, "GET /api/v2/organizations", &more);
        assert_eq!(found, status);
        assert_eq!(of(&headers, "access-control-allow-origin"), [allowed]);
        assert_eq!(of(&headers, "vary"), ["Origin"]);
        assert!(of(&headers, "access-control-expose-headers")[0].contains("X-Coder-Request-Id"));
        assert_eq!(cors(&headers), 2, "cookies do not come along: {headers:?}");
    }
    let ask_first = |origin: &str| {
        let more = [("Origin", origin), ("Access-Control-Request-Method", "PATCH")];
        ask(&server, "OPTIONS /api/v2/organizations/coder", &more)
    };
    let (status, headers) = ask_first(allowed);
    assert_eq!((status, of(&headers, "access-control-allow-origin")), (204, vec![allowed.to_owned()]));
    assert_eq!(of(&headers, "access-control-allow-methods"), ["GET, HEAD, POST, PUT, PATCH, DELETE"]);
    assert!(of(&headers, "access-control-allow-headers")[0].contains("Coder-Session-Token"));
    assert_eq!(
        (of(&headers, "access-control-max-age"), of(&headers, "vary")),
        (vec!["600".to_owned()], vec!["Origin".to_owned()])
    );
    assert_eq!(of(&headers, "access-control-allow-credentials"), [""; 0]);

    for other in
        ["https://evil.example.com", "null", "https://portal.example.com.evil.org", "http://portal.example.com"]
    {
        let (status, headers) = ask_first(other);
        assert!(status >= 400, "{other}: {status}");
        assert_eq!((cors(&headers), of(&headers, "vary")), (0, vec!["Origin".to_owned()]), "{other}");
        let (_, headers) = ask(&server, "GET /api/v2/organizations", &[("Origin", other)]);
        assert_eq!((cors(&headers), of(&headers, "vary")), (0, vec!["Origin".to_owned()]), "{other}");
    }
    // Without an origin, an answer still depends on it: a cache must not hand it to a page.
    let (_, headers) = ask(&server, "GET /healthz", &[]);
    assert_eq!((cors(&headers), of(&headers, "vary")), (0, vec!["Origin".to_owned()]));
}
