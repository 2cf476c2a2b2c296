//! The filters of the job list, each in every spelling, and together.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Job, TestServer};
use crate::job_list::{default_organization, ids};

const JOBS: &str = "/organizations/coder/provisionerjobs";
const ALICE: Uuid = Uuid::from_u128(0xa11ce);

/// One job in each state, with tags of its own; their ids are 1 to 6, the newest first in a list.
fn six_jobs() -> TestServer {
    let server = TestServer::start();
    let coder = default_organization(&server);
    let job = |id: u128| Job { id: Uuid::from_u128(id), ..Job::pending(coder, 10 - id as i64) };
    server.change(|sql| {
        for job in [
            job(1),
            job(2).running().tagged(r#"{"env":"prod","owner":"","scope":"organization"}"#),
            job(3).running().completed().tagged(r#"{"env":"prod","owner":"","region":"eu","scope":"organization"}"#),
            Job { initiator: ALICE, ..job(4).running().canceled() },
            Job { initiator: ALICE, ..job(5).canceled().completed().tagged(r#"{"owner":"x","scope":"user"}"#) },
            job(6).running().completed().failed("no").tagged(r#"{"env":"dev","owner":"","scope":"organization"}"#),
        ] {
            sql.job(&job);
        }
    });
    server
}

#[track_caller]
fn finds(server: &TestServer, query: &str, expected: &[u128]) {
    let found = ids(&server.owner().get(&format!("{JOBS}?{query}")));
    let found: Vec<_> = found.iter().map(Uuid::as_u128).collect();
    assert_eq!(found, expected, "{query}");
}

#[track_caller]
fn refuses(server: &TestServer, query: &str, field: &str, beginning: &str) -> String {
    let [(found, detail)] = server.owner().get(&format!("{JOBS}?{query}")).validations(400).try_into().unwrap();
    assert_eq!(found, field, "{query}");
    assert!(detail.starts_with(beginning), "{query}: {detail}");
    detail
}

#[test]
fn status_takes_each_value_lists_and_repetitions() {
    let server = six_jobs();
    for (status, id) in
        [("pending", 1), ("running", 2), ("succeeded", 3), ("canceling", 4), ("canceled", 5), ("failed", 6)]
    {
        finds(&server, &format!("status={status}"), &[id]);
    }
    finds(&server, "status=pending,failed", &[1, 6]);
    finds(&server, "status=pending%2Cfailed", &[1, 6]);
    finds(&server, "status=failed&status=pending", &[1, 6]);
    finds(&server, "status=failed,running&status=pending", &[1, 2, 6]);
    finds(&server, "status=failed,failed&status=failed", &[6]);
    finds(&server, "status=pending,running,succeeded,canceling,canceled,failed", &[1, 2, 3, 4, 5, 6]);
}

#[test]
fn the_status_unknown_is_allowed_and_matches_nothing() {
    let server = six_jobs();
    finds(&server, "status=unknown", &[]);
    finds(&server, "status=unknown,failed", &[6]);
}

#[test]
fn another_status_is_refused_with_the_allowed_ones() {
    let server = six_jobs();
    let allowed = "allowed are pending, running, succeeded, canceling, canceled, failed, unknown";
    for (query, bad) in [
        ("status=bogus", "\"bogus\""),
        ("status=Pending", "\"Pending\""),
        ("status=pending,bogus,worse", "\"bogus\", \"worse\""),
        ("status=pending&status=bogus", "\"bogus\""),
        ("status=pending,%20failed", "\" failed\""),
        ("status=pending,", "\"\""),
        ("status=a%00b", "\"a\\0b\""),
    ] {
        let detail = refuses(&server, query, "status", "Query param \"status\" has invalid values: ");
        assert!(detail.contains(bad) && detail.contains(allowed), "{query}: {detail}");
    }
}

#[test]
fn ids_take_lists_repetitions_spaces_and_every_spelling_of_a_uuid() {
    let server = six_jobs();
    let id = |number: u128| Uuid::from_u128(number);
    finds(&server, &format!("ids={}", id(3)), &[3]);
    finds(&server, &format!("ids={},{}", id(6), id(1)), &[1, 6]);
    finds(&server, &format!("ids={}&ids={}", id(6), id(1)), &[1, 6]);
    finds(&server, &format!("ids={},{}&ids={}", id(6), id(1), id(2)), &[1, 2, 6]);
    finds(&server, &format!("ids=%20{}%20,+{}+", id(6), id(1)), &[1, 6]);
    finds(&server, &format!("ids={},{}&ids={}", id(5), id(5), id(5)), &[5]);
    finds(&server, &format!("ids={}", id(10).to_string().to_uppercase()), &[]);
    finds(&server, &format!("ids={},urn:uuid:{},%7B{}%7D", id(1).simple(), id(2), id(3)), &[1, 2, 3]);
    finds(&server, &format!("ids={},{}", id(0), id(99)), &[]);
}

#[test]
fn a_bad_id_is_refused_with_what_is_wrong() {
    let server = six_jobs();
    let good = Uuid::from_u128(1);
    let prefix = "Query param \"ids\" has invalid values: ";
    for (query, errors) in [
        ("ids=bogus".to_owned(), "invalid UUID length: 5"),
        (format!("ids={good},bogus,xy"), "invalid UUID length: 5\ninvalid UUID length: 2"),
        (format!("ids={good},"), "invalid UUID length: 0"),
        (format!("ids={good},,{good}"), "invalid UUID length: 0"),
        (format!("ids={good}&ids="), "invalid UUID length: 0"),
        ("ids=zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz".to_owned(), "invalid UUID format"),
    ] {
        assert_eq!(refuses(&server, &query, "ids", prefix), format!("{prefix}{errors}"), "{query}");
    }
}

#[test]
fn a_thousand_ids_are_enough() {
    let server = six_jobs();
    let many = |count: usize| {
        let ids: Vec<_> = (1..=count as u128).map(|id| Uuid::from_u128(id).simple().to_string()).collect();
        ids.join(",")
    };
    finds(&server, &format!("ids={}", many(1000)), &[1, 2, 3, 4, 5, 6]);
    let detail = refuses(&server, &format!("ids={}", many(1001)), "ids", "Query param \"ids\" has invalid values: ");
    assert!(detail.contains("at most 1000"), "{detail}");
}

fn tags(pairs: serde_json::Value) -> String {
    let json = pairs.to_string();
    format!("tags={}", form_urlencoded::byte_serialize(json.as_bytes()).collect::<String>())
}

#[test]
fn tags_must_all_be_among_the_jobs_tags() {
    let server = six_jobs();
    finds(&server, &tags(json!({"env": "prod"})), &[2, 3]);
    finds(&server, &tags(json!({"env": "prod", "region": "eu"})), &[3]);
    finds(&server, &tags(json!({"scope": "organization"})), &[1, 2, 3, 4, 6]);
    finds(&server, &tags(json!({"owner": ""})), &[1, 2, 3, 4, 6]);
    finds(&server, &tags(json!({"scope": "user"})), &[5]);
    finds(&server, &tags(json!({"env": "Prod"})), &[]);
    finds(&server, &tags(json!({"Env": "prod"})), &[]);
    finds(&server, &tags(json!({"env": "prod", "scope": "organization", "owner": ""})), &[2, 3]);
}

#[test]
fn the_tags_of_an_untagged_job_find_untagged_jobs_only() {
    let server = six_jobs();
    finds(&server, &tags(json!({"scope": "organization", "owner": ""})), &[1, 4]);
    finds(&server, &tags(json!({"owner": "", "scope": "organization"})), &[1, 4]);
}

#[test]
fn no_tags_are_no_filter() {
    let server = six_jobs();
    for query in ["tags={}", "tags=null", "tags=", "tags=%7B%7D"] {
        finds(&server, query, &[1, 2, 3, 4, 5, 6]);
    }
}

#[test]
fn tags_may_come_one_by_one_as_generated_clients_send_them() {
    let server = six_jobs();
    finds(&server, "tags[env]=prod", &[2, 3]);
    finds(&server, "tags%5Benv%5D=prod&tags%5Bregion%5D=eu", &[3]);
    finds(&server, "tags[owner]=&tags[scope]=organization", &[1, 4]);
}

#[test]
fn bad_tags_are_refused_with_what_is_wrong() {
    let server = six_jobs();
    for bad in [
        "bogus",
        "[]",
        "{",
        "1",
        "\"a\"",
        "{\"a\":1}",
        "{\"a\":null}",
        "{\"a\":{}}",
        "{\"a\":\"1\",\"a\":\"2\"}",
        "{\"a\":\"\\u0000\"}",
    ] {
        let encoded: String = form_urlencoded::byte_serialize(bad.as_bytes()).collect();
        refuses(&server, &format!("tags={encoded}"), "tags", "Query param \"tags\" must be a valid JSON object: ");
    }
}

#[test]
fn initiator_is_one_uuid_and_the_nil_uuid_is_no_filter() {
    let server = six_jobs();
    finds(&server, &format!("initiator={ALICE}"), &[4, 5]);
    finds(&server, &format!("initiator={}", ALICE.to_string().to_uppercase()), &[4, 5]);
    finds(&server, &format!("initiator={}", Uuid::new_v4()), &[]);
    finds(&server, &format!("initiator={}", Uuid::nil()), &[1, 2, 3, 4, 5, 6]);
    finds(&server, "initiator=", &[1, 2, 3, 4, 5, 6]);
    for bad in ["me", "owner", &format!("{ALICE},{ALICE}"), &format!("%20{ALICE}")] {
        refuses(&server, &format!("initiator={bad}"), "initiator", "Query param \"initiator\" must be a valid uuid");
    }
}

#[test]
fn filters_apply_together_and_before_the_limit() {
    let server = six_jobs();
    finds(&server, &format!("initiator={ALICE}&status=canceled"), &[5]);
    finds(&server, &format!("initiator={ALICE}&status=pending"), &[]);
    finds(&server, &format!("{}&status=succeeded,running&limit=1", tags(json!({"env": "prod"}))), &[2]);
    finds(&server, "status=succeeded,failed&limit=1", &[3]);
    finds(&server, &format!("ids={},{}&status=failed", Uuid::from_u128(6), Uuid::from_u128(1)), &[6]);
    finds(&server, &format!("ids={}&{}", Uuid::from_u128(2), tags(json!({"region": "eu"}))), &[]);
    finds(
        &server,
        &format!(
            "ids={}&initiator={ALICE}&status=canceled&{}&limit=0",
            Uuid::from_u128(5),
            tags(json!({"scope": "user"}))
        ),
        &[5],
    );
}

/// Every combination of two statuses, a tag, an initiator and a limit finds what a plain filter over all jobs finds.
#[test]
fn every_combination_agrees_with_a_plain_filter() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    let tag = |env: i64| format!(r#"{{"env":"{env}","owner":"","scope":"organization"}}"#);
    let jobs: Vec<Job> = (0..300)
        .map(|number: i64| {
            let job = Job::pending(coder, number / 2).tagged(&tag(number % 7));
            let job = if number % 3 == 0 { job } else { job.running() };
            Job { initiator: Uuid::from_u128((number % 5) as u128 + 1), ..job }
        })
        .collect();
    server.change(|sql| jobs.iter().for_each(|job| sql.job(job)));
    for env in [None, Some(3)] {
        for status in [None, Some("pending"), Some("running")] {
            for initiator in [None, Some(Uuid::from_u128(2))] {
                for limit in [1, 5, 50, 0] {
                    let mut expected: Vec<_> = jobs
                        .iter()
                        .filter(|job| env.is_none_or(|env| job.tags == tag(env)))
                        .filter(|job| status.is_none_or(|status| (status == "running") == job.started.is_some()))
                        .filter(|job| initiator.is_none_or(|initiator| job.initiator == initiator))
                        .map(|job| (-job.created, job.id))
                        .collect();
                    expected.sort_unstable();
                    expected.truncate(if limit == 0 { usize::MAX } else { limit });
                    let mut query = format!("limit={limit}");
                    query += &env.map_or(String::new(), |env| format!("&{}", tags(json!({"env": env.to_string()}))));
                    query += &status.map_or(String::new(), |status| format!("&status={status}"));
                    query += &initiator.map_or(String::new(), |initiator| format!("&initiator={initiator}"));
                    let found = ids(&server.owner().get(&format!("{JOBS}?{query}")));
                    assert_eq!(found, expected.into_iter().map(|(_, id)| id).collect::<Vec<_>>(), "{query}");
                }
            }
        }
    }
}
