//! The client against a server that answers as a test says.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, helpers included")]

#[path = "../support/fake.rs"]
mod fake;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fake::{Fake, Reply, Request};
use orgd_client::{CallError, Client, Credential, LogEvent, types};
use serde_json::{Value, json};
use uuid::Uuid;

const JOB: Uuid = Uuid::from_u128(7);

/// A server that gives these replies, one after the other, the last one again and again; and what it was asked.
fn serving(replies: Vec<Reply>) -> (Fake, Arc<Mutex<Vec<Request>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let fake = Fake::start(move |request| {
        let mut seen = seen.lock().unwrap();
        seen.push(request.clone());
        replies[seen.len().min(replies.len()) - 1].clone()
    });
    (fake, asked)
}

fn client(fake: &Fake) -> Client {
    Client::new(&fake.url, &Credential::SessionToken("secret".to_owned())).unwrap()
}

async fn organizations(reply: Reply) -> CallError {
    let (fake, _) = serving(vec![reply]);
    client(&fake).api().get_organizations().await.unwrap_err().into()
}

#[tokio::test]
async fn each_credential_has_its_own_header() {
    let (fake, asked) = serving(vec![Reply::json(200, &json!([]))]);
    client(&fake).api().get_organizations().await.unwrap();
    let key = Client::new(&format!("{}/", fake.url), &Credential::ProvisionerKey("key".to_owned())).unwrap();
    key.api().get_organizations().await.unwrap();
    let asked = asked.lock().unwrap();
    assert_eq!(asked[0].line, "GET /api/v2/organizations");
    assert_eq!(asked[1].line, "GET /api/v2/organizations");
    let headers = |request: &Request| {
        ["coder-session-token", "coder-provisioner-key"].map(|name| request.header(name).map(str::to_owned))
    };
    assert_eq!(headers(&asked[0]), [Some("secret".to_owned()), None]);
    assert_eq!(headers(&asked[1]), [None, Some("key".to_owned())]);
}

#[tokio::test]
async fn organizations_are_named_in_paths_and_lists_are_joined_or_repeated() {
    let (fake, asked) = serving(vec![Reply::json(200, &json!([]))]);
    let ids = vec![Uuid::from_u128(1), Uuid::from_u128(2)];
    let status = Some(types::GetProvisionerJobsStatus::Running);
    client(&fake)
        .api()
        .get_provisioner_jobs("a/b c", Some(&ids), None, Some(5), status, Some("{\"scope\":\"organization\"}"))
        .await
        .unwrap();
    let line = asked.lock().unwrap()[0].line.clone();
    assert_eq!(
        line,
        format!(
            "GET /api/v2/organizations/a%2Fb%20c/provisionerjobs?ids={}&ids={}&limit=5&status=running\
             &tags=%7B%22scope%22%3A%22organization%22%7D",
            ids[0], ids[1]
        )
    );
}

#[tokio::test]
async fn bodies_leave_out_what_was_not_given() {
    let (fake, asked) = serving(vec![Reply::json(200, &json!({"canceling": false, "logs_overflowed": true}))]);
    let body = types::OrgdProvisionerJobProgressRequest {
        attempt: 2.try_into().unwrap(),
        logs: vec![types::OrgdProvisionerJobLogLine {
            output: "a".parse().unwrap(),
            created_at: None,
            source: None,
            level: Some(types::CodersdkLogLevel::Warn),
            stage: None,
        }],
        logs_offset: Some(0),
    };
    let client = client(&fake);
    let answer = client.patient().report_provisioner_job_progress("default", &JOB, &JOB, &body).await.unwrap();
    assert!(answer.logs_overflowed && !answer.canceling);
    let asked = asked.lock().unwrap();
    let line = format!("POST /api/v2/organizations/default/provisionerdaemons/{JOB}/jobs/{JOB}/progress");
    assert_eq!(asked[0].line, line);
    assert_eq!(asked[0].body, json!({"attempt": 2, "logs": [{"output": "a", "level": "warn"}], "logs_offset": 0}));
}

#[tokio::test]
async fn a_refusal_says_what_the_server_said() {
    let body = json!({
        "message": "Validation failed.",
        "detail": "Two of them.",
        "validations": [{"field": "name", "detail": "is taken"}, {"field": "icon", "detail": "is no URL"}],
    });
    let error = organizations(Reply::json(401, &body)).await;
    assert_eq!(error.to_string(), "Validation failed. (status 401): Two of them.; name: is taken; icon: is no URL");
    assert_eq!((error.status(), error.is_transient()), (Some(401), false));
}

#[tokio::test]
async fn what_may_pass_is_known_from_what_stays() {
    let said = json!({"message": "m"});
    for (status, transient) in
        [(401, false), (418, false), (428, false), (429, true), (500, true), (502, true), (503, true)]
    {
        let error = organizations(Reply::json(status, &said)).await;
        assert_eq!((error.status(), error.is_transient()), (Some(status), transient), "{error}");
    }
    let busy = Reply::Answer(429, vec![("retry-after", "7".to_owned())], said.to_string());
    assert_eq!(organizations(busy).await.retry_after(), Some(Duration::from_secs(7)));

    let page = Reply::Answer(502, vec![("content-type", "text/html".to_owned())], "<h1>Bad gateway</h1>".to_owned());
    assert_eq!(organizations(page).await.to_string(), "502 Bad Gateway (status 502)");
    let garbled = organizations(Reply::Answer(200, vec![], "<h1>Welcome</h1>".to_owned())).await;
    assert!(garbled.is_transient() && garbled.to_string().starts_with("the answer cannot be read: "), "{garbled}");
    let gone = organizations(Reply::Nothing).await;
    assert!(gone.is_transient() && gone.status().is_none(), "{gone}");
}

#[tokio::test]
async fn a_secret_does_not_follow_a_redirection() {
    let (other, asked) = serving(vec![Reply::json(200, &json!([]))]);
    let error = organizations(Reply::Answer(302, vec![("location", other.url.clone())], String::new())).await;
    assert_eq!((error.status(), error.is_transient()), (Some(302), false));
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn jobs_keep_keys_that_the_client_does_not_know() {
    let jobs = json!([{"id": JOB, "created_at": "2026-01-02T03:04:05.5Z", "new": {"key": [1]}}]);
    let refused = Reply::json(404, &json!({"message": "Resource not found"}));
    let (fake, asked) = serving(vec![Reply::json(200, &jobs), refused]);
    let client = client(&fake);
    let query = [("limit", "5".to_owned()), ("status", "running,pending".to_owned())];
    assert_eq!(Value::Array(client.jobs_as_written("default", &query).await.unwrap()), jobs);
    let line = "GET /api/v2/organizations/default/provisionerjobs?limit=5&status=running%2Cpending";
    assert_eq!(asked.lock().unwrap()[0].line, line);
    let error = client.jobs_as_written("default", &[]).await.unwrap_err();
    assert_eq!(error.to_string(), "Resource not found (status 404)");
}

fn log(id: i64) -> String {
    let line = json!({
        "id": id, "created_at": "2026-01-02T03:04:05Z", "log_source": "provisioner",
        "log_level": "info", "stage": "", "output": format!("line {id}"),
    });
    format!("event: log\nid: {id}\ndata: {line}\n\n")
}

fn stream(text: String) -> Reply {
    Reply::Answer(200, vec![("content-type", "text/event-stream".to_owned())], text)
}

#[tokio::test]
async fn a_log_is_followed_to_its_end_however_often_the_stream_is_lost() {
    let end = "event: end\ndata: {\"status\":\"succeeded\"}\n\n";
    let busy = Reply::json(503, &json!({"message": "busy"}));
    let (fake, asked) = serving(vec![
        stream(format!(": hello\n\n{}{}", log(3), log(5))),
        Reply::Nothing,
        busy,
        // The last event is cut off, so it comes again.
        stream(format!("{}event: log\nid: 9\ndata: {{\"id", log(8))),
        stream(format!("{}{end}", log(9))),
    ]);
    let mut following = client(&fake).follow("default", JOB, Some(1));
    let mut seen = Vec::new();
    while let Some(event) = following.next().await.unwrap() {
        seen.push(match event {
            LogEvent::Line(line) => line.output,
            LogEvent::End(status) => status.to_string(),
        });
    }
    assert_eq!(seen, ["line 3", "line 5", "line 8", "line 9", "succeeded"]);
    assert!(following.next().await.unwrap().is_none());
    let path = format!("GET /api/v2/organizations/default/provisionerjobs/{JOB}/logs?follow=true&after=");
    let lines: Vec<String> = asked.lock().unwrap().iter().map(|one| one.line.replace(&path, "")).collect();
    assert_eq!(lines, ["1", "5", "5", "5", "8"]);
    assert_eq!(asked.lock().unwrap()[0].header("accept"), Some("text/event-stream"));
}

#[tokio::test]
async fn a_log_that_may_not_be_read_is_not_tried_again() {
    let (fake, asked) = serving(vec![Reply::json(404, &json!({"message": "Resource not found"}))]);
    let error = client(&fake).follow("default", JOB, None).next().await.unwrap_err();
    assert_eq!(error.status(), Some(404));
    assert_eq!(asked.lock().unwrap().len(), 1);
}
