//! Deletes what a run made, and what is in it, and says what it could not delete.

use serde_json::Value;

use crate::call::{Call, call};
use crate::contract::Contract;
use crate::guard::Made;
use crate::run::{items, text};
use crate::server::Server;
use crate::targets::get;

/// Deletes every organization of this run but those to keep. What is left over is told, with the reason.
pub(crate) async fn clean(server: &Server, contract: &Contract, keep: &[String]) -> Vec<String> {
    let mut left = Vec::new();
    let made = server.guard.made();
    let is_kept = |made: &Made| made.id.as_ref().is_some_and(|id| keep.contains(id));
    for made in made.iter().filter(|made| !is_kept(made)) {
        match delete(server, contract, made).await {
            Ok(()) => server.guard.gone(made),
            Err(why) => left.push(format!("{}: {why}", made.name)),
        }
    }
    left
}

async fn delete(server: &Server, contract: &Contract, made: &Made) -> Result<(), String> {
    let Some(id) = find(server, contract, made).await? else { return Ok(()) };
    let (status, _) = send(server, contract, call("deleteOrganization", &[&id])).await?;
    if is_done(status) {
        return Ok(());
    }
    // Something is in the way.
    empty(server, contract, &id).await;
    let (status, body) = send(server, contract, call("deleteOrganization", &[&id])).await?;
    if is_done(status) {
        return Ok(());
    }
    Err(format!("deleteOrganization answers {status} {}", server.mask.text(&body.to_string())))
}

fn is_done(status: u16) -> bool {
    (200..300).contains(&status) || status == 404
}

/// What the server still lists of this run, whatever it said when it was asked to delete it.
pub(crate) async fn still_listed(server: &Server, contract: &Contract) -> Vec<String> {
    let list = get(server, contract, call("getOrganizations", &[])).await;
    let names = items(&list).iter().map(|one| text(one, "name")).filter(|name| server.guard.is_own_name(name));
    names.map(|name| format!("{name}: the server still lists it")).collect()
}

/// The organization's ID, when it is there and has the name of one of this run's. It is looked for by its name first, since an ID
/// is only what an answer said.
async fn find(server: &Server, contract: &Contract, made: &Made) -> Result<Option<String>, String> {
    let by_name = server.guard.is_own_name(&made.name).then_some(made.name.as_str());
    for key in by_name.into_iter().chain(made.id.as_deref()) {
        let (status, body) = send(server, contract, call("getOrganizationByID", &[key])).await?;
        let (id, name) = (text(&body, "id"), text(&body, "name"));
        if status == 404 {
            continue;
        }
        if id.is_empty() {
            return made.id.clone().map(Some).ok_or_else(|| format!("getOrganizationByID answers {status}"));
        }
        let is_own = server.guard.is_own_name(name) || (made.id.as_deref() == Some(id) && name == made.name);
        if !is_own {
            return Err(format!("the server shows an organization {name:?} there"));
        }
        server.guard.found(&made.name, id);
        return Ok(Some(id.to_owned()));
    }
    Ok(None)
}

/// Takes away what would keep the organization from being deleted. Whether it worked shows when it is deleted.
async fn empty(server: &Server, contract: &Contract, id: &str) {
    let keys = get(server, contract, call("listProvisionerKeys", &[id])).await;
    for key in items(&keys) {
        let _ = send(server, contract, call("deleteProvisionerKey", &[id, text(key, "name")])).await;
    }
    let me = text(&get(server, contract, call("getUserByName", &["me"])).await, "id").to_owned();
    let members = get(server, contract, call("listOrganizationMembers", &[id])).await;
    for member in items(&members).iter().map(|member| text(member, "user_id")).filter(|user| *user != me) {
        let _ = send(server, contract, call("removeOrganizationMember", &[id, member])).await;
    }
    let pending = call("getProvisionerJobs", &[id]).query("status", "pending,running").query("limit", "0");
    let pending = get(server, contract, pending).await;
    for job in items(&pending) {
        let _ = send(server, contract, call("cancelProvisionerJob", &[id, text(job, "id")])).await;
    }
}

async fn send(server: &Server, contract: &Contract, call: Call) -> Result<(u16, Value), String> {
    let operation = contract.operation(call.operation).ok_or("no such operation")?;
    match server.send(operation, &call).await.1 {
        Ok(answer) => Ok((answer.status, answer.json().unwrap_or_default())),
        Err(why) => Err(format!("{why:?}")),
    }
}
