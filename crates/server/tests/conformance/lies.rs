//! Lies of a server about what can be read: each makes the case fail that is there for it, and no case of another operation.

use serde_json::{Value, json};

use super::proxy::{Change, Request, Response, start};
use super::{failed, options, run, with_examples};

/// What a liar does with an answer; true when it did something.
pub type Answer = fn(&Request, &mut Response, &str);

/// One lie.
pub struct Lie {
    /// The case that is there for it.
    pub case: &'static str,
    pub ask: fn(&mut Request),
    pub answer: Answer,
}

/// A proxy that tells one lie. It knows the token of the second user.
pub struct Liar {
    pub lie: Lie,
    pub other: String,
}

impl Change for Liar {
    fn ask(&self, request: &mut Request) -> Option<Response> {
        (self.lie.ask)(request);
        None
    }

    fn answer(&self, request: &Request, response: &mut Response) {
        (self.lie.answer)(request, response, &self.other);
    }
}

/// A lie in the answer.
pub const fn answer(case: &'static str, answer: Answer) -> Lie {
    Lie { case, ask: |_| {}, answer }
}

/// A lie by asking something else.
pub const fn ask(case: &'static str, ask: fn(&mut Request)) -> Lie {
    Lie { case, ask, answer: |_, _, _| {} }
}

fn list(request: &Request) -> bool {
    request.is("GET", "/organizations")
}

fn one(request: &Request, response: &Response) -> bool {
    request.is("GET", "/organizations/*") && response.status == 200
}

fn absent(request: &Request, response: &Response) -> bool {
    request.is("GET", "/organizations/*") && response.status == 404
}

fn jobs(request: &Request) -> bool {
    request.is("GET", "/organizations/*/provisionerjobs")
}

fn job(request: &Request) -> bool {
    request.is("GET", "/organizations/*/provisionerjobs/*")
}

fn each(response: &mut Response, change: impl Fn(&mut Value)) {
    if response.status == 200 {
        response.change(|body| body.as_array_mut().into_iter().flatten().for_each(change));
    }
}

fn reversed(response: &mut Response) {
    response.change(|body| body.as_array_mut().into_iter().for_each(|list| list.reverse()));
}

fn without(value: &mut Value, key: &str) {
    value.as_object_mut().unwrap().remove(key);
}

const ABOUT_ORGANIZATIONS: &[Lie] = &[
    answer("getOrganizations/list", |q, a, _| {
        if list(q) {
            each(a, |one| without(one, "name"))
        }
    }),
    answer("getOrganizations/list", |q, a, _| {
        if list(q) {
            each(a, |one| without(one, "id"))
        }
    }),
    answer("getOrganizations/list", |q, a, _| {
        if list(q) {
            each(a, |one| one["icon"] = json!(1))
        }
    }),
    answer("getOrganizations/list", |q, a, _| {
        if list(q) {
            each(a, |one| one["icon"] = Value::Null)
        }
    }),
    answer("getOrganizations/list", |q, a, _| {
        if list(q) {
            each(a, |one| one["created_at"] = json!("yesterday"))
        }
    }),
    answer("getOrganizations/list", |q, a, _| {
        if list(q) {
            a.content_type = "text/html".to_owned()
        }
    }),
    answer("getOrganizations/list", |q, a, _| {
        if list(q) && a.status == 200 {
            a.change(|body| {
                let first = body[0].clone();
                body.as_array_mut().unwrap().push(first);
            });
        }
    }),
    answer("getOrganizations/order", |q, a, _| {
        if list(q) && a.status == 200 {
            reversed(a)
        }
    }),
    answer("getOrganizations/signed-out", |q, a, _| {
        if list(q) && a.status == 401 {
            a.set(200, &json!([]))
        }
    }),
    answer("getOrganizations/signed-out", |q, a, _| {
        if list(q) && a.status == 401 {
            a.set(401, &json!({"error": "no"}))
        }
    }),
    answer("getOrganizations/signed-out", |q, a, _| {
        if list(q) && a.status == 401 {
            a.body.clear()
        }
    }),
    answer("getOrganizations/unknown-parameter", |q, a, _| {
        if list(q) && q.has("no_such_parameter") {
            a.set(400, &json!({"message": "no"}))
        }
    }),
    answer("getOrganizations/list", |q, a, _| {
        if list(q) {
            a.status = 0
        }
    }),
    answer("getOrganizationByID/by-id", |q, a, _| {
        if one(q, a) {
            a.status = 201
        }
    }),
    answer("getOrganizationByID/by-id", |q, a, _| {
        if one(q, a) {
            a.change(|one| without(one, "display_name"))
        }
    }),
    answer("getOrganizationByID/by-id", |q, a, _| {
        if one(q, a) {
            a.change(|one| one["secret"] = json!("x"))
        }
    }),
    answer("getOrganizationByID/by-id", |q, a, _| {
        if one(q, a) {
            a.change(|one| one["description"] = json!("other"))
        }
    }),
    answer("getOrganizationByID/default", |q, a, _| {
        if one(q, a) {
            a.change(|one| one["is_default"] = json!(false))
        }
    }),
    answer("getOrganizationByID/by-name", |q, a, _| {
        if one(q, a) && (q.path.contains("CODER") || q.path.contains("RESEARCH")) {
            a.set(404, &json!({"message": "no"}));
        }
    }),
    answer("getOrganizationByID/absent-organization", |q, a, _| {
        if absent(q, a) {
            a.set(404, &json!({"message": "Not found."}))
        }
    }),
    answer("getOrganizationByID/absent-organization", |q, a, _| {
        if absent(q, a) {
            a.set(400, &json!({"message": "no"}))
        }
    }),
    answer("getOrganizationByID/absent-organization", |q, a, _| {
        if absent(q, a) {
            a.content_type = "text/html".to_owned();
            a.body = b"<h1>Not found</h1>".to_vec();
        }
    }),
    answer("getOrganizationByID/hidden", |q, a, other| {
        if absent(q, a) && q.token() == other && (q.path.contains("research") || q.path.contains("7c60d51f")) {
            a.set(403, &json!({"message": "Forbidden."}));
        }
    }),
    answer("getOrganizationByID/hidden", |q, a, other| {
        if absent(q, a) && q.token() == other && q.path.contains("research") {
            a.change(|body| body["detail"] = json!("It exists."));
        }
    }),
];

const ABOUT_JOBS: &[Lie] = &[
    ask("getProvisionerJobs/filter-status", |q| {
        if jobs(q) {
            q.drop_parameter("status")
        }
    }),
    ask("getProvisionerJobs/filter-tags", |q| {
        if jobs(q) {
            q.drop_parameter("tags")
        }
    }),
    ask("getProvisionerJobs/filter-initiator", |q| {
        if jobs(q) {
            q.drop_parameter("initiator")
        }
    }),
    ask("getProvisionerJobs/filter-ids", |q| {
        if jobs(q) {
            q.drop_parameter("ids")
        }
    }),
    ask("getProvisionerJobs/limit", |q| {
        if jobs(q) {
            q.drop_parameter("limit")
        }
    }),
    ask("getProvisionerJobs/unknown-parameter", |q| {
        if jobs(q) {
            q.drop_parameter("no_such_parameter")
        }
    }),
    ask("getProvisionerJobs/filters-together", |q| {
        if jobs(q) && q.has("status") && q.has("tags") {
            q.drop_parameter("tags");
            q.drop_parameter("status");
            q.drop_parameter("ids");
        }
    }),
    answer("getProvisionerJobs/order", |q, a, _| {
        if jobs(q) && a.status == 200 {
            reversed(a)
        }
    }),
    answer("getProvisionerJobs/list", |q, a, _| {
        if jobs(q) {
            each(a, |job| job["status"] = json!("done"))
        }
    }),
    answer("getProvisionerJobs/list", |q, a, _| {
        if jobs(q) {
            each(a, |job| without(job, "logs_overflowed"))
        }
    }),
    answer("getProvisionerJobs/list", |q, a, _| {
        if jobs(q) {
            each(a, |job| job["error"] = Value::Null)
        }
    }),
    answer("getProvisionerJobs/list", |q, a, _| {
        if jobs(q) {
            each(a, |job| job["tags"] = json!({"gpu": true}))
        }
    }),
    answer("getProvisionerJobs/queue-numbers", |q, a, _| {
        if jobs(q) {
            each(a, |job| job["queue_size"] = json!(7))
        }
    }),
    answer("getProvisionerJobs/states", |q, a, _| {
        if jobs(q) {
            each(a, |job| without(job, "error"))
        }
    }),
    answer("getProvisionerJobs/filter-status-invalid", |q, a, _| {
        if jobs(q) && q.query.contains("bogus") {
            a.set(500, &json!({"message": "Internal error fetching provisioner jobs."}))
        }
    }),
    answer("getProvisionerJobs/invalid-limit", |q, a, _| {
        if jobs(q) && a.status == 400 {
            a.change(|body| without(body, "validations"))
        }
    }),
    answer("getProvisionerJobs/invalid-limit", |q, a, _| {
        if jobs(q) && a.status == 400 {
            a.content_type = "text/plain".to_owned()
        }
    }),
    answer("getProvisionerJobs/hidden", |q, a, other| {
        if jobs(q) && q.token() == other {
            a.set(403, &json!({"message": "Forbidden."}))
        }
    }),
    answer("getProvisionerJob/by-id", |q, a, _| {
        if job(q) && a.status == 200 {
            a.change(|job| without(job, "metadata"))
        }
    }),
    answer("getProvisionerJob/malformed-id", |q, a, _| {
        if job(q) && a.status == 400 && q.path.ends_with("abc") {
            a.set(404, &json!({"message": "no"}))
        }
    }),
    answer("getProvisionerJob/absent", |q, a, _| {
        if job(q) && a.status == 404 {
            a.set(500, &json!({"message": "sql: no rows"}))
        }
    }),
    ask("getProvisionerJob/filters", |q| {
        if job(q) {
            q.drop_parameter("tags")
        }
    }),
    ask("getProvisionerJob/unknown-parameter", |q| {
        if job(q) {
            q.drop_parameter("ids")
        }
    }),
    answer("listOrganizationMembers/list", |q, a, _| {
        if q.is("GET", "/organizations/*/members") {
            each(a, |member| member["organization_id"] = json!("7c60d51f-b44e-4682-87d6-449835ea4dff"));
        }
    }),
    answer("getBuildInfo/answered", |q, a, _| {
        if q.is("GET", "/buildinfo") {
            a.version = "v1.0.0".to_owned()
        }
    }),
];

/// Tells each lie to a run that only reads.
fn each_is_found(lies: &'static [Lie]) {
    if super::were_told_before() {
        return;
    }
    let (server, other) = with_examples();
    for (number, lie) in lies.iter().enumerate() {
        let lie = Lie { case: lie.case, ask: lie.ask, answer: lie.answer };
        let (case, operation) = (lie.case, lie.case.split('/').next().unwrap());
        let url = start(server.address(), Liar { lie, other: other.clone() });
        let report = run(&options(&url, &server, &other, false));
        let failed = failed(&report);
        assert!(failed.contains(case), "lie {number}: {case} did not fail, but {failed:?}");
        let of_others: Vec<_> = failed.iter().filter(|one| !one.starts_with(&format!("{operation}/"))).collect();
        assert!(of_others.is_empty(), "lie {number}, {case}: {of_others:?} failed too");
        let text = report.text(false, false);
        for part in [&format!("FAIL {case}"), "  request   GET /api/v2/", "  expected  ", "  got       "] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
    }
}

#[test]
fn every_lie_about_organizations_is_found() {
    each_is_found(ABOUT_ORGANIZATIONS);
}

#[test]
fn every_lie_about_jobs_is_found() {
    each_is_found(ABOUT_JOBS);
}

#[test]
fn the_liar_that_does_not_lie_passes() {
    let (server, other) = with_examples();
    let url = start(server.address(), Liar { lie: answer("", |_, _, _| {}), other: other.clone() });
    assert_eq!(failed(&run(&options(&url, &server, &other, false))), Default::default());
}
