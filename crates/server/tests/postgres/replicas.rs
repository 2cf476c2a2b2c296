//! Several servers on one database: each sees what the others write, also when its notifications fail and when it was frozen.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use orgd_postgres_cluster::{Cluster, Options};
use serde_json::json;
use uuid::Uuid;

use super::cut::reachable;
use super::harness::{Client, Job, TestServer, Worker, eventually, open_sql, plain, time};
use super::way::Way;
use super::{cluster, patiently, serving, soon};

/// Everything that one server does is seen by the others within a second.
fn each_sees_the_others(servers: &[&TestServer], round: &str) {
    for (number, writer) in servers.iter().enumerate() {
        let owner = writer.owner();
        let (name, other_name) = (format!("{round}-{number}-a"), format!("{round}-{number}-b"));
        let all = |what: &str, begun: Instant, check: &dyn Fn(&Client) -> bool| {
            for (reader, server) in servers.iter().enumerate() {
                soon(begun, &format!("{what} of server {number} by server {reader}"), || check(&server.owner()));
            }
        };
        let id = owner.create(&name);
        all("a creation", Instant::now(), &|client| client.get(&format!("/organizations/{name}")).status == 200);
        owner.patch(&format!("/organizations/{id}"), json!({ "name": other_name })).expect(200);
        all("a rename", Instant::now(), &|client| {
            client.get(&format!("/organizations/{name}")).status == 404
                && client.get(&format!("/organizations/{other_name}")).status == 200
        });
        owner.delete(&format!("/organizations/{id}")).expect(200);
        all("a deletion", Instant::now(), &|client| client.get(&format!("/organizations/{id}")).status == 404);
        let listed = |client: &Client| client.get("/organizations").text().contains(&other_name);
        all("a deletion in the list", Instant::now(), &|client| !listed(client));
    }
}

/// What is taken away from a caller is taken away everywhere.
fn revocations_hold_everywhere(servers: &[&TestServer], user: &str) {
    let token = servers[0].user(user, &[], &[("coder", &["organization-admin"])]);
    let calls = || servers.iter().map(|server| server.client(&token));
    assert!(calls().all(|client| client.get("/organizations/coder").status == 200));
    servers[0].sql().run(&format!(
        "UPDATE organization_members SET roles = '[]' WHERE user_id = (SELECT id FROM users WHERE username = '{user}')"
    ));
    let begun = Instant::now();
    for client in calls() {
        soon(begun, "a role that was taken away", || client.patch("/organizations/coder", json!({})).status == 403);
    }
    servers[0].command(&["token", "revoke", &token]);
    let begun = Instant::now();
    for client in calls() {
        soon(begun, "a revocation", || client.get("/organizations/coder").status == 401);
    }
}

#[test]
fn two_and_three_servers_see_each_others_writes() {
    let (_cluster, first) = serving();
    let second = first.replica(&[]);
    each_sees_the_others(&[&first, &second], "two");
    revocations_hold_everywhere(&[&first, &second], "ana");
    let third = first.replica(&[("ORGD_WORKERS", "1")]);
    each_sees_the_others(&[&first, &second, &third], "three");
    revocations_hold_everywhere(&[&second, &third, &first], "bo");
}

/// Ends every connection of this purpose, and gives how many there were.
fn ending(application: &str) -> String {
    format!(
        "SELECT count(pg_terminate_backend(pid)) AS value FROM pg_stat_activity WHERE application_name = '{application}'"
    )
}

/// Ends every connection of this purpose, again and again, while `work` runs.
pub fn without<T>(cluster: &Cluster, application: &str, work: impl FnOnce() -> T) -> T {
    let (over, cut) = (AtomicBool::new(false), AtomicI64::new(0));
    std::thread::scope(|scope| {
        let cutter = scope.spawn(|| {
            let mut sql = open_sql(&cluster.url("postgres"));
            while !over.load(Ordering::SeqCst) {
                cut.fetch_add(sql.number(&ending(application)), Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            eventually(|| cut.load(Ordering::SeqCst) > 0);
            work()
        }));
        over.store(true, Ordering::SeqCst);
        cutter.join().unwrap();
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn raw(server: &TestServer, path: &str) -> String {
    plain::get(&server.address().to_string(), path, None).1
}

/// Whether the server says that it hears of no changes.
fn is_deaf(server: &TestServer) -> bool {
    raw(server, "/metrics").contains("orgd_change_notifications_up 0")
}

#[test]
fn without_notifications_a_server_asks_the_database_says_so_and_catches_up() {
    let (cluster, first) = serving();
    let second = first.replica(&[]);
    eventually(|| !is_deaf(&first) && !is_deaf(&second));
    assert_eq!(raw(&second, "/readyz"), "OK\n");
    without(&cluster, "orgd follow", || {
        // In the moments between two cuts the connection is up.
        eventually(|| raw(&second, "/readyz").contains("The notification connection is down"));
        each_sees_the_others(&[&first, &second], "cut");
        revocations_hold_everywhere(&[&first, &second], "ana");
    });
    eventually(|| !is_deaf(&second));
    assert_eq!(raw(&second, "/readyz"), "OK\n");
    each_sees_the_others(&[&first, &second], "back");
}

/// Not soon but at once: then each request asks the database.
#[test]
fn what_is_committed_while_there_are_no_notifications_is_seen_at_once() {
    let cluster = reachable();
    cluster.create_database("orgd").unwrap();
    let (way, url) = Way::to(&cluster, "orgd");
    let first = TestServer::with(&[("ORGD_DATABASE_URL", &url)]);
    let second = first.replica(&[]);
    eventually(|| !is_deaf(&first) && !is_deaf(&second));
    way.refuse("orgd follow");
    assert_eq!(open_sql(&cluster.url("postgres")).number(&ending("orgd follow")), 2);
    eventually(|| is_deaf(&first) && is_deaf(&second));
    for number in 0..20 {
        let path = format!("/organizations/{}", first.owner().create(&format!("at-once-{number}")));
        let seen = patiently(|| second.owner().get(&path));
        assert_eq!(seen.status, 200, "{number}: {}", seen.text());
    }
    assert!(is_deaf(&first) && is_deaf(&second));
    way.mend();
    eventually(|| !is_deaf(&first) && !is_deaf(&second));
}

#[test]
fn a_frozen_server_answers_nothing_old_when_it_goes_on() {
    let (_cluster, first) = serving();
    let frozen = first.replica(&[]);
    let token = first.user("ana", &[], &[("coder", &[])]);
    let id = first.owner().create("acme");
    eventually(|| frozen.owner().get("/organizations/acme").status == 200);
    assert_eq!(frozen.client(&token).get("/organizations/coder").status, 200);
    frozen.signal("STOP");
    first.owner().patch("/organizations/acme", json!({"name": "apex"})).expect(200);
    first.command(&["token", "revoke", &token]);
    std::thread::sleep(Duration::from_millis(1500));
    std::thread::scope(|scope| {
        // The requests wait in the socket while it is frozen, so they are the first that it reads.
        let asked = [
            scope.spawn(|| frozen.client(&token).get("/organizations/coder").status),
            scope.spawn(|| frozen.owner().get("/organizations/acme").status),
            scope.spawn(|| frozen.owner().get("/organizations/apex").status),
        ];
        std::thread::sleep(Duration::from_millis(200));
        frozen.signal("CONT");
        assert_eq!(asked.map(|answer| answer.join().unwrap()), [401, 404, 200]);
    });
    assert_eq!(frozen.owner().get("/organizations/apex").expect(200)["id"], *id);
}

#[test]
fn queue_numbers_agree_on_every_server() {
    let (_cluster, first) = serving();
    let second = first.replica(&[]);
    let coder: Uuid = first.owner().get("/organizations/coder").expect(200)["id"].as_str().unwrap().parse().unwrap();
    let jobs: Vec<Job> = (0..40).map(|second| Job::pending(coder, second)).collect();
    first.change(|sql| {
        jobs.iter().for_each(|job| sql.job(job));
        sql.worker(&Worker { seen_ago: Some(-600), ..Worker::live(coder) });
    });
    let begun = Instant::now();
    let numbers = |server: &TestServer| -> Vec<_> {
        let list = server.owner().get("/organizations/coder/provisionerjobs").expect(200);
        list.as_array().unwrap().iter().map(|job| (job["queue_position"].clone(), job["queue_size"].clone())).collect()
    };
    let expected: Vec<_> = (0..40).rev().map(|place| (json!(place + 1), json!(40))).collect();
    soon(begun, "the queue", || numbers(&second) == expected);
    assert_eq!(numbers(&first), expected);
}

/// A transaction that began early and commits late becomes visible behind younger ones, with a lower number than what was read
/// already. Nothing of it is missed, and nothing of the younger ones is taken for new again.
#[test]
fn a_transaction_that_commits_late_is_not_missed() {
    let (_cluster, first) = serving();
    let second = first.replica(&[]);
    first.owner().create("early");
    eventually(|| second.owner().get("/organizations/early").status == 200);
    let icon = |server: &TestServer| server.owner().get("/organizations/early").expect(200)["icon"].clone();
    let mut late = first.sql();
    late.begin();
    late.run("UPDATE organizations SET icon = '/late.png' WHERE name = 'early'");
    for number in 0..5 {
        let name = format!("young-{number}");
        first.owner().create(&name);
        let begun = Instant::now();
        soon(begun, "a younger transaction", || second.owner().get(&format!("/organizations/{name}")).status == 200);
        assert_eq!(icon(&second), "", "it has not committed");
    }
    // Longer than the pause between two looks, so that the younger ones were looked at again and again.
    std::thread::sleep(Duration::from_millis(1200));
    late.run("COMMIT");
    let begun = Instant::now();
    for server in [&first, &second] {
        soon(begun, "the late transaction", || icon(server) == "/late.png");
    }
}

/// Jobs are queued and canceled on whichever server; a third watches. After each step every server has the numbers that follow from
/// the jobs that are left.
#[test]
fn a_queue_that_all_servers_write_to_is_the_same_on_all() {
    let (_cluster, first) = serving();
    let servers = [first.replica(&[]), first.replica(&[]), first];
    let jobs = "/organizations/coder/provisionerjobs";
    let mut pending: Vec<serde_json::Value> = Vec::new();
    for step in 0..60_usize {
        let owner = servers[step % 2].owner();
        if step % 3 == 2 {
            let canceled = pending.remove(step % pending.len());
            let path = format!("{jobs}/{}/cancel", canceled.as_str().unwrap());
            // The server may not have heard of the job that another has just queued; then its database has.
            assert_eq!(owner.request("PATCH", &path).send().status, 200);
        } else {
            let tags = if step % 2 == 0 { json!({}) } else { json!({"step": step.to_string()}) };
            pending.push(owner.post(jobs, json!({"type": "workspace_build", "tags": tags})).expect(201)["id"].clone());
        }
    }
    let begun = Instant::now();
    let seen = |server: &TestServer| {
        let list = server.owner().get(&format!("{jobs}?status=pending&limit=100")).expect(200);
        let mut numbers = list.as_array().unwrap().clone();
        numbers.sort_by_key(|job| time(&job["created_at"]));
        numbers
    };
    // Without a worker each tag set is a queue of its own.
    let expected = |list: &[serde_json::Value]| {
        list.iter().enumerate().all(|(index, job)| {
            let same = |other: &&serde_json::Value| other["tags"] == job["tags"];
            job["queue_position"] == list[..=index].iter().filter(same).count()
                && job["queue_size"] == list.iter().filter(same).count()
        })
    };
    for server in &servers {
        soon(begun, "the queue", || {
            let list = seen(server);
            list.iter().map(|job| job["id"].clone()).eq(pending.iter().cloned()) && expected(&list)
        });
    }
}

/// Batches of two servers change the same rows in opposite orders: PostgreSQL ends one of them each time, and it is run again.
#[test]
fn deadlocks_between_servers_are_not_the_callers_business() {
    let settings = vec![("deadlock_timeout".to_owned(), "5ms".to_owned())];
    let cluster = cluster(&Options { settings, ..Options::default() });
    let url = cluster.create_database("orgd").unwrap();
    let first = TestServer::with(&[("ORGD_DATABASE_URL", &url)]);
    let second = first.replica(&[]);
    for name in ["a", "b", "c"] {
        first.owner().create(name);
        eventually(|| second.owner().get(&format!("/organizations/{name}")).status == 200);
    }
    let deadlocks = || {
        let counted = "SELECT pg_stat_clear_snapshot(), deadlocks FROM pg_stat_database WHERE datname = 'orgd'";
        cluster.sql("orgd", counted).unwrap().rsplit('|').next().unwrap().trim().parse::<u32>().unwrap()
    };
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for caller in 0..12_usize {
            let (server, deadlocks) = (if caller % 2 == 0 { &first } else { &second }, &deadlocks);
            scope.spawn(move || {
                let owner = server.owner();
                for round in 0..400_usize {
                    let name = ["a", "b", "c"][(caller / 2 + round * (1 + caller % 2)) % 3];
                    let path = format!("/organizations/{name}");
                    let answer = patiently(|| owner.patch(&path, json!({"icon": round.to_string()})));
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    if round % 50 == 49 && (deadlocks() > 3 || begun.elapsed() > Duration::from_secs(20)) {
                        break;
                    }
                }
            });
        }
    });
    assert!(deadlocks() > 0, "the servers never met");
}

#[test]
fn servers_that_start_together_on_an_empty_database_make_it_once() {
    let cluster = cluster(&Options::default());
    let url = cluster.create_database("orgd").unwrap();
    let servers = TestServer::start_together(8, &url);
    for server in &servers {
        assert_eq!(server.owner().get("/organizations").expect(200).as_array().unwrap().len(), 1);
    }
    let count = |table: &str| cluster.sql("orgd", &format!("SELECT count(*) FROM {table}")).unwrap().trim().to_owned();
    assert_eq!(["organizations", "users", "api_keys"].map(count), ["1", "1", "1"]);
}
