//! Members of organizations and their roles.

use serde_json::{Value, json};

use super::organizations::{Own, make};
use crate::call::{Caller, call};
use crate::case::{Aspect, Case, Stop};
use crate::run::{Run, items, text, texts};

pub(super) static CASES: &[Case] = &[
    case!("listOrganizationMembers", "list", Reading, list, "every member is one of this organization"),
    case!(
        "listOrganizationMembers",
        "creator",
        Writing,
        creator,
        "who makes an organization is its only member, without roles"
    ),
    case!(
        "paginatedOrganizationMembers",
        "pages",
        Reading,
        pages,
        "limit and offset cut the list, and count says how many there are"
    ),
    case!(
        "paginatedOrganizationMembers",
        "invalid-limit",
        Reading,
        invalid_limit,
        "a limit that is no number: 400 that names it"
    ),
    case!(
        "getMemberRolesByOrganization",
        "list",
        Reading,
        roles,
        "the roles that members can be given, organization-admin among them"
    ),
    case!("getSiteMemberRoles", "list", Reading, site_roles, "the roles of the whole installation, owner among them"),
    case!("getOrganizationsByUser", "own", Reading, own, "one's own organizations are among those that one may read"),
    case!(
        "getOrganizationByUserAndOrganizationName",
        "own",
        Reading,
        own_by_name,
        "an organization of one's own is found by name"
    ),
    case!(
        "getOrganizationByUserAndOrganizationName",
        "absent",
        Reading,
        own_absent,
        "a name that no organization has is 404"
    ),
    case!("addOrganizationMember", "added", Writing, added, "who is added is listed, without roles"),
    case!("addOrganizationMember", "again", Writing, again, "adding somebody who is a member is 400"),
    case!("removeOrganizationMember", "removed", Writing, removed, "204, and who is removed is no longer listed"),
    case!(
        "assignRoleToOrganizationMember",
        "assigned",
        Writing,
        assigned,
        "the roles are those that were given, and an empty list takes all away"
    ),
    case!("assignRoleToOrganizationMember", "unknown-role", Writing, unknown_role, "a role that there is not: 400"),
];

/// Makes the second user a member of this run's own organization; their ID.
pub(super) async fn with_other(run: &mut Run<'_>, own: &Own) -> Result<String, Stop> {
    let other = run.prepare(call("getUserByName", &["me"]).by(Caller::Other)).await?;
    let id = text(&other, "id").to_owned();
    run.prepare(call("addOrganizationMember", &[&own.id, &id])).await?;
    Ok(id)
}

fn place(run: &Run<'_>) -> Result<String, Stop> {
    run.targets.place(run.case.operation)
}

async fn list(run: &mut Run<'_>) -> Result<(), Stop> {
    let organization = place(run)?;
    let list = run.ask(call("listOrganizationMembers", &[&organization]), 200).await?;
    for member in items(&list) {
        run.same("organization_id", &json!(organization), &member["organization_id"]);
    }
    Ok(())
}

async fn creator(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    let list = run.ask(call("listOrganizationMembers", &[&own.id]), 200).await?;
    run.same("the members", &json!([run.targets.me["id"]]), &json!(texts(items(&list), "user_id")));
    run.same("roles", &json!([]), &list[0]["roles"]);
    Ok(())
}

async fn pages(run: &mut Run<'_>) -> Result<(), Stop> {
    let organization = place(run)?;
    let paged = |offset: &str| {
        call("paginatedOrganizationMembers", &[&organization]).query("limit", "1").query("offset", offset)
    };
    let first = run.ask(paged("0"), 200).await?;
    let count = first["count"].as_u64().unwrap_or_default();
    let got = items(&first["members"]).len() as u64;
    run.check(got == count.min(1), Aspect::Content, &format!("{} members of {count}", count.min(1)), &got.to_string());
    if count > 1 {
        let next = run.ask(paged("1"), 200).await?;
        let is_next = text(&next["members"][0], "user_id") != text(&first["members"][0], "user_id");
        run.check(is_next, Aspect::Content, "another member", &next["members"].to_string());
    }
    Ok(())
}

async fn invalid_limit(run: &mut Run<'_>) -> Result<(), Stop> {
    let asked = call("paginatedOrganizationMembers", &[&place(run)?]).query("limit", "many");
    run.refused(asked, 400, &["limit"]).await?;
    Ok(())
}

async fn roles(run: &mut Run<'_>) -> Result<(), Stop> {
    let list = run.ask(call("getMemberRolesByOrganization", &[&place(run)?]), 200).await?;
    has(run, &list, "organization-admin");
    Ok(())
}

async fn site_roles(run: &mut Run<'_>) -> Result<(), Stop> {
    let list = run.ask(call("getSiteMemberRoles", &[]), 200).await?;
    has(run, &list, "owner");
    Ok(())
}

fn has(run: &mut Run<'_>, list: &Value, name: &str) {
    let names = texts(items(list), "name");
    run.check(names.contains(&name), Aspect::Content, &format!("a list with {name}"), &names.join(", "));
}

async fn own(run: &mut Run<'_>) -> Result<(), Stop> {
    let known: Vec<String> = run.targets.organizations.iter().map(|one| text(one, "id").to_owned()).collect();
    if known.is_empty() {
        return Err(Stop::Skip("no organization is listed".to_owned()));
    }
    let list = run.ask(call("getOrganizationsByUser", &["me"]), 200).await?;
    for id in texts(items(&list), "id") {
        let is_known = known.iter().any(|known| known == id);
        run.check(is_known, Aspect::Content, "an organization that one may read", id);
    }
    Ok(())
}

async fn own_by_name(run: &mut Run<'_>) -> Result<(), Stop> {
    let list = run.prepare(call("getOrganizationsByUser", &["me"])).await?;
    let Some(first) = items(&list).first() else {
        return Err(Stop::Skip("one has no organization of one's own".to_owned()));
    };
    let found = run.ask(call("getOrganizationByUserAndOrganizationName", &["me", text(first, "name")]), 200).await?;
    run.same("id", &first["id"], &found["id"]);
    Ok(())
}

async fn own_absent(run: &mut Run<'_>) -> Result<(), Stop> {
    let name = run.server.guard.new_name();
    run.absent(call("getOrganizationByUserAndOrganizationName", &["me", &name])).await
}

async fn member(run: &mut Run<'_>, own: &Own, user: &str) -> Result<Option<Value>, Stop> {
    let list = run.prepare(call("listOrganizationMembers", &[&own.id])).await?;
    Ok(items(&list).iter().find(|one| text(one, "user_id") == user).cloned())
}

async fn added(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    let other = run.prepare(call("getUserByName", &["me"]).by(Caller::Other)).await?;
    let id = text(&other, "id");
    let added = run.ask(call("addOrganizationMember", &[&own.id, id]), 200).await?;
    run.same("user_id", &json!(id), &added["user_id"]);
    run.same("roles", &json!([]), &added["roles"]);
    let listed = member(run, &own, id).await?.is_some();
    run.check(listed, Aspect::Content, "a list of members with the new one", "no such member");
    Ok(())
}

async fn again(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    let id = with_other(run, &own).await?;
    run.ask(call("addOrganizationMember", &[&own.id, &id]), 400).await?;
    Ok(())
}

async fn removed(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    let id = with_other(run, &own).await?;
    run.ask(call("removeOrganizationMember", &[&own.id, &id]), 204).await?;
    let listed = member(run, &own, &id).await?.is_some();
    run.check(!listed, Aspect::Content, "a list of members without them", "they are still listed");
    Ok(())
}

async fn assigned(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    let id = with_other(run, &own).await?;
    for roles in [json!(["organization-auditor"]), json!([])] {
        let asked = call("assignRoleToOrganizationMember", &[&own.id, &id]).json(&json!({ "roles": roles }));
        let given = run.ask(asked, 200).await?;
        run.same("roles", &roles, &json!(texts(items(&given["roles"]), "name")));
    }
    Ok(())
}

async fn unknown_role(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = make(run).await?;
    let id = with_other(run, &own).await?;
    let asked = call("assignRoleToOrganizationMember", &[&own.id, &id]).json(&json!({ "roles": ["no-such-role"] }));
    run.ask(asked, 400).await?;
    Ok(())
}
