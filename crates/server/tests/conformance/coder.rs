//! A server that answers as Coder's does where the list of differences says so: known differences, and no failure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use orgd_conformance::{Kind, Report, Verdict};
use serde_json::{Value, json};

use super::proxy::{Change, Request, Response, start};
use super::{failed, options, run, with_examples};

/// orgd's answers, turned into Coder's.
#[derive(Default)]
struct Coder {
    /// Without the premium licence.
    unlicensed: bool,
    /// What it has shown, by ID.
    shown: Mutex<BTreeMap<String, Value>>,
    /// The IDs of those that were deleted. It serves them all the same.
    gone: Mutex<BTreeSet<String>>,
}

fn error(message: &str, detail: &str) -> Value {
    json!({ "message": message, "detail": detail })
}

fn answer(status: u16, body: &Value) -> Response {
    let mut response =
        Response { status, content_type: String::new(), version: "v2.32.4+0a1b2c3".to_owned(), body: Vec::new() };
    response.set(status, body);
    response
}

impl Coder {
    fn writes_an_organization(request: &Request) -> bool {
        request.is("POST", "/organizations")
            || request.is("PATCH", "/organizations/*")
            || request.is("DELETE", "/organizations/*")
    }

    fn remember(&self, body: &Value) {
        let list = body.as_array().map_or(std::slice::from_ref(body), Vec::as_slice);
        for one in list {
            if let Some(id) = one["id"].as_str() {
                self.shown.lock().unwrap().insert(id.to_owned(), one.clone());
            }
        }
    }

    fn deleted(&self, request: &Request) -> Option<Value> {
        let id = request.path.strip_prefix("/organizations/")?;
        let is_gone = self.gone.lock().unwrap().contains(id);
        self.shown.lock().unwrap().get(id).filter(|_| is_gone).cloned()
    }

    /// Newer releases send a key more.
    fn with_newer_key(request: &Request, response: &mut Response) {
        let is_organization = request.path.matches('/').count() < 3 && request.path.starts_with("/organizations");
        if !is_organization || !(200..300).contains(&response.status) || request.method == "DELETE" {
            return;
        }
        response.change(|body| match body {
            Value::Array(list) => list.iter_mut().for_each(|one| one["default_org_member_roles"] = json!([])),
            one => one["default_org_member_roles"] = json!([]),
        });
    }

    fn organizations(&self, request: &Request, response: &mut Response) {
        let (status, body) = (response.status, response.json());
        if body["message"].as_str().is_some_and(|message| message.contains("Premium")) {
            return;
        }
        if request.is("POST", "/organizations") {
            match status {
                201 => self.remember(&body),
                403 => response
                    .set(500, &error("Internal error inserting organization member.", "unauthorized: rbac: forbidden")),
                409 => response.set(409, &json!({ "message": "Organization already exists with that name." })),
                413 => response.set(
                    400,
                    &json!({ "message": "Validation failed.", "validations": [{ "field": "name", "detail": "tag" }] }),
                ),
                400 if request.json()["description"].as_str().is_some_and(|text| text.contains('\0')) => {
                    response.set(500, &error("Internal error inserting organization member.", "invalid byte sequence"));
                }
                _ => {}
            }
        } else if request.is("PATCH", "/organizations/*") && status == 403 {
            response.set(404, &json!({ "message": "Resource not found or you do not have access to this resource" }));
        } else if request.is("DELETE", "/organizations/*") {
            match status {
                403 => {
                    response.set(500, &error("Internal error deleting organization.", "unauthorized: rbac: forbidden"))
                }
                409 => response.status = 500,
                200 => {
                    let id = request.path.trim_start_matches("/organizations/").to_owned();
                    self.gone.lock().unwrap().insert(id);
                }
                404 if self.deleted(request).is_some() && !request.token().is_empty() => {
                    response.set(200, &json!({ "message": "Organization has been deleted." }));
                }
                _ => {}
            }
        } else if request.is("GET", "/organizations") && status == 200 {
            self.remember(&body);
            response.change(|body| body.as_array_mut().unwrap().reverse());
        } else if request.is("GET", "/organizations/*")
            && status == 404
            && let Some(deleted) = self.deleted(request)
        {
            response.set(200, &deleted);
        }
    }
}

impl Change for Coder {
    fn ask(&self, request: &mut Request) -> Option<Response> {
        let signed_in = request.token().len() > 30 && !request.token().starts_with("00");
        if self.unlicensed && Self::writes_an_organization(request) && signed_in {
            let message = "Multiple Organizations is a Premium feature. Contact sales!";
            return Some(answer(403, &json!({ "message": message })));
        }
        let path = request.path.as_str();
        if request.is("POST", "/organizations/*/provisionerjobs")
            || path.ends_with("/logs")
            || path.ends_with("/cancel")
        {
            return Some(answer(404, &json!({ "message": "Route not found." })));
        }
        if Self::writes_an_organization(request) && request.headers.contains_key("content-type") {
            request.headers.insert("content-type".to_owned(), "application/json".to_owned());
            if let Ok(Value::Object(members)) = serde_json::from_slice(&request.body) {
                // Keys in any case, and the last of two.
                let members = members.into_iter().map(|(key, value)| (key.to_lowercase(), value));
                request.body = Value::Object(members.collect()).to_string().into_bytes();
            }
        }
        None
    }

    fn answer(&self, request: &Request, response: &mut Response) {
        response.version = "v2.32.4+0a1b2c3".to_owned();
        if request.is("GET", "/buildinfo") {
            response.change(|body| body["version"] = json!("v2.32.4+0a1b2c3"));
        }
        self.organizations(request, response);
        Self::with_newer_key(request, response);
        if request.is("GET", "/organizations/*/provisionerjobs") {
            if response.status == 400 && request.query.contains("bogus") {
                response.set(500, &error("Internal error fetching provisioner jobs.", "invalid input value for enum"));
            } else if response.status == 200 {
                response.change(|body| {
                    body.as_array_mut().unwrap().iter_mut().for_each(|job| job["queue_size"] = json!(9))
                });
            }
        }
        if request.is("GET", "/organizations/*/provisionerjobs/*") && response.status == 200 {
            response.change(|job| job["queue_size"] = json!(9));
        }
        if request.is("GET", "/users/*/roles") && response.status == 200 {
            response.set(200, &json!({ "roles": ["owner"], "organization_roles": {} }));
        }
    }
}

fn known(report: &Report) -> BTreeSet<u32> {
    let numbers = report.results.iter().filter_map(|result| match &result.verdict {
        Verdict::KnownDifference { differences, .. } => Some(differences.clone()),
        Verdict::Pass | Verdict::Fail { .. } | Verdict::Skipped { .. } => None,
    });
    numbers.flatten().collect()
}

#[test]
fn what_coder_does_otherwise_is_known() {
    let (server, other) = with_examples();
    let url = start(server.address(), Coder::default());
    let report = run(&options(&url, &server, &other, true));
    assert_eq!(report.kind, Kind::Coder);
    assert_eq!(failed(&report), BTreeSet::new(), "{}", report.text(false, false));
    assert_eq!(known(&report), [2, 3, 4, 5, 6, 7, 9, 13, 14, 17, 20, 23].into());
    assert!(report.is_good(), "{:?}", report.left_over);
    assert_eq!(server.sql_organizations(), ["coder", "research"].map(str::to_owned).into());
    let text = report.text(false, false);
    assert!(text.contains("an extension of orgd") && text.contains("\n  #4   createOrganization/taken-name"), "{text}");
}

#[test]
fn a_coder_without_a_licence_is_known_too() {
    let (server, other) = with_examples();
    let url = start(server.address(), Coder { unlicensed: true, ..Coder::default() });
    let report = run(&options(&url, &server, &other, true));
    assert_eq!(failed(&report), BTreeSet::new(), "{}", report.text(false, false));
    assert!(known(&report).contains(&1));
    assert!(report.is_good());
}

#[test]
fn orgd_is_not_excused_by_what_coder_does() {
    let (server, other) = with_examples();
    let url = start(server.address(), Coder::default());
    let mut options = options(&url, &server, &other, true);
    options.kind = Some(Kind::Orgd);
    let failed = failed(&run(&options));
    for case in ["createOrganization/taken-name", "updateOrganization/forbidden", "getProvisionerJobs/queue-numbers"] {
        assert!(failed.contains(case), "{failed:?}");
    }
}
