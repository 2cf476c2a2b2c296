//! What a worker does: registers, asks for jobs, reports on them.

use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::client::{Begun, Client};
use super::server::TestServer;

/// A registered worker.
#[derive(Clone)]
pub struct WorkerClient {
    /// How it speaks to the server.
    pub client: Client,
    /// Worker ID.
    pub id: Uuid,
    organization: String,
}

/// A job that a worker got.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Job ID.
    pub id: Uuid,
    /// The attempt.
    pub attempt: i64,
    /// All that it was told of the job.
    pub told: Value,
}

impl Held {
    /// The job of an answer to a worker that asked for one; `None` when it holds none.
    #[track_caller]
    pub fn of(answer: &Answer) -> Option<Self> {
        let told = answer.expect(200).get("job")?.clone();
        let id = told["job"]["id"].as_str().expect("an id").parse().expect("a UUID");
        Some(Self { id, attempt: told["attempt"].as_i64().expect("a number"), told })
    }
}

impl WorkerClient {
    /// Registers a worker for Terraform jobs under this name, without tags of its own.
    #[track_caller]
    pub fn register(client: &Client, organization: &str, name: &str) -> Self {
        Self::register_as(client, organization, json!({"name": name, "provisioners": ["terraform"]}))
    }

    /// The same with tags.
    #[track_caller]
    pub fn tagged(client: &Client, organization: &str, name: &str, tags: Value) -> Self {
        let body = json!({"name": name, "provisioners": ["terraform"], "tags": tags});
        Self::register_as(client, organization, body)
    }

    /// Registers a worker with this request.
    #[track_caller]
    pub fn register_as(client: &Client, organization: &str, body: Value) -> Self {
        let answer = client.post(&format!("/organizations/{organization}/provisionerdaemons"), body);
        assert!([200, 201].contains(&answer.status), "{} {}", answer.status, answer.text());
        let id = answer.json()["id"].as_str().expect("an id").parse().expect("a UUID");
        Self { client: client.clone(), id, organization: organization.to_owned() }
    }

    /// The same worker on another server, or on the same one after it was started again.
    pub fn of(&self, server: &TestServer) -> Self {
        Self { client: self.client.of(server), ..self.clone() }
    }

    /// The same worker, spoken for by somebody else.
    pub fn spoken_for_by(&self, client: &Client) -> Self {
        Self { client: client.clone(), ..self.clone() }
    }

    /// The path of one of the worker's operations.
    pub fn path(&self, operation: &str) -> String {
        format!("/organizations/{}/provisionerdaemons/{}/{operation}", self.organization, self.id)
    }

    /// The path of one of its operations on a job.
    pub fn job_path(&self, job: Uuid, operation: &str) -> String {
        self.path(&format!("jobs/{job}/{operation}"))
    }

    /// Says that it is alive.
    #[track_caller]
    pub fn heartbeat(&self) -> Answer {
        self.client.request("POST", &self.path("heartbeat")).send()
    }

    /// Asks for a job and waits up to so many seconds.
    #[track_caller]
    pub fn acquire(&self, wait: u32) -> Option<Held> {
        Held::of(&self.client.post(&self.path("acquire"), json!({ "wait_seconds": wait })))
    }

    /// Asks for a job and does not wait for the answer.
    pub fn begin_acquire(&self, wait: u32) -> Begun {
        self.client.request("POST", &self.path("acquire")).json(&json!({ "wait_seconds": wait })).begin()
    }

    /// Gets a job that is there.
    #[track_caller]
    pub fn take(&self) -> Held {
        self.acquire(0).expect("a job")
    }

    /// Reports progress with whatever else is in the body.
    #[track_caller]
    pub fn progress(&self, held: &Held, more: Value) -> Answer {
        let mut body = more;
        body["attempt"] = json!(held.attempt);
        self.client.post(&self.job_path(held.id, "progress"), body)
    }

    /// Reports these log lines, which come after `offset` others.
    #[track_caller]
    pub fn log(&self, held: &Held, offset: usize, lines: &[&str]) -> Answer {
        self.progress(held, json!({"logs_offset": offset, "logs": log_lines(lines)}))
    }

    /// Ends the job well.
    #[track_caller]
    pub fn complete(&self, held: &Held) -> Answer {
        self.client.post(&self.job_path(held.id, "complete"), json!({"attempt": held.attempt}))
    }

    /// Ends the job with an error.
    #[track_caller]
    pub fn fail(&self, held: &Held, error: &str) -> Answer {
        let body = json!({"attempt": held.attempt, "error": error});
        self.client.post(&self.job_path(held.id, "fail"), body)
    }
}

/// Log lines as a request has them.
pub fn log_lines(lines: &[&str]) -> Vec<Value> {
    lines.iter().map(|line| json!({ "output": line })).collect()
}
