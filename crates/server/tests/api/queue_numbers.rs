//! `queue_position`, `queue_size` and `available_workers` of pending jobs.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Job, TestServer, Worker};
use crate::job_list::default_organization;

fn tags(env: &str) -> String {
    format!(r#"{{"env":"{env}","owner":"","scope":"organization"}}"#)
}

fn shown(server: &TestServer, job: &Job) -> Value {
    server.owner().get(&format!("/organizations/{}/provisionerjobs/{}", job.organization, job.id)).expect(200)
}

/// Position and size, which the list must show too, whatever its filters and its limit.
#[track_caller]
fn numbers(server: &TestServer, job: &Job) -> (i64, i64) {
    let read = |object: &Value| (object["queue_position"].as_i64().unwrap(), object["queue_size"].as_i64().unwrap());
    let single = shown(server, job);
    let jobs = format!("/organizations/{}/provisionerjobs", job.organization);
    for query in
        [format!("?ids={}", job.id), "?limit=0".to_owned(), String::new(), "?status=pending&limit=500".to_owned()]
    {
        let list = server.owner().get(&format!("{jobs}{query}")).expect(200);
        let listed = list.as_array().unwrap().iter().find(|listed| listed["id"] == single["id"]);
        if let Some(listed) = listed {
            assert_eq!(read(listed), read(&single), "{query}");
            assert_eq!(listed["available_workers"], single["available_workers"], "{query}");
        }
    }
    read(&single)
}

fn workers(server: &TestServer, job: &Job) -> Option<Vec<String>> {
    let list = shown(server, job).get("available_workers")?.as_array().unwrap().clone();
    Some(list.iter().map(|id| id.as_str().unwrap().to_owned()).collect())
}

#[test]
fn without_a_worker_a_job_is_counted_among_jobs_with_its_tags_and_type() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    let first = Job::pending(coder, 1);
    let second = Job::pending(coder, 2);
    let tagged = Job::pending(coder, 3).tagged(&tags("prod"));
    let echo = Job { provisioner: 0, ..Job::pending(coder, 4) };
    server.change(|sql| [&first, &second, &tagged, &echo].into_iter().for_each(|job| sql.job(job)));
    assert_eq!([&first, &second, &tagged, &echo].map(|job| numbers(&server, job)), [(1, 2), (2, 2), (1, 1), (1, 1)]);
    assert_eq!(workers(&server, &first), None);
}

#[test]
fn a_live_worker_sees_one_queue_of_all_the_jobs_that_it_fits() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    let prod = Job::pending(coder, 1).tagged(&tags("prod"));
    let plain = Job::pending(coder, 2);
    let both = Job::pending(coder, 3).tagged(r#"{"env":"prod","owner":"","region":"eu","scope":"organization"}"#);
    let prod_too = Job::pending(coder, 4).tagged(&tags("prod"));
    let worker = Worker { tags: both.tags.clone(), ..Worker::live(coder) };
    server.change(|sql| {
        [&prod, &plain, &both, &prod_too].into_iter().for_each(|job| sql.job(job));
        sql.worker(&worker);
    });
    // An untagged job needs a worker with exactly its tags, so `plain` is not in the worker's queue.
    assert_eq!([&prod, &both, &prod_too].map(|job| numbers(&server, job)), [(1, 3), (2, 3), (3, 3)]);
    assert_eq!(numbers(&server, &plain), (1, 1));
    assert_eq!(workers(&server, &prod), Some(vec![worker.id.to_string()]));
    assert_eq!(workers(&server, &plain), None);
}

#[test]
fn the_best_rank_counts_and_of_equal_ranks_the_longest_queue() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    let (eu, us, both) = (
        r#"{"owner":"","region":"eu","scope":"organization"}"#,
        r#"{"owner":"","scope":"organization","zone":"1"}"#,
        r#"{"owner":"","region":"eu","scope":"organization","zone":"1"}"#,
    );
    let early = Job::pending(coder, 1).tagged(eu);
    let zone = Job::pending(coder, 2).tagged(us);
    let late = Job::pending(coder, 3).tagged(us);
    server.change(|sql| {
        [&early, &zone, &late].into_iter().for_each(|job| sql.job(job));
        sql.worker(&Worker { tags: both.to_owned(), ..Worker::live(coder) });
    });
    assert_eq!([&early, &zone, &late].map(|job| numbers(&server, job)), [(1, 3), (2, 3), (3, 3)]);
    server.change(|sql| sql.worker(&Worker { tags: us.to_owned(), ..Worker::live(coder) }));
    // The second worker reaches the zone's jobs sooner; the first job keeps the only queue that it is in.
    assert_eq!([&early, &zone, &late].map(|job| numbers(&server, job)), [(1, 3), (1, 2), (2, 2)]);
}

#[test]
fn jobs_of_the_prebuilds_user_come_last_and_ties_go_by_id() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    let prebuild =
        Job { class: 1, initiator: "c42fdf75-3097-471c-8c33-fb52454d81c0".parse().unwrap(), ..Job::pending(coder, 1) };
    let tie_two = Job { id: Uuid::from_u128(2), ..Job::pending(coder, 5) };
    let tie_one = Job { id: Uuid::from_u128(1), ..Job::pending(coder, 5) };
    let late = Job::pending(coder, 9);
    server.change(|sql| [&prebuild, &tie_two, &tie_one, &late].into_iter().for_each(|job| sql.job(job)));
    let order = [&tie_one, &tie_two, &late, &prebuild].map(|job| numbers(&server, job));
    assert_eq!(order, [(1, 4), (2, 4), (3, 4), (4, 4)]);
}

#[test]
fn only_pending_jobs_of_the_organization_are_counted() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    let acme = server.owner().create("acme").parse().unwrap();
    let others = [
        Job::pending(acme, 1),
        Job::pending(coder, 1).running(),
        Job::pending(coder, 1).running().completed(),
        Job::pending(coder, 1).canceled(),
        Job::pending(coder, 1).canceled().completed(),
        Job::pending(coder, 1).failed("x"),
    ];
    let pending = Job::pending(coder, 2);
    server.change(|sql| others.iter().chain([&pending]).for_each(|job| sql.job(job)));
    assert_eq!(numbers(&server, &pending), (1, 1));
    assert_eq!(numbers(&server, &others[0]), (1, 1));
    for job in &others[1..] {
        assert_eq!(numbers(&server, job), (0, 0));
    }
}

#[test]
fn filters_and_the_limit_never_change_the_numbers() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    let jobs: Vec<_> = (0..150).map(|second| Job::pending(coder, second)).collect();
    server.change(|sql| jobs.iter().for_each(|job| sql.job(job)));
    for query in
        ["?limit=1", "?limit=150", "?limit=0", "?status=pending&limit=2", "?tags=%7B%22owner%22:%22%22%7D&limit=1"]
    {
        let list = server.owner().get(&format!("/organizations/coder/provisionerjobs{query}")).expect(200);
        assert_eq!((&list[0]["queue_position"], &list[0]["queue_size"]), (&json!(150), &json!(150)), "{query}");
    }
}

#[test]
fn the_numbers_move_when_a_job_is_taken() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    let jobs = [Job::pending(coder, 1), Job::pending(coder, 2), Job::pending(coder, 3)];
    server.change(|sql| jobs.iter().for_each(|job| sql.job(job)));
    assert_eq!(numbers(&server, &jobs[2]), (3, 3));
    server.change(|sql| {
        let id = sql.kind().uuid(jobs[0].id);
        sql.run(&format!("UPDATE provisioner_jobs SET status = 1, started_at = created_at WHERE id = {id}"));
    });
    assert_eq!(numbers(&server, &jobs[2]), (2, 2));
    assert_eq!(numbers(&server, &jobs[0]), (0, 0));
}

#[test]
fn available_workers_are_live_fit_and_come_in_the_order_of_registration() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    let acme = server.owner().create("acme").parse().unwrap();
    let job = Job::pending(coder, 1).tagged(&tags("prod"));
    let fit = |registered| Worker { registered, tags: tags("prod"), ..Worker::live(coder) };
    let (third, first, second) = (fit(30), fit(10), Worker { seen_ago: Some(60), ..fit(20) });
    server.change(|sql| {
        sql.job(&job);
        for worker in [
            &third,
            &first,
            &second,
            &Worker { seen_ago: Some(91), ..fit(1) },
            &Worker { seen_ago: None, ..fit(2) },
            &Worker { organization: acme, ..fit(3) },
            &Worker { provisioners: r#"["echo"]"#.to_owned(), ..fit(4) },
            &Worker { tags: tags("dev"), ..fit(5) },
        ] {
            sql.worker(worker);
        }
    });
    assert_eq!(workers(&server, &job), Some([first.id, second.id, third.id].map(|id| id.to_string()).to_vec()));
}

#[test]
fn a_job_that_was_canceled_before_its_start_still_shows_who_could_have_run_it() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    let canceled = Job::pending(coder, 1).canceled().completed();
    let running = Job::pending(coder, 2).running();
    let worker = Worker::live(coder);
    server.change(|sql| {
        sql.job(&canceled);
        sql.job(&running);
        sql.worker(&worker);
    });
    assert_eq!(workers(&server, &canceled), Some(vec![worker.id.to_string()]));
    assert_eq!(workers(&server, &running), None);
    assert_eq!(numbers(&server, &canceled), (0, 0));
}

/// Nothing is written when a worker falls silent: the time alone must change the answer, also of a list that is kept.
#[test]
fn a_worker_that_falls_silent_disappears_by_itself() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    let job = Job::pending(coder, 1);
    let worker = Worker { seen_ago: Some(85), ..Worker::live(coder) };
    server.change(|sql| {
        sql.job(&job);
        sql.worker(&worker);
    });
    let in_list = || {
        let list = server.owner().get("/organizations/coder/provisionerjobs").expect(200);
        list[0].get("available_workers").is_some()
    };
    // The list is asked for all the time, so that the server has one to keep that still shows the worker.
    crate::harness::eventually(|| !in_list());
    assert_eq!(workers(&server, &job), None);
    assert_eq!(numbers(&server, &job), (1, 1));
}
