//! `Idempotency-Key`: a write whose answer did not arrive can be sent again, and happens once.

use std::sync::Barrier;

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Kind, TestServer, documented};

const REPLAYED: &str = "idempotent-replayed";

/// Some answer a secret, or take one, which is never stored; what keeps them from happening twice is tested with them. The others
/// are what workers do, which can be repeated without a key or, for a new job, must not be; see `worker_reports`.
const EXEMPT: &[&str] = &[
    "createProvisionerKey",
    "createInitialUser",
    "logInUser",
    "logOutUser",
    "createNewUser",
    "createNewSessionKey",
    "createTokenAPIKey",
    "registerProvisionerDaemon",
    "heartbeatProvisionerDaemon",
    "acquireProvisionerJob",
    "reportProvisionerJobProgress",
    "completeProvisionerJob",
    "failProvisionerJob",
];

/// Each other POST of the document with a request that succeeds.
fn posts() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("addOrganizationMember", "/organizations/coder/members/ana", Value::Null),
        ("createOrganization", "/organizations", json!({"name": "acme", "description": "<a & b>"})),
        ("createProvisionerJob", "/organizations/coder/provisionerjobs", json!({"type": "workspace_build"})),
    ]
}

fn post(client: &Client, key: &str, body: &Value) -> Answer {
    client.request("POST", "/organizations").header("Idempotency-Key", key).json(body).send()
}

fn named(name: &str) -> Value {
    json!({ "name": name })
}

fn names(client: &Client) -> Vec<String> {
    let listed = client.get("/organizations").expect(200);
    listed.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

/// Asserts that this answer was given before, and that it is the same to the byte.
#[track_caller]
fn assert_replayed(again: &Answer, first: &Answer) {
    assert_eq!(first.header(REPLAYED), None, "the first answer is no replay");
    assert_eq!(again.header(REPLAYED), Some("true"), "{}", again.text());
    assert_eq!((again.status, again.text()), (first.status, first.text()));
    assert_eq!(again.header("content-type"), first.header("content-type"));
}

#[test]
fn every_post_is_repeated_to_the_byte_and_done_once() {
    let known: Vec<_> = posts().iter().map(|(operation, ..)| (*operation).to_owned()).collect();
    let mut asked = documented().posts();
    asked.retain(|operation| !EXEMPT.contains(&operation.as_str()));
    assert_eq!(asked, known, "a POST without a request here");
    let server = TestServer::start();
    let owner = server.owner();
    server.user("ana", &[], &[]);
    for (operation, path, body) in posts() {
        let send = || owner.request("POST", path).header("Idempotency-Key", operation).json(&body).send();
        let first = send();
        assert!(matches!(first.status, 200 | 201), "{}", first.text());
        assert_replayed(&send(), &first);
        assert_replayed(&send(), &first);
    }
    assert_eq!(names(&owner), ["acme", "coder"]);
}

#[test]
fn the_first_answer_is_kept_whatever_becomes_of_its_object() {
    let server = TestServer::start();
    let owner = server.owner();
    let first = post(&owner, "k", &named("acme"));
    let id = first.expect(201)["id"].as_str().unwrap().to_owned();
    owner.patch("/organizations/acme", named("apex")).expect(200);
    assert_replayed(&post(&owner, "k", &named("acme")), &first);
    owner.delete(&format!("/organizations/{id}")).expect(200);
    assert_replayed(&post(&owner, "k", &named("acme")), &first);
    assert_eq!(names(&owner), ["coder"]);
}

#[test]
fn a_key_belongs_to_one_request() {
    let server = TestServer::start();
    let owner = server.owner();
    let first = post(&owner, "k", &named("acme"));
    assert_eq!(first.status, 201);
    let other = post(&owner, "k", &named("apex"));
    assert_eq!(other.message(422), "This Idempotency-Key was used for another request.");
    assert_eq!(other.validations(422)[0].0, "Idempotency-Key");
    assert_eq!(other.header(REPLAYED), None);
    // The same object in other bytes is another request.
    let spaced = owner.request("POST", "/organizations").header("Idempotency-Key", "k").body("{\"name\": \"acme\"}");
    assert_eq!(spaced.send().status, 422);
    assert_replayed(&post(&owner, "k", &named("acme")), &first);
    assert_eq!(post(&owner, "K", &named("apex")).status, 201, "keys are compared to the letter");
    assert_eq!(names(&owner), ["acme", "apex", "coder"]);
}

#[test]
fn users_do_not_share_keys() {
    let server = TestServer::start();
    let (owner, other) = (server.owner(), server.client(&server.user("other", &["owner"], &[])));
    let first = post(&owner, "k", &named("acme"));
    let theirs = post(&other, "k", &named("apex"));
    assert_eq!((theirs.status, theirs.header(REPLAYED)), (201, None));
    assert_replayed(&post(&owner, "k", &named("acme")), &first);
    assert_replayed(&post(&other, "k", &named("apex")), &theirs);
    assert_eq!(post(&other, "k2", &named("acme")).status, 409, "what was done for one is not replayed to another");
}

#[test]
fn whoever_may_not_create_is_refused_before_the_key_is_looked_at() {
    let server = TestServer::start();
    let member = server.client(&server.user("member", &[], &[("coder", &[])]));
    assert_eq!(post(&server.anonymous(), "k", &named("acme")).status, 401);
    assert_eq!(post(&member, "k", &named("acme")).status, 403);
    assert_eq!(post(&member, "not\tvisible", &named("acme")).status, 403);
    let owner = server.owner();
    assert_eq!(post(&owner, "k", &named("acme")).status, 201);
    let broken = owner.request("POST", "/organizations").header("Idempotency-Key", "k").body("{");
    assert_eq!(broken.send().message(400), "Request body must be valid JSON.");
    assert_eq!(post(&owner, "k", &named("not valid")).message(400), "Validation failed.");
}

#[test]
fn refused_requests_may_be_tried_again() {
    let server = TestServer::start();
    let owner = server.owner();
    assert_eq!(post(&owner, "k", &named("not valid")).status, 400);
    let id = owner.create("acme");
    for _ in 0..2 {
        let taken = post(&owner, "k", &named("acme"));
        assert_eq!((taken.status, taken.header(REPLAYED)), (409, None));
    }
    owner.delete(&format!("/organizations/{id}")).expect(200);
    let first = post(&owner, "k", &named("acme"));
    assert_eq!(first.status, 201);
    assert_replayed(&post(&owner, "k", &named("acme")), &first);
}

/// On PostgreSQL they are spread over two servers. Whoever is answered finds the organization at once, wherever it was made.
#[test]
fn of_32_at_once_one_runs_and_the_others_get_its_answer() {
    let server = TestServer::start();
    let replica = (server.kind() == Kind::Postgres).then(|| server.replica(&[]));
    let clients: Vec<Client> = std::iter::once(&server).chain(&replica).map(TestServer::owner).collect();
    let at_once = |key: &str, name: &str| {
        let barrier = Barrier::new(32);
        let send = |client: &Client| {
            barrier.wait();
            let answer = post(client, key, &named(name));
            assert_eq!(client.get(&format!("/organizations/{name}")).text(), answer.text());
            answer
        };
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let threads: Vec<_> = clients.iter().cycle().take(32).map(|one| scope.spawn(|| send(one))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let (first, others): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.header(REPLAYED).is_none());
        assert_eq!((first.len(), others.len()), (1, 31), "{key} {name}");
        others.iter().for_each(|other| assert_replayed(other, first[0]));
    };
    for round in 0..10 {
        at_once(&format!("key-{round}"), &format!("acme-{round}"));
    }
    server.sql().age_idempotency_keys(24 * 3600);
    at_once("key-0", "apex");
    assert_eq!(names(&clients[0]).len(), 12);
}

/// Sends one request after the other until the server is killed under it: whatever was answered is replayed by the next life of the
/// server, and what was not is done exactly once by then.
#[test]
fn a_repetition_after_kill_9_happens_once() {
    let mut server = TestServer::start();
    for round in 0..5 {
        let client = server.owner();
        let request = |number: u32| (format!("key-{round}-{number}"), named(&format!("r{round}-{number}")));
        let (sender, answered) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for number in 0.. {
                    let (key, body) = request(number);
                    let sent = client.request("POST", "/organizations").header("Idempotency-Key", &key).json(&body);
                    let Ok(answer) = sent.try_send() else { return };
                    assert_eq!(answer.status, 201, "{}", answer.text());
                    let _ = sender.send(answer);
                }
            });
            let before: Vec<Answer> = answered.iter().take(20).collect();
            assert_eq!(before.len(), 20, "the server went before it was killed");
            server.kill();
            let before: Vec<Answer> = before.into_iter().chain(answered.iter()).collect();
            server.restart();
            let owner = server.owner();
            for (number, first) in (0..).zip(&before) {
                let (key, body) = request(number);
                assert_replayed(&post(&owner, &key, &body), first);
            }
            // The one under way: done before or now, and in either case once.
            let (key, body) = request(before.len().try_into().unwrap());
            let last = post(&owner, &key, &body);
            assert_eq!(last.status, 201, "{}", last.text());
            let known = names(&owner);
            let of_round = known.iter().filter(|name| name.starts_with(&format!("r{round}-"))).count();
            assert_eq!(of_round, before.len() + 1);
            let (key, body) = request(0);
            assert_replayed(&post(&owner, &key, &body), &before[0]);
        });
    }
}

#[test]
fn an_answer_counts_for_a_day() {
    let server = TestServer::start();
    let owner = server.owner();
    let first = post(&owner, "k", &named("acme"));
    let id = first.expect(201)["id"].as_str().unwrap().to_owned();
    owner.delete(&format!("/organizations/{id}")).expect(200);
    assert_replayed(&post(&owner, "k", &named("acme")), &first);
    server.sql().age_idempotency_keys(23 * 3600);
    assert_replayed(&post(&owner, "k", &named("acme")), &first);
    server.sql().age_idempotency_keys(3600);
    let anew = post(&owner, "k", &named("acme"));
    assert_eq!((anew.status, anew.header(REPLAYED)), (201, None));
    assert_ne!(anew.json()["id"], *id);
    assert_replayed(&post(&owner, "k", &named("acme")), &anew);
    assert_eq!(post(&owner, "k", &named("apex")).status, 422);
    server.sql().age_idempotency_keys(24 * 3600);
    assert_eq!(post(&owner, "k", &named("apex")).status, 201, "an expired key may belong to another request");
}

#[test]
fn expired_answers_are_removed_a_few_at_a_time() {
    let server = TestServer::start();
    let owner = server.owner();
    let kept = || server.sql().number("SELECT count(*) AS value FROM idempotency_keys");
    for number in 0..40 {
        assert_eq!(post(&owner, &format!("old-{number}"), &named(&format!("old-{number}"))).status, 201);
    }
    server.sql().age_idempotency_keys(24 * 3600);
    owner.create("without-a-key");
    assert_eq!(kept(), 40, "a request without a key removes nothing");
    let mut before = kept();
    for number in 0..3 {
        assert_eq!(post(&owner, &format!("new-{number}"), &named(&format!("new-{number}"))).status, 201);
        let left = kept();
        assert!((1..=20).contains(&(before + 1 - left)), "{before} became {left}");
        before = left;
    }
    assert_eq!(kept(), 3);
}

#[test]
fn a_malformed_key_is_refused_by_name() {
    let server = TestServer::start();
    let owner = server.owner();
    let rule = "must be 1 to 255 visible ASCII characters";
    let too_long = "a".repeat(256);
    for bad in ["", "two words", "schl\u{fc}ssel", &too_long] {
        let answer = post(&owner, bad, &named("acme"));
        assert_eq!(answer.message(400), "Invalid request headers.", "{bad:?}");
        assert_eq!(answer.validations(400), [("Idempotency-Key".to_owned(), rule.to_owned())], "{bad:?}");
    }
    let twice = |second: &str| {
        let request = owner.request("POST", "/organizations").header("Idempotency-Key", "a");
        request.header("idempotency-key", second).json(&named("acme")).send()
    };
    let different = twice("b").validations(400);
    assert_eq!(different, [("Idempotency-Key".to_owned(), "must not be given twice with different values".to_owned())]);
    assert_eq!(names(&owner), ["coder"], "nothing was done");
    let longest = "~".repeat(255);
    let first = post(&owner, &longest, &named("acme"));
    assert_replayed(&post(&owner, &longest, &named("acme")), &first);
    let first = owner.request("POST", "/organizations").header("Idempotency-Key", "a").json(&named("apex")).send();
    assert_eq!(first.status, 201);
    let again = owner.request("POST", "/organizations").header("Idempotency-Key", "a");
    assert_replayed(&again.header("Idempotency-Key", "a").json(&named("apex")).send(), &first);
}

#[test]
fn without_a_key_every_request_is_a_new_one() {
    let server = TestServer::start();
    let owner = server.owner();
    owner.create("acme");
    assert_eq!(owner.post("/organizations", named("acme")).status, 409);
    assert_eq!(server.sql().number("SELECT count(*) AS value FROM idempotency_keys"), 0);
    let with_key = owner.request("PATCH", "/organizations/acme").header("Idempotency-Key", "not a key");
    assert_eq!(with_key.json(&json!({"icon": "/a.png"})).send().status, 200, "only POST has keys");
}
