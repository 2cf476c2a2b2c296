//! `GET …/provisionerjobs/{job}`.

use uuid::Uuid;

use crate::harness::{Job, NOT_FOUND, TestServer};
use crate::job_list::default_organization;

/// A server with one pending job of the user 0x1111.
fn with_a_job() -> (TestServer, String) {
    let server = TestServer::start();
    let job = Job::pending(default_organization(&server), 1);
    server.change(|sql| sql.job(&job));
    let path = format!("/organizations/coder/provisionerjobs/{}", job.id);
    (server, path)
}

#[test]
fn a_job_is_found_by_every_spelling_of_its_id() {
    let (server, path) = with_a_job();
    let (base, id) = path.rsplit_once('/').unwrap();
    let uuid: Uuid = id.parse().unwrap();
    for spelling in
        [id.to_owned(), id.to_uppercase(), uuid.simple().to_string(), format!("urn:uuid:{id}"), format!("%7B{id}%7D")]
    {
        let found = server.owner().get(&format!("{base}/{spelling}")).expect(200);
        assert_eq!(found["id"], *id, "{spelling}");
    }
}

#[test]
fn what_is_no_uuid_is_refused_as_it_was_sent() {
    let server = TestServer::start();
    for (raw, shown, detail) in [
        ("abc", "abc", "invalid UUID length: 3"),
        ("me", "me", "invalid UUID length: 2"),
        ("%C3%A4", "ä", "invalid UUID length: 2"),
        ("zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz", "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz", "invalid UUID format"),
    ] {
        let answer = server.owner().get(&format!("/organizations/coder/provisionerjobs/{raw}"));
        assert_eq!(answer.message(400), format!("Invalid UUID \"{shown}\"."));
        assert_eq!(answer.detail(400), detail);
        assert!(answer.validations(400).is_empty());
    }
    for raw in ["%00", "%FF", "%2F", "%zz", "%"] {
        assert_eq!(server.owner().get(&format!("/organizations/coder/provisionerjobs/{raw}")).status, 400, "{raw}");
    }
}

#[test]
fn a_job_that_is_unknown_or_of_another_organization_is_not_found() {
    let (server, path) = with_a_job();
    server.owner().create("acme");
    let elsewhere = path.replace("/coder/", "/acme/");
    for path in [
        &elsewhere,
        &path.replace("/coder/", "/nowhere/"),
        &format!("/organizations/coder/provisionerjobs/{}", Uuid::new_v4()),
        &format!("/organizations/coder/provisionerjobs/{}", Uuid::nil()),
    ] {
        let answer = server.owner().get(path);
        assert_eq!((answer.status, answer.text()), (404, NOT_FOUND), "{path}");
    }
}

#[test]
fn filters_hide_a_job_that_does_not_pass() {
    let (server, path) = with_a_job();
    let initiator = Uuid::from_u128(0x1111);
    for passing in [
        "?status=pending".to_owned(),
        "?status=failed,pending".to_owned(),
        "?limit=1".to_owned(),
        "?limit=0".to_owned(),
        "?tags=%7B%22scope%22:%22organization%22,%22owner%22:%22%22%7D".to_owned(),
        "?tags={}".to_owned(),
        format!("?initiator={initiator}&status=pending"),
    ] {
        assert_eq!(server.owner().get(&format!("{path}{passing}")).status, 200, "{passing}");
    }
    for hiding in [
        "?status=failed".to_owned(),
        "?status=unknown".to_owned(),
        "?tags=%7B%22a%22:%22b%22%7D".to_owned(),
        format!("?initiator={}", Uuid::new_v4()),
    ] {
        assert_eq!(server.owner().get(&format!("{path}{hiding}")).text(), NOT_FOUND, "{hiding}");
    }
}

#[test]
fn ids_and_every_other_key_are_refused() {
    let (server, path) = with_a_job();
    for key in ["ids", "page", "job", "Status"] {
        let [(field, detail)] = server.owner().get(&format!("{path}?{key}=1")).validations(400).try_into().unwrap();
        assert_eq!(field, key);
        assert!(detail.starts_with(&format!("\"{key}\" is not a valid query param")), "{detail}");
    }
    let fields: Vec<_> = server
        .owner()
        .get(&format!("{path}?ids=x&initiator=x&tags=x&status=x&limit=x"))
        .validations(400)
        .into_iter()
        .map(|(field, _)| field)
        .collect();
    assert_eq!(fields, ["limit", "status", "tags", "initiator", "ids"]);
}
