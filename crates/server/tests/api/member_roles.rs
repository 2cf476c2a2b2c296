//! The roles of members: which there are, who may give them, and what comes of it.

use serde_json::{Value, json};

use crate::harness::{Client, TestServer, time};

const ROLES: [&str; 5] = [
    "organization-admin",
    "organization-user-admin",
    "organization-template-admin",
    "organization-auditor",
    "organization-workspace-creation-ban",
];

/// A server with the organization `acme` and its member `ana`.
fn server() -> TestServer {
    let server = TestServer::start();
    server.owner().create("acme");
    server.user("ana", &[], &[("acme", &[])]);
    server
}

fn put(client: &Client, user: &str, roles: &[&str]) -> crate::harness::Answer {
    client.put(&format!("/organizations/acme/members/{user}/roles"), json!({ "roles": roles }))
}

fn role_names(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap().to_owned()).collect()
}

fn held(server: &TestServer, user: &str) -> Vec<String> {
    let members = server.owner().get("/organizations/acme/members").expect(200);
    let member = members.as_array().unwrap().iter().find(|member| member["username"] == user).unwrap();
    role_names(&member["roles"])
}

#[test]
fn a_member_gets_exactly_these_roles() {
    let server = server();
    let owner = server.owner();
    let saved = put(&owner, "ANA", &["organization-auditor", "organization-admin", "organization-auditor"]).expect(200);
    let organization = owner.get("/organizations/acme").expect(200)["id"].clone();
    assert_eq!(
        saved["roles"],
        json!([
            {"name": "organization-admin", "display_name": "Organization Admin", "organization_id": organization},
            {"name": "organization-auditor", "display_name": "Organization Auditor", "organization_id": organization},
        ])
    );
    assert!(time(&saved["updated_at"]) > time(&saved["created_at"]), "{saved}");
    let changed = put(&owner, "ana", &["organization-user-admin"]).expect(200);
    assert_eq!(
        (role_names(&changed["roles"]), &changed["created_at"]),
        (vec![ROLES[1].to_owned()], &saved["created_at"])
    );
    assert_eq!(held(&server, "ana"), ["organization-user-admin"]);
    put(&owner, "ana", &[]).expect(200);
    assert_eq!(held(&server, "ana"), [""; 0]);
    // What every member has may be named.
    put(&owner, "ana", &["organization-member"]).expect(200);
    assert_eq!(held(&server, "ana"), [""; 0]);
}

#[test]
fn roles_count_at_once_both_ways() {
    let server = server();
    let ana = server.client(&server.token_of("ana", &[]));
    let update = || ana.patch("/organizations/acme", json!({})).status;
    for _ in 0..3 {
        assert_eq!(update(), 403);
        put(&server.owner(), "ana", &["organization-admin"]).expect(200);
        assert_eq!(update(), 200);
        put(&server.owner(), "ana", &["organization-auditor"]).expect(200);
        assert_eq!(update(), 403);
        assert_eq!(ana.get("/organizations/acme").status, 200);
        put(&server.owner(), "ana", &[]).expect(200);
    }
}

#[test]
fn nobody_gives_or_takes_a_role_that_they_could_not_give() {
    let server = server();
    server.owner().create("other");
    server.user("boss", &[], &[("acme", &["organization-admin"])]);
    for (name, site, organizations, status) in [
        ("owner-two", &["owner"][..], &[][..], 200),
        ("org-admin", &[], &[("acme", &["organization-admin"][..])], 200),
        ("users", &["user-admin"], &[("other", &["organization-admin"])], 403),
        ("org-users", &[], &[("acme", &["organization-user-admin"])], 403),
        ("org-templates", &[], &[("acme", &["organization-template-admin"])], 403),
        ("member", &[], &[("acme", &[])], 403),
        ("templates", &["template-admin"], &[], 403),
        ("elsewhere", &[], &[("other", &["organization-admin"])], 404),
    ] {
        let client = server.client(&server.user(name, site, organizations));
        for role in ROLES {
            assert_eq!(put(&client, "ana", &[role]).status, status, "{name} gives {role}");
            assert_eq!(held(&server, "ana") == [role], status == 200, "{name} gives {role}");
            put(&server.owner(), "ana", &[]).expect(200);
        }
        assert_eq!(put(&client, "boss", &[]).status, status, "{name} takes");
        assert_eq!(held(&server, "boss").is_empty(), status == 200, "{name} takes");
        put(&server.owner(), "boss", &["organization-admin"]).expect(200);
    }
    // A user admin who changes nothing does nothing that they may not.
    let users = server.client(&server.token_of("org-users", &[]));
    put(&users, "boss", &["organization-admin"]).expect(200);
    put(&users, "ana", &[]).expect(200);
    let refused = put(&users, "ana", &["organization-auditor"]);
    assert_eq!(refused.message(403), "Forbidden.");
    let detail = "You don't have permission to give or take away the role \"organization-auditor\".";
    assert_eq!(refused.detail(403), detail);
}

#[test]
fn nobody_changes_their_own_roles() {
    let server = server();
    put(&server.owner(), "ana", &["organization-admin"]).expect(200);
    let ana = server.client(&server.token_of("ana", &[]));
    for (client, own) in [(&ana, "me"), (&ana, "ana"), (&server.owner(), "me"), (&server.owner(), "Owner")] {
        // Before the body is looked at.
        let answer = client.put(&format!("/organizations/acme/members/{own}/roles"), json!([]));
        assert_eq!(answer.message(400), "You cannot change your own organization roles.");
        let detail = "Another user with the appropriate permissions must change your roles.";
        assert_eq!(answer.detail(400), detail);
    }
    assert_eq!(held(&server, "ana"), ["organization-admin"]);
}

#[test]
fn unknown_roles_are_refused_by_name_and_nothing_changes() {
    let server = server();
    let owner = server.owner();
    put(&owner, "ana", &["organization-auditor"]).expect(200);
    let refused = put(&owner, "ana", &["organization-admin", "emperor", "owner", "Organization-Admin"]);
    assert_eq!(refused.message(400), "Validation failed.");
    let validations = refused.validations(400);
    let fields: Vec<_> = validations.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["roles[1]", "roles[2]", "roles[3]"]);
    assert_eq!(validations[0].1, format!("must be one of {}, not \"emperor\"", ROLES.join(", ")));
    for (body, field) in [(json!({}), "roles"), (json!({"roles": null}), "roles")] {
        let refused = owner.put("/organizations/acme/members/ana/roles", body);
        assert_eq!(refused.validations(400), [(field.to_owned(), "is required".to_owned())]);
    }
    for body in [json!({"roles": "organization-admin"}), json!({"roles": [1]}), json!([])] {
        assert_eq!(
            owner.put("/organizations/acme/members/ana/roles", body).message(400),
            "Request body must be valid JSON."
        );
    }
    let many: Vec<_> = (0..10_000).map(|number| number.to_string()).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(put(&owner, "ana", &many).validations(400).len(), 20);
    assert_eq!(held(&server, "ana"), ["organization-auditor"]);
}

#[test]
fn the_list_of_roles_says_what_each_allows_and_who_may_give_it() {
    let server = server();
    let organization = server.owner().get("/organizations/acme").expect(200)["id"].clone();
    let listed = server.owner().get("/organizations/acme/members/roles").expect(200);
    assert_eq!(role_names(&listed), ROLES);
    for role in listed.as_array().unwrap() {
        assert_eq!((&role["organization_id"], &role["built_in"]), (&organization, &json!(true)));
        assert_eq!((&role["site_permissions"], &role["user_permissions"]), (&json!([]), &json!([])));
    }
    let allows = |role: &Value, resource: &str, action: &str| {
        let wanted = json!({"negate": false, "resource_type": resource, "action": action});
        role["organization_permissions"].as_array().unwrap().contains(&wanted)
    };
    assert!(allows(&listed[0], "organization", "delete") && allows(&listed[0], "provisioner_jobs", "read"));
    assert!(allows(&listed[1], "organization_member", "create") && !allows(&listed[1], "provisioner_jobs", "read"));
    assert!(allows(&listed[2], "provisioner_jobs", "create") && !allows(&listed[2], "organization", "update"));

    let org_admin = server.user("org-admin", &[], &[("acme", &["organization-admin"])]);
    let org_users = server.user("org-users", &[], &[("acme", &["organization-user-admin"])]);
    let users = server.user("users", &["user-admin"], &[]);
    for (token, expected) in [
        (server.owner_token(), true),
        (&org_admin, true),
        (&org_users, false),
        (&users, false),
        (&server.token_of("ana", &[]), false),
    ] {
        let listed = server.client(token).get("/organizations/acme/members/roles").expect(200);
        assert_eq!(listed.as_array().unwrap().len(), ROLES.len());
        assert!(listed.as_array().unwrap().iter().all(|role| role["assignable"] == expected), "{listed}");
    }
}

#[test]
fn the_list_of_site_roles_is_for_everybody_and_owners_give_them() {
    let server = server();
    let listed = server.owner().get("/users/roles").expect(200);
    assert_eq!(role_names(&listed), ["owner", "template-admin", "user-admin", "auditor", "agents-access"]);
    for role in listed.as_array().unwrap() {
        assert_eq!((role.get("organization_id"), &role["assignable"]), (None, &json!(true)), "{role}");
    }
    let create = json!({"negate": false, "resource_type": "organization", "action": "create"});
    let may_create = |role: &Value| role["site_permissions"].as_array().unwrap().contains(&create);
    assert!(may_create(&listed[0]) && !may_create(&listed[1]));
    for token in [server.token_of("ana", &[]), server.user("users", &["user-admin"], &[])] {
        let listed = server.client(&token).get("/users/roles").expect(200);
        assert!(listed.as_array().unwrap().iter().all(|role| role["assignable"] == false), "{listed}");
    }
    let narrow = server.client(&server.token_of("owner", &["--scope", "application_connect"]));
    assert_eq!(narrow.get("/users/roles").message(403), "Forbidden.");
}

/// Two admins change the roles of one member at the same time: what is stored is what one of them asked for.
#[test]
fn changes_at_once_do_not_mix() {
    let server = server();
    let wanted = [&["organization-admin", "organization-auditor"][..], &["organization-template-admin"]];
    for _ in 0..10 {
        std::thread::scope(|scope| {
            for roles in wanted {
                let owner = server.owner();
                scope.spawn(move || put(&owner, "ana", roles).expect(200));
            }
        });
        let held = held(&server, "ana");
        assert!(wanted.iter().any(|roles| held == *roles), "{held:?}");
    }
}
