//! What the server has to look at: found before the cases run, so that one case does not depend on another.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::call::{Call, call};
use crate::case::Stop;
use crate::contract::{Contract, Flaw};
use crate::run::{items, text};
use crate::runner::Kind;
use crate::server::Server;

/// Jobs that are looked at.
pub(crate) const WINDOW: usize = 200;
/// What not everybody may read of an organization.
const OF_AN_ORGANIZATION: [&str; 6] = [
    "getProvisionerJobs",
    "getProvisionerDaemons",
    "listProvisionerKeys",
    "listOrganizationMembers",
    "paginatedOrganizationMembers",
    "getMemberRolesByOrganization",
];
/// Organizations whose jobs are looked for.
const LOOKED_AT: usize = 50;

/// A job to queue: its type and its tags.
type NewJob = (&'static str, &'static [(&'static str, &'static str)]);

/// The jobs of an organization to look at.
const JOBS: [NewJob; 5] = [
    ("template_version_import", &[]),
    ("workspace_build", &[]),
    ("template_version_dry_run", &[]),
    ("workspace_build", &[("gpu", "yes"), ("region", "north")]),
    ("template_version_import", &[("gpu", "yes"), ("region", "south")]),
];

/// What there is.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    /// Every organization that the caller sees.
    pub(crate) organizations: Vec<Value>,
    /// ID of the one whose jobs are looked at.
    pub(crate) organization: Option<String>,
    /// Its newest jobs.
    pub(crate) jobs: Vec<Value>,
    /// A job of another organization.
    pub(crate) foreign_job: Option<String>,
    /// The caller.
    pub(crate) me: Value,
    /// The organizations that this run made to look at.
    pub(crate) workshops: Vec<String>,
    /// The operations that the caller, who is no owner, may not use on the organization that is looked at.
    withheld: BTreeSet<&'static str>,
}

impl Targets {
    /// Looks around. What does not work leaves less to look at.
    pub(crate) async fn find(server: &Server, contract: &Contract, workshops: Vec<String>) -> Self {
        let mut targets = Self { workshops, ..Self::default() };
        targets.me = get(server, contract, call("getUserByName", &["me"])).await;
        let all = get(server, contract, call("getOrganizations", &[])).await;
        let mut all = sound(contract, "getOrganizations", &all);
        // What this run made is looked at first.
        all.sort_by_key(|one| {
            let place = targets.workshops.iter().position(|id| id == text(one, "id"));
            place.unwrap_or(targets.workshops.len())
        });
        let mut readable = None;
        for organization in all.iter().take(LOOKED_AT) {
            let id = text(organization, "id");
            let jobs = call("getProvisionerJobs", &[id]).query("limit", &WINDOW.to_string());
            let answered = get(server, contract, jobs).await;
            let jobs = sound(contract, "getProvisionerJobs", &answered);
            readable = readable.or_else(|| answered.is_array().then(|| id.to_owned()));
            let first = jobs.first().map(|job| text(job, "id").to_owned());
            if targets.jobs.is_empty() && !jobs.is_empty() {
                targets.organization = Some(id.to_owned());
                targets.jobs = jobs;
            } else if targets.foreign_job.is_none() {
                targets.foreign_job = first;
            }
            if !targets.jobs.is_empty() && targets.foreign_job.is_some() {
                break;
            }
        }
        let default = all.iter().find(|one| one["is_default"] == true).or(all.first());
        let default = readable.or_else(|| default.map(|one| text(one, "id").to_owned()));
        targets.organization = targets.organization.or(default);
        targets.organizations = all;
        targets.find_withheld(server, contract).await;
        targets
    }

    /// An owner may read everything, so a 404 is the server's fault; anybody else it may be meant for.
    async fn find_withheld(&mut self, server: &Server, contract: &Contract) {
        let is_owner = items(&self.me["roles"]).iter().any(|role| role["name"] == "owner");
        let Some(organization) = self.organization.as_deref().filter(|_| !is_owner) else { return };
        for id in OF_AN_ORGANIZATION {
            let Some(operation) = contract.operation(id) else { continue };
            let answer = server.send(operation, &call(id, &[organization])).await.1;
            if answer.is_ok_and(|answer| matches!(answer.status, 403 | 404)) {
                self.withheld.insert(id);
            }
        }
    }

    /// The organization to look at with this operation, or why there is none.
    pub(crate) fn place(&self, operation: &str) -> Result<String, Stop> {
        let place = self.organization.clone().ok_or_else(|| Stop::Skip("no organization is listed".to_owned()))?;
        match self.withheld.get(operation) {
            Some(withheld) => Err(Stop::Skip(format!("the user of the session token may not use {withheld}"))),
            None => Ok(place),
        }
    }

    /// The default organization.
    pub(crate) fn default_organization(&self) -> Option<&Value> {
        self.organizations.iter().find(|one| one["is_default"] == true)
    }

    /// An organization that is not the default one, and otherwise that.
    pub(crate) fn some(&self) -> Option<&Value> {
        self.organizations.iter().find(|one| one["is_default"] != true).or(self.organizations.first())
    }
}

/// The elements of a list that are as documented and have an ID. What is wrong with the others is found by the case about the list.
fn sound(contract: &Contract, operation: &str, list: &Value) -> Vec<Value> {
    let Some(operation) = contract.operation(operation) else { return Vec::new() };
    let is_sound = |item: &&Value| {
        let flaws = contract.flaws(operation, 200, &json!([item]));
        let is_newer = flaws.iter().all(|flaw| matches!(flaw, Flaw::UndocumentedKey(_)));
        let has = |key: &str| item.get(key).is_some();
        is_newer && has("id") && (has("name") || has("organization_id"))
    };
    items(list).iter().filter(is_sound).cloned().collect()
}

/// What a GET answers, and null where it does not.
pub(crate) async fn get(server: &Server, contract: &Contract, call: Call) -> Value {
    let Some(operation) = contract.operation(call.operation) else { return Value::Null };
    match server.send(operation, &call).await.1 {
        Ok(answer) if answer.status == 200 => answer.json().unwrap_or_default(),
        Ok(_) | Err(_) => Value::Null,
    }
}

/// Makes an organization with jobs in it, as far as the server can: with tags, of each type, waiting and canceled. And another one
/// with one job, which must not be seen in the first.
pub(crate) async fn make_workshops(server: &Server, contract: &Contract, kind: Kind) -> Vec<String> {
    let mut workshops = Vec::new();
    for count in [JOBS.len(), 1] {
        let name = server.guard.new_name();
        let body = json!({ "name": name, "description": "Made by a conformance run, and deleted by it." });
        post(server, contract, call("createOrganization", &[]).json(&body)).await;
        let id = text(&get(server, contract, call("getOrganizationByID", &[&name])).await, "id").to_owned();
        if id.is_empty() {
            continue;
        }
        server.guard.found(&name, &id);
        workshops.push(id.clone());
        // Coder has no way to queue a job.
        if kind != Kind::Orgd {
            continue;
        }
        let mut jobs = Vec::new();
        for (kind, tags) in &JOBS[..count] {
            let tags: BTreeMap<_, _> = tags.iter().copied().collect();
            let body = json!({ "type": kind, "tags": tags });
            jobs.push(post(server, contract, call("createProvisionerJob", &[&id]).json(&body)).await);
        }
        for job in jobs.iter().take(2).filter(|_| count > 1) {
            post(server, contract, call("cancelProvisionerJob", &[&id, text(job, "id")])).await;
        }
    }
    workshops
}

async fn post(server: &Server, contract: &Contract, call: Call) -> Value {
    let Some(operation) = contract.operation(call.operation) else { return Value::Null };
    server.send(operation, &call).await.1.ok().and_then(|answer| answer.json()).unwrap_or_default()
}
