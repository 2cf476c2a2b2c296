//! Every status that the contract documents can be brought about, for every operation, and nothing else is answered.
//!
//! The second half is checked by the harness in all tests: an undocumented status fails the test that meets it. The first half
//! is checked here, by the list of situations below. A new operation or a new status without a situation fails.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{
    Answer, BUILD, Client, DRY_RUN, Job, Kind, Lockout, TestServer, VERSION, Worker, documented, eventually, plain,
    queue_one_of_each_type,
};

type Produced = BTreeSet<(String, u16)>;
/// Method, path and body.
pub type Request = (&'static str, String, Option<Value>);

const JOB: Uuid = Uuid::from_u128(0x0b);
const TO_COMPLETE: Uuid = Uuid::from_u128(0x1b);
const TO_FAIL: Uuid = Uuid::from_u128(0x2b);
const TO_KEEP: Uuid = Uuid::from_u128(0x3b);
const WORKER: Uuid = Uuid::from_u128(0xda);
const KEYS: &str = "/organizations/coder/provisionerkeys";
const WORKERS: &str = "/organizations/coder/provisionerdaemons";
const MEMBERS: &str = "/organizations/coder/members";

/// Each operation with a request that is good if the caller and the server are.
fn requests() -> Vec<Request> {
    let mut all = vec![
        ("GET", "/organizations".to_owned(), None),
        ("POST", "/organizations".to_owned(), Some(json!({"name": "new-one"}))),
        ("GET", "/organizations/coder".to_owned(), None),
        ("PATCH", "/organizations/coder".to_owned(), Some(json!({"icon": "/icon.png"}))),
        ("GET", "/organizations/coder/provisionerjobs".to_owned(), None),
        ("GET", format!("/organizations/coder/provisionerjobs/{JOB}"), None),
        ("POST", "/organizations/coder/provisionerjobs".to_owned(), Some(json!({"type": "workspace_build"}))),
        ("PATCH", format!("/organizations/coder/provisionerjobs/{JOB}/cancel"), None),
        ("DELETE", "/organizations/new-one".to_owned(), None),
        ("POST", KEYS.to_owned(), Some(json!({"name": "new-key"}))),
        ("GET", KEYS.to_owned(), None),
        ("DELETE", format!("{KEYS}/new-key"), None),
        ("GET", WORKERS.to_owned(), None),
        ("GET", format!("/organizations/coder/provisionerjobs/{JOB}/logs"), None),
        ("PATCH", format!("/workspacebuilds/{BUILD}/cancel"), None),
        ("PATCH", format!("/templateversions/{VERSION}/cancel"), None),
        ("PATCH", format!("/templateversions/{VERSION}/dry-run/{DRY_RUN}/cancel"), None),
        ("POST", format!("{MEMBERS}/ana"), None),
        ("GET", MEMBERS.to_owned(), None),
        ("GET", format!("{MEMBERS}/roles"), None),
        ("PUT", format!("{MEMBERS}/ana/roles"), Some(json!({"roles": []}))),
        ("GET", "/organizations/coder/paginated-members".to_owned(), None),
        ("DELETE", format!("{MEMBERS}/ana"), None),
        ("GET", "/users/roles".to_owned(), None),
        ("GET", "/users/me/organizations".to_owned(), None),
        ("GET", "/users/me/organizations/coder".to_owned(), None),
        ("GET", "/entitlements".to_owned(), None),
        ("GET", "/audit".to_owned(), None),
    ];
    all.extend(requests_of_workers());
    all
}

fn requests_of_workers() -> Vec<Request> {
    let report = |job: Uuid, what: &str, body| ("POST", format!("{WORKERS}/{WORKER}/jobs/{job}/{what}"), Some(body));
    vec![
        ("POST", WORKERS.to_owned(), Some(json!({"name": "new-one", "provisioners": ["echo"]}))),
        ("POST", format!("{WORKERS}/{WORKER}/heartbeat"), None),
        ("POST", format!("{WORKERS}/{WORKER}/acquire"), Some(json!({"wait_seconds": 0}))),
        report(TO_COMPLETE, "progress", json!({"attempt": 1})),
        report(TO_COMPLETE, "complete", json!({"attempt": 1})),
        report(TO_FAIL, "fail", json!({"attempt": 1, "error": "no"})),
    ]
}

/// What asks nobody who they are.
const OPEN: [&str; 2] = ["/", "/buildinfo"];

/// Sends a request with these headers.
pub fn call(client: &Client, headers: &[(&str, &str)], (method, path, body): &Request) -> Answer {
    let mut request = client.request(method, path);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    match body {
        Some(body) => request.json(body).send(),
        None => request.send(),
    }
}

#[test]
fn every_documented_status_is_brought_about() {
    let mut produced = Produced::new();
    for situations in [successes, refusals, strangers, too_many_requests, a_broken_database, a_database_out_of_reach] {
        produced.extend(situations());
    }
    // Those of users are brought about in `user_statuses`.
    let of_users = documented().of_tag("Users");
    let mut missing: Vec<_> = documented().statuses().difference(&produced).cloned().collect();
    missing.retain(|(operation, _)| !of_users.contains(operation));
    assert!(missing.is_empty(), "documented, but nothing here brings it about: {missing:?}");
}

fn with_a_job() -> TestServer {
    let server = TestServer::start();
    let coder = organization_id(&server, "coder");
    let held = |id| Job { id, worker: Some((WORKER, "w".to_owned())), ..Job::pending(coder, 1).running() };
    server.change(|sql| {
        sql.worker(&Worker { id: WORKER, ..Worker::live(coder) });
        sql.job(&Job { id: JOB, ..Job::pending(coder, 1) });
        [TO_COMPLETE, TO_FAIL, TO_KEEP].into_iter().for_each(|id| sql.job(&held(id)));
    });
    server.user("ana", &[], &[]);
    queue_one_of_each_type(&server);
    server
}

fn organization_id(server: &TestServer, name: &str) -> Uuid {
    let found = server.owner().get(&format!("/organizations/{name}")).expect(200);
    found["id"].as_str().unwrap().parse().unwrap()
}

fn successes() -> Produced {
    let server = with_a_job();
    for request in requests() {
        let status = call(&server.owner(), &[], &request).status;
        let expected = match request.0 {
            "POST" if request.1.starts_with(MEMBERS) => 200,
            "POST" if request.1.ends_with("heartbeat") => 204,
            "POST" if request.1.contains(&WORKER.to_string()) => 200,
            "POST" => 201,
            "DELETE" if request.1.starts_with(KEYS) || request.1.starts_with(MEMBERS) => 204,
            _ => 200,
        };
        assert_eq!(status, expected, "{request:?}");
    }
    for path in OPEN {
        assert_eq!(server.anonymous().get(path).status, 200, "{path}");
    }
    let same = json!({"type": "workspace_build", "id": Uuid::from_u128(0x0c)});
    for status in [201, 200] {
        assert_eq!(server.owner().post("/organizations/coder/provisionerjobs", same.clone()).status, status);
    }
    let known = json!({"name": "new-one", "provisioners": ["echo"]});
    assert_eq!(server.owner().post(WORKERS, known).status, 200);
    server.seen().statuses()
}

fn refusals() -> Produced {
    let server = with_a_job();
    let owner = server.owner();
    let member = server.client(&server.user("member", &[], &[("coder", &[])]));
    let acme = owner.create("acme").parse().unwrap();
    server.change(|sql| {
        sql.provisioner_key(acme, 1);
    });

    assert_eq!(owner.post("/organizations", json!({})).status, 400);
    assert_eq!(owner.patch("/organizations/coder", json!({"name": "default"})).status, 400);
    refusals_of_provisioning(&server, &member);
    refusals_of_work(&server, &member);
    refusals_of_canceling(&owner);
    refusals_of_members(&server, &member);
    assert_eq!(owner.delete("/organizations/coder").status, 400);
    assert_eq!(owner.get("/organizations/coder/provisionerjobs?page=2").status, 400);
    assert_eq!(owner.get("/organizations/coder/provisionerjobs/first").status, 400);
    assert_eq!(owner.patch("/organizations/coder/provisionerjobs/first/cancel", json!({})).status, 400);
    assert_eq!(owner.post("/organizations/coder/provisionerjobs", json!({})).status, 400);

    assert_eq!(member.post("/organizations", json!({"name": "mine"})).status, 403);
    assert_eq!(member.patch("/organizations/coder", json!({"name": "mine"})).status, 403);
    assert_eq!(member.delete("/organizations/coder").status, 403);
    assert_eq!(member.post("/organizations/coder/provisionerjobs", json!({})).status, 403);

    for (method, path) in
        [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/provisionerjobs"), ("POST", "/provisionerjobs")]
    {
        let request = owner.request(method, &format!("/organizations/nowhere{path}"));
        assert_eq!(request.send().status, 404, "{method} {path}");
    }
    assert_eq!(owner.get(&format!("/organizations/acme/provisionerjobs/{JOB}")).status, 404);
    assert_eq!(owner.patch(&format!("/organizations/acme/provisionerjobs/{JOB}/cancel"), json!({})).status, 404);

    assert_eq!(owner.post("/organizations", json!({"name": "ACME"})).status, 409);
    assert_eq!(owner.patch("/organizations/coder", json!({"name": "ACME"})).status, 409);
    assert_eq!(owner.delete("/organizations/acme").status, 409);
    let cancel = format!("/organizations/coder/provisionerjobs/{JOB}/cancel");
    assert_eq!(owner.patch(&cancel, json!({})).status, 200);
    assert_eq!(owner.patch(&cancel, json!({})).status, 409);
    let taken = json!({"type": "workspace_build", "id": JOB});
    assert_eq!(owner.post("/organizations/coder/provisionerjobs", taken).status, 409);

    let with_key = |body| owner.request("POST", "/organizations").header("Idempotency-Key", "k").json(&body).send();
    assert_eq!(with_key(json!({"name": "first"})).status, 201);
    assert_eq!(with_key(json!({"name": "second"})).status, 422);
    let queued = owner.request("POST", "/organizations/coder/provisionerjobs").header("Idempotency-Key", "k");
    assert_eq!(queued.json(&json!({"type": "workspace_build"})).send().status, 422);

    for (method, path) in [
        ("POST", "/organizations"),
        ("PATCH", "/organizations/coder"),
        ("POST", "/organizations/coder/provisionerjobs"),
        ("POST", KEYS),
    ]
    .map(|(method, path)| (method, path.to_owned()))
    .into_iter()
    .chain(
        requests_of_workers().into_iter().filter(|(.., body)| body.is_some()).map(|(method, path, _)| (method, path)),
    ) {
        let large = owner.request(method, &path).body(vec![b' '; 1024 * 1024 + 1]);
        assert_eq!(large.send().status, 413, "{method} {path}");
        let text = owner.request(method, &path).header("Content-Type", "text/plain").body("{}");
        assert_eq!(text.send().status, 415, "{method} {path}");
    }
    server.seen().statuses()
}

fn refusals_of_provisioning(server: &TestServer, member: &Client) {
    let owner = server.owner();
    let one = format!("{KEYS}/taken");
    assert_eq!(owner.post(KEYS, json!({"name": "taken"})).status, 201);
    assert_eq!(owner.post(KEYS, json!({})).status, 400);
    let cookie = format!("coder_session_token={}", server.owner_token());
    assert_eq!(server.anonymous().request("DELETE", &one).header("Cookie", cookie).send().status, 400);
    assert_eq!(owner.get(&format!("{WORKERS}?page=2")).status, 400);
    assert_eq!(member.post(KEYS, json!({"name": "mine"})).status, 403);
    assert_eq!(member.delete(&one).status, 403);
    assert_eq!(member.get(KEYS).status, 404);
    assert_eq!(member.get(WORKERS).status, 404);
    assert_eq!(owner.post("/organizations/nowhere/provisionerkeys", json!({"name": "new"})).status, 404);
    assert_eq!(owner.delete(&format!("{KEYS}/nothing")).status, 404);
    assert_eq!(owner.post(KEYS, json!({"name": "TAKEN"})).status, 409);
}

fn refusals_of_members(server: &TestServer, member: &Client) {
    let owner = server.owner();
    let (ana, roles) = (format!("{MEMBERS}/ana"), format!("{MEMBERS}/member/roles"));
    assert_eq!(owner.post(&format!("{MEMBERS}/member"), json!({})).status, 400);
    assert_eq!(owner.delete(&format!("{MEMBERS}/me")).status, 400);
    assert_eq!(owner.put(&roles, json!({})).status, 400);
    assert_eq!(owner.request("PUT", &roles).body(vec![b' '; 1024 * 1024 + 1]).send().status, 413);
    assert_eq!(owner.request("PUT", &roles).header("Content-Type", "text/plain").body("{}").send().status, 415);
    assert_eq!(owner.get("/organizations/coder/paginated-members?limit=x").status, 400);
    assert_eq!(owner.get("/audit?q=colour:red").status, 400);
    for (method, path) in [("POST", &ana), ("DELETE", &ana), ("PUT", &roles)] {
        assert_eq!(member.request(method, path).json(&json!({})).send().status, 403, "{method}");
        let nobody = path.replace("ana", "nobody").replace("/member/", "/nobody/");
        assert_eq!(owner.request(method, &nobody).json(&json!({})).send().status, 404, "{method}");
    }
    for path in ["members", "members/roles", "paginated-members"] {
        assert_eq!(owner.get(&format!("/organizations/nowhere/{path}")).status, 404, "{path}");
    }
    assert_eq!(member.get("/users/ana/organizations").status, 404);
    assert_eq!(member.get("/users/me/organizations/nowhere").status, 404);
    let narrow = server.client(&server.token_of("member", &["--scope", "application_connect"]));
    assert_eq!(narrow.get("/users/roles").status, 403);
    assert_eq!(narrow.get("/entitlements").status, 403);
    let with_key =
        |user: &str| owner.request("POST", &format!("{MEMBERS}/{user}")).header("Idempotency-Key", "m").send();
    assert_eq!((with_key("ana").status, with_key("member").status), (200, 422));
}

fn refusals_of_work(server: &TestServer, member: &Client) {
    let owner = server.owner();
    let new = json!({"name": "new", "provisioners": ["echo"]});
    assert_eq!(owner.post(WORKERS, json!({})).status, 400);
    assert_eq!(member.post(WORKERS, new.clone()).status, 403);
    assert_eq!(owner.post("/organizations/nowhere/provisionerdaemons", new).status, 404);
    let nobody = Uuid::from_u128(0xdb);
    for (operation, body) in [
        ("heartbeat".to_owned(), json!({})),
        ("acquire".to_owned(), json!({"wait_seconds": 0})),
        (format!("jobs/{TO_KEEP}/progress"), json!({"attempt": 2})),
        (format!("jobs/{TO_KEEP}/complete"), json!({"attempt": 2})),
        (format!("jobs/{TO_KEEP}/fail"), json!({"attempt": 2, "error": "no"})),
    ] {
        let post = |worker: &str| owner.post(&format!("{WORKERS}/{worker}/{operation}"), body.clone()).status;
        assert_eq!(post("first"), 400, "{operation}");
        assert_eq!(post(&nobody.to_string()), 404, "{operation}");
        if operation.starts_with("jobs/") {
            assert_eq!(post(&WORKER.to_string()), 409, "{operation}");
        }
    }
    let logs = |job: &str| owner.get(&format!("/organizations/coder/provisionerjobs/{job}/logs")).status;
    assert_eq!([logs("first"), logs(&nobody.to_string())], [400, 404]);
}

fn refusals_of_canceling(owner: &Client) {
    let cancel = |path: &str| owner.request("PATCH", path).send().status;
    let nothing = Uuid::from_u128(0xdb);
    for known in ["first".to_owned(), nothing.to_string()] {
        let expected = if known == "first" { 400 } else { 404 };
        assert_eq!(cancel(&format!("/workspacebuilds/{known}/cancel")), expected);
        assert_eq!(cancel(&format!("/templateversions/{known}/cancel")), expected);
        assert_eq!(cancel(&format!("/templateversions/{VERSION}/dry-run/{known}/cancel")), expected);
    }
    assert_eq!(cancel(&format!("/workspacebuilds/{BUILD}/cancel?expect_status=running")), 412);
}

fn strangers() -> Produced {
    let server = with_a_job();
    let member = server.client(&server.user("member", &[], &[("coder", &[])]));
    for request in requests_of_workers() {
        let answer = call(&server.key_holder("x"), &[], &request);
        assert_eq!(answer.detail(401), "Provisioner key is invalid.", "{request:?}");
    }
    for request in requests() {
        assert_eq!(call(&server.anonymous(), &[], &request).status, 401, "{request:?}");
        let bypassing = call(&member, &[("X-Coder-Bypass-Ratelimit", "true")], &request);
        assert_eq!(bypassing.status, 428, "{request:?}");
    }
    server.seen().statuses()
}

fn too_many_requests() -> Produced {
    let server = TestServer::with(&[("ORGD_RATE_LIMIT", "1")]);
    for request in requests() {
        call(&server.owner(), &[], &request);
        assert_eq!(call(&server.owner(), &[], &request).status, 429, "{request:?}");
    }
    for path in OPEN {
        server.anonymous().get(path);
        assert_eq!(server.anonymous().get(path).status, 429, "{path}");
    }
    server.seen().statuses()
}

/// The table of session tokens is gone, which is a defect and not an overload.
fn a_broken_database() -> Produced {
    let server = TestServer::start();
    let unknown = server.client("0123456789-0123456789012345678901");
    server.sql().run("ALTER TABLE api_keys RENAME TO something_else");
    for request in requests() {
        let answer = call(&unknown, &[], &request);
        let detail = answer.detail(500);
        assert_eq!(detail, format!("Request ID {}", answer.header("x-coder-request-id").unwrap()), "{request:?}");
        assert!(!answer.text().contains("api_keys"), "an internal detail is shown: {}", answer.text());
        eventually(|| server.stderr().contains(&detail["Request ID ".len()..]));
    }
    server.sql().run("ALTER TABLE provisioner_keys RENAME TO something_else_too");
    for request in requests_of_workers() {
        let detail = call(&server.key_holder("x"), &[], &request).detail(500);
        assert!(detail.starts_with("Request ID "), "{request:?}: {detail}");
    }
    server.seen().statuses()
}

/// Another process has locked the database and does not let go.
fn a_database_out_of_reach() -> Produced {
    // A thread for each request: on SQLite it waits for the database.
    let server = TestServer::with(&[("ORGD_WORKERS", "128")]);
    let token = "0123456789-0123456789012345678901";
    let unknown = server.client(token);
    let lock = Lockout::of(&server);
    let key_holder = server.key_holder("x");
    std::thread::scope(|scope| {
        let by_key = requests_of_workers().into_iter().map(|request| (&key_holder, request));
        for (unknown, request) in requests().into_iter().map(|request| (&unknown, request)).chain(by_key) {
            scope.spawn(move || {
                let answer = call(unknown, &[], &request);
                assert_eq!(answer.status, 503, "{request:?}: {}", answer.text());
                assert_eq!(answer.header("retry-after"), Some("1"), "{request:?}");
            });
        }
    });
    let seen = server.seen().statuses();
    drop(lock);
    // A thread of Actix that was stuck for ten seconds takes its next connection for one that is as old, and answers 408.
    let address = server.address().to_string();
    eventually(|| plain::get(&address, "/api/v2/organizations", Some(token)).0 == 401);
    assert_eq!(unknown.get("/organizations").detail(401), "API key is invalid.", "the server recovers");
    seen
}

/// A write that cannot be made within the busy timeout (five seconds on SQLite, one on PostgreSQL) is refused as a whole, and reads go on meanwhile.
#[test]
fn a_database_that_another_process_writes_to_refuses_writes_only() {
    let server = TestServer::start();
    let owner = server.owner();
    owner.create("acme");
    let mut other = server.sql();
    other.begin();
    if other.kind() == Kind::Postgres {
        other.run("LOCK TABLE organizations IN SHARE MODE");
    }
    std::thread::scope(|scope| {
        let writes = [
            scope.spawn(|| owner.post("/organizations", json!({"name": "late"}))),
            scope.spawn(|| owner.patch("/organizations/acme", json!({"icon": "late"}))),
            scope.spawn(|| owner.delete("/organizations/acme")),
        ];
        assert_eq!(owner.get("/organizations/acme").status, 200);
        for write in writes {
            let answer = write.join().unwrap();
            assert_eq!(
                answer.message(503),
                "The server is overloaded or its database is out of reach. Please try again."
            );
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
    });
    other.run("ROLLBACK");
    assert_eq!(owner.get("/organizations/late").status, 404);
    assert_eq!(owner.get("/organizations/acme").expect(200)["icon"], "");
    assert_eq!(owner.post("/organizations", json!({"name": "late"})).status, 201);
}

/// The tables of organizations and jobs are gone: what is in memory is served, the rest fails without a word about tables.
#[test]
fn a_broken_table_is_a_defect_of_the_operations_that_need_it() {
    let server = with_a_job();
    let owner = server.owner();
    server
        .sql()
        .run("ALTER TABLE provisioner_jobs RENAME TO gone_jobs; ALTER TABLE organization_members RENAME TO gone;");
    for path in
        ["/organizations/coder/provisionerjobs?status=failed", &format!("/organizations/coder/provisionerjobs/{JOB}")]
    {
        let answer = owner.get(path);
        assert!(answer.detail(500).starts_with("Request ID "), "{path}");
        assert!(!answer.text().contains("provisioner_jobs"), "{path}");
    }
}
