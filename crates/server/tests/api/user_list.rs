//! The list of users: who is in it, searched and page by page.

use serde_json::Value;

use crate::harness::{Client, TestServer};
use crate::people::{hire, session};

fn listed(client: &Client, query: &str) -> (Vec<String>, i64) {
    let body = client.get(&format!("/users?{query}")).expect(200);
    let names = body["users"].as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap().to_owned());
    (names.collect(), body["count"].as_i64().unwrap())
}

fn names(client: &Client, query: &str) -> Vec<String> {
    listed(client, query).0
}

fn staffed() -> TestServer {
    let server = TestServer::start();
    hire(&server, "Cleo", &["auditor"]);
    hire(&server, "ana", &["user-admin", "auditor"]);
    hire(&server, "ben-2", &[]);
    server.user("dan", &[], &[]);
    server
}

#[test]
fn everybody_is_listed_by_name_without_regard_to_case() {
    let server = staffed();
    let (names, count) = listed(&server.owner(), "");
    assert_eq!(names, ["ana", "ben-2", "Cleo", "dan", "owner"]);
    assert_eq!(count, 5);
    let body = server.owner().get("/users").expect(200);
    let one =
        |user: &Value| (user["organization_ids"].as_array().unwrap().len(), user["roles"].as_array().unwrap().len());
    assert_eq!(
        body["users"].as_array().unwrap().iter().map(one).collect::<Vec<_>>(),
        [(1, 2), (1, 0), (1, 1), (0, 0), (1, 1)]
    );
}

#[test]
fn pages_are_taken_by_offset_and_by_the_last_user_before() {
    let server = staffed();
    let owner = server.owner();
    assert_eq!(listed(&owner, "limit=2"), (vec!["ana".to_owned(), "ben-2".to_owned()], 5));
    assert_eq!(names(&owner, "limit=2&offset=2"), ["Cleo", "dan"]);
    assert_eq!(names(&owner, "offset=4"), ["owner"]);
    assert_eq!(names(&owner, "limit=0&offset=9"), [""; 0]);
    let ben = owner.get("/users/ben-2").expect(200)["id"].as_str().unwrap().to_owned();
    assert_eq!(listed(&owner, &format!("after_id={ben}&limit=2")), (vec!["Cleo".to_owned(), "dan".to_owned()], 5));
    assert_eq!(names(&owner, &format!("after_id={}", uuid::Uuid::from_u128(7))), [""; 0]);
}

#[test]
fn a_search_takes_words_and_filters() {
    let server = staffed();
    let owner = server.owner();
    owner.put("/users/dan/status/suspend", Value::Null).expect(200);
    for (query, expected) in [
        ("q=A", vec!["ana", "ben-2", "Cleo", "dan", "owner"]),
        ("q=AN", vec!["ana", "dan"]),
        ("q=example.com", vec!["ana", "ben-2", "Cleo"]),
        ("q=an+example", vec!["ana"]),
        ("q=n-2", vec!["ben-2"]),
        ("q=%25", vec![]),
        ("q=n_2", vec![]),
        ("q=%5C", vec![]),
        ("q=status:suspended", vec!["dan"]),
        ("q=status:suspended,active", vec!["ana", "ben-2", "Cleo", "dan", "owner"]),
        ("q=role:auditor", vec!["ana", "Cleo"]),
        ("q=role:owner,user-admin", vec!["ana", "owner"]),
        ("q=role:member", vec!["ana", "ben-2", "Cleo", "dan", "owner"]),
        ("q=role:auditor+c", vec!["ana", "Cleo"]),
        ("q=role:auditor+cl", vec!["Cleo"]),
        ("q=login_type:none", vec!["dan", "owner"]),
        ("q=created_before:2020-01-01T00:00:00Z", vec![]),
        ("q=created_after:%222020-01-01T00:00:00Z%22+role:owner", vec!["owner"]),
        ("q=last_seen_after:2020-01-01T00:00:00Z+an", vec![]),
    ] {
        let (found, count) = listed(&owner, query);
        assert_eq!(found, expected, "{query}");
        assert_eq!(count, i64::try_from(expected.len()).unwrap(), "{query}");
    }
    for wrong in ["q=color:red", "q=status:gone", "limit=-1", "offset=x", "after_id=x", "q=%22"] {
        assert_eq!(owner.get(&format!("/users?{wrong}")).validations(400).len(), 1, "{wrong}");
    }
}

#[test]
fn who_may_read_nobody_else_is_listed_alone() {
    let server = staffed();
    let ben = session(&server, "ben-2");
    assert_eq!(listed(&ben, ""), (vec!["ben-2".to_owned()], 1));
    assert_eq!(listed(&ben, "q=ana"), (vec![], 0));
    let auditor = session(&server, "Cleo");
    assert_eq!(listed(&auditor, "").1, 5);
    let narrow = server.client(&server.token_of("owner", &["--scope", "application_connect"]));
    assert_eq!(listed(&narrow, ""), (vec![], 0));
}

#[test]
fn more_users_than_fit_one_query_are_all_listed() {
    let server = TestServer::start();
    let kind = server.kind();
    server.change(|sql| {
        for number in 0..1100_u128 {
            let (id, at) = (kind.uuid(uuid::Uuid::from_u128(number + 1)), kind.time(0));
            sql.run(&format!(
                "INSERT INTO users (id, username, email, name, status, login_type, created_at, updated_at) \
                 VALUES ({id}, 'user-{number}', 'user-{number}@b', '', 'active', 'none', {at}, {at})"
            ));
        }
    });
    let (names, count) = listed(&server.owner(), "");
    assert_eq!((names.len(), count), (1101, 1101));
}
