//! `deleteOrganization`.

use serde_json::json;

use super::members::with_other;
use super::organizations::make;
use crate::call::{Caller, call};
use crate::case::{Aspect, Case, Stop};
use crate::run::{Run, items, text, texts};

pub(super) static CASES: &[Case] = &[
    case!("deleteOrganization", "deleted", Writing, deleted, "200 with a message, and it is no longer listed"),
    case!("deleteOrganization", "gone", Writing, gone, "what is deleted is 404, by ID and by name"),
    case!("deleteOrganization", "again", Writing, again, "deleting it once more is 404"),
    case!("deleteOrganization", "by-name", Writing, by_name, "a name in any case finds it"),
    case!(
        "deleteOrganization",
        "name-is-free",
        Writing,
        name_is_free,
        "its name is free at once, and the next one has another ID"
    ),
    case!(
        "deleteOrganization",
        "blocked",
        Writing,
        blocked,
        "what must go first is counted: 409, and it is still there"
    ),
    case!("deleteOrganization", "default", Writing, default, "the default organization cannot be deleted: 400"),
    case!(
        "deleteOrganization",
        "hidden",
        Writing,
        hidden,
        "who may not read it gets what they get for an organization that is not there"
    ),
    case!(
        "deleteOrganization",
        "forbidden",
        Writing,
        forbidden,
        "who may read and not delete it: 403, and it is still there"
    ),
];

async fn deleted(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    let said = run.ask(call("deleteOrganization", &[&own.id]), 200).await?;
    run.same("message", &json!("Organization has been deleted."), &said["message"]);
    let list = run.prepare(call("getOrganizations", &[])).await?;
    let is_listed = texts(items(&list), "id").contains(&own.id.as_str());
    run.check(!is_listed, Aspect::Content, "a list without it", "it is still listed");
    Ok(())
}

async fn gone(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    run.prepare(call("deleteOrganization", &[&own.id])).await?;
    for organization in [&own.name, &own.id] {
        run.absent(call("getOrganizationByID", &[organization])).await?;
    }
    Ok(())
}

async fn again(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    run.prepare(call("deleteOrganization", &[&own.id])).await?;
    for organization in [&own.name, &own.id] {
        run.absent(call("deleteOrganization", &[organization])).await?;
    }
    Ok(())
}

async fn by_name(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    run.ask(call("deleteOrganization", &[&own.name.to_uppercase()]), 200).await?;
    Ok(())
}

async fn name_is_free(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    run.ask(call("deleteOrganization", &[&own.id]), 200).await?;
    let next = run.prepare(call("createOrganization", &[]).json(&json!({ "name": own.name }))).await?;
    run.check(text(&next, "id") != own.id, Aspect::Value, "another ID", text(&next, "id"));
    Ok(())
}

async fn blocked(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    run.prepare(call("createProvisionerKey", &[&own.id]).json(&json!({ "name": "conformance" }))).await?;
    let said = run.ask(call("deleteOrganization", &[&own.id]), 409).await?;
    let counts = text(&said, "detail").contains("1 provisioner key");
    run.check(counts, Aspect::Value, "a detail that says 1 provisioner key", text(&said, "detail"));
    own.now(run).await.map(|_| ())
}

async fn default(run: &mut Run<'_>) -> Result<(), Stop> {
    if !run.server.guard.try_default {
        return Err(Stop::Skip("asks to delete the default organization: needs --try-default".to_owned()));
    }
    let said = run.ask(call("deleteOrganization", &["default"]), 400).await?;
    run.same("message", &json!("Default organization cannot be deleted."), &said["message"]);
    Ok(())
}

async fn hidden(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    run.absent(call("deleteOrganization", &[&own.id]).by(Caller::Other)).await
}

async fn forbidden(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    with_other(run, &own).await?;
    run.ask(call("deleteOrganization", &[&own.id]).by(Caller::Other), 403).await?;
    own.now(run).await.map(|_| ())
}
