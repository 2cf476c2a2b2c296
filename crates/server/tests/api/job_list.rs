//! `GET …/provisionerjobs`: order, limit, stream, and the rules that all parameters share.

use uuid::Uuid;

use crate::harness::{Answer, Job, NOT_FOUND, TestServer};

const JOBS: &str = "/organizations/coder/provisionerjobs";

pub fn default_organization(server: &TestServer) -> Uuid {
    server.owner().get("/organizations/default").expect(200)["id"].as_str().unwrap().parse().unwrap()
}

/// The ids of a list, in its order.
#[track_caller]
pub fn ids(answer: &Answer) -> Vec<Uuid> {
    let listed = answer.expect(200);
    listed.as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().parse().unwrap()).collect()
}

#[test]
fn no_jobs_are_an_empty_array() {
    let server = TestServer::start();
    for query in ["", "?limit=0", "?status=failed", "?limit=1000"] {
        assert_eq!(server.owner().get(&format!("{JOBS}{query}")).text(), "[]\n", "{query}");
    }
}

#[test]
fn the_newest_come_first_and_ties_by_id() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    let job = |id: u128, second| Job { id: Uuid::from_u128(id), ..Job::pending(coder, second) };
    server.change(|sql| {
        for job in [job(3, 5), job(1, 5), job(9, 1), job(4, 7), job(2, 5).running().completed()] {
            sql.job(&job);
        }
    });
    let expected = [4, 1, 2, 3, 9].map(Uuid::from_u128);
    for query in ["", "?limit=0", "?limit=5", "?limit=101"] {
        assert_eq!(ids(&server.owner().get(&format!("{JOBS}{query}"))), expected, "{query}");
    }
    assert_eq!(ids(&server.owner().get(&format!("{JOBS}?limit=2"))), expected[..2]);
}

#[test]
fn jobs_of_other_organizations_never_appear() {
    let server = TestServer::start();
    let (coder, acme) = (default_organization(&server), server.owner().create("acme").parse().unwrap());
    let (ours, theirs) = (Job::pending(coder, 1), Job::pending(acme, 2));
    server.change(|sql| {
        sql.job(&ours);
        sql.job(&theirs);
    });
    assert_eq!(ids(&server.owner().get(JOBS)), [ours.id]);
    assert_eq!(ids(&server.owner().get(&format!("{JOBS}?ids={},{}", theirs.id, ours.id))), [ours.id]);
    assert_eq!(ids(&server.owner().get("/organizations/acme/provisionerjobs")), [theirs.id]);
}

#[test]
fn the_limit_is_50_unless_given_and_0_is_no_limit() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    server.change(|sql| {
        for second in 0..1203 {
            sql.job(&Job::pending(coder, second));
        }
    });
    let owner = server.owner();
    let list = |query: &str| ids(&owner.get(&format!("{JOBS}{query}")));
    let all = list("?limit=0");
    assert_eq!(all.len(), 1203);
    assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 1203, "each job comes once");
    for (query, count) in [
        ("", 50),
        ("?limit=", 50),
        ("?limit=1", 1),
        ("?limit=50", 50),
        ("?limit=100", 100),
        ("?limit=101", 101),
        ("?limit=%2B7", 7),
        ("?limit=007", 7),
        ("?limit=-0", 1203),
        ("?limit=999", 999),
        ("?limit=2147483647", 1203),
        ("?limit=1202&status=pending", 1202),
    ] {
        assert_eq!(list(query), all[..count], "{query}");
    }
    let streamed = owner.get(&format!("{JOBS}?limit=0"));
    assert_eq!(streamed.header("transfer-encoding"), Some("chunked"), "a long list is streamed");
}

#[test]
fn a_bad_limit_is_explained() {
    let server = TestServer::start();
    for (limit, reason) in [
        ("-1", "value is negative"),
        ("-99999999999", "value is negative"),
        ("bogus", "\"bogus\" is not a whole number"),
        ("1.5", "\"1.5\" is not a whole number"),
        ("0x10", "\"0x10\" is not a whole number"),
        ("1e3", "\"1e3\" is not a whole number"),
        ("%201", "\" 1\" is not a whole number"),
        ("2147483648", "\"2147483648\" is out of range"),
        ("99999999999999999999", "\"99999999999999999999\" is out of range"),
    ] {
        let answer = server.owner().get(&format!("{JOBS}?limit={limit}"));
        assert_eq!(answer.message(400), "Invalid query parameters.");
        let [(field, detail)] = answer.validations(400).try_into().unwrap();
        assert_eq!(field, "limit");
        let expected = format!("Query param \"limit\" must be a valid 32-bit positive integer: {reason}");
        assert!(detail.starts_with(&expected), "{limit}: {detail}");
    }
}

#[test]
fn unknown_keys_are_refused_by_name() {
    let server = TestServer::start();
    for key in ["page", "offset", "q", "Limit", "status[]", "id", "tag", "%20limit", "organization"] {
        for query in [format!("{key}=1"), key.to_owned(), format!("limit=1&{key}=")] {
            let validations = server.owner().get(&format!("{JOBS}?{query}")).validations(400);
            let [(field, detail)] = validations.try_into().unwrap();
            assert_eq!(field, key.replace("%20", " "), "{query}");
            assert!(detail.starts_with(&format!("\"{field}\" is not a valid query param")), "{detail}");
        }
    }
}

#[test]
fn a_single_parameter_may_come_once() {
    let server = TestServer::start();
    for (name, value) in [("limit", "1"), ("tags", "{}"), ("initiator", "06588898-9a84-4b35-ba8f-f9cbd64946f3")] {
        let query = [format!("{name}={value}"), format!("{name}={value}"), format!("{name}=")].join("&");
        let answer = server.owner().get(&format!("{JOBS}?{query}"));
        let detail = format!(
            "Query param \"{name}\" provided more than once, found 3 times. Only provide 1 instance of this query param."
        );
        assert_eq!(answer.validations(400), [(name.to_owned(), detail)]);
    }
}

#[test]
fn all_errors_come_at_once_and_in_order() {
    let server = TestServer::start();
    let query = "zeta=1&initiator=x&alpha=1&tags=x&ids=x&status=x&limit=x";
    let fields: Vec<_> =
        server.owner().get(&format!("{JOBS}?{query}")).validations(400).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["limit", "status", "ids", "tags", "initiator", "zeta", "alpha"]);
}

#[test]
fn empty_parameters_count_as_absent() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    let job = Job::pending(coder, 1);
    server.change(|sql| sql.job(&job));
    for query in ["?status=&ids=&limit=100", "?tags=&initiator=&limit=", "?status&ids&tags&initiator&limit", "?", "?&&"]
    {
        assert_eq!(ids(&server.owner().get(&format!("{JOBS}{query}"))), [job.id], "{query}");
    }
}

#[test]
fn a_query_that_cannot_be_decoded_names_its_parameter() {
    let server = TestServer::start();
    for query in ["limit=%zz", "limit=%FF", "limit=%"] {
        let [(field, _)] = server.owner().get(&format!("{JOBS}?{query}")).validations(400).try_into().unwrap();
        assert_eq!(field, "limit", "{query}");
    }
}

#[test]
fn an_organization_that_is_not_there_has_no_jobs() {
    let server = TestServer::start();
    for path in ["/organizations/nowhere/provisionerjobs", "/organizations/nowhere/provisionerjobs?limit=x"] {
        assert_eq!(server.owner().get(path).text(), NOT_FOUND);
    }
}

#[test]
fn a_new_job_shows_in_lists_that_were_asked_for_before() {
    let server = TestServer::start();
    let coder = default_organization(&server);
    for second in 1..5 {
        let job = Job::pending(coder, second);
        server.change(|sql| sql.job(&job));
        assert_eq!(ids(&server.owner().get(JOBS))[0], job.id);
        assert_eq!(ids(&server.owner().get(&format!("{JOBS}?limit=1"))), [job.id]);
    }
}
