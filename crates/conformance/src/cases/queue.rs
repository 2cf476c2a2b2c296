//! Extensions of orgd that queue and cancel jobs, and show their logs.

use serde_json::{Value, json};

use super::organizations::{Own, make};
use crate::call::{Call, call};
use crate::case::{Aspect, Case, Stop};
use crate::run::{Run, items, text};

pub(super) static CASES: &[Case] = &[
    case!(
        "createProvisionerJob",
        "queued",
        Writing,
        queued,
        "201, pending, with the tags in their normal form and a place in the queue"
    ),
    case!(
        "createProvisionerJob",
        "repeated",
        Writing,
        repeated,
        "the same request with the same ID is answered with 200 and the same job"
    ),
    case!(
        "createProvisionerJob",
        "id-of-another",
        Writing,
        id_of_another,
        "the ID of another job: 409 that names the field"
    ),
    case!("createProvisionerJob", "unknown-type", Writing, unknown_type, "a type that there is not: 400"),
    case!("cancelProvisionerJob", "canceled", Writing, canceled, "200, and a job that waited is canceled at once"),
    case!("cancelProvisionerJob", "again", Writing, again, "a job that has ended: 409"),
    case!("getProvisionerJobLogs", "list", Reading, logs, "the lines of a job, in the order of their IDs"),
];

fn queue(own: &Own, body: &Value) -> Call {
    call("createProvisionerJob", &[&own.id]).json(body)
}

async fn queued(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    let job = run.ask(queue(&own, &json!({ "type": "workspace_build", "tags": { "gpu": "yes" } })), 201).await?;
    let tags = json!({ "gpu": "yes", "owner": "", "scope": "organization" });
    for (key, value) in [
        ("status", json!("pending")),
        ("tags", tags),
        ("queue_position", json!(1)),
        ("queue_size", json!(1)),
        ("organization_id", json!(own.id)),
    ] {
        run.same(key, &value, &job[key]);
    }
    Ok(())
}

async fn repeated(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    let body = json!({ "id": run.server.guard.absent_id(), "type": "workspace_build" });
    run.prepare(queue(&own, &body)).await?;
    let again = run.ask(queue(&own, &body), 200).await?;
    run.same("id", &body["id"], &again["id"]);
    Ok(())
}

async fn id_of_another(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    let id = run.server.guard.absent_id();
    run.prepare(queue(&own, &json!({ "id": id, "type": "workspace_build" }))).await?;
    let other = json!({ "id": id, "type": "template_version_import" });
    run.refused(queue(&own, &other), 409, &["id"]).await?;
    Ok(())
}

async fn unknown_type(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    run.ask(queue(&own, &json!({ "type": "no_such_type" })), 400).await?;
    Ok(())
}

async fn waiting(run: &mut Run<'_>) -> Result<(Own, String), Stop> {
    let own = make(run).await?;
    let job = run.prepare(queue(&own, &json!({ "type": "workspace_build" }))).await?;
    Ok((own, text(&job, "id").to_owned()))
}

async fn canceled(run: &mut Run<'_>) -> Result<(), Stop> {
    let (own, job) = waiting(run).await?;
    run.ask(call("cancelProvisionerJob", &[&own.id, &job]), 200).await?;
    let now = run.prepare(call("getProvisionerJobs", &[&own.id])).await?;
    run.same("status", &json!("canceled"), &now[0]["status"]);
    Ok(())
}

async fn again(run: &mut Run<'_>) -> Result<(), Stop> {
    let (own, job) = waiting(run).await?;
    let cancel = call("cancelProvisionerJob", &[&own.id, &job]);
    run.prepare(cancel.clone()).await?;
    run.ask(cancel, 409).await?;
    Ok(())
}

async fn logs(run: &mut Run<'_>) -> Result<(), Stop> {
    let (Some(organization), Some(job)) = (run.targets.organization.clone(), run.targets.jobs.first().cloned()) else {
        return Err(Stop::Skip("there is no job to look at".to_owned()));
    };
    let list = run.ask(call("getProvisionerJobLogs", &[&organization, text(&job, "id")]), 200).await?;
    let ids: Vec<Option<i64>> = items(&list).iter().map(|line| line["id"].as_i64()).collect();
    run.check(ids.windows(2).all(|pair| pair[0] < pair[1]), Aspect::Content, "lines by their IDs", &format!("{ids:?}"));
    Ok(())
}
