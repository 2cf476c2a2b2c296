//! `orgd jobs list`: in the columns of Coder's command line, so that what reads those reads these.

use std::io::{self, IsTerminal};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use orgd_client::{CallError, Client};
use serde_json::Value;
use uuid::Uuid;

use super::Place;
use crate::cli::output::{self, Output};
use crate::cli::remote;

const COLUMNS: [&str; 7] = ["created at", "id", "type", "template display name", "status", "queue", "tags"];
/// How often a list that is watched is asked for.
const AGAIN: Duration = Duration::from_secs(2);
/// Clears the screen and goes to its top.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// What to list.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    place: Place,
    /// Only jobs with this status: pending, running, succeeded, canceling, canceled or failed; may be a list with commas, and repeated
    #[arg(long, value_name = "STATUS")]
    status: Vec<String>,
    /// Only jobs that the user with this ID queued
    #[arg(long, value_name = "USER ID")]
    initiator: Option<Uuid>,
    /// How many jobs at most, the newest; 0 for all
    #[arg(long, short, value_name = "NUMBER", default_value = "50")]
    limit: u32,
    /// List again every 2 s, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// How to print
    #[arg(long, short, value_enum, default_value = "table")]
    output: Output,
}

/// Runs the command.
pub fn run(list: List) -> anyhow::Result<()> {
    let client = remote::user(list.place.access.clone())?;
    let listed = remote::block_on(async {
        if list.watch {
            return watch(&client, &list).await;
        }
        print(&list, &read(&client, &list).await.map_err(remote::failed)?)
    });
    listed.with_context(|| format!("jobs of organization {:?}", list.place.organization))
}

async fn watch(client: &Client, list: &List) -> anyhow::Result<()> {
    let screen = io::stdout().is_terminal();
    loop {
        match read(client, list).await {
            Ok(jobs) => {
                if screen {
                    output::write(CLEAR)?;
                }
                print(list, &jobs)?;
            }
            Err(error) if error.is_transient() => output::say(&output::plain(&error.to_string())),
            Err(error) => return Err(remote::failed(error)),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// The jobs, oldest first. For programs each has the name of its organization, too, as with Coder's command line.
async fn read(client: &Client, list: &List) -> Result<Vec<Value>, CallError> {
    let organization = &list.place.organization;
    let mut query = vec![("limit", list.limit.to_string())];
    if !list.status.is_empty() {
        query.push(("status", list.status.join(",")));
    }
    query.extend(list.initiator.map(|initiator| ("initiator", initiator.to_string())));
    let mut jobs = client.jobs_as_written(organization, &query).await?;
    jobs.reverse();
    if list.output == Output::Json {
        let of = client.api().get_organization_by_id(organization).await.map_err(CallError::from)?.into_inner();
        let name = of.display_name.filter(|name| !name.is_empty()).or(of.name).unwrap_or_default();
        for job in jobs.iter_mut().filter_map(Value::as_object_mut) {
            job.insert("organization_name".to_owned(), Value::String(name.clone()));
        }
    }
    Ok(jobs)
}

fn print(list: &List, jobs: &[Value]) -> anyhow::Result<()> {
    if jobs.is_empty() && list.output == Output::Table {
        output::say("No provisioner jobs found");
        return Ok(());
    }
    output::print_list(list.output, jobs, &COLUMNS, cells)
}

fn cells(job: &Value) -> Vec<String> {
    let text = |pointer: &str| job.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |key: &str| job[key].as_i64().unwrap_or_default();
    let queue = match text("/status").as_str() {
        "pending" => format!("{}/{}", number("queue_position"), number("queue_size")),
        _ => String::new(),
    };
    let mut tags: Vec<String> = job["tags"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}:{}", value.as_str().unwrap_or_default()))
        .collect();
    tags.sort();
    let created_at = text("/created_at");
    let (id, kind, template) = (text("/id"), text("/type"), text("/metadata/template_display_name"));
    vec![created_at, id, kind, template, text("/status"), queue, format!("map[{}]", tags.join(" "))]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::cells;

    #[test]
    fn only_a_job_that_waits_has_a_place_in_the_queue() {
        let mut job = json!({
            "created_at": "2026-01-02T03:05:00Z", "id": "i", "type": "workspace_build", "status": "pending",
            "queue_position": 1, "queue_size": 3, "metadata": {"template_display_name": "Kubernetes"},
            "tags": {"scope": "organization", "owner": ""},
        });
        let mut expected = vec![
            "2026-01-02T03:05:00Z",
            "i",
            "workspace_build",
            "Kubernetes",
            "pending",
            "1/3",
            "map[owner: scope:organization]",
        ];
        assert_eq!(cells(&job), expected);
        job["status"] = json!("running");
        (expected[4], expected[5]) = ("running", "");
        assert_eq!(cells(&job), expected);
        assert_eq!(cells(&json!({})), ["", "", "", "", "", "", "map[]"]);
    }
}
