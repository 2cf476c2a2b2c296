//! `getProvisionerJobs` without its filters: what a list and the jobs in it look like.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use serde_json::{Value, json};

use crate::call::{Call, Caller, call};
use crate::case::{Aspect, Case, Stop};
use crate::run::{Run, items, text, texts};
use crate::targets::WINDOW;

/// The keys that every job is sent with.
const KEYS: [&str; 12] = [
    "id",
    "created_at",
    "status",
    "file_id",
    "tags",
    "queue_position",
    "queue_size",
    "organization_id",
    "initiator_id",
    "input",
    "type",
    "logs_overflowed",
];
/// The keys of its metadata that are never absent.
const METADATA: [&str; 5] =
    ["template_version_name", "template_id", "template_name", "template_display_name", "template_icon"];

pub(super) static CASES: &[Case] = &[
    case!(
        "getProvisionerJobs",
        "list",
        Reading,
        list,
        "every job has the keys that are never absent and belongs to the organization; none comes twice"
    ),
    case!("getProvisionerJobs", "order", Reading, order, "jobs come newest first, those of one moment by ID"),
    case!("getProvisionerJobs", "by-name", Reading, by_name, "the organization is found by name and by ID"),
    case!("getProvisionerJobs", "states", Reading, states, "status and times of each job fit"),
    case!(
        "getProvisionerJobs",
        "queue-numbers",
        Reading,
        queue_numbers,
        "a pending job has a place in a queue, every other one has 0 of 0"
    ),
    case!(
        "getProvisionerJobs",
        "available-workers",
        Reading,
        available_workers,
        "only jobs that have not started name workers, and only workers that are there"
    ),
    case!("getProvisionerJobs", "default-limit", Reading, default_limit, "without a limit there are at most 50"),
    case!("getProvisionerJobs", "limit", Reading, limit, "a limit cuts the list after its first jobs"),
    case!("getProvisionerJobs", "no-limit", Reading, no_limit, "a limit of 0 is none"),
    case!(
        "getProvisionerJobs",
        "invalid-limit",
        Reading,
        invalid_limit,
        "a limit that is no whole number from 0 to 2147483647, or comes twice: 400 that names it"
    ),
    case!(
        "getProvisionerJobs",
        "unknown-parameter",
        Reading,
        unknown_parameter,
        "a parameter that it does not know: 400 that names it"
    ),
    case!(
        "getProvisionerJobs",
        "every-failing-parameter",
        Reading,
        every_parameter,
        "all failing parameters are named at once"
    ),
    case!(
        "getProvisionerJobs",
        "hidden",
        Reading,
        hidden,
        "who may not read jobs gets what they get for an organization that is not there"
    ),
];

/// The organization whose jobs are looked at.
pub(super) fn place(run: &Run<'_>) -> Result<String, Stop> {
    run.targets.place(run.case.operation)
}

/// A call for its jobs.
pub(super) fn jobs(run: &Run<'_>) -> Result<Call, Stop> {
    Ok(call("getProvisionerJobs", &[&place(run)?]))
}

/// The newest jobs, asked for now.
pub(super) async fn newest(run: &mut Run<'_>) -> Result<Vec<Value>, Stop> {
    let asked = jobs(run)?.query("limit", &WINDOW.to_string());
    let list = items(&run.ask(asked, 200).await?).to_vec();
    if list.is_empty() { Err(Stop::Skip("there is no job to look at".to_owned())) } else { Ok(list) }
}

/// Notes each key that a job lacks.
pub(super) fn has_every_key(run: &mut Run<'_>, job: &Value) {
    let of_metadata =
        METADATA.iter().filter(|key| job["metadata"].get(**key).is_none()).map(|key| format!("metadata/{key}"));
    let missing: Vec<String> =
        KEYS.iter().filter(|key| job.get(**key).is_none()).map(|key| (*key).to_owned()).chain(of_metadata).collect();
    for key in missing {
        run.note(Aspect::Schema, &format!("a job with the key {key}"), &format!("job {} has none", text(job, "id")));
    }
}

async fn list(run: &mut Run<'_>) -> Result<(), Stop> {
    let organization = place(run)?;
    let list = newest(run).await?;
    for job in &list {
        has_every_key(run, job);
        run.same("organization_id", &json!(organization), &job["organization_id"]);
    }
    let ids: BTreeSet<&str> = texts(&list, "id").into_iter().collect();
    run.check(
        ids.len() == list.len(),
        Aspect::Content,
        "each job once",
        &format!("{} of {} differ", ids.len(), list.len()),
    );
    Ok(())
}

fn created(job: &Value) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(text(job, "created_at")).ok()
}

async fn order(run: &mut Run<'_>) -> Result<(), Stop> {
    let list = newest(run).await?;
    if list.len() < 2 {
        return Err(Stop::Skip("fewer than two jobs to order".to_owned()));
    }
    for pair in list.windows(2) {
        let ids = format!("{} before {}", text(&pair[0], "id"), text(&pair[1], "id"));
        let (one, next) = (created(&pair[0]), created(&pair[1]));
        run.check(one >= next, Aspect::Value, "newest first", &ids);
        let by_id = one != next || text(&pair[0], "id") < text(&pair[1], "id");
        run.check(by_id, Aspect::Order, "jobs of one moment by ID", &ids);
    }
    Ok(())
}

async fn by_name(run: &mut Run<'_>) -> Result<(), Stop> {
    let id = place(run)?;
    let listed = run.targets.organizations.iter().find(|one| text(one, "id") == id);
    let name = listed.map(|one| text(one, "name").to_owned()).unwrap_or_default();
    let oldest = newest(run).await?.last().map(|job| text(job, "id").to_owned()).unwrap_or_default();
    for organization in [name.to_uppercase(), id.replace('-', "")] {
        let list = run.ask(call("getProvisionerJobs", &[&organization]).query("ids", &oldest), 200).await?;
        run.same("the job", &json!([oldest]), &json!(texts(items(&list), "id")));
    }
    Ok(())
}

async fn states(run: &mut Run<'_>) -> Result<(), Stop> {
    for job in newest(run).await? {
        let has = |key: &str| job.get(key).is_some_and(|value| value != "");
        let status = match (has("completed_at"), has("error"), has("canceled_at"), has("started_at")) {
            (_, true, _, _) => "failed",
            (true, _, true, _) => "canceled",
            (true, _, false, _) => "succeeded",
            (false, _, true, _) => "canceling",
            (false, _, false, true) => "running",
            (false, _, false, false) => "pending",
        };
        run.same(&format!("status of job {}", text(&job, "id")), &json!(status), &job["status"]);
    }
    Ok(())
}

async fn queue_numbers(run: &mut Run<'_>) -> Result<(), Stop> {
    for job in newest(run).await? {
        let (place, size) = (job["queue_position"].as_u64(), job["queue_size"].as_u64());
        let (expected, fits) = if job["status"] == "pending" {
            ("a place of at least 1 and at most the size of the queue", place >= Some(1) && place <= size)
        } else {
            ("0 of 0 on a job that is not pending", place == Some(0) && size == Some(0))
        };
        let got = format!(
            "{} of {} on job {}, which is {}",
            job["queue_position"],
            job["queue_size"],
            text(&job, "id"),
            job["status"]
        );
        run.check(fits, Aspect::Content, expected, &got);
    }
    Ok(())
}

async fn available_workers(run: &mut Run<'_>) -> Result<(), Stop> {
    let list = newest(run).await?;
    let organization = place(run)?;
    let naming: Vec<&Value> = list.iter().filter(|job| job.get("available_workers").is_some()).collect();
    for job in &naming {
        // One that was canceled while it waited has not started either.
        let got = format!("job {}, which started at {}", text(job, "id"), job["started_at"]);
        run.check(job.get("started_at").is_none(), Aspect::Content, "workers on jobs that have not started", &got);
    }
    let asked = call("getProvisionerDaemons", &[&organization]).query("limit", "0").query("offline", "true");
    let workers = run.prepare(asked).await?;
    let there =
        |id: &str| items(&workers).iter().any(|worker| text(worker, "id") == id && worker["status"] != "offline");
    for id in naming.iter().flat_map(|job| items(&job["available_workers"])).filter_map(Value::as_str) {
        run.check(there(id), Aspect::Content, "a worker that is not offline", id);
    }
    Ok(())
}

async fn default_limit(run: &mut Run<'_>) -> Result<(), Stop> {
    let all = newest(run).await?;
    let list = run.ask(jobs(run)?, 200).await?;
    let count = items(&list).len();
    let expected = all.len().min(50);
    run.check(
        count >= expected.saturating_sub(1) && count <= 50,
        Aspect::Content,
        &format!("{expected} jobs"),
        &format!("{count}"),
    );
    Ok(())
}

async fn limit(run: &mut Run<'_>) -> Result<(), Stop> {
    let all = newest(run).await?.len();
    for limit in [1, 2] {
        let list = run.ask(jobs(run)?.query("limit", &limit.to_string()), 200).await?;
        let (expected, got) = (all.min(limit), items(&list).len());
        run.check(got == expected, Aspect::Content, &format!("{expected} jobs"), &format!("{got}"));
    }
    Ok(())
}

async fn no_limit(run: &mut Run<'_>) -> Result<(), Stop> {
    let all = newest(run).await?;
    if all.len() >= WINDOW {
        return Err(Stop::Skip(format!("{WINDOW} jobs or more: a list of all of them would be a burden")));
    }
    let list = run.ask(jobs(run)?.query("limit", "0"), 200).await?;
    let oldest = all.last().map(|job| text(job, "id")).unwrap_or_default();
    let got = texts(items(&list), "id");
    run.check(got.contains(&oldest), Aspect::Content, &format!("a list with {oldest}"), &format!("{} jobs", got.len()));
    Ok(())
}

async fn invalid_limit(run: &mut Run<'_>) -> Result<(), Stop> {
    for limit in ["-1", "many", "1.5", "2147483648"] {
        run.refused(jobs(run)?.query("limit", limit), 400, &["limit"]).await?;
    }
    run.refused(jobs(run)?.query("limit", "1").query("limit", "2"), 400, &["limit"]).await?;
    Ok(())
}

async fn unknown_parameter(run: &mut Run<'_>) -> Result<(), Stop> {
    run.refused(jobs(run)?.query("no_such_parameter", "1"), 400, &["no_such_parameter"]).await?;
    Ok(())
}

async fn every_parameter(run: &mut Run<'_>) -> Result<(), Stop> {
    let asked = jobs(run)?
        .query("limit", "many")
        .query("ids", "none")
        .query("tags", "{")
        .query("initiator", "me")
        .query("no", "1");
    run.refused(asked, 400, &["limit", "ids", "tags", "initiator", "no"]).await?;
    Ok(())
}

async fn hidden(run: &mut Run<'_>) -> Result<(), Stop> {
    let asked = jobs(run)?.by(Caller::Other);
    run.absent(asked).await
}
