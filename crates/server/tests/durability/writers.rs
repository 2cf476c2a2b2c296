//! Writers that note what they were told, and a reader that looks at everything again.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{BASE, Client, Kind, TestServer, eventually};
use crate::history::{Found, Life, Outcome, State, Step, judge};
use crate::soak::Part;

const WRITERS: usize = 8;
/// Entries of the audit log in one answer.
const PAGE: usize = 500;

/// Everything that was ever asked of a server.
#[derive(Debug, Default)]
pub struct History {
    lives: Vec<Life>,
}

/// What all crashes together have met.
#[derive(Debug, Clone, Copy, Default)]
pub struct Total {
    /// How many there were.
    pub crashes: usize,
    acknowledged: usize,
    open: usize,
}

impl Total {
    /// One more crash. What it left open is not settled yet.
    pub fn add(&mut self, history: &History) {
        self.crashes += 1;
        self.open += history.count(Outcome::Open);
    }

    /// All of it, once it is over and nothing was lost.
    pub fn report(&self, name: &'static str, about: &str) {
        eprintln!("{name}: {self}");
        let figure = |name: &str, number: usize| (name.to_owned(), number.to_string());
        let figures = vec![
            figure("crashes", self.crashes),
            figure("changes acknowledged", self.acknowledged),
            figure("left open by a crash", self.open),
            figure("acknowledged and lost", 0),
        ];
        Part { name, about: about.to_owned(), figures, ..Part::default() }.write();
    }

    /// Nothing more will be asked of this database.
    pub fn end_group(&mut self, history: &History) {
        self.acknowledged += history.acknowledged();
    }
}

impl std::fmt::Display for Total {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { crashes, acknowledged, open } = self;
        write!(f, "{crashes} crashes, {acknowledged} changes acknowledged, {open} left open, 0 lost, 0 torn")
    }
}

impl History {
    /// Writes until `crash` has ended the server; it is told to some milliseconds after the writers are under way.
    pub fn write_until(
        &mut self,
        server: &mut TestServer,
        round: usize,
        moment: u64,
        crash: impl FnOnce(&mut TestServer),
    ) {
        let (over, written) = (AtomicBool::new(false), Mutex::new(Vec::new()));
        let client = server.owner();
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (client, over, written) = (&client, &over, &written);
                scope.spawn(move || {
                    for number in 0.. {
                        let mut life = Life { name: format!("r{round}-w{writer}-{number}"), steps: Vec::new() };
                        let goes_on = live(client, &mut life, number, over);
                        written.lock().unwrap().push(life);
                        if !goes_on {
                            return;
                        }
                    }
                });
            }
            // However busy the machine is, every writer is under way, and there is something to lose.
            eventually(|| {
                let written = written.lock().unwrap();
                written.len() > WRITERS && written.iter().any(Life::is_whole)
            });
            std::thread::sleep(Duration::from_millis(moment));
            over.store(true, Ordering::SeqCst);
            crash(server);
        });
        self.lives.extend(written.into_inner().unwrap());
    }

    /// Looks at everything again; what is not as it was promised. What was left open is settled by what is found.
    pub fn check(&mut self, server: &TestServer) -> Vec<String> {
        let found = look(&server.owner());
        let mut wrong = Vec::new();
        for life in &mut self.lives {
            let found = found.get(&life.name).cloned().unwrap_or_default();
            match judge(life, &found) {
                Ok(()) => life.settle(&found.state),
                Err(why) => wrong.push(why),
            }
        }
        if server.kind() == Kind::Sqlite {
            let checked = server.sql().integrity();
            if checked != "ok" {
                wrong.push(checked);
            }
        }
        wrong
    }

    /// Changes that were acknowledged, or seen to have happened.
    pub fn acknowledged(&self) -> usize {
        self.count(Outcome::Acknowledged)
    }

    fn count(&self, outcome: Outcome) -> usize {
        self.lives.iter().flat_map(|life| &life.steps).filter(|step| step.1 == outcome).count()
    }
}

/// One organization's life, to its end or until it is turned away. False when it is over.
fn live(client: &Client, life: &mut Life, number: usize, over: &AtomicBool) -> bool {
    let name = life.name.clone();
    let job = Uuid::new_v4().to_string();
    let jobs = format!("/organizations/{name}/provisionerjobs");
    let first = format!("{name} at first");
    let second = format!("{name} later");
    let mut steps = vec![
        (Step::Create, "POST", "/organizations".to_owned(), json!({ "name": name })),
        (Step::Rename(first.clone()), "PATCH", format!("/organizations/{name}"), json!({ "display_name": first })),
        (Step::Queue(job.clone()), "POST", jobs.clone(), json!({ "id": job, "type": "template_version_import" })),
        // A job waits: this is refused.
        (Step::Delete, "DELETE", format!("/organizations/{name}"), Value::Null),
        (Step::Cancel(job.clone()), "PATCH", format!("{jobs}/{job}/cancel"), Value::Null),
        // Too long: this, too.
        (
            Step::Rename("x".repeat(500)),
            "PATCH",
            format!("/organizations/{name}"),
            json!({ "display_name": "x".repeat(500) }),
        ),
        (Step::Rename(second.clone()), "PATCH", format!("/organizations/{name}"), json!({ "display_name": second })),
    ];
    if number.is_multiple_of(3) {
        steps.push((Step::Delete, "DELETE", format!("/organizations/{name}"), Value::Null));
    }
    for (step, method, path, body) in steps {
        let request = client.request_at(method, &format!("{BASE}{path}"));
        let request = if body.is_null() { request } else { request.json(&body) };
        let outcome = match request.try_send() {
            Ok(answer) if (200..300).contains(&answer.status) => Outcome::Acknowledged,
            Ok(answer) if (400..500).contains(&answer.status) => Outcome::Refused,
            // A PostgreSQL that went away is told by a server that is still there. On a busy machine there may be no turn, too.
            Ok(answer) if answer.status == 503 => {
                let is_open = answer.is_unconfirmed();
                life.steps.push((step, if is_open { Outcome::Open } else { Outcome::Refused }));
                return !over.load(Ordering::SeqCst);
            }
            Ok(answer) => panic!("{method} {path}: {} {}", answer.status, answer.text()),
            Err(error) => {
                assert!(over.load(Ordering::SeqCst), "the server went before it was told to: {error}");
                Outcome::Open
            }
        };
        life.steps.push((step, outcome));
        if outcome == Outcome::Open {
            return false;
        }
    }
    true
}

/// Everything that the server tells of the writers' organizations, by their names.
fn look(owner: &Client) -> BTreeMap<String, Found> {
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    let mut names = BTreeMap::new();
    for one in owner.get("/organizations").expect(200).as_array().unwrap() {
        let name = text(&one["name"]);
        let jobs = owner.get(&format!("/organizations/{name}/provisionerjobs?limit=0")).expect(200);
        let jobs = jobs.as_array().unwrap().iter().map(|job| (text(&job["id"]), job["status"] == "canceled")).collect();
        // A new organization is called by its name until it is given another.
        let display_name =
            Some(text(&one["display_name"])).filter(|display_name| *display_name != name).unwrap_or_default();
        found.entry(name).or_default().state = State { exists: true, display_name, jobs, changes: 0 };
    }
    let entries = all_entries(owner);
    for entry in entries.iter().filter(|entry| entry["resource_type"] == "organization" && entry["action"] == "create")
    {
        names.insert(text(&entry["resource_id"]), text(&entry["resource_target"]));
    }
    for entry in entries {
        let name = match text(&entry["resource_type"]).as_str() {
            "organization" => names.get(&text(&entry["resource_id"])),
            "provisioner_job" => names.get(&text(&entry["organization_id"])),
            _ => None,
        };
        let Some(name) = name else { continue };
        let one = found.entry(name.clone()).or_default();
        if entry["resource_type"] == "organization" {
            one.state.changes += 1;
            one.named.extend(entry["diff"]["display_name"]["new"].as_str().map(str::to_owned));
        } else {
            *one.job_entries.entry(text(&entry["resource_id"])).or_default() += 1;
        }
    }
    found
}

/// Every entry of the audit log about something that was done.
fn all_entries(owner: &Client) -> Vec<Value> {
    let mut entries = Vec::new();
    loop {
        let page = owner.get(&format!("/audit?limit={PAGE}&offset={}", entries.len())).expect(200);
        let page = page["audit_logs"].as_array().unwrap().clone();
        let is_last = page.len() < PAGE;
        entries.extend(page);
        if is_last {
            return entries
                .into_iter()
                .filter(|entry| entry["status_code"].as_u64().is_some_and(|code| code < 400))
                .collect();
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
