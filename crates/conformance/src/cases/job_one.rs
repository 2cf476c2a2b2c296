//! `getProvisionerJob`.

use serde_json::{Value, json};

use super::job_list::{has_every_key, place};
use crate::call::{Caller, call};
use crate::case::{Aspect, Case, Stop};
use crate::run::{Run, text};

pub(super) static CASES: &[Case] = &[
    case!(
        "getProvisionerJob",
        "by-id",
        Reading,
        by_id,
        "it is the job of the list, with the keys that are never absent"
    ),
    case!("getProvisionerJob", "absent", Reading, absent, "an ID that no job has is 404"),
    case!("getProvisionerJob", "foreign", Reading, foreign, "a job of another organization is 404"),
    case!(
        "getProvisionerJob",
        "malformed-id",
        Reading,
        malformed,
        "an ID that is none is 400, before anything else is said"
    ),
    case!(
        "getProvisionerJob",
        "filters",
        Reading,
        filters,
        "status, tags and initiator are filters: a job that does not pass is 404"
    ),
    case!(
        "getProvisionerJob",
        "unknown-parameter",
        Reading,
        unknown_parameter,
        "ids, and what it does not know: 400 that names it"
    ),
    case!(
        "getProvisionerJob",
        "hidden",
        Reading,
        hidden,
        "who may not read jobs gets what they get for one that is not there"
    ),
];

/// The keys of a job that never change.
const LASTING: [&str; 7] = ["id", "created_at", "organization_id", "initiator_id", "type", "tags", "file_id"];

fn some(run: &Run<'_>) -> Result<(String, Value), Stop> {
    let job = run.targets.jobs.iter().find(|job| job["status"] != "pending" && job["status"] != "running");
    let job = job.or(run.targets.jobs.first()).cloned();
    Ok((place(run)?, job.ok_or_else(|| Stop::Skip("there is no job to look at".to_owned()))?))
}

async fn by_id(run: &mut Run<'_>) -> Result<(), Stop> {
    let (organization, listed) = some(run)?;
    let id = text(&listed, "id");
    for form in [id.to_owned(), id.to_uppercase()] {
        let job = run.ask(call("getProvisionerJob", &[&organization, &form]), 200).await?;
        has_every_key(run, &job);
        for key in LASTING {
            run.same(key, &listed[key], &job[key]);
        }
    }
    Ok(())
}

async fn absent(run: &mut Run<'_>) -> Result<(), Stop> {
    let id = run.server.guard.absent_id();
    let asked = call("getProvisionerJob", &[&place(run)?, &id]);
    run.absent(asked).await
}

async fn foreign(run: &mut Run<'_>) -> Result<(), Stop> {
    let foreign = run.targets.foreign_job.clone();
    let foreign = foreign.ok_or_else(|| Stop::Skip("there is no job in another organization".to_owned()))?;
    let asked = call("getProvisionerJob", &[&place(run)?, &foreign]);
    run.absent(asked).await
}

async fn malformed(run: &mut Run<'_>) -> Result<(), Stop> {
    for id in ["abc", "00000000-0000-0000-0000-00000000000g"] {
        let body = run.ask(call("getProvisionerJob", &[&place(run)?, id]), 400).await?;
        run.same("message", &json!(format!("Invalid UUID \"{id}\".")), &body["message"]);
    }
    Ok(())
}

async fn filters(run: &mut Run<'_>) -> Result<(), Stop> {
    let (organization, job) = some(run)?;
    let asked = call("getProvisionerJob", &[&organization, text(&job, "id")]);
    let fitting = asked.clone().query("initiator", text(&job, "initiator_id")).query("limit", "1");
    let found = run.ask(fitting, 200).await?;
    run.same("id", &job["id"], &found["id"]);
    let nobody = run.server.guard.absent_id();
    for (name, value) in [("initiator", nobody.as_str()), ("tags", r#"{"no-such-tag":"x"}"#), ("status", "unknown")] {
        run.absent(asked.clone().query(name, value)).await?;
    }
    Ok(())
}

async fn unknown_parameter(run: &mut Run<'_>) -> Result<(), Stop> {
    let (organization, job) = some(run)?;
    for name in ["ids", "no_such_parameter"] {
        let asked = call("getProvisionerJob", &[&organization, text(&job, "id")]).query(name, text(&job, "id"));
        run.refused(asked, 400, &[name]).await?;
    }
    Ok(())
}

async fn hidden(run: &mut Run<'_>) -> Result<(), Stop> {
    let (organization, job) = some(run)?;
    let absent = run.server.guard.absent_id();
    let absent = run.answer(call("getProvisionerJob", &[&organization, &absent]).by(Caller::Other), 404).await?;
    let hidden =
        run.answer(call("getProvisionerJob", &[&organization, text(&job, "id")]).by(Caller::Other), 404).await?;
    let got = String::from_utf8_lossy(&hidden.body).into_owned();
    run.check(hidden.body == absent.body, Aspect::Value, "the body of a job that is not there", &got);
    Ok(())
}
