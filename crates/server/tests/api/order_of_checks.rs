//! Which error wins when a request deserves several: cross-site check, rate limit, authentication, organization, permission,
//! query or body, conflict.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{NOT_FOUND, TestServer};

#[test]
fn the_cross_site_check_comes_before_authentication_and_the_rate_limit() {
    let server = TestServer::with(&[("ORGD_RATE_LIMIT", "1")]);
    for _ in 0..3 {
        let request = server.anonymous().request("POST", "/organizations").header("Cookie", "coder_session_token=bad");
        assert!(request.send().message(400).starts_with("Something is wrong with your CSRF token."));
    }
}

#[test]
fn the_rate_limit_comes_before_authentication() {
    let server = TestServer::with(&[("ORGD_RATE_LIMIT", "1")]);
    let stranger = server.anonymous();
    assert_eq!(stranger.get("/organizations").status, 401);
    assert_eq!(stranger.get("/organizations").status, 429);
}

#[test]
fn authentication_comes_before_everything_about_the_target() {
    let server = TestServer::start();
    for path in
        ["", "/coder", "/nowhere", "/coder/provisionerjobs?page=1", "/coder/provisionerjobs/no", "/coder/unknown"]
    {
        for method in ["GET", "POST", "PATCH", "DELETE", "PUT"] {
            let answer = server.anonymous().request(method, &format!("/organizations{path}")).body("not json").send();
            assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
        }
    }
}

#[test]
fn the_organization_comes_before_permission_body_and_query() {
    let server = TestServer::start();
    let nobody = server.client(&server.user("nobody", &[], &[]));
    for client in [&server.owner(), &nobody] {
        assert_eq!(client.request("PATCH", "/organizations/nowhere").body("not json").send().text(), NOT_FOUND);
        assert_eq!(client.get("/organizations/nowhere/provisionerjobs?page=1").text(), NOT_FOUND);
        assert_eq!(client.get("/organizations/nowhere/provisionerjobs/not-a-uuid").text(), NOT_FOUND);
        assert_eq!(client.get("/organizations/nowhere/unknown").text(), NOT_FOUND);
        assert_eq!(client.request("PUT", "/organizations/nowhere").send().text(), NOT_FOUND);
    }
}

#[test]
fn permission_comes_before_the_body() {
    let server = TestServer::start();
    server.owner().create("acme");
    let member = server.client(&server.user("member", &[], &[("coder", &[])]));
    for (method, path) in [("POST", "/organizations"), ("PATCH", "/organizations/coder")] {
        let broken = member.request(method, path).body("not json");
        assert_eq!(broken.send().status, 403, "{method}");
        let text = member.request(method, path).header("Content-Type", "text/plain").body("{}");
        assert_eq!(text.send().status, 403, "{method}");
    }
    // A conflict would tell that a hidden organization has the name.
    assert_eq!(member.post("/organizations", json!({"name": "acme"})).status, 403);
    assert_eq!(member.patch("/organizations/coder", json!({"name": "acme"})).status, 403);
}

#[test]
fn the_syntax_of_a_job_id_comes_before_permission_and_permission_before_the_query() {
    let server = TestServer::start();
    let member = server.client(&server.user("member", &[], &[("coder", &[])]));
    let jobs = "/organizations/coder/provisionerjobs";
    assert_eq!(member.get(&format!("{jobs}/not-a-uuid?page=1")).message(400), "Invalid UUID \"not-a-uuid\".");
    assert_eq!(member.get(&format!("{jobs}/{}?page=1", Uuid::new_v4())).text(), NOT_FOUND);
    assert_eq!(member.get(&format!("{jobs}?page=1")).text(), NOT_FOUND);
    let owner = server.owner();
    assert_eq!(owner.get(&format!("{jobs}/not-a-uuid?page=1")).message(400), "Invalid UUID \"not-a-uuid\".");
    assert_eq!(owner.get(&format!("{jobs}/{}?page=1", Uuid::new_v4())).message(400), "Invalid query parameters.");
}

#[test]
fn the_media_type_comes_before_the_size_and_the_size_before_the_syntax() {
    let server = TestServer::start();
    let large = vec![b'x'; 1024 * 1024 + 1];
    let owner = server.owner();
    let text = owner.request("POST", "/organizations").header("Content-Type", "text/plain").body(&large);
    assert_eq!(text.send().status, 415);
    assert_eq!(owner.request("POST", "/organizations").body(&large).send().status, 413);
}

#[test]
fn rules_of_fields_come_before_the_reserved_name_and_that_before_the_conflict() {
    let server = TestServer::start();
    let owner = server.owner();
    owner.create("acme");
    for answer in [
        owner.post("/organizations", json!({"name": "default", "display_name": " x"})),
        owner.patch("/organizations/acme", json!({"name": "default", "display_name": " x"})),
        owner.post("/organizations", json!({"name": "acme", "display_name": " x"})),
        owner.patch("/organizations/acme", json!({"name": "coder", "display_name": " x"})),
    ] {
        assert_eq!(answer.message(400), "Validation failed.");
        assert_eq!(answer.validations(400).len(), 1);
    }
}

#[test]
fn the_default_organization_says_so_before_it_counts_what_is_left() {
    let server = TestServer::start();
    server.user("one", &[], &[("coder", &[])]);
    server.user("two", &[], &[("coder", &[])]);
    assert_eq!(server.owner().delete("/organizations/coder").message(400), "Default organization cannot be deleted.");
    let member = server.client(&server.token_of("one", &[]));
    assert_eq!(member.delete("/organizations/coder").status, 403);
}
