//! Rows of the job tables, written as SQL: what the server reads, whoever wrote it.

use uuid::Uuid;

/// The second that the jobs of the tests are counted from, in microseconds since 1970: 2026-01-02T03:04:05Z.
pub const START: i64 = 1_767_323_045_000_000;

/// The tags of a job that was given none.
const UNTAGGED: &str = r#"{"owner":"","scope":"organization"}"#;

/// A row of `provisioner_jobs`. Times are microseconds since 1970.
#[derive(Debug, Clone)]
pub struct Job {
    /// Job ID.
    pub id: Uuid,
    /// Whose organization.
    pub organization: Uuid,
    /// Who queued it.
    pub initiator: Uuid,
    /// When it was queued.
    pub created: i64,
    /// When a worker took it.
    pub started: Option<i64>,
    /// When somebody wanted it canceled.
    pub canceled: Option<i64>,
    /// When it ended.
    pub completed: Option<i64>,
    /// Why it failed.
    pub error: String,
    /// The same for programs.
    pub error_code: String,
    /// 0 import, 1 build, 2 dry run.
    pub kind: i64,
    /// 0 echo, 1 terraform.
    pub provisioner: i64,
    /// 1 for the prebuilds user's jobs.
    pub class: i64,
    /// Tags in canonical JSON.
    pub tags: String,
    /// How often a worker took it.
    pub attempt: i64,
    /// Who took it.
    pub worker: Option<(Uuid, String)>,
    /// Stored input.
    pub input: String,
    /// Stored metadata.
    pub metadata: String,
    /// Whether logs were dropped.
    pub overflowed: bool,
}

impl Job {
    /// A job that waits since so many seconds after [`START`].
    pub fn pending(organization: Uuid, second: i64) -> Self {
        Self {
            id: Uuid::new_v4(),
            organization,
            initiator: Uuid::from_u128(0x1111),
            created: START + second * 1_000_000,
            started: None,
            canceled: None,
            completed: None,
            error: String::new(),
            error_code: String::new(),
            kind: 0,
            provisioner: 1,
            class: 0,
            tags: UNTAGGED.to_owned(),
            attempt: 0,
            worker: None,
            input: "{}".to_owned(),
            metadata: "{}".to_owned(),
            overflowed: false,
        }
    }

    /// The same job with other tags, in canonical JSON.
    pub fn tagged(mut self, tags: &str) -> Self {
        self.tags = tags.to_owned();
        self
    }

    /// The same job, taken one second after it was queued.
    pub fn running(mut self) -> Self {
        self.started = Some(self.created + 1_000_000);
        self.attempt = 1;
        self
    }

    /// The same job, ended two seconds after it was queued.
    pub fn completed(mut self) -> Self {
        self.completed = Some(self.created + 2_000_000);
        self
    }

    /// The same job, asked to stop a second and a half after it was queued.
    pub fn canceled(mut self) -> Self {
        self.canceled = Some(self.created + 1_500_000);
        self
    }

    /// The same job, failed.
    pub fn failed(mut self, error: &str) -> Self {
        self.error = error.to_owned();
        self
    }

    fn status(&self) -> i64 {
        match (self.error.is_empty(), self.completed, self.canceled, self.started) {
            (false, ..) => 5,
            (true, Some(_), Some(_), _) => 4,
            (true, Some(_), None, _) => 2,
            (true, None, Some(_), _) => 3,
            (true, None, None, Some(_)) => 1,
            (true, None, None, None) => 0,
        }
    }

    pub(super) fn insert(&self, kind: Kind, tag_set: i64) -> String {
        let blob = |id| kind.uuid(id);
        let time = |time: Option<i64>| time.map_or("NULL".to_owned(), |time| kind.time(time));
        let worker = self.worker.as_ref();
        format!(
            "INSERT INTO provisioner_jobs (id, organization_id, initiator_id, file_id, kind, provisioner, class, tag_set_id, \
             status, created_at, updated_at, started_at, canceled_at, completed_at, error, error_code, worker_id, \
             worker_name, attempt, input, metadata, logs_overflowed) VALUES ({id}, {organization}, {initiator}, {file}, {kind}, \
             {provisioner}, {class}, {tag_set}, {status}, {created}, {created}, {started}, {canceled}, {completed}, {error}, \
             {code}, {worker_id}, {worker_name}, {attempt}, {input}, {metadata}, {overflowed})",
            id = blob(self.id),
            organization = blob(self.organization),
            initiator = blob(self.initiator),
            file = blob(Uuid::from_u128(0xf11e)),
            kind = self.kind,
            provisioner = self.provisioner,
            class = self.class,
            status = self.status(),
            created = kind.time(self.created),
            started = time(self.started),
            canceled = time(self.canceled),
            completed = time(self.completed),
            error = text(&self.error),
            code = text(&self.error_code),
            worker_id = worker.map_or("NULL".to_owned(), |(id, _)| blob(*id)),
            worker_name = text(worker.map_or("", |(_, name)| name)),
            attempt = self.attempt,
            input = text(&self.input),
            metadata = text(&self.metadata),
            overflowed = kind.boolean(self.overflowed),
        )
    }
}

/// A row of `provisioner_daemons`.
#[derive(Debug, Clone)]
pub struct Worker {
    /// Worker ID.
    pub id: Uuid,
    /// Whose jobs it takes.
    pub organization: Uuid,
    /// When it registered, in seconds after [`START`].
    pub registered: i64,
    /// How many seconds ago it was seen; `None` if never.
    pub seen_ago: Option<i64>,
    /// What it runs, as JSON.
    pub provisioners: String,
    /// Tags in canonical JSON.
    pub tags: String,
    /// The key with which it registered.
    pub key: Option<Uuid>,
}

impl Worker {
    /// A worker for untagged Terraform jobs that was seen just now.
    pub fn live(organization: Uuid) -> Self {
        Self {
            id: Uuid::new_v4(),
            organization,
            registered: 0,
            seen_ago: Some(0),
            provisioners: r#"["terraform"]"#.to_owned(),
            tags: UNTAGGED.to_owned(),
            key: None,
        }
    }

    pub(super) fn insert(&self, kind: Kind, tag_set: i64) -> String {
        let now = chrono::Utc::now().timestamp_micros();
        format!(
            "INSERT INTO provisioner_daemons (id, organization_id, name, provisioners, tag_set_id, created_at, last_seen_at, \
             key_id, version, api_version) VALUES ({}, {}, {}, {}, {tag_set}, {}, {}, {}, 'v2.32.0', '1.13')",
            kind.uuid(self.id),
            kind.uuid(self.organization),
            text(&self.id.to_string()),
            text(&self.provisioners),
            kind.time(START + self.registered * 1_000_000),
            self.seen_ago.map_or("NULL".to_owned(), |seconds| kind.time(now - seconds * 1_000_000)),
            self.key.map_or("NULL".to_owned(), |key| kind.uuid(key)),
        )
    }
}

/// Which database it is, and how it spells values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Identifiers are blobs, times are microseconds since 1970, truth is a number.
    Sqlite,
    /// Each has a type of its own.
    Postgres,
}

impl Kind {
    /// A UUID as SQL.
    pub fn uuid(self, id: Uuid) -> String {
        match self {
            Self::Sqlite => format!("x'{}'", id.simple()),
            Self::Postgres => format!("'{id}'::uuid"),
        }
    }

    /// A time as SQL, from microseconds since 1970.
    pub fn time(self, micros: i64) -> String {
        match self {
            Self::Sqlite => micros.to_string(),
            Self::Postgres => format!("(timestamptz 'epoch' + {micros} * interval '1 microsecond')"),
        }
    }

    /// True or false as SQL.
    pub fn boolean(self, value: bool) -> String {
        match self {
            Self::Sqlite => i64::from(value).to_string(),
            Self::Postgres => value.to_string(),
        }
    }

    /// Bytes as SQL, from hexadecimal digits.
    pub fn bytes(self, digits: &str) -> String {
        match self {
            Self::Sqlite => format!("x'{digits}'"),
            Self::Postgres => format!("decode('{digits}', 'hex')"),
        }
    }
}

/// A text as SQL.
pub fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}
