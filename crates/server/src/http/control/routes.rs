//! The control routes, each a few lines between the request and the test double.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data, Path, ServiceConfig};
use orgd_api_types::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::faults::{check_fault, operation, with_choices};
use super::{Refusal, read};
use crate::clock::Clock as _;
use crate::fixture::{Fixture, State};
use crate::http::answer;
use crate::test_double::faults::NewFault;
use crate::test_double::requests::Wanted;
use crate::test_double::{JobStep, TestDouble};

type Double = Data<TestDouble>;
type Answer = Result<HttpResponse, Refusal>;

/// What `GET /_test` answers: method, path, what it is for.
const ROUTES: &[(&str, &str, &str)] = &[
    ("GET", "/_test", "this list"),
    ("GET", "/_test/openapi.json", "the OpenAPI document of these routes"),
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
        .route("/_test/openapi.json", web::get().to(describe))
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

async fn describe() -> Answer {
    ok(super::openapi().map_err(Refusal::Failed)?)
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
    fixture: Option<serde_json::Value>,
}

async fn load_state(double: Double, body: Bytes) -> Answer {
    let state = match read::<WhichState>(&body)? {
        WhichState { name: Some(name), fixture: None } => {
            double.state(&name).map_err(|error| Refusal::field("name", error.to_string()))?
        }
        WhichState { name, fixture: Some(fixture) } => {
            let contents =
                Fixture::of_json(fixture).and_then(|fixture| fixture.resolve()).map_err(|error| match error {
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
    let fault: NewFault = read(&body).map_err(with_choices)?;
    check_fault(&fault)?;
    Ok(answer::encoded(StatusCode::CREATED, &double.interference.faults.add(fault)))
}

/// Which requests are wanted. A name that there is not would never be found.
fn wanted(json: serde_json::Map<String, serde_json::Value>) -> Result<Wanted, Refusal> {
    let wanted: Wanted = read(serde_json::Value::Object(json).to_string().as_bytes())?;
    if let Some(id) = &wanted.operation {
        operation(id)?;
    }
    Ok(wanted)
}

async fn list_requests(double: Double, query: web::Query<std::collections::BTreeMap<String, String>>) -> Answer {
    let mut json = serde_json::Map::new();
    for (name, text) in query.into_inner() {
        let is_number = matches!(name.as_str(), "status" | "after");
        let value = match text.parse::<u64>() {
            Ok(number) if is_number => json!(number),
            _ => json!(text),
        };
        json.insert(name, value);
    }
    ok(&double.interference.requests.find(&wanted(json)?))
}

async fn clear_requests(double: Double) -> Answer {
    double.interference.requests.clear();
    done()
}

#[derive(Deserialize)]
struct Wait {
    #[serde(default = "one")]
    count: u32,
    #[serde(default = "ten")]
    timeout_seconds: u64,
}

fn one() -> u32 {
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
    let wait: Wait = read(serde_json::Value::Object(own).to_string().as_bytes())?;
    if wait.timeout_seconds > 600 {
        return Err(Refusal::field("timeout_seconds", "must be at most 600"));
    }
    let wanted = wanted(json)?;
    let count = usize::try_from(wait.count).unwrap_or(usize::MAX);
    let found = double.interference.requests.wait(&wanted, count, Duration::from_secs(wait.timeout_seconds)).await;
    if found.requests.len() < count {
        let (seconds, came) = (wait.timeout_seconds, found.requests.len());
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
    let by = humantime::parse_duration(&by).map_err(|_| {
        Refusal::field("by", format!("is {by:?}, and must be a span such as 90s or 1h30m; time does not go back"))
    })?;
    double.advance(by).await?;
    ok(&clock_of(&double))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::ROUTES;
    use crate::http::control::openapi;

    #[test]
    fn the_list_is_that_of_the_document() {
        let listed: BTreeSet<(String, String)> =
            ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
        let paths = openapi().unwrap()["paths"].as_object().unwrap();
        let operations = paths.iter().flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
        });
        assert_eq!(listed, operations.collect());
    }
}
