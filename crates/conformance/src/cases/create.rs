//! `createOrganization`.

use serde_json::{Value, json};

use super::organizations::{has_every_key, make};
use crate::call::{Call, Caller, call};
use crate::case::{Aspect, Case, Stop};
use crate::run::{Run, text};

pub(super) static CASES: &[Case] = &[
    case!(
        "createOrganization",
        "name-only",
        Writing,
        name_only,
        "with a name alone: 201, the name is the display name too, the rest is empty"
    ),
    case!("createOrganization", "all-fields", Writing, all_fields, "with every field: each is kept as it was given"),
    case!("createOrganization", "empty-fields", Writing, empty_fields, "empty fields count as not given"),
    case!("createOrganization", "unknown-keys", Writing, unknown_keys, "keys that it does not know are ignored"),
    case!("createOrganization", "can-be-read", Writing, can_be_read, "what it answers is what is read afterwards"),
    case!(
        "createOrganization",
        "taken-name",
        Writing,
        taken_name,
        "a name that is taken, in any case: 409 that names the field"
    ),
    case!(
        "createOrganization",
        "invalid-name",
        Writing,
        invalid_name,
        "a name that breaks the rules: 400 that names the field"
    ),
    case!("createOrganization", "reserved-name", Writing, reserved_name, "new, create and default are no names: 400"),
    case!(
        "createOrganization",
        "invalid-display-name",
        Writing,
        invalid_display_name,
        "a display name that breaks the rules: 400 that names the field"
    ),
    case!("createOrganization", "every-failing-field", Writing, every_field, "all failing fields are named at once"),
    case!("createOrganization", "missing-name", Writing, missing_name, "without a name: 400 that names the field"),
    case!("createOrganization", "malformed-json", Writing, malformed, "a body that is no JSON object: 400"),
    case!("createOrganization", "wrong-type", Writing, wrong_type, "a field of the wrong type: 400"),
    case!("createOrganization", "duplicate-key", Writing, duplicate_key, "a key that is given twice: 400"),
    case!(
        "createOrganization",
        "case-of-keys",
        Writing,
        case_of_keys,
        "keys are exact: NAME is not name, and without name it is 400"
    ),
    case!("createOrganization", "nul", Writing, nul, "a NUL in a text: 400"),
    case!("createOrganization", "media-type", Writing, media_type, "a body that is not said to be JSON: 415"),
    case!("createOrganization", "too-large", Writing, too_large, "a body of more than 1 MiB: 413"),
    case!("createOrganization", "forbidden", Writing, forbidden, "who may not make organizations: 403"),
];

fn create(body: &Value) -> Call {
    call("createOrganization", &[]).json(body)
}

async fn name_only(run: &mut Run<'_>) -> Result<(), Stop> {
    let name = run.server.guard.new_name();
    let made = run.ask(create(&json!({ "name": name })), 201).await?;
    has_every_key(run, &made);
    for (key, value) in [
        ("name", json!(name)),
        ("display_name", json!(name)),
        ("description", json!("")),
        ("icon", json!("")),
        ("is_default", json!(false)),
    ] {
        run.same(key, &value, &made[key]);
    }
    Ok(())
}

async fn all_fields(run: &mut Run<'_>) -> Result<(), Stop> {
    let name = run.server.guard.new_name();
    let given = json!({ "name": name, "display_name": "Größe <b> & \u{1f680}", "description": "Line 1\nLine 2 \"quoted\"", "icon": "/icon/k8s.png" });
    let made = run.ask(create(&given), 201).await?;
    for key in ["name", "display_name", "description", "icon"] {
        run.same(key, &given[key], &made[key]);
    }
    Ok(())
}

async fn empty_fields(run: &mut Run<'_>) -> Result<(), Stop> {
    let name = run.server.guard.new_name();
    let made =
        run.ask(create(&json!({ "name": name, "display_name": "", "description": "", "icon": null })), 201).await?;
    run.same("display_name", &json!(name), &made["display_name"]);
    run.same("icon", &json!(""), &made["icon"]);
    Ok(())
}

async fn unknown_keys(run: &mut Run<'_>) -> Result<(), Stop> {
    let name = run.server.guard.new_name();
    let made = run.ask(create(&json!({ "name": name, "is_default": true, "no_such_key": [1] })), 201).await?;
    run.same("is_default", &json!(false), &made["is_default"]);
    Ok(())
}

async fn can_be_read(run: &mut Run<'_>) -> Result<(), Stop> {
    let name = run.server.guard.new_name();
    let made = run.ask(create(&json!({ "name": name, "description": "Read it." })), 201).await?;
    let read = run.prepare(call("getOrganizations", &[])).await?;
    let read = crate::run::items(&read).iter().find(|one| text(one, "name") == name).cloned().unwrap_or_default();
    run.same("the organization", &read, &made);
    Ok(())
}

async fn taken_name(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    for name in [own.name.clone(), own.name.to_uppercase()] {
        run.refused(create(&json!({ "name": name })), 409, &["name"]).await?;
    }
    Ok(())
}

async fn invalid_name(run: &mut Run<'_>) -> Result<(), Stop> {
    let name = run.server.guard.new_name();
    let long = format!("{name}{}", "x".repeat(33 - name.len()));
    for wrong in [
        format!("-{name}"),
        format!("{name}-"),
        name.replacen('-', "--", 1),
        format!("{name}_x"),
        format!("{name} x"),
        format!("{name}.x"),
        format!("{name}é"),
        long,
    ] {
        run.refused(create(&json!({ "name": wrong })), 400, &["name"]).await?;
    }
    Ok(())
}

async fn reserved_name(run: &mut Run<'_>) -> Result<(), Stop> {
    for name in ["new", "create", "default"] {
        run.ask(create(&json!({ "name": name })), 400).await?;
    }
    Ok(())
}

async fn invalid_display_name(run: &mut Run<'_>) -> Result<(), Stop> {
    for wrong in [" outer".to_owned(), "outer ".to_owned(), "x".repeat(65), "two\nlines".to_owned()] {
        let name = run.server.guard.new_name();
        run.refused(create(&json!({ "name": name, "display_name": wrong })), 400, &["display_name"]).await?;
    }
    Ok(())
}

async fn every_field(run: &mut Run<'_>) -> Result<(), Stop> {
    let wrong = format!("{}-", run.server.guard.new_name());
    run.refused(create(&json!({ "name": wrong, "display_name": " " })), 400, &["name", "display_name"]).await?;
    Ok(())
}

async fn missing_name(run: &mut Run<'_>) -> Result<(), Stop> {
    for body in [json!({}), json!({ "name": null }), json!({ "name": "" }), json!({ "display_name": "No Name" })] {
        run.refused(create(&body), 400, &["name"]).await?;
    }
    Ok(())
}

async fn malformed(run: &mut Run<'_>) -> Result<(), Stop> {
    for body in ["", "{\"name\":", "hello", "[]", "\"text\"", "1"] {
        run.ask(call("createOrganization", &[]).raw(body, "application/json"), 400).await?;
    }
    Ok(())
}

async fn wrong_type(run: &mut Run<'_>) -> Result<(), Stop> {
    let name = run.server.guard.new_name();
    for body in
        [json!({ "name": 1 }), json!({ "name": name, "icon": ["a"] }), json!({ "name": name, "description": {} })]
    {
        run.ask(create(&body), 400).await?;
    }
    Ok(())
}

async fn duplicate_key(run: &mut Run<'_>) -> Result<(), Stop> {
    let name = run.server.guard.new_name();
    let body = format!(r#"{{"description":"a","description":"b","name":"{name}"}}"#);
    run.ask(call("createOrganization", &[]).raw(body, "application/json"), 400).await?;
    Ok(())
}

async fn case_of_keys(run: &mut Run<'_>) -> Result<(), Stop> {
    let name = run.server.guard.new_name();
    run.refused(create(&json!({ "NAME": name })), 400, &["name"]).await?;
    Ok(())
}

async fn nul(run: &mut Run<'_>) -> Result<(), Stop> {
    let name = run.server.guard.new_name();
    run.refused(create(&json!({ "name": name, "description": "a\u{0}b" })), 400, &["description"]).await?;
    Ok(())
}

async fn media_type(run: &mut Run<'_>) -> Result<(), Stop> {
    let name = run.server.guard.new_name();
    run.ask(call("createOrganization", &[]).raw(json!({ "name": name }).to_string(), "text/plain"), 415).await?;
    Ok(())
}

async fn too_large(run: &mut Run<'_>) -> Result<(), Stop> {
    // The name is wrong as well, so that a server without a limit makes nothing.
    let wrong = format!("{}-", run.server.guard.new_name());
    run.ask(create(&json!({ "name": wrong, "description": "x".repeat(1 << 20) })), 413).await?;
    Ok(())
}

async fn forbidden(run: &mut Run<'_>) -> Result<(), Stop> {
    let name = run.server.guard.new_name();
    let body = run.ask(create(&json!({ "name": name })).by(Caller::Other), 403).await?;
    let says = !text(&body, "message").is_empty();
    run.check(says, Aspect::Value, "a message", &body.to_string());
    Ok(())
}
