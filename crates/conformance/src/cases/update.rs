//! `updateOrganization`.

use serde_json::{Value, json};

use super::members::with_other;
use super::organizations::{Own, has_every_key, make};
use crate::call::{Call, Caller, call};
use crate::case::{Aspect, Case, Stop};
use crate::run::{Run, text};

pub(super) static CASES: &[Case] = &[
    case!(
        "updateOrganization",
        "one-field",
        Writing,
        one_field,
        "each field alone is changed, and what is not given stays as it is"
    ),
    case!(
        "updateOrganization",
        "nothing-given",
        Writing,
        nothing_given,
        "null and an empty object leave everything but updated_at, which moves"
    ),
    case!(
        "updateOrganization",
        "empty-texts",
        Writing,
        empty_texts,
        "an empty name or display name is left, an empty description or icon cleared"
    ),
    case!("updateOrganization", "by-name", Writing, by_name, "a name in any case finds the organization"),
    case!("updateOrganization", "rename", Writing, rename, "the new name finds it, and the old one no longer does"),
    case!("updateOrganization", "own-name", Writing, own_name, "its own name, in whatever case, is not taken"),
    case!(
        "updateOrganization",
        "taken-name",
        Writing,
        taken_name,
        "another one's name: 409 that names the field, and nothing is changed"
    ),
    case!(
        "updateOrganization",
        "invalid-fields",
        Writing,
        invalid,
        "fields that break the rules: 400 that names all of them, and nothing is changed"
    ),
    case!("updateOrganization", "reserved-name", Writing, reserved, "default, new and create are no names: 400"),
    case!("updateOrganization", "malformed-json", Writing, malformed, "a body that is no JSON object: 400"),
    case!("updateOrganization", "media-type", Writing, media_type, "a body that is not said to be JSON: 415"),
    case!(
        "updateOrganization",
        "hidden",
        Writing,
        hidden,
        "who may not read it gets what they get for an organization that is not there"
    ),
    case!("updateOrganization", "forbidden", Writing, forbidden, "who may read and not change it: 403"),
];

fn update(organization: &str, body: &Value) -> Call {
    call("updateOrganization", &[organization]).json(body)
}

/// Everything of an organization but when it was changed.
fn lasting(organization: &Value) -> Value {
    let mut organization = organization.clone();
    if let Some(members) = organization.as_object_mut() {
        members.remove("updated_at");
    }
    organization
}

async fn unchanged(run: &mut Run<'_>, own: &Own, before: &Value) -> Result<(), Stop> {
    let now = own.now(run).await?;
    run.same("the organization", before, &now);
    Ok(())
}

async fn one_field(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    let name = run.server.guard.new_name();
    for (key, value) in
        [("description", "First."), ("icon", "/icon/a.svg"), ("display_name", "New Name"), ("name", &name)]
    {
        let mut expected = lasting(&own.now(run).await?);
        expected[key] = json!(value);
        let changed = run.ask(update(&own.id, &json!({ key: value })), 200).await?;
        has_every_key(run, &changed);
        run.same("the organization", &expected, &lasting(&changed));
    }
    Ok(())
}

async fn nothing_given(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    run.prepare(update(&own.id, &json!({ "description": "Stays.", "icon": "/icon/a.svg" }))).await?;
    let nulls = json!({ "name": null, "display_name": null, "description": null, "icon": null });
    for body in [json!({}), nulls] {
        let before = own.now(run).await?;
        let changed = run.ask(update(&own.id, &body), 200).await?;
        run.same("the organization", &lasting(&before), &lasting(&changed));
        let moved = text(&changed, "updated_at") != text(&before, "updated_at");
        run.check(moved, Aspect::Value, "an updated_at that moved", text(&changed, "updated_at"));
    }
    Ok(())
}

async fn empty_texts(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    run.prepare(update(&own.id, &json!({ "display_name": "Stays", "description": "Goes.", "icon": "/icon/a.svg" })))
        .await?;
    let changed = run
        .ask(update(&own.id, &json!({ "name": "", "display_name": "", "description": "", "icon": "" })), 200)
        .await?;
    for (key, value) in [("name", own.name.as_str()), ("display_name", "Stays"), ("description", ""), ("icon", "")] {
        run.same(key, &json!(value), &changed[key]);
    }
    Ok(())
}

async fn by_name(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    let changed = run.ask(update(&own.name.to_uppercase(), &json!({ "description": "By name." })), 200).await?;
    run.same("id", &json!(own.id), &changed["id"]);
    run.same("description", &json!("By name."), &changed["description"]);
    Ok(())
}

async fn rename(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    let name = run.server.guard.new_name();
    let changed = run.ask(update(&own.id, &json!({ "name": name })), 200).await?;
    run.same("name", &json!(name), &changed["name"]);
    run.same("display_name", &json!(own.name), &changed["display_name"]);
    let again = run.ask(update(&name, &json!({})), 200).await?;
    run.same("id", &json!(own.id), &again["id"]);
    run.absent(update(&own.name, &json!({}))).await
}

async fn own_name(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    for name in [own.name.clone(), own.name.to_uppercase()] {
        let changed = run.ask(update(&own.id, &json!({ "name": name })), 200).await?;
        run.same("name", &json!(name), &changed["name"]);
    }
    Ok(())
}

async fn taken_name(run: &mut Run<'_>) -> Result<(), Stop> {
    let (own, other) = (make(run).await?, make(run).await?);
    let before = own.now(run).await?;
    for name in [other.name.clone(), other.name.to_uppercase()] {
        let body = json!({ "name": name, "description": "Should not be." });
        run.refused(update(&own.id, &body), 409, &["name"]).await?;
    }
    unchanged(run, &own, &before).await
}

async fn invalid(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    let before = own.now(run).await?;
    run.refused(update(&own.id, &json!({ "name": format!("{}_", own.name) })), 400, &["name"]).await?;
    run.refused(update(&own.id, &json!({ "display_name": "outer " })), 400, &["display_name"]).await?;
    let both =
        json!({ "name": format!("{}-", own.name), "display_name": "x".repeat(65), "description": "Should not be." });
    run.refused(update(&own.id, &both), 400, &["name", "display_name"]).await?;
    unchanged(run, &own, &before).await
}

async fn reserved(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    for name in ["default", "new", "create"] {
        run.ask(update(&own.id, &json!({ "name": name })), 400).await?;
    }
    Ok(())
}

async fn malformed(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    for body in ["", "{\"name\":", "hello", "[]", "\"text\"", "{\"name\":1}"] {
        run.ask(call("updateOrganization", &[&own.id]).raw(body, "application/json"), 400).await?;
    }
    Ok(())
}

async fn media_type(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    run.ask(call("updateOrganization", &[&own.id]).raw("{}", "text/plain"), 415).await?;
    Ok(())
}

async fn hidden(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    run.absent(update(&own.id, &json!({ "description": "Should not be." })).by(Caller::Other)).await
}

async fn forbidden(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    with_other(run, &own).await?;
    run.ask(update(&own.id, &json!({ "description": "Should not be." })).by(Caller::Other), 403).await?;
    Ok(())
}
