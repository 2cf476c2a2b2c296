//! The filters of `getProvisionerJobs`: each alone and together. What a filter must give is worked out from a list without it.

use serde_json::{Value, json};

use super::job_list::{jobs, newest};
use crate::call::Call;
use crate::case::{Aspect, Case, Stop};
use crate::run::{Run, items, text, texts};
use crate::targets::WINDOW;

pub(super) static CASES: &[Case] = &[
    case!(
        "getProvisionerJobs",
        "filter-status",
        Reading,
        by_status,
        "status gives the jobs that have it, and all of them"
    ),
    case!(
        "getProvisionerJobs",
        "filter-statuses",
        Reading,
        by_statuses,
        "several are taken as a list with commas, repeated, or both"
    ),
    case!(
        "getProvisionerJobs",
        "filter-status-unknown",
        Reading,
        status_unknown,
        "the status unknown is allowed and matches nothing"
    ),
    case!(
        "getProvisionerJobs",
        "filter-status-invalid",
        Reading,
        status_invalid,
        "a status that there is not: 400 that names the parameter"
    ),
    case!(
        "getProvisionerJobs",
        "filter-ids",
        Reading,
        by_ids,
        "ids gives those jobs, as a list with commas, repeated, or both"
    ),
    case!(
        "getProvisionerJobs",
        "filter-ids-absent",
        Reading,
        ids_absent,
        "an ID that no job has, or one of another organization, gives nothing"
    ),
    case!(
        "getProvisionerJobs",
        "filter-ids-invalid",
        Reading,
        ids_invalid,
        "an ID that is none: 400 that names the parameter"
    ),
    case!("getProvisionerJobs", "filter-tags", Reading, by_tags, "tags gives the jobs that have all the given pairs"),
    case!(
        "getProvisionerJobs",
        "filter-tags-untagged",
        Reading,
        untagged,
        "the two pairs of an untagged job match only untagged jobs"
    ),
    case!(
        "getProvisionerJobs",
        "filter-tags-invalid",
        Reading,
        tags_invalid,
        "tags that are no JSON object of texts: 400 that names the parameter"
    ),
    case!("getProvisionerJobs", "filter-initiator", Reading, by_initiator, "initiator gives the jobs of that user"),
    case!(
        "getProvisionerJobs",
        "filter-initiator-invalid",
        Reading,
        initiator_invalid,
        "an initiator that is no UUID: 400 that names the parameter"
    ),
    case!("getProvisionerJobs", "filters-together", Reading, together, "all filters apply together"),
    case!("getProvisionerJobs", "filter-and-limit", Reading, with_limit, "the limit counts what passes the filter"),
    case!("getProvisionerJobs", "empty-parameters", Reading, empty, "empty parameters count as not given"),
];

/// Asks with a filter, and compares with those of the newest jobs that pass it. Jobs may change between two requests, so what
/// moved meanwhile is asked for again, a few times.
async fn filtered(
    run: &mut Run<'_>,
    filter: impl Fn(Call) -> Call,
    passes: impl Fn(&Value) -> bool,
) -> Result<(), Stop> {
    for attempt in 0..3 {
        let all = newest(run).await?;
        let asked = filter(jobs(run)?.query("limit", &WINDOW.to_string()));
        let list = run.ask(asked, 200).await?;
        let list = items(&list);
        let expected: Vec<&str> = all.iter().filter(|job| passes(job)).map(|job| text(job, "id")).collect();
        let got = texts(list, "id");
        // Of a longer list only the newest are known.
        let seen = if all.len() < WINDOW { got.len() } else { expected.len() };
        if got.get(..seen.min(got.len())) == Some(&expected[..]) {
            return Ok(());
        }
        if attempt == 2 {
            let foreign: Vec<&str> = list.iter().filter(|job| !passes(job)).map(|job| text(job, "id")).collect();
            let beside =
                if foreign.is_empty() { String::new() } else { format!("; not matching: {}", foreign.join(", ")) };
            let got = format!("{} jobs: {}{beside}", got.len(), got.join(", "));
            run.note(Aspect::Content, &format!("{} jobs: {}", expected.len(), expected.join(", ")), &got);
        }
    }
    Ok(())
}

/// The statuses of the jobs that there are.
fn statuses(run: &Run<'_>) -> Vec<String> {
    let mut statuses: Vec<String> = texts(&run.targets.jobs, "status").iter().map(|one| (*one).to_owned()).collect();
    statuses.sort();
    statuses.dedup();
    statuses
}

/// A job to filter for.
fn some(run: &Run<'_>) -> Result<Value, Stop> {
    // One with tags of its own says more than one without.
    let tagged = run.targets.jobs.iter().max_by_key(|job| job["tags"].as_object().map_or(0, serde_json::Map::len));
    tagged.cloned().ok_or_else(|| Stop::Skip("there is no job to look at".to_owned()))
}

async fn by_status(run: &mut Run<'_>) -> Result<(), Stop> {
    some(run)?;
    for status in ["pending", "running", "succeeded", "canceling", "canceled", "failed"] {
        filtered(run, |call| call.query("status", status), |job| job["status"] == status).await?;
    }
    Ok(())
}

async fn by_statuses(run: &mut Run<'_>) -> Result<(), Stop> {
    let there = statuses(run);
    let first = there.first().cloned().ok_or_else(|| Stop::Skip("there is no job to look at".to_owned()))?;
    let last = there.last().cloned().unwrap_or_default();
    let passes =
        |job: &Value| job["status"] == first.as_str() || job["status"] == last.as_str() || job["status"] == "canceling";
    filtered(run, |call| call.query("status", &format!("{first},{last},canceling")), passes).await?;
    filtered(run, |call| call.query("status", &format!("{first},canceling")).query("status", &last), passes).await
}

async fn status_unknown(run: &mut Run<'_>) -> Result<(), Stop> {
    let list = run.ask(jobs(run)?.query("status", "unknown"), 200).await?;
    run.same("the list", &json!([]), &list);
    Ok(())
}

async fn status_invalid(run: &mut Run<'_>) -> Result<(), Stop> {
    for status in ["bogus", "pending,bogus"] {
        run.refused(jobs(run)?.query("status", status), 400, &["status"]).await?;
    }
    Ok(())
}

async fn by_ids(run: &mut Run<'_>) -> Result<(), Stop> {
    let first = text(&some(run)?, "id").to_owned();
    let last = run.targets.jobs.last().map(|job| text(job, "id").to_owned()).unwrap_or_default();
    let passes = |job: &Value| text(job, "id") == first || text(job, "id") == last;
    filtered(run, |call| call.query("ids", &first), |job| text(job, "id") == first).await?;
    filtered(run, |call| call.query("ids", &format!("{first}, {last}")), passes).await?;
    filtered(run, |call| call.query("ids", &first).query("ids", &last), passes).await
}

async fn ids_absent(run: &mut Run<'_>) -> Result<(), Stop> {
    let foreign = run.targets.foreign_job.clone();
    for id in [Some(run.server.guard.absent_id()), foreign].into_iter().flatten() {
        let list = run.ask(jobs(run)?.query("ids", &id), 200).await?;
        run.check(items(&list).is_empty(), Aspect::Content, "no job", &format!("{} jobs", items(&list).len()));
    }
    Ok(())
}

async fn ids_invalid(run: &mut Run<'_>) -> Result<(), Stop> {
    let id = run.server.guard.absent_id();
    for ids in ["not-a-uuid".to_owned(), format!("{id},"), format!("{id},{}", &id[1..])] {
        run.refused(jobs(run)?.query("ids", &ids), 400, &["ids"]).await?;
    }
    Ok(())
}

async fn by_tags(run: &mut Run<'_>) -> Result<(), Stop> {
    let tags = some(run)?["tags"].clone();
    for (key, value) in tags.as_object().into_iter().flatten() {
        let one = json!({ key: value }).to_string();
        filtered(run, |call| call.query("tags", &one), |job| job["tags"].get(key) == Some(value)).await?;
    }
    let has_all = |job: &Value| {
        tags.as_object().is_some_and(|tags| tags.iter().all(|(key, value)| job["tags"].get(key) == Some(value)))
    };
    if tags != json!({ "owner": "", "scope": "organization" }) {
        filtered(run, |call| call.query("tags", &tags.to_string()), has_all).await?;
    }
    filtered(run, |call| call.query("tags", r#"{"no-such-tag":"x"}"#), |job| job["tags"]["no-such-tag"] == "x").await?;
    filtered(run, |call| call.query("tags", "{}"), |_| true).await
}

async fn untagged(run: &mut Run<'_>) -> Result<(), Stop> {
    some(run)?;
    let tags = json!({ "owner": "", "scope": "organization" });
    filtered(run, |call| call.query("tags", &tags.to_string()), |job| job["tags"] == tags).await
}

async fn tags_invalid(run: &mut Run<'_>) -> Result<(), Stop> {
    for tags in ["{", "[]", "text", r#"{"a":1}"#] {
        run.refused(jobs(run)?.query("tags", tags), 400, &["tags"]).await?;
    }
    Ok(())
}

async fn by_initiator(run: &mut Run<'_>) -> Result<(), Stop> {
    let initiator = text(&some(run)?, "initiator_id").to_owned();
    filtered(run, |call| call.query("initiator", &initiator), |job| text(job, "initiator_id") == initiator).await?;
    let nobody = run.server.guard.absent_id();
    filtered(run, |call| call.query("initiator", &nobody), |_| false).await
}

async fn initiator_invalid(run: &mut Run<'_>) -> Result<(), Stop> {
    for initiator in ["me", "not-a-uuid"] {
        run.refused(jobs(run)?.query("initiator", initiator), 400, &["initiator"]).await?;
    }
    Ok(())
}

async fn together(run: &mut Run<'_>) -> Result<(), Stop> {
    let job = some(run)?;
    let (status, initiator, id) = (text(&job, "status"), text(&job, "initiator_id"), text(&job, "id"));
    let (key, value) = job["tags"]
        .as_object()
        .and_then(|tags| tags.iter().next())
        .map(|(key, value)| (key.clone(), value.clone()))
        .unwrap_or_default();
    let tags = if key.is_empty() { "{}".to_owned() } else { json!({ &key: value }).to_string() };
    let has_tag = |job: &Value| key.is_empty() || job["tags"].get(&key) == Some(&value);
    let passes = |job: &Value| text(job, "status") == status && text(job, "initiator_id") == initiator && has_tag(job);
    let all = |call: Call| call.query("status", status).query("initiator", initiator).query("tags", &tags);
    filtered(run, all, passes).await?;
    filtered(run, |call| all(call).query("ids", id), |job| passes(job) && text(job, "id") == id).await?;
    let nobody = run.server.guard.absent_id();
    filtered(run, |call| call.query("ids", id).query("initiator", &nobody), |_| false).await
}

async fn with_limit(run: &mut Run<'_>) -> Result<(), Stop> {
    let status = text(&some(run)?, "status").to_owned();
    let all = newest(run).await?;
    let expected = all.iter().find(|job| text(job, "status") == status).map(|job| text(job, "id")).unwrap_or_default();
    let list = run.ask(jobs(run)?.query("status", &status).query("limit", "1"), 200).await?;
    run.same("the newest of them", &json!([expected]), &json!(texts(items(&list), "id")));
    Ok(())
}

async fn empty(run: &mut Run<'_>) -> Result<(), Stop> {
    filtered(run, |call| call.query("status", "").query("ids", "").query("tags", "").query("initiator", ""), |_| true)
        .await
}
