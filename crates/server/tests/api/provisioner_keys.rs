//! Provisioner keys: who may make, see and delete them, what they may be called, and that nobody but their maker learns a secret.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Client, Job, Kind, NOT_FOUND, TestServer, Worker};

const KEYS: &str = "/organizations/acme/provisionerkeys";

fn server() -> (TestServer, Uuid) {
    let server = TestServer::start();
    let acme = server.owner().create("acme").parse().unwrap();
    (server, acme)
}

fn make(client: &Client, name: &str) -> String {
    let made = client.post(KEYS, json!({ "name": name })).expect(201);
    made["key"].as_str().unwrap().to_owned()
}

fn names(client: &Client) -> Vec<Value> {
    client.get(KEYS).expect(200).as_array().unwrap().iter().map(|key| key["name"].clone()).collect()
}

#[test]
fn a_key_is_made_listed_and_deleted() {
    let (server, acme) = server();
    let owner = server.owner();
    assert_eq!(owner.get(KEYS).text(), "[]\n");
    let made = owner.post(KEYS, json!({"name": "Build farm", "tags": {"gpu": "yes", "empty": ""}})).expect(201);
    assert_eq!(made.as_object().unwrap().len(), 1);
    make(&owner, "another");
    let listed = owner.get(KEYS).expect(200);
    assert_eq!(names(&owner), ["another", "Build farm"], "by name without regard to case");
    assert_eq!(listed[0]["tags"], json!({}));
    assert_eq!(listed[1]["tags"], json!({"empty": "", "gpu": "yes"}), "as they were given");
    assert_eq!(listed[1]["organization"], acme.to_string());
    assert_eq!(owner.get("/organizations/coder/provisionerkeys").text(), "[]\n", "an organization has its own");

    let gone = owner.delete(&format!("{KEYS}/build%20FARM"));
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    assert_eq!(names(&owner), ["another"]);
    assert_eq!(owner.delete(&format!("{KEYS}/build%20farm")).text(), NOT_FOUND);
    make(&owner, "Build farm");
}

#[test]
fn a_key_of_another_organization_is_not_found() {
    let (server, _) = server();
    let owner = server.owner();
    make(&owner, "farm");
    assert_eq!(owner.delete("/organizations/coder/provisionerkeys/farm").text(), NOT_FOUND);
    assert_eq!(names(&owner), ["farm"]);
    assert_eq!(owner.post("/organizations/coder/provisionerkeys", json!({"name": "farm"})).status, 201);
}

#[test]
fn the_secret_is_shown_once_and_stored_as_its_hash() {
    let (server, _) = server();
    let owner = server.owner();
    let request = |key: &str| owner.request("POST", KEYS).header("Idempotency-Key", key);
    let made = request("k").json(&json!({"name": "farm"})).send();
    let secret = made.expect(201)["key"].as_str().unwrap().to_owned();
    assert!(secret.len() == 43 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{secret}");
    assert!(!owner.get(KEYS).text().contains(&secret));
    assert!(!server.stderr().contains(&secret));

    use sha2::{Digest, Sha256};
    let hash: String = Sha256::digest(&secret).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut sql = server.sql();
    let hex = match sql.kind() {
        Kind::Sqlite => "lower(hex(hashed_secret))",
        Kind::Postgres => "encode(hashed_secret, 'hex')",
    };
    assert_eq!(sql.words(&format!("SELECT {hex} AS value FROM provisioner_keys")), hash);
    assert_eq!(sql.number("SELECT count(*) AS value FROM idempotency_keys"), 0, "the answer is not kept");

    // Sent again, whatever its idempotency key: it was done once, and the secret is not repeated.
    for key in ["k", "other"] {
        let again = request(key).json(&json!({"name": "farm"})).send();
        assert_eq!(again.status, 409);
        assert!(!again.text().contains(&secret));
    }
    assert_ne!(make(&owner, "farm-2"), secret);
    assert_eq!(sql.number("SELECT count(*) AS value FROM provisioner_keys"), 2);
}

#[test]
fn a_name_is_taken_in_any_case() {
    let (server, _) = server();
    let owner = server.owner();
    make(&owner, "farm");
    let taken = owner.post(KEYS, json!({"name": "FARM"}));
    assert_eq!(taken.message(409), "Provisioner key already exists with the name \"FARM\".");
    let why = "This value is already in use and should be unique.";
    assert_eq!(taken.validations(409), [("name".to_owned(), why.to_owned())]);
    assert_eq!(names(&owner), ["farm"]);
}

#[test]
fn of_many_that_ask_for_one_name_one_gets_it() {
    let (server, _) = server();
    let owner = server.owner();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..8).map(|_| scope.spawn(|| owner.post(KEYS, json!({"name": "farm"})).status)).collect();
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 7, "{statuses:?}");
}

#[test]
fn names_and_tags_follow_the_rules() {
    let (server, _) = server();
    let owner = server.owner();
    let refused = |body: Value| -> Vec<String> {
        let answer: Answer = owner.post(KEYS, body);
        assert_eq!(answer.message(400), "Validation failed.");
        answer.validations(400).into_iter().map(|(field, detail)| format!("{field} {detail}")).collect()
    };
    assert_eq!(refused(json!({})), ["name is required"]);
    assert_eq!(refused(json!({"name": ""})), ["name is required"]);
    for reserved in ["built-in", "User-Auth", "PSK"] {
        let said = refused(json!({ "name": reserved }));
        assert!(said.len() == 1 && said[0].contains("reserved"), "{reserved}: {said:?}");
    }
    let both = refused(json!({"name": "a/b", "tags": {"k": "v".repeat(3000)}}));
    assert!(both[0].starts_with("name must be 1 to 64 bytes"), "{both:?}");
    assert_eq!(both[1], "tags must be at most 2048 bytes as JSON");
    let wrong = owner.post(KEYS, json!({"name": "farm", "tags": {"gpu": 1}}));
    assert_eq!(wrong.validations(400), [("tags.gpu".to_owned(), "must be a string".to_owned())]);
    assert_eq!(names(&owner), Vec::<Value>::new());

    // The longest that is allowed is stored, whatever the database can index.
    let longest: String = (0..2040).map(|n| char::from(b'!' + u8::try_from(n * 7 % 60).unwrap())).collect();
    let longest = longest.replace(['"', '\\'], "~");
    owner.post(KEYS, json!({"name": "n".repeat(64), "tags": {"k": longest}})).expect(201);
    assert_eq!(owner.get(KEYS).expect(200)[0]["tags"]["k"], longest);
}

/// A name, site roles, roles in `acme` if a member of it, and the statuses of list, create and delete.
type Subject = (&'static str, &'static [&'static str], Option<&'static [&'static str]>, [u16; 3]);

#[test]
fn roles_decide_who_may() {
    let (server, _) = server();
    make(&server.owner(), "kept");
    let subjects: [Subject; 10] = [
        ("second-owner", &["owner"], None, [200, 201, 204]),
        ("org-admin", &[], Some(&["organization-admin"]), [200, 201, 204]),
        ("org-template", &[], Some(&["organization-template-admin"]), [200, 201, 204]),
        ("template-admin", &["template-admin"], None, [200, 403, 403]),
        ("user-admin", &["user-admin"], None, [404, 403, 403]),
        ("auditor", &["auditor"], None, [404, 403, 403]),
        ("org-auditor", &[], Some(&["organization-auditor"]), [404, 403, 403]),
        ("org-user", &[], Some(&["organization-user-admin"]), [404, 403, 403]),
        ("member", &[], Some(&[]), [404, 403, 403]),
        ("nobody", &[], None, [404, 404, 404]),
    ];
    for (name, site, inside, expected) in subjects {
        let inside: Vec<_> = inside.into_iter().map(|roles| ("acme", roles)).collect();
        let client = server.client(&server.user(name, site, &inside));
        let key = format!("{KEYS}/of-{name}");
        let may_delete = expected[2] == 204;
        let target = if may_delete { key } else { format!("{KEYS}/kept") };
        let made = client.post(KEYS, json!({ "name": format!("of-{name}") }));
        let statuses = [client.get(KEYS).status, made.status, client.delete(&target).status];
        assert_eq!(statuses, expected, "{name}");
        assert_eq!(names(&server.owner()), ["kept"], "{name}");
        if expected[1] == 403 {
            let detail = "You don't have permission to make or delete provisioner keys of this organization.";
            assert_eq!(made.detail(403), detail);
            assert_eq!(client.delete(&format!("{KEYS}/nothing")).status, 403, "{name} is not told which keys exist");
        }
    }
}

#[test]
fn a_key_blocks_the_deletion_of_its_organization_until_it_is_deleted() {
    let (server, acme) = server();
    let owner = server.owner();
    make(&owner, "farm");
    let detail = "This organization has 1 provisioner key that must be deleted first.";
    assert_eq!(owner.delete("/organizations/acme").detail(409), detail);
    let id = owner.get(KEYS).expect(200)[0]["id"].as_str().unwrap().parse().unwrap();
    server.change(|sql| sql.worker(&Worker { key: Some(id), ..Worker::live(acme) }));
    assert_eq!(owner.delete(&format!("{KEYS}/farm")).status, 204, "also while workers have registered with it");
    owner.delete("/organizations/acme").expect(200);
    assert_eq!(owner.get(KEYS).text(), NOT_FOUND);
    assert_eq!(owner.post(KEYS, json!({"name": "farm"})).text(), NOT_FOUND);
}

#[test]
fn workers_of_a_deleted_key_stay_without_it() {
    let (server, acme) = server();
    let owner = server.owner();
    make(&owner, "farm");
    let id: Uuid = owner.get(KEYS).expect(200)[0]["id"].as_str().unwrap().parse().unwrap();
    server.change(|sql| {
        sql.worker(&Worker { key: Some(id), ..Worker::live(acme) });
        sql.job(&Job::pending(acme, 1));
    });
    let worker = || owner.get("/organizations/acme/provisionerdaemons").expect(200)[0].clone();
    assert_eq!((&worker()["key_id"], &worker()["key_name"]), (&json!(id), &json!("farm")));
    assert_eq!(owner.delete(&format!("{KEYS}/farm")).status, 204);
    assert_eq!((worker().get("key_id"), worker().get("key_name")), (None, None));
    assert_eq!(server.sql().number("SELECT count(*) AS value FROM provisioner_keys"), 0, "nothing to register with");
}
