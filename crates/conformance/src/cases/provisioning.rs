//! Provisioner keys and workers.

use serde_json::json;

use super::organizations::make;
use crate::call::{Call, call};
use crate::case::{Aspect, Case, Stop};
use crate::run::{Run, items, text, texts};

pub(super) static CASES: &[Case] = &[
    case!("listProvisionerKeys", "list", Reading, keys, "every key is one of this organization, without its secret"),
    case!(
        "createProvisionerKey",
        "created",
        Writing,
        created,
        "201 with a secret; it is listed with its name and tags"
    ),
    case!(
        "createProvisionerKey",
        "taken-name",
        Writing,
        taken,
        "a name that is taken, in any case: 409 that names the field"
    ),
    case!(
        "createProvisionerKey",
        "invalid-name",
        Writing,
        invalid,
        "a name that is missing or too long: 400 that names the field"
    ),
    case!("createProvisionerKey", "reserved-name", Writing, reserved, "built-in, user-auth and psk are no names: 400"),
    case!(
        "createProvisionerKey",
        "forbidden-characters",
        Writing,
        characters,
        "a name with a slash or outer white space: 400 that names the field"
    ),
    case!("deleteProvisionerKey", "deleted", Writing, deleted, "204, and after that 404"),
    case!(
        "getProvisionerDaemons",
        "list",
        Reading,
        daemons,
        "every worker is one of this organization, and none is offline"
    ),
    case!("getProvisionerDaemons", "filter-status", Reading, by_status, "status gives the workers that have it"),
    case!(
        "getProvisionerDaemons",
        "invalid-parameters",
        Reading,
        invalid_parameters,
        "parameters that break the rules: 400 that names them"
    ),
];

fn place(run: &Run<'_>) -> Result<String, Stop> {
    run.targets.place(run.case.operation)
}

async fn keys(run: &mut Run<'_>) -> Result<(), Stop> {
    let organization = place(run)?;
    let list = run.ask(call("listProvisionerKeys", &[&organization]), 200).await?;
    for key in items(&list) {
        run.same("organization", &json!(organization), &key["organization"]);
    }
    Ok(())
}

fn create(organization: &str, name: &str) -> Call {
    call("createProvisionerKey", &[organization]).json(&json!({ "name": name, "tags": { "gpu": "yes" } }))
}

async fn created(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    let made = run.ask(create(&own.id, "conformance"), 201).await?;
    run.check(text(&made, "key").len() >= 32, Aspect::Value, "a secret of some length", "a shorter one");
    let list = run.prepare(call("listProvisionerKeys", &[&own.id])).await?;
    let listed = items(&list).iter().find(|key| text(key, "name") == "conformance").cloned().unwrap_or_default();
    run.same("the tag gpu of the listed key", &json!("yes"), &listed["tags"]["gpu"]);
    Ok(())
}

async fn taken(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    run.prepare(create(&own.id, "conformance")).await?;
    for name in ["conformance", "Conformance"] {
        run.refused(create(&own.id, name), 409, &["name"]).await?;
    }
    Ok(())
}

async fn invalid(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    for name in [String::new(), "x".repeat(65)] {
        run.refused(create(&own.id, &name), 400, &["name"]).await?;
    }
    Ok(())
}

async fn reserved(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    for name in ["built-in", "user-auth", "psk"] {
        run.ask(create(&own.id, name), 400).await?;
    }
    Ok(())
}

async fn characters(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    for name in ["a/b", " a", "a "] {
        run.refused(create(&own.id, name), 400, &["name"]).await?;
    }
    Ok(())
}

async fn deleted(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    run.prepare(create(&own.id, "conformance")).await?;
    let delete = call("deleteProvisionerKey", &[&own.id, "conformance"]);
    run.ask(delete.clone(), 204).await?;
    run.absent(delete).await
}

async fn daemons(run: &mut Run<'_>) -> Result<(), Stop> {
    let organization = place(run)?;
    let list = run.ask(call("getProvisionerDaemons", &[&organization]), 200).await?;
    for worker in items(&list) {
        run.same("organization_id", &json!(organization), &worker["organization_id"]);
        let got = format!("{}, which is offline", text(worker, "name"));
        run.check(worker["status"] != "offline", Aspect::Content, "workers that are not offline", &got);
    }
    Ok(())
}

async fn by_status(run: &mut Run<'_>) -> Result<(), Stop> {
    let organization = place(run)?;
    for status in ["offline", "idle", "busy"] {
        let asked = call("getProvisionerDaemons", &[&organization]).query("status", status);
        let list = run.ask(asked, 200).await?;
        let statuses = texts(items(&list), "status");
        run.check(
            statuses.iter().all(|one| *one == status),
            Aspect::Content,
            &format!("only {status}"),
            &statuses.join(", "),
        );
    }
    Ok(())
}

async fn invalid_parameters(run: &mut Run<'_>) -> Result<(), Stop> {
    let organization = place(run)?;
    for (name, value) in [("limit", "many"), ("ids", "none"), ("tags", "{"), ("no_such_parameter", "1")] {
        let asked = call("getProvisionerDaemons", &[&organization]).query(name, value);
        run.refused(asked, 400, &[name]).await?;
    }
    Ok(())
}
