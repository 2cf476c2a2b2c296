//! Time that passes only when told to. No test here waits for anything.

use serde_json::{Value, json};

use super::double::Double;

fn advance(double: &Double, by: &str) {
    double.control("POST", "/clock/advance", Some(json!({"by": by}))).expect(200);
}

#[test]
fn a_frozen_clock_stands_where_the_state_says() {
    let double = Double::with(&["--clock", "frozen"]);
    assert_eq!(double.make("now")["created_at"], "2026-03-01T12:00:00Z");
    advance(&double, "90s");
    assert_eq!(double.make("later")["created_at"], "2026-03-01T12:01:30Z");
    double.control("PUT", "/clock", Some(json!({"now": "2027-01-01T00:00:00Z"}))).expect(200);
    assert_eq!(double.call("GET", "/organizations", None).headers["date"], "Fri, 01 Jan 2027 00:00:00 GMT");
    assert_eq!(double.make("next-year")["created_at"], "2027-01-01T00:00:00Z");
    assert_eq!(
        double.control("GET", "/clock", None).expect(200),
        json!({"now": "2027-01-01T00:00:00Z", "frozen": true})
    );
    double.control("POST", "/reset", None).expect(200);
    assert_eq!(double.make("now")["created_at"], "2026-03-01T12:00:00Z");
}

#[test]
fn a_clock_stands_at_the_time_of_the_flag() {
    let double = Double::with(&["--clock", "2030-05-06T07:08:09.5Z"]);
    assert_eq!(double.make("then")["created_at"], "2030-05-06T07:08:09.5Z");
    double.control("PUT", "/clock", Some(json!({"frozen": false}))).expect(200);
    assert_eq!(double.control("GET", "/clock", None).expect(200)["frozen"], false);
}

#[test]
fn a_token_ends_when_its_time_is_over() {
    let double = Double::with(&["--clock", "frozen"]);
    let token = json!({"lifetime": 3_600_000_000_000_i64, "token_name": "hour"});
    let token =
        double.call("POST", "/users/me/keys/tokens", Some(token)).expect(201)["key"].as_str().unwrap().to_owned();
    let status = || double.try_as(&token, "GET", "/users/me", None).unwrap().status;
    advance(&double, "59m 59s");
    assert_eq!(status(), 200);
    advance(&double, "1s");
    assert_eq!(status(), 401);
    assert_eq!(double.call("GET", "/users/me", None).status, 200);
}

#[test]
fn the_job_of_a_lost_worker_fails() {
    let double = Double::with(&["--clock", "frozen", "--hung-after", "5m"]);
    let running = "/organizations/coder/provisionerjobs/0198f5a0-0005-7000-8000-000000000008";
    assert_eq!(double.get(running)["status"], "running");
    advance(&double, "4m 59s");
    assert_eq!(double.get(running)["status"], "running");
    advance(&double, "1s");
    let failed = double.get(running);
    assert_eq!(failed["status"], "failed");
    assert!(failed["error"].as_str().unwrap().contains("hung for 5 minutes"), "{failed}");
}

#[test]
fn workers_that_live_always_do_and_others_are_gone_after_ninety_seconds() {
    let double = Double::with(&["--clock", "frozen"]);
    let offered = json!({"name": "fresh", "provisioners": ["terraform"]});
    double.call("POST", "/organizations/coder/provisionerdaemons", Some(offered)).expect(201);
    let live = || {
        let list = double.get("/organizations/coder/provisionerdaemons");
        let names = list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    };
    assert_eq!(live(), ["builder-1", "builder-2", "fresh"]);
    advance(&double, "10m");
    assert_eq!(live(), ["builder-1", "builder-2"]);
}

#[test]
fn spans_and_times_that_are_none_are_refused() {
    let double = Double::start();
    for (method, path, body, field) in [
        ("POST", "/clock/advance", json!({"by": "a while"}), "by"),
        ("POST", "/clock/advance", json!({}), "by"),
        ("PUT", "/clock", json!({"now": "noon"}), "now"),
        ("PUT", "/clock", json!({"nwo": "2027-01-01T00:00:00Z"}), "nwo"),
    ] {
        let refused = double.control(method, path, Some(body)).expect(400);
        assert_eq!(refused["validations"][0]["field"], field, "{refused}");
    }
}

/// The ends of what other programs count in: seconds in 31 bits, nanoseconds in 63, years in four digits.
#[test]
fn every_time_that_can_be_written_can_be_worked_in() {
    let file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    std::fs::write(file.path(), "version: 1\nusers: [{username: olivia, email: olivia@example.com, roles: [owner], password: SomeSecurePassword!}]\n").unwrap();
    let file = file.path().to_str().unwrap();
    for time in [
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "2038-01-19T03:14:07Z",
        "2262-04-11T23:47:16Z",
        "9999-12-31T23:59:59Z",
    ] {
        let double = Double::bare(&["--seed", file, "--clock", time]);
        let login = json!({"email": "olivia@example.com", "password": "SomeSecurePassword!"});
        let login = double.try_as("", "POST", "/users/login", Some(&login)).unwrap().expect(201);
        let token = login["session_token"].as_str().unwrap();
        let call = |method, path: &str, body: Option<Value>| double.try_as(token, method, path, body.as_ref()).unwrap();
        let made = call("POST", "/organizations", Some(json!({"name": "then"}))).expect(201);
        assert_eq!(made["created_at"], time);
        let job = json!({"type": "workspace_build"});
        call("POST", "/organizations/then/provisionerjobs", Some(job)).expect(201);
        let listed = call("GET", "/organizations/then/provisionerjobs", None).expect(200);
        assert_eq!(listed[0]["created_at"], time, "{listed}");
        let year = json!({"token_name": "year", "lifetime": 31_536_000_000_000_000_i64});
        call("POST", "/users/me/keys/tokens", Some(year)).expect(201);
        let ends = call("GET", "/users/me/keys/tokens/year", None).expect(200)["expires_at"].clone();
        let ends: chrono::DateTime<chrono::Utc> = ends.as_str().unwrap().parse().unwrap();
        assert!(ends > time.parse::<chrono::DateTime<chrono::Utc>>().unwrap(), "{ends}");
        assert_eq!(call("GET", "/audit?limit=10", None).status, 200);
    }
}
