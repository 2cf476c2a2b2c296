//! The organizations of a user, and what older servers do not have.

use serde_json::json;

use crate::harness::{Client, NOT_FOUND, TestServer};

/// A server where ana is in `acme` and `Beta`, and ben in `acme` alone.
fn server() -> TestServer {
    let server = TestServer::start();
    for name in ["Beta", "acme", "other"] {
        server.owner().create(name);
    }
    server.user("ana", &[], &[("acme", &[]), ("Beta", &["organization-admin"])]);
    server.user("ben", &[], &[("acme", &[])]);
    server
}

fn names(client: &Client, user: &str) -> Vec<String> {
    let listed = client.get(&format!("/users/{user}/organizations")).expect(200);
    listed.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn ones_own_organizations_by_name_with_all_that_is_known_of_them() {
    let server = server();
    let ana = server.client(&server.token_of("ana", &[]));
    for own in ["me", "ana", "ANA"] {
        assert_eq!(names(&ana, own), ["acme", "Beta"], "{own}");
    }
    assert_eq!(ana.get("/users/me/organizations").expect(200), ana.get("/organizations").expect(200));
    // Those of which the owner is a member, and not all that they may read.
    server.client(&server.user("owner-two", &["owner"], &[])).create("theirs");
    assert_eq!(names(&server.owner(), "me"), ["acme", "Beta", "coder", "other"]);
    assert_eq!(names(&server.client(&server.user("nobody", &[], &[])), "me"), [""; 0]);
}

#[test]
fn those_of_others_are_for_whoever_sees_all_users_and_as_far_as_they_may_read() {
    let server = server();
    for (name, site, organizations, expected) in [
        ("owner-two", &["owner"][..], &[][..], Some(&["acme", "Beta"][..])),
        ("users", &["user-admin"], &[], Some(&["acme", "Beta"])),
        ("templates", &["template-admin"], &[], Some(&["acme", "Beta"])),
        ("auditor", &["auditor"], &[], Some(&["acme", "Beta"])),
        ("org-admin", &[], &[("acme", &["organization-admin"][..])], Some(&["acme"])),
        ("org-users", &[], &[("other", &["organization-user-admin"])], Some(&[])),
        ("org-auditor", &[], &[("acme", &["organization-auditor"])], None),
        ("agents", &["agents-access"], &[], None),
        ("member", &[], &[("acme", &[]), ("Beta", &[])], None),
    ] {
        let client = server.client(&server.user(name, site, organizations));
        match expected {
            Some(expected) => assert_eq!(names(&client, "Ana"), expected, "{name}"),
            None => assert_eq!(client.get("/users/ana/organizations").text(), NOT_FOUND, "{name}"),
        }
        assert_eq!(client.get("/users/nobody-at-all/organizations").text(), NOT_FOUND, "{name}");
    }
    let narrow = server.client(&server.token_of("ana", &["--scope", "application_connect"]));
    assert_eq!(narrow.get("/users/me/organizations").text(), NOT_FOUND);
}

#[test]
fn who_administers_nothing_any_more_sees_nobody() {
    let server = server();
    let admin = server.client(&server.user("admin", &[], &[("other", &["organization-admin"])]));
    assert_eq!(admin.get("/users/ana/organizations").status, 200);
    // Without the owner one member is left, who may be anybody.
    server.change(|sql| {
        sql.run("DELETE FROM organization_members WHERE user_id = (SELECT id FROM users WHERE username = 'owner')");
    });
    server.owner().delete("/organizations/other").expect(200);
    assert_eq!(admin.get("/users/ana/organizations").text(), NOT_FOUND);
}

#[test]
fn one_of_them_by_name_in_any_case_or_by_id() {
    let server = server();
    let (ana, ben) = (server.client(&server.token_of("ana", &[])), server.client(&server.token_of("ben", &[])));
    let beta = ana.get("/organizations/beta").expect(200);
    let id = beta["id"].as_str().unwrap();
    for reference in ["Beta", "BETA", id] {
        assert_eq!(ana.get(&format!("/users/me/organizations/{reference}")).expect(200), beta, "{reference}");
        assert_eq!(server.owner().get(&format!("/users/ana/organizations/{reference}")).expect(200), beta);
    }
    for (client, path) in [
        (&ana, "/users/me/organizations/nowhere"),
        (&ana, "/users/me/organizations/other"),
        (&ben, "/users/ana/organizations/acme"),
        (&server.owner(), "/users/ben/organizations/beta"),
        (&server.owner(), "/users/nobody/organizations/acme"),
        (&server.owner(), "/users/me/organizations/a.b"),
    ] {
        assert_eq!(client.get(path).text(), NOT_FOUND, "{path}");
    }
    let own = server.owner().get("/users/me/organizations/default").expect(200);
    assert_eq!(own["is_default"], true);
}

#[test]
fn a_deleted_organization_is_nobodys() {
    let server = server();
    let ben = server.client(&server.user("solo", &["owner"], &[]));
    ben.create("short-lived");
    assert_eq!(names(&ben, "me"), ["short-lived"]);
    ben.delete("/organizations/short-lived").expect(200);
    assert_eq!(names(&ben, "me"), [""; 0]);
}

/// Coder's Terraform provider asks, and takes 404 for a server that does not have it.
#[test]
fn workspace_sharing_is_not_found_once_somebody_is_signed_in() {
    let server = server();
    let path = "/organizations/acme/settings/workspace-sharing";
    for method in ["GET", "PATCH"] {
        let request = server.owner().request(method, path).json(&json!({"sharing_disabled": true}));
        assert_eq!(request.send().message(404), "Route not found.", "{method}");
        assert_eq!(server.anonymous().request(method, path).send().status, 401, "{method}");
        let nobody = server.client(&server.token_of("ben", &[]));
        let hidden = path.replace("acme", "beta");
        assert_eq!(nobody.request(method, &hidden).send().text(), NOT_FOUND, "{method}");
    }
}
