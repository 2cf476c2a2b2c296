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
fn what_was_sent_and_what_the_server_made_of_it_are_told_apart() {
    let double = Double::start();
    for fault in [
        json!({"kind": "drop", "at": "before"}),
        json!({"kind": "drop", "at": "after"}),
        json!({"kind": "drop", "at": "body"}),
        json!({"kind": "status", "status": 503}),
        json!({"kind": "delay", "milliseconds": 1}),
    ] {
        double.arrange(json!({"operation": "createOrganization", "fault": fault}));
        // Its name is missing: a client should not send it, whatever becomes of the answer.
        let _ = double.try_as(double.token(), "POST", "/organizations", Some(&json!({})));
    }
    let all = double.control("GET", "/requests", None).expect(200);
    let told: Vec<_> = all["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["status"].as_u64(), one["server_status"].as_u64(), one["is_violation"] == true))
        .collect();
    assert_eq!(
        told,
        [
            (None, None, false),
            (None, Some(400), true),
            (Some(400), Some(400), true),
            (Some(503), None, false),
            (Some(400), Some(400), true),
        ]
    );
    let of = |status: u16| {
        let found = double.control("GET", &format!("/requests?status={status}"), None).expect(200);
        found["requests"].as_array().unwrap().len()
    };
    assert_eq!((of(200), of(400)), (0, 2));
}

#[test]
fn keys_that_the_server_takes_no_notice_of_are_told() {
    let double = Double::start();
    let body = json!({"name": "a-typo", "dispaly_name": "A typo"});
    double.call("POST", "/organizations", Some(body)).expect(201);
    let all = double.control("GET", "/requests", None).expect(200);
    assert_eq!(all["requests"][0]["unknown_keys"], json!(["dispaly_name"]));
}

#[test]
fn what_the_control_routes_cannot_do_is_said_in_plain_words() {
    let double = Double::start();
    let said = |method: &str, path: &str, body: Option<Value>| {
        let answer = double.control(method, path, body).expect(400);
        format!("{}: {}", answer["validations"][0]["field"], answer["validations"][0]["detail"])
    };
    let typo = r#""operation": "there is no operation \"getOrganisations\"; did you mean \"getOrganizations\"?""#;
    assert_eq!(said("GET", "/requests?operation=getOrganisations", None), typo);
    assert_eq!(said("POST", "/requests/wait", Some(json!({"operation": "getOrganisations"}))), typo);
    let count = said("POST", "/requests/wait", Some(json!({"count": "two"})));
    assert!(count.starts_with(r#""count": "must be a whole number from 0"#), "{count}");
    let status = said("GET", "/requests?status=ok", None);
    assert!(status.starts_with(r#""status": "must be a whole number from 0"#), "{status}");
    let back = said("POST", "/clock/advance", Some(json!({"by": "-1h"})));
    assert!(back.contains("must be a span such as 90s or 1h30m; time does not go back"), "{back}");
    let at = said("POST", "/faults", Some(json!({"operation": "*", "fault": {"kind": "drop"}})));
    assert_eq!(at, r#""fault.at": "is required: \"before\", \"after\" or \"body\"""#);
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
