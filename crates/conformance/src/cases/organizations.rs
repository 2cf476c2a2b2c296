//! `getOrganizations` and `getOrganizationByID`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::call::{Caller, call};
use crate::case::{Aspect, Case, Stop};
use crate::run::{Run, items, text, texts};

/// The keys that every organization is sent with.
const KEYS: [&str; 8] = ["id", "name", "display_name", "icon", "description", "created_at", "updated_at", "is_default"];

pub(super) static CASES: &[Case] = &[
    case!(
        "getOrganizations",
        "list",
        Reading,
        list,
        "every organization has all of its keys, one is the default one, and none comes twice"
    ),
    case!("getOrganizations", "order", Reading, order, "organizations come by name, without regard to case"),
    case!(
        "getOrganizations",
        "unknown-parameter",
        Reading,
        unknown_parameter,
        "query parameters that it does not know change nothing"
    ),
    case!(
        "getOrganizations",
        "made-is-listed",
        Writing,
        made_is_listed,
        "an organization is listed as soon as it is made"
    ),
    case!("getOrganizations", "hidden", Reading, hidden_list, "a caller is shown no organization that it may not read"),
    case!("getOrganizationByID", "by-id", Reading, by_id, "the object is the same as in the list"),
    case!("getOrganizationByID", "by-name", Reading, by_name, "a name finds it, in any case"),
    case!("getOrganizationByID", "default", Reading, default, "default and the nil UUID mean the default organization"),
    case!(
        "getOrganizationByID",
        "forms-of-an-id",
        Reading,
        forms,
        "an ID is taken in capitals, as 32 digits, as a URN and in braces"
    ),
    case!(
        "getOrganizationByID",
        "not-a-uuid",
        Reading,
        not_a_uuid,
        "what is no UUID is a name that nobody has: 404, not 400"
    ),
    case!(
        "getOrganizationByID",
        "hidden",
        Reading,
        hidden,
        "what a caller may not read answers the same bytes as what is not there"
    ),
];

/// Notes each key that an organization lacks.
pub(super) fn has_every_key(run: &mut Run<'_>, organization: &Value) {
    for key in KEYS.iter().filter(|key| organization.get(*key).is_none()) {
        run.note(Aspect::Schema, &format!("an organization with the key {key}"), &format!("no {key}"));
    }
}

async fn list(run: &mut Run<'_>) -> Result<(), Stop> {
    let list = run.ask(call("getOrganizations", &[]), 200).await?;
    let list = items(&list);
    for organization in list {
        has_every_key(run, organization);
    }
    let ids: BTreeSet<&str> = texts(list, "id").into_iter().collect();
    run.check(
        ids.len() == list.len(),
        Aspect::Content,
        "each organization once",
        &format!("{} of {} differ", ids.len(), list.len()),
    );
    let defaults = list.iter().filter(|one| one["is_default"] == true).count();
    // Who is not a member of the default organization does not see it.
    let expected = if run.targets.default_organization().is_some() { 1 } else { 0 };
    run.check(
        defaults == expected.max(defaults.min(1)),
        Aspect::Content,
        "one default organization",
        &format!("{defaults} of them"),
    );
    Ok(())
}

async fn order(run: &mut Run<'_>) -> Result<(), Stop> {
    let list = run.ask(call("getOrganizations", &[]), 200).await?;
    let names: Vec<String> = texts(items(&list), "name").iter().map(|name| name.to_lowercase()).collect();
    if names.len() < 2 {
        return Err(Stop::Skip("fewer than two organizations to order".to_owned()));
    }
    let mut sorted = names.clone();
    sorted.sort();
    run.check(names == sorted, Aspect::Order, &sorted.join(", "), &names.join(", "));
    Ok(())
}

async fn unknown_parameter(run: &mut Run<'_>) -> Result<(), Stop> {
    let list = run.ask(call("getOrganizations", &[]), 200).await?;
    let asked = call("getOrganizations", &[]).query("limit", "0").query("no_such_parameter", "1");
    let again = run.ask(asked, 200).await?;
    // Organizations may come and go between two requests; the oldest of them is there in both.
    let some = run
        .targets
        .default_organization()
        .or(run.targets.some())
        .map(|one| text(one, "id").to_owned())
        .unwrap_or_default();
    let has = |list: &Value| texts(items(list), "id").contains(&some.as_str());
    run.check(has(&list) == has(&again), Aspect::Content, "the same list as without it", &format!("no {some}"));
    Ok(())
}

async fn made_is_listed(run: &mut Run<'_>) -> Result<(), Stop> {
    let made = make(run).await?;
    let list = run.ask(call("getOrganizations", &[]), 200).await?;
    let ids = texts(items(&list), "id");
    run.check(ids.contains(&made.id.as_str()), Aspect::Content, &format!("a list with {}", made.name), &ids.join(", "));
    Ok(())
}

async fn hidden_list(run: &mut Run<'_>) -> Result<(), Stop> {
    let list = run.ask(call("getOrganizations", &[]).by(Caller::Other), 200).await?;
    for id in texts(items(&list), "id") {
        let one = run.try_out(call("getOrganizationByID", &[id]).by(Caller::Other)).await?;
        let got = one.map_or("no answer".to_owned(), |answer| format!("status {}", answer.status));
        run.check(
            got == "status 200",
            Aspect::Content,
            "organizations that the caller may read",
            &format!("{id}, which answers {got}"),
        );
    }
    Ok(())
}

async fn by_id(run: &mut Run<'_>) -> Result<(), Stop> {
    let listed = some(run)?;
    let one = run.ask(call("getOrganizationByID", &[text(&listed, "id")]), 200).await?;
    has_every_key(run, &one);
    let is_newer = one["updated_at"] != listed["updated_at"];
    if is_newer {
        run.same("id", &listed["id"], &one["id"]);
    } else {
        run.same("the organization", &listed, &one);
    }
    Ok(())
}

async fn by_name(run: &mut Run<'_>) -> Result<(), Stop> {
    let listed = some(run)?;
    let name = text(&listed, "name");
    for name in [name.to_owned(), name.to_uppercase(), name.to_lowercase()] {
        let one = run.ask(call("getOrganizationByID", &[&name]), 200).await?;
        run.same("id", &listed["id"], &one["id"]);
    }
    Ok(())
}

async fn default(run: &mut Run<'_>) -> Result<(), Stop> {
    let default = run
        .targets
        .default_organization()
        .cloned()
        .ok_or_else(|| Stop::Skip("no default organization is listed".to_owned()))?;
    for name in ["default", "00000000-0000-0000-0000-000000000000"] {
        let one = run.ask(call("getOrganizationByID", &[name]), 200).await?;
        run.same("id", &default["id"], &one["id"]);
        run.same("is_default", &json!(true), &one["is_default"]);
    }
    Ok(())
}

async fn forms(run: &mut Run<'_>) -> Result<(), Stop> {
    let listed = some(run)?;
    let id = text(&listed, "id");
    for form in [id.to_uppercase(), id.replace('-', ""), format!("urn:uuid:{id}"), format!("{{{id}}}")] {
        let one = run.ask(call("getOrganizationByID", &[&form]), 200).await?;
        run.same("id", &listed["id"], &one["id"]);
    }
    Ok(())
}

async fn not_a_uuid(run: &mut Run<'_>) -> Result<(), Stop> {
    for name in ["not-a-uuid", "Default", "0000"] {
        let known = run.targets.organizations.iter().any(|one| text(one, "name").eq_ignore_ascii_case(name));
        if !known {
            run.absent(call("getOrganizationByID", &[name])).await?;
        }
    }
    Ok(())
}

async fn hidden(run: &mut Run<'_>) -> Result<(), Stop> {
    let absent = run.server.guard.absent_id();
    let absent = run.answer(call("getOrganizationByID", &[&absent]).by(Caller::Other), 404).await?;
    let seen = run.prepare(call("getOrganizations", &[]).by(Caller::Other)).await?;
    let seen = texts(items(&seen), "id");
    let all = run.targets.organizations.clone();
    let hidden: Vec<&Value> = all.iter().filter(|one| !seen.contains(&text(one, "id"))).take(5).collect();
    if hidden.is_empty() {
        return Err(Stop::Skip("the second user may read every organization".to_owned()));
    }
    for key in hidden.iter().flat_map(|one| [text(one, "id"), text(one, "name")]) {
        let hidden = run.answer(call("getOrganizationByID", &[key]).by(Caller::Other), 404).await?;
        let same = hidden.body == absent.body;
        run.check(
            same,
            Aspect::Value,
            "the body of an organization that is not there",
            &String::from_utf8_lossy(&hidden.body),
        );
    }
    Ok(())
}

fn some(run: &Run<'_>) -> Result<Value, Stop> {
    run.targets.some().cloned().ok_or_else(|| Stop::Skip("no organization is listed".to_owned()))
}

/// An organization that a case made for itself.
#[derive(Debug, Clone)]
pub(super) struct Own {
    pub(super) id: String,
    pub(super) name: String,
}

impl Own {
    /// The organization as it is now, from the list, so that a case about reading one is not needed for it.
    pub(super) async fn now(&self, run: &mut Run<'_>) -> Result<Value, Stop> {
        let list = run.prepare(call("getOrganizations", &[])).await?;
        let found = items(&list).iter().find(|one| text(one, "id") == self.id).cloned();
        found.ok_or_else(|| Stop::Skip(format!("{} is not listed", self.name)))
    }
}

/// Makes an organization, for a case that is not about making one.
pub(super) async fn make(run: &mut Run<'_>) -> Result<Own, Stop> {
    let name = run.server.guard.new_name();
    run.prepare(call("createOrganization", &[]).json(&json!({ "name": name }))).await?;
    // The answer is not trusted: another case is about it.
    let list = run.prepare(call("getOrganizations", &[])).await?;
    let id = items(&list).iter().find(|one| text(one, "name") == name).map(|one| text(one, "id").to_owned());
    let id = id.unwrap_or_default();
    if id.is_empty() {
        return Err(Stop::Skip("the server does not list an organization that it made".to_owned()));
    }
    run.server.guard.found(&name, &id);
    Ok(Own { id, name })
}
