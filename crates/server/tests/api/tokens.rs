//! Session tokens over the API: making, listing, ending them.

use serde_json::{Value, json};

use crate::harness::{Client, NOT_FOUND, TestServer, eventually};
use crate::people::{hire, session, token};

const DAY: i64 = 86_400_000_000_000;

fn make(client: &Client, body: Value) -> String {
    token(&client.post("/users/me/keys/tokens", body).expect(201), "key")
}

fn names(client: &Client, path: &str) -> Vec<String> {
    let listed = client.get(path).expect(200);
    listed.as_array().unwrap().iter().map(|key| key["token_name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_session_key_is_what_the_command_line_logs_in_with() {
    let server = TestServer::start();
    let made = server.owner().request("POST", "/users/me/keys").send();
    let key = token(&made.expect(201), "key");
    assert_eq!(made.header("set-cookie"), None, "the session of the browser is another one");
    let device = server.client(&key);
    assert_eq!(device.get("/users/me").expect(200)["username"], "owner");
    let shown = device.get(&format!("/users/me/keys/{}", &key[..10])).expect(200);
    assert_eq!((&shown["login_type"], &shown["lifetime_seconds"]), (&json!("password"), &json!(7 * 86_400)));
    assert_eq!((&shown["token_name"], &shown["scope"]), (&json!(""), &json!("all")));
    assert_eq!(names(&device, "/users/me/keys/tokens"), ["first-start"], "sessions are not listed");
}

#[test]
fn a_token_is_made_as_asked_for_and_shown_without_its_secret() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    let ana = session(&server, "ana");
    let key = make(&ana, json!({"lifetime": 2 * DAY, "token_name": "laptop", "scope": "all"}));
    let shown = ana.get("/users/me/keys/tokens/laptop").expect(200);
    assert_eq!(ana.get(&format!("/users/ana/keys/{}", &key[..10])).expect(200), shown);
    assert_eq!((&shown["id"], &shown["login_type"]), (&json!(key[..10]), &json!("token")));
    assert_eq!((&shown["lifetime_seconds"], &shown["scopes"]), (&json!(2 * 86_400), &json!(["all"])));
    assert_eq!(shown["allow_list"], json!([{"type": "*", "id": "*"}]));
    let list = ana.get("/users/me/keys/tokens");
    assert_eq!(list.expect(200)[0]["username"], "ana");
    assert!(!list.text().contains(&key[11..]), "the secret is shown again");
    assert_eq!(server.client(&key).get("/users/me").status, 200);
}

#[test]
fn a_token_without_wishes_lasts_a_week_and_has_a_name() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    let ana = session(&server, "ana");
    make(&ana, json!({}));
    make(&ana, json!({"lifetime": 0, "scope": "", "scopes": [], "token_name": "", "allow_list": []}));
    let list = ana.get("/users/me/keys/tokens").expect(200);
    for key in list.as_array().unwrap() {
        assert_eq!(key["lifetime_seconds"], 7 * 86_400);
        assert_eq!(key["token_name"].as_str().unwrap().len(), 12);
    }
    assert_eq!(list.as_array().unwrap().len(), 2);
}

#[test]
fn a_narrow_token_may_do_nothing_and_makes_no_wider_one() {
    let server = TestServer::start();
    let key = make(&server.owner(), json!({"scope": "application_connect", "token_name": "narrow"}));
    let narrow = server.client(&key);
    assert_eq!(narrow.get("/users/me").text(), NOT_FOUND);
    assert_eq!(narrow.post("/users/me/keys/tokens", json!({"scope": "all"})).status, 404);
    assert_eq!(narrow.request("POST", "/users/me/keys").send().status, 404);
    assert_eq!(narrow.request("POST", "/users/logout").send().status, 200, "it can end itself");
    assert_eq!(narrow.get("/users/me").status, 401);
}

#[test]
fn what_cannot_be_made_is_refused_and_named() {
    let server = TestServer::start();
    let owner = server.owner();
    for (body, field) in [
        (json!({"lifetime": -1}), "lifetime"),
        (json!({"lifetime": 1}), "lifetime"),
        (json!({"lifetime": i64::MAX}), "lifetime"),
        (json!({"scope": "workspace:read"}), "scope"),
        (json!({"scopes": ["all", "template:read"]}), "scopes"),
        (json!({"token_name": "a/b"}), "token_name"),
        (json!({"token_name": "tokenconfig"}), "token_name"),
        (json!({"allow_list": [{"type": "workspace", "id": "*"}]}), "allow_list"),
    ] {
        let faults = owner.post("/users/me/keys/tokens", body.clone()).validations(400);
        assert_eq!(faults.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), [field], "{body}");
    }
    let most = owner.get("/users/me/keys/tokens/tokenconfig").expect(200)["max_token_lifetime"].as_i64().unwrap();
    make(&owner, json!({"lifetime": most, "token_name": "longest"}));
    let taken = owner.post("/users/me/keys/tokens", json!({"token_name": "longest"}));
    assert_eq!(taken.message(409), "A token with name \"longest\" already exists.");
    assert_eq!(taken.validations(409)[0].0, "token_name");
    hire(&server, "ana", &[]);
    make(&session(&server, "ana"), json!({"token_name": "longest"}));
}

#[test]
fn a_token_that_is_deleted_or_expired_is_refused_at_once() {
    let server = TestServer::start();
    let owner = server.owner();
    let (one, other) = (make(&owner, json!({"token_name": "one"})), make(&owner, json!({"token_name": "other"})));
    let path = |key: &str| format!("/users/me/keys/{}", &key[..10]);
    assert_eq!(server.client(&one).get("/users/me").status, 200);
    assert_eq!(owner.delete(&path(&one)).status, 204);
    assert_eq!(server.client(&one).get("/users/me").detail(401), "API key is invalid.");
    assert_eq!(owner.delete(&path(&one)).text(), NOT_FOUND);
    assert_eq!(owner.get(&path(&one)).text(), NOT_FOUND);

    assert_eq!(server.client(&other).get("/users/me").status, 200);
    for _ in 0..2 {
        assert_eq!(owner.put(&format!("{}/expire", path(&other)), Value::Null).status, 204);
    }
    assert!(server.client(&other).get("/users/me").detail(401).starts_with("API key expired at"));
    assert_eq!(owner.get(&path(&other)).status, 200, "it stays in the records");
    assert_eq!(names(&owner, "/users/me/keys/tokens"), ["first-start"]);
    assert_eq!(names(&owner, "/users/me/keys/tokens?include_expired=true"), ["other", "first-start"]);
    assert_eq!(owner.put("/users/me/keys/nothing/expire", Value::Null).text(), NOT_FOUND);
}

#[test]
fn tokens_belong_to_their_user() {
    let server = TestServer::start();
    for name in ["ana", "ben"] {
        hire(&server, name, &[]);
    }
    let (ana, ben, owner) = (session(&server, "ana"), session(&server, "ben"), server.owner());
    let key = make(&ana, json!({"token_name": "laptop"}));
    let id = &key[..10];
    for path in
        [format!("/users/me/keys/{id}"), "/users/me/keys/tokens/laptop".to_owned(), format!("/users/ana/keys/{id}")]
    {
        assert_eq!(ben.get(&path).text(), NOT_FOUND, "{path}");
    }
    assert_eq!(ben.delete(&format!("/users/me/keys/{id}")).text(), NOT_FOUND);
    assert_eq!(ben.delete(&format!("/users/ana/keys/{id}")).text(), NOT_FOUND);
    assert_eq!(ben.put(&format!("/users/me/keys/{id}/expire"), Value::Null).text(), NOT_FOUND);
    // Under the name of the wrong user an owner does not find it either.
    assert_eq!(owner.get(&format!("/users/ben/keys/{id}")).text(), NOT_FOUND);
    assert_eq!(owner.get(&format!("/users/ana/keys/{id}")).status, 200);
    assert_eq!(names(&ben, "/users/me/keys/tokens?include_all=true"), [""; 0]);
    assert_eq!(names(&owner, "/users/me/keys/tokens?include_all=true"), ["laptop", "first-start"]);
    assert_eq!(server.client(&key).get("/users/me").expect(200)["username"], "ana");

    let for_ana = token(&owner.post("/users/ana/keys/tokens", json!({"token_name": "given"})).expect(201), "key");
    assert_eq!(server.client(&for_ana).get("/users/me").expect(200)["username"], "ana");
}

/// A session that is ended makes no other one, however late.
#[test]
fn a_session_that_ends_makes_no_other_one() {
    let server = TestServer::start();
    hire(&server, "ana", &[]);
    for _ in 0..5 {
        let ana = session(&server, "ana");
        let made = std::thread::scope(|scope| {
            let makers: Vec<_> =
                (0..4).map(|_| scope.spawn(|| ana.post("/users/me/keys/tokens", json!({"lifetime": DAY})))).collect();
            let password = json!({"password": crate::people::PASSWORD});
            server.owner().put("/users/ana/password", password);
            makers.into_iter().map(|maker| maker.join().unwrap()).collect::<Vec<_>>()
        });
        for answer in made.iter().filter(|answer| answer.status == 201) {
            let client = server.client(answer.json()["key"].as_str().unwrap());
            eventually(|| client.get("/users/me").status == 401);
        }
    }
}
