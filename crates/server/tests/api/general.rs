//! What the server says of itself.

use serde_json::json;

use crate::harness::{Kind, TestServer};

#[test]
fn the_api_greets_anybody() {
    let server = TestServer::start();
    for path in ["", "/", "//"] {
        let answer = server.anonymous().get(path);
        assert_eq!((answer.status, answer.text()), (200, "{\"message\":\"👋\"}\n"), "{path:?}");
    }
    assert_eq!(server.anonymous().post("/", json!({})).status, 405);
}

#[test]
fn build_info_has_coders_shape_and_names_the_installation() {
    let mut server = TestServer::start();
    let answer = server.anonymous().get("/buildinfo");
    let info = answer.expect(200);
    let deployment = info["deployment_id"].as_str().unwrap().to_owned();
    assert_eq!(
        info,
        json!({
            "external_url": "https://github.com/coder/coder/releases/tag/v2.32.0",
            "version": answer.header("x-coder-build-version").unwrap(),
            "dashboard_url": "http://orgd.test",
            "telemetry": false,
            "workspace_proxy": false,
            "agent_api_version": "",
            "provisioner_api_version": "1.13",
            "upgrade_message": "",
            "deployment_id": deployment,
        })
    );
    assert!(info["version"].as_str().unwrap().starts_with("v2.32.0+orgd."));
    let default = server.owner().get("/organizations/default").expect(200);
    assert_ne!(default["id"], deployment, "it gives nothing away");
    // The same after a rename, after a restart, and on other servers of the database; another for another database.
    server.owner().patch("/organizations/default", json!({"name": "head-office"})).expect(200);
    server.restart();
    let of = |server: &TestServer| server.anonymous().get("/buildinfo").expect(200)["deployment_id"].clone();
    assert_eq!(of(&server), deployment);
    if server.kind() == Kind::Postgres {
        assert_eq!(of(&server.replica(&[])), deployment);
    }
    let other = TestServer::with(&[("ORGD_PUBLIC_URL", "https://orgd.example.com/")]);
    assert_ne!(of(&other), deployment);
    assert_eq!(other.anonymous().get("/buildinfo").expect(200)["dashboard_url"], "https://orgd.example.com");
}

#[test]
fn a_bad_token_does_not_matter_where_nobody_is_asked_for_one() {
    let server = TestServer::start();
    let unknown = server.client("0123456789-0123456789012345678901");
    assert_eq!(unknown.get("/buildinfo").status, 200);
    assert_eq!(unknown.get("/").status, 200);
}

#[test]
fn strangers_are_limited_by_address() {
    let server = TestServer::with(&[("ORGD_RATE_LIMIT", "2")]);
    let anybody = server.anonymous();
    assert_eq!([0; 3].map(|_| anybody.get("/buildinfo").status), [200, 200, 429]);
    assert_eq!(server.client(server.owner_token()).get("/buildinfo").status, 429, "nobody is asked who they are");
}

#[test]
fn entitlements_name_every_feature_and_what_is_here_is_enabled() {
    let server = TestServer::start();
    let member = server.client(&server.user("member", &[], &[]));
    let said = member.get("/entitlements").expect(200);
    for feature in ["multiple_organizations", "external_provisioner_daemons", "audit_log"] {
        assert_eq!(said["features"][feature], json!({"entitlement": "entitled", "enabled": true}), "{feature}");
    }
    for feature in ["template_rbac", "scim", "workspace_proxy", "custom_roles", "aibridge"] {
        assert_eq!(said["features"][feature], json!({"entitlement": "not_entitled", "enabled": false}), "{feature}");
    }
    assert_eq!((&said["warnings"], &said["errors"]), (&json!([]), &json!([])));
    assert_eq!(
        (&said["has_license"], &said["trial"], &said["require_telemetry"]),
        (&json!(true), &json!(false), &json!(false))
    );
    assert_eq!(server.anonymous().get("/entitlements").status, 401);
    let narrow = server.client(&server.token_of("member", &["--scope", "application_connect"]));
    assert_eq!(narrow.get("/entitlements").detail(403), "You don't have permission to use this token for that.");
}
