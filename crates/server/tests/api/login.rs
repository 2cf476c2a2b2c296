//! Logging in and out: the session, the cookie, what a wrong password is told, and how often one may be wrong.

use std::time::Instant;

use serde_json::json;

use crate::harness::{SIGNED_OUT, TestServer};
use crate::people::{PASSWORD, hire, log_in, session, token};

#[test]
fn a_login_answers_a_session_token_and_sets_it_as_a_cookie() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    let answer = log_in(&server, "ANA", PASSWORD);
    let token = token(&answer.expect(201), "session_token");
    let cookie = answer.header("set-cookie").unwrap();
    assert_eq!(cookie, format!("coder_session_token={token}; Path=/; HttpOnly; SameSite=Lax"));
    assert_eq!(server.client(&token).get("/users/me").expect(200)["username"], "ana");

    let browser =
        server.anonymous().request("GET", "/users/me").header("Cookie", format!("coder_session_token={token}"));
    assert_eq!(browser.send().status, 200);
}

#[test]
fn behind_tls_the_cookie_is_for_tls_only() {
    let server = TestServer::with(&[("ORGD_PUBLIC_URL", "https://orgd.example.com")]);
    hire(&server, "ana", &[]);
    let answer = log_in(&server, "ana", PASSWORD);
    assert!(answer.header("set-cookie").unwrap().ends_with("; HttpOnly; SameSite=Lax; Secure"));
}

#[test]
fn a_logout_ends_the_session_at_once_and_clears_the_cookie() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    let (one, other) = (session(&server, "ana"), session(&server, "ana"));
    let answer = one.request("POST", "/users/logout").send();
    assert_eq!(answer.message(200), "Logged out!");
    assert_eq!(answer.header("set-cookie").unwrap(), "coder_session_token=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    let refused = one.get("/users/me");
    assert_eq!((refused.message(401), refused.detail(401)), (SIGNED_OUT.to_owned(), "API key is invalid.".to_owned()));
    assert_eq!(other.get("/users/me").status, 200, "other sessions stay");
}

#[test]
fn a_page_of_another_site_cannot_log_anybody_out() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    let token = token(&log_in(&server, "ana", PASSWORD).expect(201), "session_token");
    let cookie = format!("coder_session_token={token}");
    let tricked = server.anonymous().request("POST", "/users/logout").header("Cookie", &cookie);
    assert!(tricked.send().message(400).starts_with("Something is wrong with your CSRF token."));
    assert_eq!(server.client(&token).get("/users/me").status, 200);
    // Whoever logs in again with an old cookie in the browser asks for nothing in its name.
    let login = json!({"email": "ana@example.com", "password": PASSWORD});
    let again = server.anonymous().request("POST", "/users/login").header("Cookie", cookie).json(&login);
    assert_eq!(again.send().status, 201);
}

#[test]
fn nothing_tells_which_part_of_a_login_is_wrong() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    server.user("ben", &[], &[]);
    let wrong = log_in(&server, "ana", "wrong horse battery staple");
    assert_eq!(wrong.message(401), "Incorrect email or password.");
    assert!(wrong.header("www-authenticate").is_some());
    assert_eq!(wrong.header("set-cookie"), None);
    for login in [
        json!({"email": "nobody@example.com", "password": PASSWORD}),
        json!({"email": "ben@localhost", "password": PASSWORD}),
        json!({"email": "ben@localhost", "password": ""}),
        json!({"email": "ana", "password": PASSWORD}),
        json!({"email": "", "password": PASSWORD}),
    ] {
        let answer = server.anonymous().post("/users/login", login.clone());
        assert_eq!((answer.status, answer.text()), (401, wrong.text()), "{login}");
    }
    let fields: Vec<_> = server.anonymous().post("/users/login", json!({})).validations(400);
    assert_eq!(fields.len(), 2, "{fields:?}");
}

/// An unknown user is told no after as much work as a wrong password. Loose, since the machine is shared: without the work the
/// answer would come a hundred times faster.
#[test]
fn an_unknown_user_costs_as_much_time_as_a_wrong_password() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    let time = |name: &str| {
        let begun = Instant::now();
        assert_eq!(log_in(&server, name, "wrong horse battery staple").status, 401);
        begun.elapsed()
    };
    let times: Vec<_> = (0..9).map(|_| (time("ana"), time("nobody"))).collect();
    let known = times.iter().map(|(known, _)| *known).min().unwrap();
    let unknown = times.iter().map(|(_, unknown)| *unknown).min().unwrap();
    assert!(unknown * 3 > known, "{unknown:?} for an unknown user, {known:?} for a known one");
}

#[test]
fn too_many_failures_lock_the_pair_of_user_and_address_for_a_while() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    hire(&server, "ben", &[]);
    for _ in 0..10 {
        assert_eq!(log_in(&server, "ana", "wrong horse battery staple").status, 401);
    }
    let refused = log_in(&server, "ANA", PASSWORD);
    assert_eq!(refused.message(429), "Too many attempts to log in.");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=15 * 60).contains(&wait), "{wait}");
    assert_eq!(log_in(&server, "ben", PASSWORD).status, 201, "other users are not concerned");
}

#[test]
fn a_success_forgives_the_failures_before_it() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    for _ in 0..2 {
        for _ in 0..9 {
            assert_eq!(log_in(&server, "ana", "wrong horse battery staple").status, 401);
        }
        assert_eq!(log_in(&server, "ana", PASSWORD).status, 201);
    }
}

#[test]
fn an_address_may_try_so_often_in_a_minute() {
    let server = TestServer::with(&[("ORGD_RATE_LIMIT", "1000")]);
    let attempt = |number: usize| server.anonymous().post("/users/login", json!({"email": format!("u{number}")}));
    // A window may end among the attempts, and lets a few more through then.
    let answers: Vec<_> = (0..=120)
        .map(attempt)
        .scan(false, |over, answer| (!std::mem::replace(over, answer.status != 400)).then_some(answer))
        .collect();
    let (refused, let_through) = answers.split_last().expect("there was an attempt");
    assert!(let_through.len() >= 60, "only {} attempts were let through", let_through.len());
    assert_eq!(refused.message(429), "You've been rate limited for sending more than 60 requests in 1m0s.");
    assert_eq!(server.owner().get("/users/me").status, 200, "whoever is signed in is not concerned");
}

/// 64 logins at once: all succeed in the end, and other requests are answered meanwhile. Once in several times will do: on a busy
/// machine whoever asks may come to nothing before the logins are over.
#[test]
fn many_logins_at_once_leave_room_for_everything_else() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    assert!((0..10).any(|_| answered_beside_logins(&server) > 10), "ten other requests were answered at most");
}

/// How many other requests are answered while 64 logins are under way.
fn answered_beside_logins(server: &TestServer) -> usize {
    std::thread::scope(|scope| {
        let logins: Vec<_> = (0..64).map(|_| scope.spawn(|| log_in(server, "ana", PASSWORD).status)).collect();
        let owner = server.owner();
        let mut answered = 0;
        while logins.iter().any(|login| !login.is_finished()) {
            assert_eq!(owner.get("/organizations").status, 200);
            answered += 1;
        }
        let statuses: Vec<_> = logins.into_iter().map(|login| login.join().unwrap()).collect();
        assert!(statuses.iter().all(|status| [201, 503].contains(status)), "{statuses:?}");
        answered
    })
}

#[test]
fn a_suspended_user_is_told_so_only_with_the_right_password() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    server.owner().put("/users/ana/status/suspend", json!({})).expect(200);
    let right = log_in(&server, "ana", PASSWORD);
    assert_eq!(right.message(401), "Your account is suspended. Contact an admin to reactivate your account.");
    assert_eq!(log_in(&server, "ana", "wrong horse battery staple").message(401), "Incorrect email or password.");
}

#[test]
fn passwords_and_tokens_are_neither_logged_nor_stored() {
    let server = TestServer::with(&[("ORGD_LOG", "trace")]);
    hire(&server, "ana", &[]);
    let _ = log_in(&server, "ana", "wrong horse battery staple");
    let broken = format!("{{\"email\": \"ana@example.com\", \"password\": \"{PASSWORD}\"");
    assert_eq!(server.anonymous().request("POST", "/users/login").body(broken).send().status, 400);
    let log = server.stderr();
    assert!(!log.contains(PASSWORD) && !log.contains("wrong horse"), "a password is in the log");
    let stored = server.sql().words("SELECT hashed_password AS value FROM users WHERE username = 'ana'");
    assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
}
