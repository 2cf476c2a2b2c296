//! Reading the logs of jobs, and following them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Client, Event, EventStream, NOT_FOUND, TestServer, WorkerClient, eventually};
use crate::worker_acquire::queue;
use crate::worker_reports::{at_work, at_work_with, logs, outputs};

const JOBS: &str = "/organizations/coder/provisionerjobs";

fn follow(client: &Client, job: Uuid, query: &str) -> EventStream {
    client.request("GET", &format!("{JOBS}/{job}/logs?follow=true{query}")).begin().events()
}

#[track_caller]
fn next_output(events: &mut EventStream) -> String {
    let event = events.next().expect("an event");
    assert_eq!((event.name.as_str(), &json!(event.id)), ("log", &event.data["id"]));
    event.data["output"].as_str().unwrap().to_owned()
}

fn end(status: &str) -> Event {
    Event { name: "end".to_owned(), id: None, data: json!({ "status": status }) }
}

#[test]
fn a_log_is_read_from_where_the_reader_was() {
    let (server, worker, held) = at_work();
    assert_eq!(server.owner().get(&format!("{JOBS}/{}/logs", held.id)).text(), "[]\n");
    worker.log(&held, 0, &["a", "b", "c"]).expect(200);
    let all = logs(&server, held.id);
    let after = |id: &Value| {
        let path = format!("{JOBS}/{}/logs?after={id}", held.id);
        server.owner().get(&path).expect(200).as_array().unwrap().clone()
    };
    assert_eq!(after(&json!(0)), all);
    assert_eq!(after(&all[0]["id"]), all[1..]);
    assert_eq!(after(&all[2]["id"]), all[3..]);
    assert_eq!(after(&json!(i64::MAX)), all[3..]);
    let wrong = server.owner().get(&format!("{JOBS}/{}/logs?after=-1&follow=maybe&limit=1", held.id));
    let fields: Vec<_> = wrong.validations(400).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["after", "follow", "limit"]);
}

#[test]
fn each_log_holds_the_lines_of_its_job_only() {
    let (server, worker, one) = at_work();
    queue(&server, json!({}));
    let two = worker.take();
    for number in 0..5 {
        worker.log(&one, number, &[&format!("one {number}")]).expect(200);
        worker.log(&two, number, &[&format!("two {number}")]).expect(200);
    }
    assert_eq!(outputs(&server, one.id), [0, 1, 2, 3, 4].map(|number| format!("one {number}")));
    assert_eq!(outputs(&server, two.id), [0, 1, 2, 3, 4].map(|number| format!("two {number}")));
}

#[test]
fn whoever_may_read_jobs_may_read_their_logs() {
    let (server, worker, held) = at_work();
    server.owner().create("acme");
    worker.log(&held, 0, &["secret"]).expect(200);
    for (name, site, inside, status) in [
        ("second-owner", Some("owner"), None, 200),
        ("org-admin", None, Some("organization-admin"), 200),
        ("org-template", None, Some("organization-template-admin"), 200),
        ("template-admin", Some("template-admin"), None, 404),
        ("auditor", Some("auditor"), None, 404),
        ("org-auditor", None, Some("organization-auditor"), 404),
        ("nobody", None, None, 404),
    ] {
        let site: Vec<_> = site.into_iter().collect();
        let roles: Vec<_> = inside.into_iter().collect();
        let inside: Vec<(&str, &[&str])> = if roles.is_empty() { Vec::new() } else { vec![("coder", &roles)] };
        let client = server.client(&server.user(name, &site, &inside));
        for query in ["", "?follow=true"] {
            if status == 200 && !query.is_empty() {
                assert_eq!(next_output(&mut follow(&client, held.id, "")), "secret", "{name}");
                continue;
            }
            let answer = client.get(&format!("{JOBS}/{}/logs{query}", held.id));
            assert_eq!(answer.status, status, "{name} {query}");
            assert!(status == 200 || answer.text() == NOT_FOUND, "{name} {query}");
        }
    }
    for query in ["", "?follow=true"] {
        let elsewhere = server.owner().get(&format!("/organizations/acme/provisionerjobs/{}/logs{query}", held.id));
        assert_eq!(elsewhere.text(), NOT_FOUND);
        let nothing = server.owner().get(&format!("{JOBS}/{}/logs{query}", Uuid::new_v4()));
        assert_eq!(nothing.text(), NOT_FOUND);
        assert_eq!(server.anonymous().get(&format!("{JOBS}/{}/logs{query}", held.id)).status, 401);
        // What lets a worker work does not let it read.
        assert_eq!(server.key_holder("x").get(&format!("{JOBS}/{}/logs{query}", held.id)).status, 401);
    }
}

/// Whoever may not read any more gets no further line, and is told why when they come back.
#[test]
fn what_was_taken_away_from_a_follower_is_taken_away() {
    let (server, worker, held) = at_work();
    let token = server.user("ana", &[], &[("coder", &["organization-admin"])]);
    let other_token = server.user("bo", &[], &[("coder", &["organization-admin"])]);
    worker.log(&held, 0, &["a"]).expect(200);
    let [mut by_token, mut by_role] = [&token, &other_token].map(|token| follow(&server.client(token), held.id, ""));
    let mut owner = follow(&server.owner(), held.id, "");
    [&mut by_token, &mut by_role, &mut owner].into_iter().for_each(|events| assert_eq!(next_output(events), "a"));
    server.command(&["token", "revoke", &token]);
    server.change(|sql| {
        sql.run(
            "UPDATE organization_members SET roles = '[]' WHERE user_id = (SELECT id FROM users WHERE username = 'bo')",
        );
    });
    worker.log(&held, 1, &["b"]).expect(200);
    assert!(by_token.is_cut() && by_role.is_cut());
    assert_eq!(next_output(&mut owner), "b", "nobody else is concerned");
    let path = format!("{JOBS}/{}/logs?follow=true", held.id);
    assert_eq!([&token, &other_token].map(|token| server.client(token).get(&path).status), [401, 404]);
}

#[test]
fn a_follower_gets_lines_as_they_come_and_the_end() {
    let (server, worker, held) = at_work();
    worker.log(&held, 0, &["before"]).expect(200);
    let mut events = follow(&server.owner(), held.id, "");
    assert_eq!(next_output(&mut events), "before");
    for number in 1..20 {
        let line = format!("line {number}\n\nevent: end\r\n<&>\u{2028}");
        worker.log(&held, number, &[&line]).expect(200);
        assert_eq!(next_output(&mut events), line);
    }
    worker.log(&held, 20, &["last"]).expect(200);
    worker.complete(&held).expect(200);
    assert_eq!(next_output(&mut events), "last");
    assert_eq!(events.rest(), [end("succeeded")]);
}

/// Without being rung for, a follower looks after fifteen seconds.
#[test]
fn lines_come_without_delay() {
    let (server, worker, held) = at_work();
    let mut events = follow(&server.owner(), held.id, "");
    for number in 0..50 {
        let begun = Instant::now();
        worker.log(&held, number, &[&number.to_string()]).expect(200);
        assert_eq!(next_output(&mut events), number.to_string());
        assert!(begun.elapsed() < Duration::from_secs(10), "line {number}: {:?}", begun.elapsed());
    }
}

#[test]
fn a_follower_goes_on_where_it_was() {
    let (server, worker, held) = at_work();
    worker.log(&held, 0, &["a", "b", "c", "d"]).expect(200);
    worker.fail(&held, "no").expect(200);
    let ids: Vec<_> = logs(&server, held.id).iter().map(|line| line["id"].as_i64().unwrap()).collect();
    let texts = |events: EventStream| {
        let mut all = events.rest();
        assert_eq!(all.pop(), Some(end("failed")), "a job that has ended is told at once");
        all.iter().map(|event| event.data["output"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(texts(follow(&server.owner(), held.id, "")), ["a", "b", "c", "d"]);
    assert_eq!(texts(follow(&server.owner(), held.id, &format!("&after={}", ids[1]))), ["c", "d"]);
    assert_eq!(texts(follow(&server.owner(), held.id, &format!("&after={}", ids[3]))), Vec::<String>::new());
    let path = format!("{JOBS}/{}/logs?follow=true&after={}", held.id, ids[0]);
    let again = server.owner().request("GET", &path).header("Last-Event-ID", ids[2].to_string());
    assert_eq!(texts(again.begin().events()), ["d"], "what a browser says is newer than the address");
    for odd in ["", "x", "1e3", "9223372036854775808"] {
        let odd = server.owner().request("GET", &path).header("Last-Event-ID", odd);
        assert_eq!(texts(odd.begin().events()), ["b", "c", "d"]);
    }
}

#[test]
fn the_end_is_told_however_a_job_ends() {
    let (server, worker, held) = at_work();
    let events = follow(&server.owner(), held.id, "");
    let cancel = |id: Uuid| server.owner().request("PATCH", &format!("{JOBS}/{id}/cancel")).send().status;
    assert_eq!(cancel(held.id), 200);
    worker.complete(&held).expect(200);
    assert_eq!(events.rest(), [end("canceled")]);
    let pending = queue(&server, json!({}));
    let events = follow(&server.owner(), pending, "");
    assert_eq!(cancel(pending), 200);
    assert_eq!(events.rest(), [end("canceled")], "one that nobody took");
    let taken = queue(&server, json!({}));
    let mut events = follow(&server.owner(), taken, "");
    let held = worker.take();
    assert_eq!(held.id, taken);
    worker.log(&held, 0, &["begun"]).expect(200);
    assert_eq!(next_output(&mut events), "begun", "from before it was taken");
    worker.complete(&held).expect(200);
    assert_eq!(events.rest(), [end("succeeded")]);
}

#[test]
fn a_job_that_is_given_up_is_told_with_its_last_line() {
    let server = TestServer::with(&[("ORGD_HUNG_AFTER", "1s"), ("ORGD_REAPER_INTERVAL", "100ms")]);
    let worker = WorkerClient::register(&server.owner(), "coder", "builder");
    let job = queue(&server, json!({}));
    let mut events = follow(&server.owner(), job, "");
    worker.take();
    assert!(next_output(&mut events).contains("terminated by the reaper"));
    assert_eq!(events.rest(), [end("failed")]);
}

#[test]
fn thirty_followers_see_the_same() {
    let (server, worker, held) = at_work();
    let followers: Vec<_> = (0..30).map(|_| follow(&server.owner(), held.id, "")).collect();
    // One that goes away is in nobody's way.
    drop(follow(&server.owner(), held.id, ""));
    let lines: Vec<String> = (0..1200).map(|number| format!("line {number}")).collect();
    for (number, some) in lines.chunks(100).enumerate() {
        let some: Vec<_> = some.iter().map(String::as_str).collect();
        worker.log(&held, number * 100, &some).expect(200);
    }
    worker.complete(&held).expect(200);
    for events in followers {
        let mut all = events.rest();
        assert_eq!(all.pop(), Some(end("succeeded")));
        assert!(all.iter().map(|event| event.data["output"].as_str().unwrap()).eq(lines.iter().map(String::as_str)));
        let ids: Vec<_> = all.iter().map(|event| event.id).collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
    }
}

/// A follower that does not read keeps neither the worker nor other followers.
#[test]
fn a_follower_that_does_not_read_is_in_nobodys_way() {
    let (server, worker, held) = at_work();
    let lazy = follow(&server.owner(), held.id, "");
    let eager = follow(&server.owner(), held.id, "");
    let line = "x".repeat(60_000);
    for number in 0..16 {
        worker.log(&held, number, &[&line]).expect(200);
    }
    worker.complete(&held).expect(200);
    assert_eq!(eager.rest().len(), 17);
    assert_eq!(lazy.rest().len(), 17);
}

#[test]
fn followers_are_let_go_when_the_server_stops() {
    let (mut server, worker, held) = at_work_with(&[("ORGD_DRAIN_SECONDS", "600")]);
    worker.log(&held, 0, &["a"]).expect(200);
    let mut followers: Vec<_> = (0..3).map(|_| follow(&server.owner(), held.id, "")).collect();
    followers.iter_mut().for_each(|events| assert_eq!(next_output(events), "a"));
    let begun = Instant::now();
    server.signal("TERM");
    for events in followers {
        assert_eq!(events.rest(), [], "the stream ends, and not with the end of the job");
    }
    assert!(server.ends_well());
    assert!(begun.elapsed() < Duration::from_secs(120), "it did not wait for them: {:?}", begun.elapsed());
}

#[test]
fn logs_survive_kill_9_and_reading_goes_on() {
    let (mut server, worker, held) = at_work();
    worker.log(&held, 0, &["a", "b"]).expect(200);
    let last = logs(&server, held.id)[1]["id"].clone();
    server.restart();
    let worker = worker.of(&server);
    eventually(|| server.owner().get(JOBS).status == 200);
    let mut events = follow(&server.owner(), held.id, &format!("&after={last}"));
    worker.log(&held, 1, &["b", "c"]).expect(200);
    worker.complete(&held).expect(200);
    assert_eq!(next_output(&mut events), "c");
    assert_eq!(events.rest(), [end("succeeded")]);
    assert_eq!(outputs(&server, held.id), ["a", "b", "c"]);
}
