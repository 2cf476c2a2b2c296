//! `orgd record`: saves what a server has as a fixture, for `orgd serve --ephemeral --seed`.

mod mask;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use orgd_api_types::{Organization, Timestamp, UserStatus};
use orgd_client::{CallError, Client};
use serde_json::{Map, Value, json};

use super::{output, remote};
use crate::auth::roles::{OrganizationRole, Role, SiteRole};
use crate::config::ClientFlags;
use crate::fixture::{Fixture, JobFixture, MemberFixture, UserFixture, WorkerFixture};

/// Keys of a job that a fixture has; whatever else a server of another version sends is left out.
const JOB_KEYS: &[&str] = &[
    "id",
    "organization_id",
    "initiator_id",
    "type",
    "status",
    "created_at",
    "started_at",
    "canceled_at",
    "completed_at",
    "error",
    "error_code",
    "worker_id",
    "worker_name",
    "file_id",
    "tags",
    "input",
    "metadata",
    "logs_overflowed",
];

/// Users that are asked for at once.
const PAGE: u64 = 100;

/// Flags of `orgd record`.
#[derive(Debug, Args)]
pub struct Flags {
    /// Where to write the fixture; to standard output when it is not given
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only this organization, by name or ID; may be given several times
    #[arg(long, value_name = "ORGANIZATION")]
    organization: Vec<String>,
    /// Jobs of each organization at most, the newest; 0 for all
    #[arg(long, value_name = "NUMBER", default_value = "1000")]
    limit: u32,
    /// Give users, organizations, templates, workspaces and workers other names
    #[arg(long)]
    mask: bool,
    #[command(flatten)]
    access: ClientFlags,
}

/// Runs the command.
pub fn run(flags: Flags) -> anyhow::Result<()> {
    let client = remote::user(flags.access.clone())?;
    let mut fixture = remote::block_on(read(&client, &flags))?;
    if flags.mask {
        mask::mask(&mut fixture);
    }
    // What was read must be of use.
    fixture.resolve().context("what the server answers is no state that can be loaded")?;
    let text = fixture.write()?;
    let counts = format!(
        "Recorded {} organizations, {} users, {} workers and {} provisioner jobs.",
        fixture.organizations.len(),
        fixture.users.len(),
        fixture.workers.len(),
        fixture.jobs.len()
    );
    match &flags.file {
        Some(file) => std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?,
        None => output::write(&text)?,
    }
    output::say(&counts);
    Ok(())
}

async fn read(client: &Client, flags: &Flags) -> anyhow::Result<Fixture> {
    let failed = |error| remote::failed(CallError::from(error));
    let answer = client.api().get_organizations().await.map_err(failed)?;
    let now = answer.headers().get("date").and_then(|date| date_of(date.to_str().ok()?));
    let all = answer.into_inner();
    let all: Vec<Organization> =
        serde_json::from_value(json!(all)).context("the organizations are not as documented")?;
    let wanted = |one: &&Organization| {
        flags.organization.is_empty()
            || flags.organization.iter().any(|name| name.eq_ignore_ascii_case(&one.name) || *name == one.id.to_string())
    };
    let chosen: Vec<&Organization> = all.iter().filter(wanted).collect();
    if chosen.len() < flags.organization.len() {
        let names: Vec<_> = all.iter().map(|one| one.name.as_str()).collect();
        bail!("not all of these organizations are there; there is {}", names.join(", "));
    }
    let mut fixture: Fixture = serde_json::from_value(json!({"version": 1}))?;
    let mut users = BTreeMap::new();
    for organization in chosen {
        let id = organization.id.to_string();
        read_members(client, organization, &mut users, &mut fixture).await?;
        read_workers(client, &id, &mut fixture).await;
        let limit = [("limit", flags.limit.to_string())];
        let jobs = client.jobs_as_written(&id, &limit).await.map_err(remote::failed)?;
        // Oldest first, as they came about.
        let jobs = jobs.into_iter().rev().map(job).collect::<anyhow::Result<Vec<_>>>();
        fixture.jobs.extend(jobs.with_context(|| format!("the jobs of {} are not as documented", organization.name))?);
        fixture.organizations.push(organization.clone().into());
    }
    read_statuses(client, &mut users).await;
    fixture.users = users.into_values().collect();
    // What came about meanwhile is not to lie in the future.
    fixture.now = fixture.jobs.iter().map(|job| job.created_at).chain(now).max();
    Ok(fixture)
}

/// What the clock of the server shows.
fn date_of(header: &str) -> Option<Timestamp> {
    let date = chrono::DateTime::parse_from_rfc2822(header).ok()?;
    Some(Timestamp::from_micros(date.timestamp_micros()))
}

/// Which users are suspended or dormant, which the members do not tell.
async fn read_statuses(client: &Client, users: &mut BTreeMap<String, UserFixture>) {
    let mut offset = 0;
    loop {
        let page = match client.api().get_users(None, Some(PAGE), Some(offset), None).await {
            Ok(page) => json!(page.into_inner()),
            Err(error) => {
                let why = remote::failed(CallError::from(error));
                return output::say(&format!("Users are recorded as active, whatever they are: {why:#}"));
            }
        };
        let listed = page["users"].as_array().map_or(&[][..], Vec::as_slice);
        for one in listed {
            let user = one["id"].as_str().and_then(|id| users.get_mut(id));
            let status = serde_json::from_value::<UserStatus>(one["status"].clone()).ok();
            if let (Some(user), Some(status)) = (user, status) {
                user.status = Some(status).filter(|status| *status != UserStatus::Active);
            }
        }
        if listed.is_empty() {
            return;
        }
        offset += PAGE;
    }
}

fn job(answered: Value) -> anyhow::Result<JobFixture> {
    let Value::Object(members) = answered else { bail!("a job is no object") };
    let known: Map<String, Value> = members.into_iter().filter(|(key, _)| JOB_KEYS.contains(&key.as_str())).collect();
    Ok(serde_json::from_value(known.into())?)
}

/// The members, and the users whom they are.
async fn read_members(
    client: &Client,
    organization: &Organization,
    users: &mut BTreeMap<String, UserFixture>,
    fixture: &mut Fixture,
) -> anyhow::Result<()> {
    let members = client.api().list_organization_members(&organization.id.to_string()).await;
    let members = members.map_err(|error| remote::failed(CallError::from(error)))?.into_inner();
    for member in json!(members).as_array().into_iter().flatten() {
        let text = |key: &str| member[key].as_str().unwrap_or_default().to_owned();
        let (id, created_at): (uuid::Uuid, Timestamp) = (
            serde_json::from_value(member["user_id"].clone()).context("a member has no user_id")?,
            serde_json::from_value(member["created_at"].clone()).context("a member has no created_at")?,
        );
        users.entry(text("user_id")).or_insert_with(|| UserFixture {
            id,
            username: text("username"),
            email: Some(text("email")).filter(|email| !email.is_empty()),
            name: text("name"),
            status: None,
            login_type: None,
            roles: roles::<SiteRole>(&member["global_roles"]),
            password: None,
            created_at,
        });
        fixture.members.push(MemberFixture {
            organization: organization.id.to_string(),
            user: text("user_id"),
            roles: roles::<OrganizationRole>(&member["roles"]),
            created_at: Some(created_at),
        });
    }
    Ok(())
}

/// The names of those roles that there are here, too.
fn roles<R: Role>(answered: &Value) -> Vec<String> {
    let names = answered.as_array().into_iter().flatten().filter_map(|role| role["name"].as_str());
    let known: BTreeSet<&str> = names.filter(|name| R::from_name(name).is_some()).collect();
    known.into_iter().map(str::to_owned).collect()
}

/// The workers. A server may lack the route, and jobs do without.
async fn read_workers(client: &Client, organization: &str, fixture: &mut Fixture) {
    let workers = client.api().get_provisioner_daemons(organization, None, Some(0), None, Some(true), None, None).await;
    let workers = match workers {
        Ok(workers) => json!(workers.into_inner()),
        Err(error) => {
            return output::say(&format!(
                "The workers of {organization} are left out: {:#}",
                remote::failed(CallError::from(error))
            ));
        }
    };
    for worker in workers.as_array().into_iter().flatten() {
        let is_live = worker["status"].as_str().is_some_and(|status| status != "offline");
        let last_seen_at = if is_live { json!("always") } else { worker["last_seen_at"].clone() };
        let of_worker = json!({
            "id": worker["id"], "organization": organization, "name": worker["name"], "provisioners": worker["provisioners"],
            "tags": worker["tags"], "version": worker["version"].as_str().unwrap_or_default(), "created_at": worker["created_at"],
            "last_seen_at": if last_seen_at.is_null() { worker["created_at"].clone() } else { last_seen_at },
        });
        match serde_json::from_value::<WorkerFixture>(of_worker) {
            Ok(worker) => fixture.workers.push(worker),
            Err(error) => output::say(&format!("The worker {} is left out: {error}", worker["name"])),
        }
    }
}
