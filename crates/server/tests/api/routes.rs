//! Paths and methods that the API does not have, and spellings of those that it has.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{NOT_FOUND, TestServer};

#[test]
fn an_unknown_route_is_404_with_a_body() {
    let server = TestServer::start();
    for path in ["/unknown", "/organization", "/organizationsx", "/users/x/y", "/user/me", "/Organizations"] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = server.anonymous().request(method, path).send();
            assert_eq!(
                (answer.status, answer.text()),
                (404, "{\"message\":\"Route not found.\"}\n"),
                "{method} {path}"
            );
        }
    }
}

#[test]
fn below_an_organization_strangers_learn_nothing_of_routes() {
    let server = TestServer::start();
    for path in
        ["/organizations/coder/unknown", "/organizations/coder/provisionerjobs/x/y", "/organizations/nowhere/unknown"]
    {
        assert_eq!(server.anonymous().get(path).status, 401, "{path}");
    }
    let owner = server.owner();
    assert_eq!(owner.get("/organizations/coder/unknown").message(404), "Route not found.");
    assert_eq!(owner.get("/organizations/coder/provisionerjobs/x/y").message(404), "Route not found.");
    assert_eq!(owner.get("/organizations/nowhere/unknown").text(), NOT_FOUND);
}

#[test]
fn a_wrong_method_is_405_and_says_which_are_right() {
    let server = TestServer::start();
    let owner = server.owner();
    let job = format!("/organizations/coder/provisionerjobs/{}", Uuid::new_v4());
    for (path, wrong, allow) in [
        ("/organizations", &["PUT", "PATCH", "DELETE", "TRACE"][..], "GET, HEAD, POST"),
        ("/organizations/coder", &["PUT", "POST"], "DELETE, GET, HEAD, PATCH"),
        ("/organizations/coder/provisionerjobs", &["PUT", "PATCH", "DELETE"], "GET, HEAD, POST"),
        (&format!("{job}/cancel"), &["GET", "POST", "PUT", "DELETE"], "PATCH"),
        (&job, &["POST", "PUT", "PATCH", "DELETE"], "GET, HEAD"),
    ] {
        for method in wrong {
            let answer = owner.request(method, path).send();
            assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text());
            assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
            assert_eq!(server.anonymous().request(method, path).send().status, 401, "{method} {path}");
        }
    }
    assert_eq!(owner.request("PUT", "/organizations/nowhere").send().text(), NOT_FOUND);
}

#[test]
fn head_answers_the_headers_of_get() {
    let server = TestServer::start();
    let owner = server.owner();
    for path in
        ["/organizations", "/organizations/coder", "/organizations/coder/provisionerjobs", "/organizations/nowhere"]
    {
        let (get, head) = (owner.get(path), owner.request("HEAD", path).send());
        assert_eq!(head.status, get.status, "{path}");
        assert!(head.body.is_empty());
        for name in ["content-type", "content-length"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
    assert_eq!(server.anonymous().request("HEAD", "/organizations").send().status, 401);
}

#[test]
fn repeated_slashes_count_as_one() {
    let server = TestServer::start();
    let owner = server.owner();
    for target in
        ["/api/v2//organizations", "//api//v2/organizations", "/api/v2/organizations//coder", "///api/v2/organizations"]
    {
        assert_eq!(owner.request_at("GET", target).send().status, 200, "{target}");
    }
    let created = owner.request_at("POST", "/api/v2//organizations").json(&json!({"name": "acme"})).send();
    assert_eq!(created.status, 201);
    assert_eq!(owner.request_at("DELETE", "/api/v2/organizations///acme").send().status, 200);
    assert_eq!(owner.get("//organizations/coder//provisionerjobs?limit=1").status, 200);
    assert_eq!(owner.get("/organizations//coder/provisionerjobs?ids=//").status, 400, "a query keeps its slashes");
}

#[test]
fn only_reading_takes_a_slash_at_the_end() {
    let server = TestServer::start();
    let owner = server.owner();
    for path in ["/organizations/", "/organizations/coder/", "/organizations/coder/provisionerjobs/"] {
        assert_eq!(owner.get(path).status, 200, "{path}");
        assert_eq!(owner.request("HEAD", path).send().status, 200, "{path}");
    }
    let job = format!("/organizations/coder/provisionerjobs/{}/", Uuid::new_v4());
    assert_eq!(owner.get(&job).message(404), "Route not found.");
    for (method, path) in
        [("POST", "/organizations/"), ("PATCH", "/organizations/coder/"), ("DELETE", "/organizations/coder/")]
    {
        let answer = owner.request(method, path).json(&json!({"name": "acme"})).send();
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")), "{method} {path}");
    }
    assert_eq!(owner.get("/organizations/acme").status, 404);
}

#[test]
fn an_encoded_letter_is_the_letter() {
    let server = TestServer::start();
    assert_eq!(server.owner().get("/%6frganizations/c%6Fder").expect(200)["name"], "coder");
    assert_eq!(server.anonymous().get("/%6frganizations").status, 401);
}

#[test]
fn an_encoded_slash_is_part_of_its_segment() {
    let server = TestServer::start();
    let owner = server.owner();
    assert_eq!(owner.get("/organizations%2Fcoder").message(404), "Route not found.");
    assert_eq!(owner.get("/organizations/coder%2Fprovisionerjobs").text(), NOT_FOUND);
    assert_eq!(owner.get("/organizations/..%2Forganizations").text(), NOT_FOUND);
}

#[test]
fn a_request_for_another_version_is_not_served() {
    let server = TestServer::start();
    for target in ["/api/v1/organizations", "/api/organizations", "/organizations", "/api/v2organizations"] {
        assert_eq!(server.owner().request_at("GET", target).send().message(404), "Route not found.", "{target}");
    }
}

#[test]
fn operators_have_their_own_paths() {
    let server = TestServer::start();
    let anybody = server.anonymous();
    crate::harness::eventually(|| anybody.request_at("GET", "/readyz").send().status == 200);
    assert_eq!(anybody.request_at("GET", "/healthz").send().text(), "OK\n");
    assert_eq!(anybody.request_at("POST", "/healthz").send().header("allow"), Some("GET, HEAD"));
    server.owner().get("/organizations/coder").expect(200);
    let metrics = anybody.request_at("GET", "/metrics").send();
    let line = "orgd_http_requests_total{operation=\"getOrganizationByID\",status=\"200\"} 1";
    assert!(metrics.text().lines().any(|known| known == line), "{}", metrics.text());
}
