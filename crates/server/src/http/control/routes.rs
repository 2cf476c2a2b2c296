//! The control routes, each a few lines between the request and the test double.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use actix_web::web::{self, Bytes, Data, Path, ServiceConfig};
use actix_web::{HttpResponse, http::header::HeaderName};
use orgd_api_types::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Refusal, read};
use crate::clock::Clock as _;
use crate::fixture::{Fixture, State};
use crate::http::answer;
use crate::operations::Operation;
use crate::test_double::faults::{ANY, Fault, LONGEST_DELAY, NewFault};
use crate::test_double::requests::Wanted;
use crate::test_double::{JobStep, TestDouble};

type Double = Data<TestDouble>;
type Answer = Result<HttpResponse, Refusal>;

/// What `GET /_test` answers: method, path, what it is for.
const ROUTES: &[(&str, &str, &str)] = &[
    ("GET", "/_test", "this list"),
    ("POST", "/_test/reset", "back to how the server was after its start; faults and recorded requests go"),
    ("GET", "/_test/state", "which state was loaded last, and which there are"),
    ("PUT", "/_test/state", "load one: {\"name\": …} or {\"fixture\": {…}}"),
    ("GET", "/_test/jobs/{job}", "a provisioner job of whatever organization"),
    (
        "POST",
        "/_test/jobs/{job}/advance",
        "move it through its life: {\"to\": status, error?, error_code?, worker?, logs?}",
    ),
    ("GET", "/_test/faults", "the faults that are arranged for, with how often each has happened"),
    ("POST", "/_test/faults", "arrange for one: {operation, fault: {kind, …}, times?, skip?, when?}"),
    ("DELETE", "/_test/faults", "remove all"),
    ("DELETE", "/_test/faults/{id}", "remove one"),
    ("GET", "/_test/requests", "what was asked: ?operation=&method=&path_contains=&status=&after="),
    ("POST", "/_test/requests/wait", "the same, once there are enough: {operation?, …, count?, timeout_seconds?}"),
    ("DELETE", "/_test/requests", "forget what was asked"),
    ("GET", "/_test/clock", "what the clock shows, and whether it stands"),
    ("PUT", "/_test/clock", "set it: {\"now\": time} or {\"frozen\": true|false}"),
    ("POST", "/_test/clock/advance", "let time pass, and do what is due: {\"by\": \"5m\"}"),
];

/// Adds the routes.
pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/_test", web::get().to(list_routes))
        .route("/_test/", web::get().to(list_routes))
        .route("/_test/reset", web::post().to(reset))
        .route("/_test/state", web::get().to(state))
        .route("/_test/state", web::put().to(load_state))
        .route("/_test/jobs/{job}", web::get().to(show_job))
        .route("/_test/jobs/{job}/advance", web::post().to(advance_job))
        .route("/_test/faults", web::get().to(list_faults))
        .route("/_test/faults", web::post().to(add_fault))
        .route("/_test/faults", web::delete().to(clear_faults))
        .route("/_test/faults/{id}", web::delete().to(remove_fault))
        .route("/_test/requests", web::get().to(list_requests))
        .route("/_test/requests", web::delete().to(clear_requests))
        .route("/_test/requests/wait", web::post().to(wait_for_requests))
        .route("/_test/clock", web::get().to(clock))
        .route("/_test/clock", web::put().to(set_clock))
        .route("/_test/clock/advance", web::post().to(advance_clock));
}

fn ok(value: &impl Serialize) -> Answer {
    Ok(answer::encoded(StatusCode::OK, value))
}

fn done() -> Answer {
    Ok(HttpResponse::NoContent().finish())
}

async fn list_routes() -> Answer {
    let route = |(method, path, about): &(&str, &str, &str)| json!({"method": method, "path": path, "about": about});
    ok(&ROUTES.iter().map(route).collect::<Vec<_>>())
}

async fn reset(double: Double) -> Answer {
    ok(&double.reset().await?)
}

async fn state(double: Double) -> Answer {
    let mut state = serde_json::to_value(double.loaded()).map_err(|error| Refusal::Failed(error.to_string()))?;
    state["known"] = json!(double.state_names());
    ok(&state)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhichState {
    name: Option<String>,
    fixture: Option<Box<Fixture>>,
}

async fn load_state(double: Double, body: Bytes) -> Answer {
    let state = match read::<WhichState>(&body)? {
        WhichState { name: Some(name), fixture: None } => {
            double.state(&name).map_err(|error| Refusal::field("name", error.to_string()))?
        }
        WhichState { name, fixture: Some(fixture) } => {
            let contents = fixture.resolve().map_err(|error| match error {
                crate::fixture::FixtureError::Faults(faults) => Refusal::Validation(
                    faults
                        .into_iter()
                        .map(|fault| {
                            orgd_api_types::ValidationError::new(format!("fixture.{}", fault.path), fault.rule)
                        })
                        .collect(),
                ),
                other => Refusal::field("fixture", other.to_string()),
            })?;
            State { name: name.as_deref().unwrap_or("(from a request)").into(), contents: contents.into() }
        }
        WhichState { name: None, fixture: None } => {
            return Err(Refusal::field(
                "name",
                format!("is required, or fixture is; there is {}", double.state_names().join(", ")),
            ));
        }
    };
    ok(&double.load(state).await?)
}

fn job_id(text: &str) -> Result<Uuid, Refusal> {
    Uuid::try_parse(text).map_err(|error| Refusal::field("job", format!("must be a UUID: {error}")))
}

async fn show_job(double: Double, job: Path<String>) -> Answer {
    ok(&double.job(job_id(&job)?).await?)
}

async fn advance_job(double: Double, job: Path<String>, body: Bytes) -> Answer {
    ok(&double.advance_job(job_id(&job)?, read::<JobStep>(&body)?).await?)
}

async fn list_faults(double: Double) -> Answer {
    ok(&double.interference.faults.list())
}

async fn clear_faults(double: Double) -> Answer {
    double.interference.faults.clear();
    done()
}

async fn remove_fault(double: Double, id: Path<String>) -> Answer {
    let id = id.parse().map_err(|_| Refusal::field("id", "must be the number of a fault"))?;
    if double.interference.faults.remove(id) {
        done()
    } else {
        Err(Refusal::NotFound(format!("there is no fault {id}")))
    }
}

async fn add_fault(double: Double, body: Bytes) -> Answer {
    let fault: NewFault = read(&body)?;
    check_fault(&fault)?;
    Ok(answer::encoded(StatusCode::CREATED, &double.interference.faults.add(fault)))
}

/// What makes no sense would never happen, and the test that waits for it would not know why.
fn check_fault(new: &NewFault) -> Result<(), Refusal> {
    let known = Operation::ALL.iter().find(|operation| operation.id() == new.operation);
    if known.is_none() && new.operation != ANY {
        let closest = Operation::ALL.iter().map(|operation| operation.id()).max_by(|left, right| {
            let score = |id: &str| strsim::jaro_winkler(&id.to_lowercase(), &new.operation.to_lowercase());
            score(left).total_cmp(&score(right))
        });
        let rule = format!("there is no operation {:?}; did you mean {:?}?", new.operation, closest.unwrap_or(ANY));
        return Err(Refusal::field("operation", rule));
    }
    match &new.fault {
        Fault::Status { status, headers, undocumented, .. } => {
            check_status(known.copied(), *status, headers, *undocumented)
        }
        Fault::Delay { milliseconds } | Fault::SlowBody { milliseconds }
            if Duration::from_millis(*milliseconds) > LONGEST_DELAY =>
        {
            Err(Refusal::field("fault.milliseconds", format!("must be at most {}", LONGEST_DELAY.as_millis())))
        }
        Fault::UnknownEnumValue { pointer: Some(pointer), .. }
        | Fault::ExtraField { pointer: Some(pointer), .. }
        | Fault::MissingField { pointer }
        | Fault::Replace { pointer, .. }
            if !pointer.is_empty() && !pointer.starts_with('/') =>
        {
            Err(Refusal::field("fault.pointer", "must be a JSON pointer, such as /0/status"))
        }
        Fault::ContentType { value } if HeaderValue::from_str(value).is_err() => {
            Err(Refusal::field("fault.value", "must be text that a header can hold"))
        }
        _ => Ok(()),
    }
}

fn check_status(
    operation: Option<Operation>,
    status: u16,
    headers: &std::collections::BTreeMap<String, String>,
    undocumented: bool,
) -> Result<(), Refusal> {
    if !(200..=599).contains(&status) {
        return Err(Refusal::field("fault.status", "must be from 200 to 599"));
    }
    if let Some(operation) = operation.filter(|operation| !undocumented && !operation.statuses().contains(&status)) {
        let statuses: Vec<_> = operation.statuses().iter().map(ToString::to_string).collect();
        let rule = format!(
            "{} is documented to answer {}; to see what a client does with another one, add \"undocumented\": true",
            operation.id(),
            statuses.join(", ")
        );
        return Err(Refusal::field("fault.status", rule));
    }
    for (name, value) in headers {
        if HeaderName::try_from(name.as_str()).is_err() || HeaderValue::from_str(value).is_err() {
            return Err(Refusal::field(&format!("fault.headers.{name}"), "is no header that can be sent"));
        }
    }
    Ok(())
}

async fn list_requests(double: Double, wanted: web::Query<std::collections::BTreeMap<String, String>>) -> Answer {
    let mut json = serde_json::Map::new();
    for (name, text) in wanted.into_inner() {
        let is_number = matches!(name.as_str(), "status" | "after");
        let value = match text.parse::<u64>() {
            Ok(number) if is_number => json!(number),
            _ => json!(text),
        };
        json.insert(name, value);
    }
    let wanted: Wanted = serde_path_to_error::deserialize(serde_json::Value::Object(json))
        .map_err(|error| Refusal::field(&error.path().to_string(), error.inner().to_string()))?;
    ok(&double.interference.requests.find(&wanted))
}

async fn clear_requests(double: Double) -> Answer {
    double.interference.requests.clear();
    done()
}

#[derive(Deserialize)]
struct Wait {
    #[serde(default = "one")]
    count: usize,
    #[serde(default = "ten")]
    timeout_seconds: u64,
}

fn one() -> usize {
    1
}

fn ten() -> u64 {
    10
}

async fn wait_for_requests(double: Double, body: Bytes) -> Answer {
    let mut json: serde_json::Map<String, serde_json::Value> = read(&body)?;
    let own: serde_json::Map<_, _> = ["count", "timeout_seconds"]
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), json.shift_remove(key)?)))
        .collect();
    let wait: Wait = serde_json::from_value(own.into()).map_err(|error| Refusal::field("count", error.to_string()))?;
    if wait.timeout_seconds > 600 {
        return Err(Refusal::field("timeout_seconds", "must be at most 600"));
    }
    let wanted: Wanted = serde_path_to_error::deserialize(serde_json::Value::Object(json))
        .map_err(|error| Refusal::field(&error.path().to_string(), error.inner().to_string()))?;
    let found = double.interference.requests.wait(&wanted, wait.count, Duration::from_secs(wait.timeout_seconds)).await;
    if found.requests.len() < wait.count {
        let (seconds, came, count) = (wait.timeout_seconds, found.requests.len(), wait.count);
        return Err(Refusal::Conflict(format!("after {seconds} s there were {came} such requests, not {count}")));
    }
    ok(&found)
}

fn clock_of(double: &TestDouble) -> serde_json::Value {
    json!({"now": double.clock.now(), "frozen": double.clock.is_frozen()})
}

async fn clock(double: Double) -> Answer {
    ok(&clock_of(&double))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    now: Option<Timestamp>,
    frozen: Option<bool>,
}

async fn set_clock(double: Double, body: Bytes) -> Answer {
    let change: ClockChange = read(&body)?;
    if let Some(frozen) = change.frozen {
        double.clock.freeze(frozen);
    }
    if let Some(now) = change.now {
        double.clock.set(now);
    }
    ok(&clock_of(&double))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    by: String,
}

async fn advance_clock(double: Double, body: Bytes) -> Answer {
    let Advance { by } = read(&body)?;
    let by = humantime::parse_duration(&by)
        .map_err(|error| Refusal::field("by", format!("must be a span such as 90s or 1h30m: {error}")))?;
    double.advance(by).await?;
    ok(&clock_of(&double))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check_fault;
    use crate::http::control::document;

    fn refused(fault: serde_json::Value) -> String {
        match check_fault(&serde_json::from_value(fault).unwrap()) {
            Err(super::Refusal::Validation(list)) => format!("{}: {}", list[0].field, list[0].detail),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn faults_that_could_not_happen_are_refused_with_a_way_out() {
        let typo = refused(json!({"operation": "createOrganisation", "fault": {"kind": "malformed_json"}}));
        assert_eq!(
            typo,
            r#"operation: there is no operation "createOrganisation"; did you mean "createOrganization"?"#
        );
        let status = refused(json!({"operation": "getOrganizations", "fault": {"kind": "status", "status": 418}}));
        assert!(status.starts_with("fault.status: getOrganizations is documented to answer 200, 401"), "{status}");
        let pointer = refused(json!({"operation": "*", "fault": {"kind": "missing_field", "pointer": "id"}}));
        assert!(pointer.starts_with("fault.pointer"), "{pointer}");
        let allowed =
            json!({"operation": "getOrganizations", "fault": {"kind": "status", "status": 418, "undocumented": true}});
        assert!(check_fault(&serde_json::from_value(allowed).unwrap()).is_ok());
        assert!(document::example_of(None, 500).is_none());
    }
}
