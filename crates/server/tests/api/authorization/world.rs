//! The server that everybody asks, and who they are to it.

use orgd::operations::{MembersOperation, Operation, ProvisioningOperation, UsersOperation};
use serde_json::{Value, json};
use uuid::Uuid;

use super::S;
use crate::harness::{Answer, Client, TestServer, WorkerClient};

/// A server with something for every operation to work on.
pub(super) struct World {
    server: TestServer,
    owner: Client,
    job: String,
    build: Uuid,
    version: Uuid,
    dry_run: String,
    worker: Uuid,
    key: Client,
    other_key: Client,
}

const ACME: &str = "/organizations/acme";

impl World {
    pub(super) fn new() -> Self {
        let server = TestServer::with(&[("ORGD_RATE_LIMIT", "0")]);
        let owner = server.owner();
        owner.create("acme");
        owner.create("other");
        for user in ["target", "leaver"] {
            server.user(user, &[], &[("acme", &[])]);
        }
        let (build, version) = (Uuid::new_v4(), Uuid::new_v4());
        let queue = |kind: &str, input: Value| {
            let job = owner.post(&format!("{ACME}/provisionerjobs"), json!({"type": kind, "input": input})).expect(201);
            job["id"].as_str().unwrap().to_owned()
        };
        let job = queue("workspace_build", json!({ "workspace_build_id": build }));
        queue("template_version_import", json!({ "template_version_id": version }));
        let dry_run = queue("template_version_dry_run", json!({ "template_version_id": version }));
        let key = |organization: &str| {
            let made = owner.post(&format!("/organizations/{organization}/provisionerkeys"), json!({"name": "farm"}));
            server.key_holder(made.expect(201)["key"].as_str().unwrap())
        };
        let (key, other_key) = (key("acme"), key("other"));
        let worker = WorkerClient::register(&key, "acme", "builder").id;
        owner.post("/users/target/keys/tokens", json!({"token_name": "kept"})).expect(201);
        Self { owner, job, build, version, dry_run, worker, key, other_key, server }
    }

    pub(super) fn client(&self, subject: S) -> Client {
        let user = |site: &[&str], organizations: &[(&str, &[&str])]| {
            let name = format!("the-{subject:?}").to_lowercase();
            self.server.client(&self.server.user(&name, site, organizations))
        };
        let in_acme = |role: &'static str| user(&[], &[("acme", &[role])]);
        match subject {
            S::Anonymous => self.server.anonymous(),
            S::Suspended => {
                let client = user(&["user-admin"], &[("acme", &["organization-admin"])]);
                self.owner.put("/users/the-suspended/status/suspend", Value::Null).expect(200);
                client
            }
            S::Narrow => self.server.client(&self.server.token_of("owner", &["--scope", "application_connect"])),
            S::Nobody => user(&[], &[]),
            S::Elsewhere => user(&[], &[("other", &["organization-admin", "organization-template-admin"])]),
            S::Owner => user(&["owner"], &[]),
            S::TemplateAdmin => user(&["template-admin"], &[]),
            S::UserAdmin => user(&["user-admin"], &[]),
            S::Auditor => user(&["auditor"], &[]),
            S::AgentsAccess => user(&["agents-access"], &[]),
            S::Member => user(&[], &[("acme", &[])]),
            S::OrgAdmin => in_acme("organization-admin"),
            S::OrgTemplateAdmin => in_acme("organization-template-admin"),
            S::OrgUserAdmin => in_acme("organization-user-admin"),
            S::OrgAuditor => in_acme("organization-auditor"),
            S::OrgBanned => in_acme("organization-workspace-creation-ban"),
            S::Key => self.key.clone(),
            S::OtherKey => self.other_key.clone(),
        }
    }

    /// How often the server has read its database.
    pub(super) fn reads(&self) -> u64 {
        let text = self.server.anonymous().request_at("GET", "/metrics").send().text().to_owned();
        let line = text.lines().find_map(|line| line.strip_prefix("orgd_database_reads_total "));
        line.unwrap().trim().parse().unwrap()
    }

    /// Makes again what the operation may have taken away, and gives the path to it.
    fn path(&self, operation: Operation) -> String {
        let (mut user, mut token, mut key) = ("target", self.token("kept"), "farm");
        match operation {
            Operation::Users(UsersOperation::DeleteUser) => {
                user = "victim";
                let new = json!({"username": user, "email": "victim@example.com", "password": "correct horse battery"});
                self.owner.post("/users", new);
            }
            Operation::Users(UsersOperation::DeleteApiKey | UsersOperation::ExpireApiKey) => {
                self.owner.post("/users/target/keys/tokens", json!({"token_name": "doomed"}));
                token = self.token("doomed");
            }
            Operation::Members(MembersOperation::RemoveOrganizationMember) => {
                user = "leaver";
                self.owner.post(&format!("{ACME}/members/{user}"), json!({}));
            }
            Operation::Provisioning(ProvisioningOperation::DeleteProvisionerKey) => {
                key = "doomed";
                self.owner.post(&format!("{ACME}/provisionerkeys"), json!({ "name": key }));
            }
            _ => {}
        }
        let is_dry_run =
            matches!(operation, Operation::Provisioning(ProvisioningOperation::CancelTemplateVersionDryRun));
        let job = if is_dry_run { &self.dry_run } else { &self.job };
        let (build, version, worker) = (self.build.to_string(), self.version.to_string(), self.worker.to_string());
        let values = [
            ("{organization}", "acme"),
            ("{organizationname}", "acme"),
            ("{user}", user),
            ("{keyid}", &token),
            ("{keyname}", "kept"),
            ("{job}", job),
            ("{jobID}", job),
            ("{workspacebuild}", &build),
            ("{templateversion}", &version),
            ("{provisionerkey}", key),
            ("{provisionerdaemon}", &worker),
        ];
        let path = values.iter().fold(operation.path().to_owned(), |path, (name, value)| path.replace(name, value));
        assert!(!path.contains('{'), "{path}: this test does not know what to put there");
        path
    }

    fn token(&self, name: &str) -> String {
        let found = self.owner.get(&format!("/users/target/keys/tokens/{name}")).expect(200);
        found["id"].as_str().unwrap().to_owned()
    }

    /// The path to what is there, and paths to what is not: another first object, or another last one inside the first.
    pub(super) fn paths(&self, operation: Operation) -> (String, Vec<String>) {
        let there = self.path(operation);
        let template: Vec<_> = operation.path().split('/').collect();
        let places: Vec<_> = (0..template.len()).filter(|place| template[*place].starts_with('{')).collect();
        let with_another = |place: usize| {
            let mut parts: Vec<_> = there.split('/').map(str::to_owned).collect();
            let is_uuid = Uuid::try_parse(&parts[place]).is_ok();
            parts[place] = if is_uuid { Uuid::new_v4().to_string() } else { "nowhere".to_owned() };
            parts.join("/")
        };
        let mut changed: Vec<_> = places.first().into_iter().chain(places.last()).copied().collect();
        changed.dedup();
        (there.clone(), changed.into_iter().map(with_another).collect())
    }

    pub(super) fn ask(&self, client: &Client, operation: Operation) -> Answer {
        let request = client.request(operation.method(), &self.path(operation));
        // Nothing takes a list: whoever gets so far is told so, and nothing has changed for those who ask after them.
        if operation.method() == "GET" { request.send() } else { request.json(&json!([])).send() }
    }
}
