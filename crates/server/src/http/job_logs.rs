//! The handler of a job's log, and the stream of server-sent events that follows it.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::stream;
use orgd_api_types::{ProvisionerJobLog, ProvisionerJobStatus};
use serde::Serialize;
use utoipa::IntoParams;

use super::answer;
use super::error::ApiError;
use super::errors_documented::QueryErrors;
use super::gate::{AtOrganization, InOrganization, require_still, uuid_in_path};
use crate::auth::permission::Permission;
use crate::operations::ProvisioningOperation;
use crate::service::{FollowedLogs, LogEvent};
use crate::wire::encode;
use crate::wire::query::{LogQuery, QueryString};

/// The number of the last line that a reader has seen whose stream was cut; browsers send it by themselves.
const LAST_EVENT_ID: &str = "last-event-id";

/// The query parameters as they are documented; `wire::query` reads them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "exists for its schema only; the query is read by `wire::query`")]
pub struct LogParameters {
    /// Only log lines with a greater ID
    #[param(required = false, nullable = false, minimum = 0)]
    after: Option<i64>,
    /// Keep the answer open and send log lines as they come
    #[param(required = false, nullable = false)]
    follow: Option<bool>,
}

/// Get provisioner job logs
///
/// The job's log lines in the order in which they came. With `follow` the answer is a stream of server-sent events: one `log`
/// event for each line, whose data is the line as JSON and whose ID is the line's, and at the end of the job one `end` event,
/// whose data is an object with the job's `status`; then the stream closes. A reader that lost the stream goes on where it was
/// with `after`, or with the header `Last-Event-ID`, as browsers do by themselves.
#[utoipa::path(
    get, path = "/organizations/{organization}/provisionerjobs/{job}/logs", operation_id = "getProvisionerJobLogs",
    tag = "Provisioning", security(("CoderSessionToken" = [])), extensions(("x-extension" = json!(true))),
    params(
        ("organization" = String, Path, description = "Organization ID or name", example = "default"),
        ("job" = Uuid, Path, description = "Job ID", example = "0198f5a0-9d30-7b52-8c11-5a6b7c8d9e0f"),
        LogParameters
    ),
    responses(
        (status = 200, description = "OK", content(
            ([ProvisionerJobLog] = "application/json"),
            (String = "text/event-stream")
        )),
        QueryErrors
    )
)]
pub async fn get_provisioner_job_logs(at: AtOrganization, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let job = uuid_in_path(&request, "job")?;
    let inside = at.require()?;
    let declared = ProvisioningOperation::GetProvisionerJobLogs.query_parameters();
    let query = QueryString::parse(request.query_string()).and_then(|query| LogQuery::parse(&query, declared));
    let query = query.map_err(ApiError::Query)?;
    let after = last_seen(&request).unwrap_or(query.after);
    let (services, organization) = (&inside.app.services, inside.organization.organization.id);
    if query.follow {
        let followed = services.follow_provisioner_job_logs(organization, job, after).await?;
        return Ok(HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/event-stream; charset=utf-8"))
            .insert_header((CACHE_CONTROL, "no-store"))
            .streaming(events(followed, inside, request)));
    }
    Ok(answer::encoded(StatusCode::OK, &services.get_provisioner_job_logs(organization, job, after).await?))
}

fn last_seen(request: &HttpRequest) -> Option<i64> {
    request.headers().get(LAST_EVENT_ID)?.to_str().ok()?.parse().ok()
}

/// A failure in the middle cuts the connection; the reader comes back with the number of the last line that it has. So it is with
/// a reader who may not read any more, and who learns that when they come back.
fn events(
    followed: FollowedLogs,
    inside: InOrganization,
    request: HttpRequest,
) -> impl stream::Stream<Item = Result<Bytes, ApiError>> {
    stream::try_unfold((followed, inside, request), |(mut followed, inside, request)| async move {
        let Some(event) = followed.next().await? else { return Ok(None) };
        let (app, organization) = (&inside.app, inside.organization.organization.id);
        require_still(app, &request, Permission::ReadProvisionerJobs, organization).await?;
        Ok::<_, ApiError>(Some((written(&event), (followed, inside, request))))
    })
}

#[derive(Serialize)]
struct Ended {
    status: ProvisionerJobStatus,
}

/// The event as it is sent.
pub fn written(event: &LogEvent) -> Bytes {
    let mut out = Vec::new();
    match event {
        LogEvent::Lines(lines) => {
            for line in lines {
                out.extend_from_slice(format!("id: {}\nevent: log\ndata: ", line.id).as_bytes());
                // JSON has no line feed of its own, so it is one line of the stream.
                encode::append(&mut out, line);
                out.extend_from_slice(b"\n\n");
            }
        }
        // A comment, which readers skip.
        LogEvent::Silence => out.extend_from_slice(b":\n\n"),
        LogEvent::End(status) => {
            out.extend_from_slice(b"event: end\ndata: ");
            encode::append(&mut out, &Ended { status: *status });
            out.extend_from_slice(b"\n\n");
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use orgd_api_types::{LogLevel, LogSource, ProvisionerJobLog, ProvisionerJobStatus, Timestamp};

    use super::{LogEvent, written};

    #[test]
    fn an_event_is_one_line_whatever_it_says() {
        let line = ProvisionerJobLog {
            id: 7,
            created_at: Timestamp::from_micros(0),
            log_source: LogSource::Provisioner,
            log_level: LogLevel::Warn,
            stage: "a".to_owned(),
            output: "one\ntwo\r\nevent: end".to_owned(),
        };
        let text = String::from_utf8(written(&LogEvent::Lines(vec![line])).to_vec()).unwrap();
        assert_eq!(
            text,
            "id: 7\nevent: log\ndata: {\"id\":7,\"created_at\":\"1970-01-01T00:00:00Z\",\"log_source\":\"provisioner\",\
             \"log_level\":\"warn\",\"stage\":\"a\",\"output\":\"one\\ntwo\\r\\nevent: end\"}\n\n"
        );
        let end = written(&LogEvent::End(ProvisionerJobStatus::Failed));
        assert_eq!(&end[..], b"event: end\ndata: {\"status\":\"failed\"}\n\n");
        assert_eq!(&written(&LogEvent::Silence)[..], b":\n\n");
    }
}
