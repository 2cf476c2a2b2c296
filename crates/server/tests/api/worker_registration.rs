//! Registering workers: how one is known again, whose tags it has, who may, and what each field may hold.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Client, NOT_FOUND, SIGNED_OUT, TestServer, WorkerClient};

const WORKERS: &str = "/organizations/acme/provisionerdaemons";

fn server() -> TestServer {
    let server = TestServer::start();
    server.owner().create("acme");
    server
}

/// A new provisioner key of `acme`, and a client that has it.
pub fn key(server: &TestServer, name: &str, tags: Value) -> Client {
    let made = server.owner().post("/organizations/acme/provisionerkeys", json!({"name": name, "tags": tags}));
    server.key_holder(made.expect(201)["key"].as_str().unwrap())
}

fn plain(name: &str) -> Value {
    json!({"name": name, "provisioners": ["terraform"]})
}

/// Registers and gives the status and the worker.
fn register(client: &Client, body: Value) -> (u16, Value) {
    let answer = client.post(WORKERS, body);
    (answer.status, answer.json())
}

fn listed(server: &TestServer) -> Vec<Value> {
    let list = server.owner().get(&format!("{WORKERS}?offline=true")).expect(200);
    list.as_array().unwrap().clone()
}

fn id_of_user(server: &TestServer, name: &str) -> Value {
    let users: Value = serde_json::from_str(&server.command(&["user", "list", "--output", "json"])).unwrap();
    users.as_array().unwrap().iter().find(|user| user["name"] == name).unwrap()["id"].clone()
}

#[test]
fn a_worker_is_what_it_said_and_is_listed_as_such() {
    let server = server();
    let farm = key(&server, "farm", json!({"gpu": "yes", "empty": ""}));
    let body = json!({"name": "builder 1/ä", "provisioners": ["terraform", "echo", "terraform"], "version": "v1.2.3",
                      "api_version": "1.0"});
    let (status, worker) = register(&farm, body);
    assert_eq!(status, 201);
    assert_eq!(worker["name"], "builder 1/ä");
    assert_eq!(worker["provisioners"], json!(["echo", "terraform"]), "each once");
    assert_eq!((&worker["version"], &worker["api_version"]), (&json!("v1.2.3"), &json!("1.0")));
    assert_eq!((&worker["key_name"], &worker["status"]), (&json!("farm"), &json!("idle")));
    assert_eq!(worker["tags"], json!({"gpu": "yes", "owner": "", "scope": "organization"}), "empty ones are dropped");
    assert_eq!(worker["created_at"], worker["last_seen_at"]);
    assert_eq!(listed(&server), [worker]);
}

#[test]
fn a_worker_keeps_its_id_by_organization_name_and_owner() {
    let server = server();
    let owner = server.owner();
    owner.create("apex");
    let (status, first) = register(&owner, plain("builder"));
    assert_eq!(status, 201);
    let again = json!({"name": "builder", "provisioners": ["echo"], "tags": {"gpu": "yes"}, "version": "v2"});
    let (status, second) = register(&owner, again);
    assert_eq!((status, &second["id"]), (200, &first["id"]));
    assert_eq!(second["created_at"], first["created_at"]);
    assert_eq!(second["tags"], json!({"gpu": "yes", "owner": "", "scope": "organization"}));
    assert_eq!((&second["provisioners"], &second["version"]), (&json!(["echo"]), &json!("v2")));
    assert_eq!(listed(&server), [second]);
    // Another name, which is another one also when only its case differs, another owner, another organization.
    for (path, body) in [
        (WORKERS, plain("Builder")),
        (WORKERS, json!({"name": "builder", "provisioners": ["echo"], "tags": {"scope": "user"}})),
        ("/organizations/apex/provisionerdaemons", plain("builder")),
    ] {
        let other = owner.post(path, body).expect(201);
        assert_ne!(other["id"], first["id"]);
    }
    assert_eq!(listed(&server).len(), 3);
}

#[test]
fn the_owner_of_a_worker_is_compared_without_regard_to_case() {
    let server = server();
    let lower = key(&server, "lower", json!({"scope": "user", "owner": "ana"}));
    let upper = key(&server, "upper", json!({"scope": "user", "owner": "ANA"}));
    let (status, first) = register(&lower, plain("builder"));
    assert_eq!((status, &first["tags"]["owner"]), (201, &json!("ana")));
    let (status, second) = register(&upper, plain("builder"));
    assert_eq!((status, &second["id"]), (200, &first["id"]));
    assert_eq!((&second["tags"]["owner"], &second["key_name"]), (&json!("ANA"), &json!("upper")));
    let other = key(&server, "other", json!({"scope": "user", "owner": "bo"}));
    assert_eq!(register(&other, plain("builder")).0, 201);
}

#[test]
fn of_32_registrations_at_once_one_is_new() {
    let server = server();
    let farm = key(&server, "farm", json!({}));
    let all: Vec<_> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..32).map(|_| scope.spawn(|| register(&farm, plain("builder")))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(all.iter().filter(|(status, _)| *status == 201).count(), 1);
    assert!(all.iter().all(|(_, worker)| worker["id"] == all[0].1["id"]));
    assert_eq!(listed(&server).len(), 1);
}

#[test]
fn a_key_gives_its_tags_and_a_user_their_own() {
    let server = server();
    let farm = key(&server, "farm", json!({"gpu": "yes"}));
    let refused = farm.post(WORKERS, json!({"name": "a", "provisioners": ["echo"], "tags": {"gpu": "yes"}}));
    let rule = "must be absent: the tags of a worker that registers with a provisioner key are those of the key";
    assert_eq!(refused.validations(400), [("tags".to_owned(), rule.to_owned())], "even when they are the key's");
    assert_eq!(listed(&server), Vec::<Value>::new());
    let none = json!({"name": "a", "provisioners": ["echo"], "tags": {}});
    assert_eq!(register(&farm, none).1["tags"]["gpu"], "yes");

    let ana = server.client(&server.user("ana", &[], &[("acme", &["organization-template-admin"])]));
    let ana_id = id_of_user(&server, "ana");
    for (given, expected) in [
        (json!({}), json!({"scope": "organization", "owner": ""})),
        (json!({"gpu": "no", "scope": "planet"}), json!({"gpu": "no", "scope": "organization", "owner": ""})),
        (json!({"owner": "somebody"}), json!({"scope": "organization", "owner": ""})),
        (json!({"scope": "user"}), json!({"scope": "user", "owner": ana_id})),
        (json!({"scope": "user", "owner": Uuid::nil()}), json!({"scope": "user", "owner": ana_id})),
    ] {
        let (_, worker) = register(&ana, json!({"name": "b", "provisioners": ["echo"], "tags": given}));
        assert_eq!(worker["tags"], expected, "{given}");
        assert_eq!((worker.get("key_id"), worker.get("key_name")), (None, None));
    }
}

#[test]
fn a_key_works_in_its_organization_only() {
    let server = server();
    server.owner().create("apex");
    let farm = key(&server, "farm", json!({}));
    let worker = WorkerClient::register(&farm, "acme", "builder");
    for elsewhere in ["apex", "coder", "default", "nowhere", "00000000-0000-0000-0000-000000000000"] {
        let answer = farm.post(&format!("/organizations/{elsewhere}/provisionerdaemons"), plain("builder"));
        assert_eq!((answer.status, answer.text()), (404, NOT_FOUND), "{elsewhere}");
        let path = format!("/organizations/{elsewhere}/provisionerdaemons/{}/acquire", worker.id);
        assert_eq!(farm.post(&path, json!({"wait_seconds": 0})).text(), NOT_FOUND, "{elsewhere}");
    }
    let acme = server.owner().get("/organizations/acme").expect(200)["id"].as_str().unwrap().to_owned();
    let by_id = farm.post(&format!("/organizations/{acme}/provisionerdaemons"), plain("builder"));
    assert_eq!(by_id.expect(200)["id"], json!(worker.id));
    // A key opens nothing else.
    for path in ["/organizations", "/organizations/acme", WORKERS, "/organizations/acme/provisionerjobs"] {
        assert_eq!(farm.get(path).status, 401, "{path}");
    }
}

#[test]
fn a_key_that_is_wrong_or_deleted_is_refused_at_once() {
    let server = server();
    let farm = key(&server, "farm", json!({}));
    let worker = WorkerClient::register(&farm, "acme", "builder");
    let held_back = key(&server, "other", json!({}));
    for wrong in ["", "x", &"A".repeat(43), "0123456789-0123456789012345678901"] {
        let answer = server.key_holder(wrong).post(WORKERS, plain("builder"));
        assert_eq!(answer.message(401), SIGNED_OUT, "{wrong:?}");
        assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer ")), "{wrong:?}");
    }
    assert_eq!(server.owner().delete("/organizations/acme/provisionerkeys/farm").status, 204);
    assert_eq!(farm.post(WORKERS, plain("builder")).detail(401), "Provisioner key is invalid.");
    assert_eq!(worker.heartbeat().status, 401);
    assert_eq!(worker.client.post(&worker.path("acquire"), json!({"wait_seconds": 0})).status, 401);
    assert_eq!(register(&held_back, plain("builder")).0, 200, "the others are as good as before");
    // A bad key is not made good by a session token beside it.
    let both = server.owner().request("POST", WORKERS).header("Coder-Provisioner-Key", "x").json(&plain("b"));
    assert_eq!(both.send().status, 401);
}

/// A name, site roles, roles in `acme` if a member of it, and the statuses of registering and of acquiring.
type Subject = (&'static str, &'static [&'static str], Option<&'static [&'static str]>, [u16; 2]);

#[test]
fn roles_decide_who_may_work_with_a_session_token() {
    let server = server();
    let worker = WorkerClient::register(&key(&server, "farm", json!({})), "acme", "builder");
    let subjects: [Subject; 9] = [
        ("second-owner", &["owner"], None, [201, 200]),
        ("org-admin", &[], Some(&["organization-admin"]), [201, 200]),
        ("org-template", &[], Some(&["organization-template-admin"]), [201, 200]),
        ("template-admin", &["template-admin"], None, [403, 404]),
        ("auditor", &["auditor"], None, [403, 404]),
        ("org-auditor", &[], Some(&["organization-auditor"]), [403, 404]),
        ("org-user", &[], Some(&["organization-user-admin"]), [403, 404]),
        ("member", &[], Some(&[]), [403, 404]),
        ("nobody", &[], None, [404, 404]),
    ];
    for (name, site, inside, expected) in subjects {
        let inside: Vec<_> = inside.into_iter().map(|roles| ("acme", roles)).collect();
        let client = server.client(&server.user(name, site, &inside));
        let registered = client.post(WORKERS, plain(name));
        let worker = worker.spoken_for_by(&client);
        let acquired = client.post(&worker.path("acquire"), json!({"wait_seconds": 0}));
        let beaten = worker.heartbeat();
        assert_eq!([registered.status, acquired.status], expected, "{name}");
        assert_eq!(beaten.status == 204, expected[1] == 200, "{name}");
        if expected[0] == 403 {
            let detail = "You don't have permission to register workers of this organization.";
            assert_eq!(registered.detail(403), detail, "{name}");
            assert_eq!(acquired.text(), NOT_FOUND, "{name}");
        }
    }
}

#[test]
fn whoever_has_one_key_cannot_speak_for_workers_of_another() {
    let server = server();
    let (farm, other) = (key(&server, "farm", json!({})), key(&server, "other", json!({})));
    let of_farm = WorkerClient::register(&farm, "acme", "of-farm");
    let of_user = WorkerClient::register(&server.owner(), "acme", "of-user");
    server.owner().post("/organizations/acme/provisionerjobs", json!({"type": "workspace_build"})).expect(201);
    let job = of_farm.take();
    for worker in [of_farm.spoken_for_by(&other), of_user.spoken_for_by(&other), of_user.spoken_for_by(&farm)] {
        let acquire = worker.client.post(&worker.path("acquire"), json!({"wait_seconds": 0}));
        let answers = [
            worker.heartbeat(),
            acquire,
            worker.progress(&job, json!({})),
            worker.complete(&job),
            worker.fail(&job, "no"),
        ];
        for answer in answers {
            assert_eq!((answer.status, answer.text()), (404, NOT_FOUND));
        }
    }
    assert_eq!(of_farm.spoken_for_by(&server.owner()).progress(&job, json!({})).status, 200, "users speak for all");
    // Whoever registers it last speaks for it.
    assert_eq!(WorkerClient::register(&other, "acme", "of-farm").id, of_farm.id);
    assert_eq!(of_farm.heartbeat().status, 404);
    assert_eq!(of_farm.spoken_for_by(&other).complete(&job).status, 200);
}

#[test]
fn a_key_that_was_deleted_cannot_be_followed_by_one_of_the_same_name() {
    let server = server();
    let worker = WorkerClient::register(&key(&server, "farm", json!({})), "acme", "builder");
    assert_eq!(server.owner().delete("/organizations/acme/provisionerkeys/farm").status, 204);
    let second = key(&server, "farm", json!({}));
    assert_eq!(worker.spoken_for_by(&second).heartbeat().status, 404);
    assert_eq!(WorkerClient::register(&second, "acme", "builder").id, worker.id);
    assert_eq!(worker.spoken_for_by(&second).heartbeat().status, 204);
}

#[test]
fn bad_requests_name_the_field_and_the_rule() {
    let server = server();
    let owner = server.owner();
    let heavy = |number: u32| (format!("{number:0>100}"), json!("x".repeat(100)));
    let heavy: Value = (0..11).map(heavy).collect::<serde_json::Map<_, _>>().into();
    let many: Value = (0..65).map(|number| (number.to_string(), json!("x"))).collect::<serde_json::Map<_, _>>().into();
    let long = "v".repeat(65);
    for (body, field, rule) in [
        (json!({"provisioners": ["echo"]}), "name", "is required"),
        (json!({"name": "", "provisioners": ["echo"]}), "name", "1 to 64 bytes"),
        (json!({"name": long, "provisioners": ["echo"]}), "name", "1 to 64 bytes"),
        (json!({"name": " a", "provisioners": ["echo"]}), "name", "white space"),
        (json!({"name": "a\u{0}", "provisioners": ["echo"]}), "name", "control characters"),
        (json!({"name": 7, "provisioners": ["echo"]}), "name", "must be a string"),
        (json!({"name": "a"}), "provisioners", "is required"),
        (json!({"name": "a", "provisioners": []}), "provisioners", "at least one"),
        (json!({"name": "a", "provisioners": ["make"]}), "provisioners", "must be"),
        (json!({"name": "a", "provisioners": ["echo"], "tags": {"k": 1}}), "tags.k", "must be a string"),
        (json!({"name": "a", "provisioners": ["echo"], "tags": many}), "tags", "at most 64"),
        (json!({"name": "a", "provisioners": ["echo"], "tags": {"k": "\u{0}"}}), "tags", "NUL"),
        (json!({"name": "a", "provisioners": ["echo"], "tags": heavy}), "tags", "at most 2048 bytes as JSON"),
        (json!({"name": "a", "provisioners": ["echo"], "version": long}), "version", "at most 64 bytes"),
        (json!({"name": "a", "provisioners": ["echo"], "version": null}), "version", "must be a string"),
        (json!({"name": "a", "provisioners": ["echo"], "api_version": "\u{0}"}), "api_version", "control characters"),
    ] {
        let said = owner.post(WORKERS, body.clone()).validations(400);
        let told = said.iter().any(|(named, detail)| named.starts_with(field) && detail.contains(rule));
        assert!(told, "{body}: {said:?}");
    }
    let said = owner.post(WORKERS, json!({"name": "", "version": long})).validations(400);
    let fields: Vec<_> = said.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["name", "provisioners", "version"], "every one is reported");
    assert_eq!(listed(&server), Vec::<Value>::new());
    let longest = json!({"name": "n".repeat(64), "provisioners": ["echo"], "version": "v".repeat(64)});
    assert_eq!(register(&owner, longest).0, 201);
}

#[test]
fn workers_and_keys_survive_kill_9() {
    let mut server = server();
    let farm = key(&server, "farm", json!({"gpu": "yes"}));
    let worker = WorkerClient::register(&farm, "acme", "builder");
    let before = listed(&server);
    server.restart();
    let worker = worker.of(&server);
    assert_eq!(worker.heartbeat().status, 204);
    assert_eq!(listed(&server), before);
    assert_eq!(WorkerClient::register(&worker.client, "acme", "builder").id, worker.id);
}
