//! What was asked, and the way to the control routes.

use serde_json::{Value, json};

use super::double::Double;

#[test]
fn what_was_asked_is_told_without_its_secrets() {
    let double = Double::start();
    double.control("DELETE", "/requests", None).expect(204);
    double.make("asked-for");
    double
        .call("POST", "/users/login", Some(json!({"email": "mia@example.com", "password": "mia-knows-it"})))
        .expect(201);
    double.call("POST", "/organizations", Some(json!({"name": "-"}))).expect(400);
    double.call("GET", "/nothing", None).expect(404);
    let all = double.control("GET", "/requests", None).expect(200);
    let all = all["requests"].as_array().unwrap();
    assert_eq!(all.len(), 4);
    let made = &all[0];
    assert_eq!(
        (&made["operation"], &made["status"], &made["body"]),
        (&json!("createOrganization"), &json!(201), &json!({"name": "asked-for"}))
    );
    assert_eq!(
        (&made["answer"]["name"], &made["headers"]["coder-session-token"]),
        (&json!("asked-for"), &json!("olivia0123-…"))
    );
    assert_eq!(made["user"], "0198f5a0-0002-7000-8000-000000000001");
    assert!(made["request_id"].is_string() && made["is_violation"] == false);
    let violations: Vec<_> = all.iter().map(|one| one["is_violation"].clone()).collect();
    assert_eq!(violations, [false, false, true, true], "a refused body and a path that is none");
    let text = json!(all).to_string();
    assert!(!text.contains("mia-knows-it") && !text.contains("oliviasecret"), "{text}");
}

#[test]
fn some_are_found_and_waited_for() {
    let double = Double::start();
    double.get("/organizations");
    double.call("GET", "/organizations/nobody", None).expect(404);
    double.get("/users/me");
    let found = |query: &str| {
        double.control("GET", &format!("/requests?{query}"), None).expect(200)["requests"].as_array().unwrap().len()
    };
    assert_eq!(
        [
            found(""),
            found("operation=getOrganizations"),
            found("status=404"),
            found("path_contains=/users"),
            found("after=2")
        ],
        [3, 1, 1, 1, 1]
    );
    double.control("GET", "/requests?statsu=404", None).expect(400);

    double.control("POST", "/requests/wait", Some(json!({"status": 200, "count": 2}))).expect(200);
    let late = double.control("POST", "/requests/wait", Some(json!({"count": 9, "timeout_seconds": 0}))).expect(409);
    assert_eq!(late["message"], "after 0 s there were 3 such requests, not 9");
}

#[test]
fn a_fault_is_told_with_the_request_that_met_it() {
    let double = Double::start();
    double.arrange(json!({"operation": "getOrganizations", "fault": {"kind": "drop", "at": "after"}}));
    assert!(double.try_as(double.token(), "GET", "/organizations", None).is_err());
    let all = double.control("GET", "/requests", None).expect(200);
    assert_eq!(all["requests"][0]["fault"], 1);
}

#[test]
fn nothing_of_it_is_on_the_port_of_the_api_or_without_being_asked_for() {
    let (with, without) = (Double::start(), Double::bare(&[]));
    for double in [&with, &without] {
        for path in ["/_test", "/_test/reset", "/_test/state"] {
            let there = double.send(double.request("GET", &format!("{}{path}", double.url()), None)).unwrap();
            let nowhere = double.send(double.request("GET", &format!("{}/nowhere", double.url()), None)).unwrap();
            assert_eq!((there.status, there.text), (nowhere.status, nowhere.text));
        }
    }
}

#[test]
fn control_routes_ask_for_their_token_and_turn_browsers_away() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "letmein\n").unwrap();
    let double = Double::with(&["--control-token-file", file.to_str().unwrap()]);
    let url = format!("{}/_test/state", double.ready["control_url"].as_str().unwrap());
    let status = |authorization: &str, origin: Option<&str>| {
        let mut request = double.request("GET", &url, None).header("Authorization", authorization);
        if let Some(origin) = origin {
            request = request.header("Origin", origin);
        }
        double.send(request).unwrap().status
    };
    assert_eq!(
        [status("Bearer letmein", None), status("Bearer letmei", None), status("letmein", None)],
        [200, 401, 401]
    );
    assert_eq!(status("Bearer letmein", Some("https://example.com")), 403);
}

#[test]
fn the_list_of_routes_is_true() {
    let double = Double::start();
    let routes = double.control("GET", "", None).expect(200);
    let routes = routes.as_array().unwrap();
    assert!(routes.len() > 10);
    let exists = |route: &Value| {
        let path = route["path"].as_str().unwrap().replace("{job}", "x").replace("{id}", "x");
        double.control(route["method"].as_str().unwrap(), path.trim_start_matches("/_test"), None)
    };
    for route in routes {
        let answer = exists(route);
        assert!(answer.status != 405 && !answer.text.contains("Route not found"), "{route}: {}", answer.text);
    }
    assert!(double.control("GET", "/nowhere", None).expect(404)["detail"].as_str().unwrap().contains("GET /_test"));
}
