//! Who belongs to an organization: listing, adding and removing members.

use std::sync::Barrier;

use serde_json::{Value, json};

use crate::harness::{Client, Kind, NOT_FOUND, TestServer, eventually};

const MEMBERS: &str = "/organizations/acme/members";

fn server() -> TestServer {
    let server = TestServer::start();
    server.owner().create("acme");
    server
}

fn names(client: &Client, path: &str) -> Vec<String> {
    let listed = client.get(path).expect(200);
    let members = listed.get("members").unwrap_or(&listed).as_array().unwrap();
    members.iter().map(|member| member["username"].as_str().unwrap().to_owned()).collect()
}

fn id_of(server: &TestServer, name: &str) -> String {
    let listed: Value = serde_json::from_str(&server.command(&["user", "list", "--output", "json"])).unwrap();
    let found = listed.as_array().unwrap().iter().find(|user| user["name"] == name).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_list_shows_roles_and_user_data_by_name_in_any_case() {
    let server = server();
    server.user("Zoe", &[], &[("acme", &[])]);
    server.user("ana", &["auditor"], &[("acme", &["organization-user-admin", "organization-auditor"])]);
    server.change(|sql| sql.run("UPDATE users SET name = 'Ana <Sousa>' WHERE username = 'ana'"));
    assert_eq!(names(&server.owner(), MEMBERS), ["ana", "owner", "Zoe"]);
    let acme = server.owner().get("/organizations/acme").expect(200)["id"].clone();
    let ana = server.owner().get(MEMBERS).expect(200)[0].clone();
    let role =
        |name: &str, display_name: &str| json!({"name": name, "display_name": display_name, "organization_id": acme});
    let expected = json!({
        "username": "ana", "name": "Ana <Sousa>", "email": "ana@localhost",
        "global_roles": [{"name": "auditor", "display_name": "Auditor"}],
        "user_id": id_of(&server, "ana"), "organization_id": acme,
        "created_at": ana["created_at"], "updated_at": ana["updated_at"],
        "roles": [
            role("organization-user-admin", "Organization User Admin"),
            role("organization-auditor", "Organization Auditor"),
        ],
    });
    assert_eq!(ana, expected);
}

#[test]
fn deleted_users_are_not_listed_and_suspended_ones_are() {
    let server = server();
    for name in ["ana", "ben", "cid"] {
        server.user(name, &[], &[("acme", &[])]);
    }
    server.change(|sql| {
        sql.run("UPDATE users SET deleted_at = created_at WHERE username = 'ana'");
        sql.run("UPDATE users SET status = 'suspended' WHERE username = 'ben'");
        let yes = sql.kind().boolean(true);
        sql.run(&format!("UPDATE users SET is_system = {yes} WHERE username = 'cid'"));
    });
    assert_eq!(names(&server.owner(), MEMBERS), ["ben", "owner"]);
    let page = server.owner().get("/organizations/acme/paginated-members").expect(200);
    assert_eq!(page["count"], 2);
    // A new user may have the name; the old one is nobody's.
    server.user("ana", &[], &[]);
    server.owner().post(&format!("{MEMBERS}/ana"), json!({})).expect(200);
    assert_eq!(names(&server.owner(), MEMBERS), ["ana", "ben", "owner"]);
}

#[test]
fn every_member_may_list_and_nobody_else_without_a_site_role() {
    let server = server();
    server.owner().create("other");
    for (name, site, organizations, status) in [
        ("member", &[][..], &[("acme", &[][..])][..], 200),
        ("banned", &[], &[("acme", &["organization-workspace-creation-ban"])], 200),
        ("elsewhere", &[], &[("other", &["organization-admin"])], 404),
        ("nobody", &[], &[], 404),
        ("agents", &["agents-access"], &[], 404),
        ("auditor", &["auditor"], &[], 200),
        ("templates", &["template-admin"], &[], 200),
        ("users", &["user-admin"], &[], 200),
    ] {
        let client = server.client(&server.user(name, site, organizations));
        for path in ["members", "paginated-members", "members/roles"] {
            let answer = client.get(&format!("/organizations/acme/{path}"));
            assert_eq!(answer.status, status, "{name} {path}");
            assert!(status == 200 || answer.text() == NOT_FOUND, "{name} {path}");
        }
    }
}

#[test]
fn pages_are_cut_from_the_list() {
    let server = server();
    for name in ["ana", "ben", "cid", "dora"] {
        server.user(name, &[], &[("acme", &[])]);
    }
    let owner = server.owner();
    let page = |query: &str| {
        let page = owner.get(&format!("/organizations/acme/paginated-members{query}")).expect(200);
        assert_eq!(page["count"], 5, "{query}");
        let names = page["members"].as_array().unwrap().iter().map(|member| member["username"].clone());
        serde_json::to_string(&names.collect::<Vec<_>>()).unwrap()
    };
    assert_eq!(
        owner.get(MEMBERS).expect(200),
        owner.get("/organizations/acme/paginated-members").expect(200)["members"]
    );
    assert_eq!(page("?limit=2"), r#"["ana","ben"]"#);
    assert_eq!(page("?limit=2&offset=2"), r#"["cid","dora"]"#);
    assert_eq!(page("?limit=2&offset=4"), r#"["owner"]"#);
    assert_eq!(page("?offset=3"), r#"["dora","owner"]"#);
    assert_eq!(page("?limit=0&offset=5"), "[]");
    assert_eq!(page("?limit=2147483647&offset=2147483647&q=an"), "[]");
    let refused = owner.get("/organizations/acme/paginated-members?limit=-1&offset=many");
    let fields: Vec<_> = refused.validations(400).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["limit", "offset"]);
}

#[test]
fn a_user_is_added_by_name_in_any_case_or_by_id_without_roles() {
    let server = server();
    let (owner, acme) = (server.owner(), server.owner().get("/organizations/acme").expect(200)["id"].clone());
    for name in ["ana", "ben", "cid"] {
        server.user(name, &[], &[]);
    }
    let (ben, cid) = (id_of(&server, "ben"), id_of(&server, "cid"));
    for reference in ["ANA", &ben, &cid.replace('-', "").to_uppercase()] {
        let added = owner.post(&format!("{MEMBERS}/{reference}"), json!({})).expect(200);
        let keys: Vec<_> = added.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["user_id", "organization_id", "created_at", "updated_at", "roles"]);
        assert_eq!((&added["organization_id"], &added["roles"]), (&acme, &json!([])));
        assert_eq!(added["created_at"], added["updated_at"]);
    }
    assert_eq!(names(&owner, MEMBERS), ["ana", "ben", "cid", "owner"]);
    // The body is nobody's business, and so is its type.
    server.user("dora", &[], &[]);
    let request = owner.request("POST", &format!("{MEMBERS}/dora")).header("Content-Type", "text/plain").body("{");
    assert_eq!(request.send().status, 200);
}

#[test]
fn a_new_member_may_read_at_once() {
    let server = server();
    let ana = server.client(&server.user("ana", &[], &[]));
    assert_eq!(ana.get("/organizations/acme").status, 404);
    server.owner().post(&format!("{MEMBERS}/ana"), json!({})).expect(200);
    assert_eq!(ana.get("/organizations/acme").status, 200);
    assert_eq!(ana.patch("/organizations/acme", json!({})).status, 403);
}

#[test]
fn a_user_admin_may_add_themselves() {
    let server = server();
    let admin = server.client(&server.user("admin", &["user-admin"], &[]));
    admin.post(&format!("{MEMBERS}/me"), json!({})).expect(200);
    assert_eq!(names(&admin, MEMBERS), ["admin", "owner"]);
}

#[test]
fn who_is_a_member_cannot_be_added_again_and_keeps_the_roles() {
    let server = server();
    server.user("ana", &[], &[("acme", &["organization-admin"])]);
    let again = server.owner().post(&format!("{MEMBERS}/ana"), json!({}));
    assert_eq!(again.text(), "{\"message\":\"Organization member already exists in this organization\"}\n");
    assert_eq!(again.status, 400);
    assert_eq!(server.owner().get(MEMBERS).expect(200)[0]["roles"][0]["name"], "organization-admin");
}

#[test]
fn who_does_not_exist_is_not_found() {
    let server = server();
    let owner = server.owner();
    server.user("gone", &[], &[]);
    server.user("outsider", &[], &[]);
    server.change(|sql| sql.run("UPDATE users SET deleted_at = created_at WHERE username = 'gone'"));
    let gone = "0198f5a0-5b00-7a3d-8e2f-9c1b2d3e4f50";
    for reference in ["nobody", "gone", gone, "a%00", "%FF", "a.b", &"z".repeat(33)] {
        for (method, rest) in [("POST", ""), ("DELETE", ""), ("PUT", "/roles")] {
            let path = format!("{MEMBERS}/{reference}{rest}");
            let answer = owner.request(method, &path).json(&json!({"roles": []})).send();
            assert_eq!((answer.status, answer.text()), (404, NOT_FOUND), "{method} {reference}");
        }
    }
    // A user who is no member.
    assert_eq!(owner.delete(&format!("{MEMBERS}/outsider")).text(), NOT_FOUND);
    assert_eq!(owner.put(&format!("{MEMBERS}/outsider/roles"), json!({"roles": []})).text(), NOT_FOUND);
}

#[test]
fn removal_takes_everything_away_at_once() {
    let server = server();
    let ana = server.client(&server.user("ana", &[], &[("acme", &["organization-admin"])]));
    assert_eq!(ana.patch("/organizations/acme", json!({})).status, 200);
    let removed = server.owner().delete(&format!("{MEMBERS}/ana"));
    assert_eq!((removed.status, removed.text()), (204, ""));
    for path in ["", "/members", "/provisionerjobs", "/provisionerkeys"] {
        assert_eq!(ana.get(&format!("/organizations/acme{path}")).text(), NOT_FOUND, "{path}");
    }
    assert_eq!(ana.get("/organizations").expect(200), json!([]));
    assert_eq!(ana.get("/users/me/organizations").expect(200), json!([]));
    assert_eq!(server.owner().delete(&format!("{MEMBERS}/ana")).text(), NOT_FOUND, "only once");
    // Whoever comes back starts anew.
    server.owner().post(&format!("{MEMBERS}/ana"), json!({})).expect(200);
    assert_eq!(ana.patch("/organizations/acme", json!({})).status, 403);
}

/// Ten clients read all the time; none may succeed with a request that began after the removal was answered.
#[test]
fn a_removed_member_is_refused_under_load() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let server = server();
    let token = server.user("ana", &[], &[("acme", &[])]);
    let (removed, late) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..10 {
            let client = server.client(&token);
            let (removed, late) = (&removed, &late);
            scope.spawn(move || {
                loop {
                    let after = removed.load(Ordering::SeqCst);
                    let status = client.get("/organizations/acme").status;
                    late.fetch_or(after && status == 200, Ordering::SeqCst);
                    if after {
                        return;
                    }
                }
            });
        }
        assert_eq!(server.owner().delete(&format!("{MEMBERS}/ana")).status, 204);
        removed.store(true, Ordering::SeqCst);
    });
    assert!(!late.load(Ordering::SeqCst), "a request succeeded that began after the removal");
}

#[test]
fn a_removed_member_is_refused_by_another_server_within_a_second() {
    let server = server();
    if server.kind() == Kind::Sqlite {
        return;
    }
    let replica = server.replica(&[]);
    let ana = replica.client(&server.user("ana", &[], &[("acme", &[])]));
    for _ in 0..5 {
        eventually(|| ana.get("/organizations/acme").status == 200);
        assert_eq!(server.owner().delete(&format!("{MEMBERS}/ana")).status, 204);
        std::thread::sleep(std::time::Duration::from_secs(1));
        assert_eq!(ana.get("/organizations/acme").status, 404);
        server.owner().post(&format!("{MEMBERS}/ana"), json!({})).expect(200);
    }
}

#[test]
fn nobody_removes_themselves() {
    let server = server();
    server.user("ana", &[], &[("acme", &["organization-admin"])]);
    for (client, own) in [
        (server.owner(), "owner"),
        (server.owner(), "me"),
        (server.client(&server.token_of("ana", &[])), "Ana"),
        (server.client(&server.token_of("ana", &[])), "me"),
    ] {
        let answer = client.delete(&format!("{MEMBERS}/{own}"));
        assert_eq!(
            (answer.status, answer.text()),
            (400, "{\"message\":\"cannot remove self from an organization\"}\n")
        );
    }
    assert_eq!(names(&server.owner(), MEMBERS), ["ana", "owner"]);
}

#[test]
fn admins_and_user_admins_add_and_remove_and_nobody_else() {
    let server = server();
    server.owner().create("other");
    server.user("target", &[], &[]);
    let target = format!("{MEMBERS}/target");
    for (name, site, organizations, expected) in [
        ("owner-two", &["owner"][..], &[][..], [200, 204]),
        ("users", &["user-admin"], &[], [200, 204]),
        ("org-admin", &[], &[("acme", &["organization-admin"][..])], [200, 204]),
        ("org-users", &[], &[("acme", &["organization-user-admin"])], [200, 204]),
        ("templates", &["template-admin"], &[], [403, 403]),
        ("auditor", &["auditor"], &[], [403, 403]),
        ("org-templates", &[], &[("acme", &["organization-template-admin"])], [403, 403]),
        ("org-auditor", &[], &[("acme", &["organization-auditor"])], [403, 403]),
        ("member", &[], &[("acme", &[])], [403, 403]),
        ("elsewhere", &[], &[("other", &["organization-admin", "organization-user-admin"])], [404, 404]),
        ("nobody", &[], &[], [404, 404]),
    ] {
        let client = server.client(&server.user(name, site, organizations));
        let added = client.post(&target, json!({})).status;
        assert_eq!([added, client.delete(&target).status], expected, "{name}");
        if expected[0] == 403 {
            let detail = client.post(&format!("{MEMBERS}/no-such-user"), json!({})).detail(403);
            assert_eq!(detail, "You don't have permission to manage this organization's members.", "{name}");
        }
    }
    let narrow = server.client(&server.token_of("owner", &["--scope", "application_connect"]));
    assert_eq!(narrow.post(&target, json!({})).text(), NOT_FOUND);
    assert_eq!(narrow.get(MEMBERS).text(), NOT_FOUND);
}

#[test]
fn of_many_who_add_somebody_at_once_one_succeeds() {
    let server = server();
    server.user("ana", &[], &[]);
    let replica = (server.kind() == Kind::Postgres).then(|| server.replica(&[]));
    let clients: Vec<_> = std::iter::once(&server).chain(&replica).map(TestServer::owner).collect();
    let barrier = Barrier::new(8);
    let add = |client: &Client| {
        barrier.wait();
        client.post(&format!("{MEMBERS}/ana"), json!({})).status
    };
    let mut statuses: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = clients.iter().cycle().take(8).map(|client| scope.spawn(|| add(client))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400, 400, 400, 400, 400, 400]);
    assert_eq!(names(&server.owner(), MEMBERS), ["ana", "owner"]);
}

/// Whoever deletes an organization while somebody is added to it or removed: either the addition comes first and blocks the
/// deletion, or it finds nothing. On PostgreSQL the two come from different servers.
#[test]
fn an_organization_is_deleted_while_members_come_and_go() {
    let server = TestServer::start();
    let owner = server.owner();
    server.user("ana", &[], &[]);
    let replica = (server.kind() == Kind::Postgres).then(|| server.replica(&[]));
    let other = replica.as_ref().map_or(server.owner(), TestServer::owner);
    for round in 0..20 {
        let id = owner.create("acme");
        let (path, barrier) = (format!("/organizations/{id}/members/ana"), Barrier::new(2));
        if round % 2 == 1 {
            owner.post(&path, json!({})).expect(200);
        }
        eventually(|| other.get(&format!("/organizations/{id}")).status == 200);
        let (changed, deleted) = std::thread::scope(|scope| {
            let change = scope.spawn(|| {
                barrier.wait();
                if round % 2 == 1 { other.delete(&path).status } else { other.post(&path, json!({})).status }
            });
            barrier.wait();
            let deleted = owner.delete(&format!("/organizations/{id}")).status;
            (change.join().unwrap(), deleted)
        });
        assert!(
            matches!((changed, deleted), (200, 409) | (404, 200) | (204, 200 | 409)),
            "round {round}: {changed} {deleted}"
        );
        let left = "SELECT count(*) AS value FROM organization_members m JOIN organizations o ON o.id = m.organization_id \
                    WHERE o.deleted_at IS NOT NULL AND m.user_id = (SELECT id FROM users WHERE username = 'ana')";
        assert_eq!(server.sql().number(left), 0, "a member of a deleted organization");
        if deleted == 409 {
            owner.delete(&path);
            owner.delete(&format!("/organizations/{id}")).expect(200);
        }
    }
}

#[test]
fn changes_and_refusals_are_in_the_audit_log() {
    let server = server();
    server.user("ana", &[], &[]);
    let owner = server.owner();
    owner.post(&format!("{MEMBERS}/ana"), json!({})).expect(200);
    owner.put(&format!("{MEMBERS}/ana/roles"), json!({"roles": ["organization-auditor"]})).expect(200);
    assert_eq!(owner.delete(&format!("{MEMBERS}/ana")).status, 204);
    let told = "SELECT string_agg(action || ' ' || status_code || ' ' || resource_target, ', ') AS value FROM \
                (SELECT * FROM audit_logs WHERE resource_type = 'organization_member' ORDER BY at, id) AS entries";
    assert_eq!(server.sql().words(told), "create 200 ana, write 200 ana, delete 204 ana");
    let given =
        "SELECT count(*) AS value FROM audit_logs WHERE action = 'write' AND diff LIKE '%organization-auditor%'";
    assert_eq!(server.sql().number(given), 1);
    let ana = server.client(&server.token_of("ana", &[]));
    assert_eq!(ana.post(&format!("{MEMBERS}/ana"), json!({})).status, 404);
    eventually(|| server.sql().words(told).ends_with("delete 204 ana, create 404 ana"));
}
