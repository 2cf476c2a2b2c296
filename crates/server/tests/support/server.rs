//! Starts the real binary on a database of its own, on a port that the system picks, and looks after its end.
//!
//! The address is read from the log: with `ORGD_LOG_FORMAT=json` the line that says `serving` has it in its `address` field.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::client::Client;
use super::contract::Seen;
use super::database::Database;
use super::environment::without_settings;
use super::rows::Kind;
use super::sql::Sql;

/// How long a server may take to start, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(30);
/// So much of the log of a failed test's server is shown, in lines.
const MOST_LINES: usize = 100;

/// A running server. Dropped, it is killed, and its log is searched for panics; its log and its database file are searched for
/// passwords and the secrets of session tokens and provisioner keys.
pub struct TestServer {
    // The run ends before its database goes.
    run: Option<Run>,
    database: Arc<Database>,
    _folder: Arc<TempDir>,
    settings: BTreeMap<String, String>,
    owner: String,
    seen: Seen,
    marked: AtomicU64,
}

/// One life of the process.
pub struct Run {
    child: Child,
    address: SocketAddr,
    stdout: Pipe,
    stderr: Pipe,
}

/// What a process writes, as it comes.
struct Pipe {
    text: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl TestServer {
    /// A server with an empty database and no rate limit.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// A server with these `ORGD_*` variables, besides those that every test needs.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        Self::begin(settings, Run::first_token)
    }

    /// A server that waits for its first user, with these variables besides.
    pub fn without_owner(settings: &[(&str, &str)]) -> Self {
        Self::begin(&[settings, &[("ORGD_FIRST_OWNER", "false")]].concat(), |_| String::new())
    }

    fn begin(settings: &[(&str, &str)], first_token: impl FnOnce(&Run) -> String) -> Self {
        let folder = in_memory();
        let database = Database::new(folder.path());
        let all = settings_of(database.url(), settings);
        let run = Run::begin(&all);
        let owner = first_token(&run);
        let seen = Seen::default();
        seen.token(&owner);
        Self {
            run: Some(run),
            database: Arc::new(database),
            _folder: Arc::new(folder),
            settings: all,
            owner,
            seen,
            marked: Default::default(),
        }
    }

    /// Another server on the same database, with the same settings but for these; PostgreSQL only.
    pub fn replica(&self, settings: &[(&str, &str)]) -> Self {
        let mut all = self.settings.clone();
        all.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Self {
            run: Some(Run::begin(&all)),
            database: Arc::clone(&self.database),
            _folder: Arc::clone(&self._folder),
            settings: all,
            owner: self.owner.clone(),
            seen: self.seen.clone(),
            marked: Default::default(),
        }
    }

    /// Which database it serves.
    pub fn kind(&self) -> Kind {
        if self.settings["ORGD_DATABASE_URL"].starts_with("sqlite://") { Kind::Sqlite } else { Kind::Postgres }
    }

    /// What a load balancer asks.
    pub fn is_ready(&self) -> bool {
        super::plain::get(&self.address().to_string(), "/readyz", None).0 == 200
    }

    /// The value of a metric without labels.
    #[track_caller]
    pub fn metric(&self, name: &str) -> u64 {
        let (status, text) = super::plain::get(&self.address().to_string(), "/metrics", None);
        assert_eq!(status, 200);
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {name} in {text}")).parse().expect("a whole number")
    }

    /// Sends the process a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let id = self.run().child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status().expect("kill runs");
        assert!(sent.success(), "the server is gone");
    }

    /// Waits for the process to end by itself; true when it ended well.
    pub fn ends_well(&mut self) -> bool {
        let run = self.run.as_mut().expect("the server runs");
        run.wait().success()
    }

    /// Waits for the process to end by itself, and gives its exit code; there is none when a signal killed it.
    pub fn exit_code(&mut self) -> Option<i32> {
        let run = self.run.as_mut().expect("the server runs");
        run.wait().code()
    }

    /// Servers that start at the same moment on the new database with this URL; the session token that one of them printed is
    /// known to all.
    pub fn start_together(count: usize, url: &str) -> Vec<Self> {
        let folder = Arc::new(in_memory());
        let database = Arc::new(Database::new(folder.path()));
        let settings = settings_of(url, &[]);
        let runs: Vec<Run> = std::thread::scope(|scope| {
            let starting: Vec<_> = (0..count).map(|_| scope.spawn(|| Run::begin(&settings))).collect();
            starting.into_iter().map(|run| run.join().unwrap()).collect()
        });
        let printed = || runs.iter().filter(|run| !run.stdout.so_far().is_empty()).collect::<Vec<_>>();
        // It is printed after the server has said that it serves.
        eventually(|| !printed().is_empty());
        let printed = printed();
        assert_eq!(printed.len(), 1, "one of them is the first");
        let owner = printed[0].first_token();
        let seen = Seen::default();
        seen.token(&owner);
        let server = |run| Self {
            run: Some(run),
            database: Arc::clone(&database),
            _folder: Arc::clone(&folder),
            settings: settings.clone(),
            owner: owner.clone(),
            seen: seen.clone(),
            marked: Default::default(),
        };
        runs.into_iter().map(server).collect()
    }

    fn run(&self) -> &Run {
        self.run.as_ref().expect("the server runs")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.run().address
    }

    /// What its clients sent and got.
    pub fn seen(&self) -> Seen {
        self.seen.clone()
    }

    /// The session token that the first start printed.
    pub fn owner_token(&self) -> &str {
        &self.owner
    }

    /// A client with that token.
    pub fn owner(&self) -> Client {
        Client::new(self, Some(&self.owner))
    }

    /// A client without a token.
    pub fn anonymous(&self) -> Client {
        Client::new(self, None)
    }

    /// A client with this token.
    pub fn client(&self, token: &str) -> Client {
        Client::new(self, Some(token))
    }

    /// A client with the secret of a provisioner key.
    pub fn key_holder(&self, secret: &str) -> Client {
        Client::with_key(self, secret)
    }

    /// The URL of its database.
    pub fn database_url(&self) -> &str {
        &self.settings["ORGD_DATABASE_URL"]
    }

    /// The database file, on SQLite.
    pub fn database(&self) -> PathBuf {
        self.database_url().strip_prefix("sqlite://").expect("an embedded database").into()
    }

    /// Everything that it wrote to standard output so far.
    pub fn stdout(&self) -> String {
        self.run().stdout.so_far()
    }

    /// Everything that it wrote to standard error so far.
    pub fn stderr(&self) -> String {
        self.run().stderr.so_far()
    }

    /// Kills the process at once, as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(run) = self.run.take() {
            run.end(&self.seen);
            if !std::thread::panicking() {
                self.search_database();
            }
        }
    }

    /// Looks for secrets in every byte of an SQLite database.
    fn search_database(&self) {
        let Some(path) = self.database_url().strip_prefix("sqlite://") else { return };
        for file in [path.to_owned(), format!("{path}-wal")] {
            // Some tests take the file away.
            let bytes = std::fs::read(&file).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            for secret in self.seen.secrets() {
                assert!(!text.contains(&secret), "{file} holds the secret {secret}");
            }
        }
    }

    /// Starts it again on the same database, with the same settings but for these.
    pub fn restart_with(&mut self, settings: &[(&str, &str)]) {
        self.settings.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.restart();
    }

    /// Starts it again on the same database.
    pub fn restart(&mut self) {
        self.kill();
        self.run = Some(Run::begin(&self.settings));
    }

    /// Runs a command of the executable on this database.
    pub fn try_command(&self, arguments: &[&str]) -> Output {
        let mut command = bare_command(&self.settings);
        command.env_remove("ORGD_LOG_FORMAT").args(arguments);
        command.output().expect("orgd runs")
    }

    /// Runs a command that must succeed, and gives what it printed, without the line feed.
    #[track_caller]
    pub fn command(&self, arguments: &[&str]) -> String {
        let output = self.try_command(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "orgd {arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Creates a user with these site roles and, per organization, these roles in it; gives a session token of theirs.
    #[track_caller]
    pub fn user(&self, name: &str, site: &[&str], organizations: &[(&str, &[&str])]) -> String {
        let with_roles = |mut arguments: Vec<String>, roles: &[&str]| {
            arguments.extend(roles.iter().flat_map(|role| ["--role".to_owned(), (*role).to_owned()]));
            self.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        };
        with_roles(["user", "create", name].map(str::to_owned).to_vec(), site);
        for (organization, roles) in organizations {
            with_roles(["user", "grant", name, "--organization", organization].map(str::to_owned).to_vec(), roles);
        }
        self.token_of(name, &[])
    }

    /// Makes a session token for a user.
    #[track_caller]
    pub fn token_of(&self, user: &str, flags: &[&str]) -> String {
        let token = self.command(&[&["token", "create", "--user", user], flags].concat());
        assert!(is_token(&token), "{token:?}");
        token
    }

    /// The names of the organizations in the database that are not deleted.
    pub fn sql_organizations(&self) -> std::collections::BTreeSet<String> {
        let names =
            self.sql().words("SELECT string_agg(name, ' ') AS value FROM organizations WHERE deleted_at IS NULL");
        names.split(' ').map(str::to_owned).collect()
    }

    /// Opens the database behind the server's back.
    pub fn sql(&self) -> Sql {
        Sql::open(self.database_url())
    }

    /// Writes to the database behind the server's back, and waits until the server answers from what was written.
    pub fn change(&self, write: impl FnOnce(&mut Sql)) {
        let number = self.marked.fetch_add(1, Ordering::Relaxed) + 1;
        self.sql().in_transaction(|sql| {
            write(sql);
            sql.put_marker(number);
        });
        let client = self.owner();
        eventually(|| super::sql::shows_marker(&client, number));
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A folder for a database. In memory where there is enough of it: a disk that is busy with other things takes seconds to sync, and how orgd
/// takes that has tests of its own.
fn in_memory() -> TempDir {
    let is_large = |folder: &Path| {
        nix::sys::statvfs::statvfs(folder).is_ok_and(|found| found.blocks_available() * found.fragment_size() > 1 << 30)
    };
    let memory = Path::new("/dev/shm");
    let made = if is_large(memory) { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.unwrap()
}

fn settings_of(url: &str, changes: &[(&str, &str)]) -> BTreeMap<String, String> {
    let basic = [
        ("ORGD_LISTEN", "127.0.0.1:0"),
        ("ORGD_RATE_LIMIT", "0"),
        ("ORGD_LOG_FORMAT", "json"),
        ("ORGD_WORKERS", "2"),
        ("ORGD_READ_CONNECTIONS", "2"),
        ("ORGD_DATABASE_URL", url),
    ];
    basic.iter().chain(changes).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Tries again until it is so.
#[track_caller]
pub fn eventually(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "it is still not so");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The executable with these variables and no others of its own.
fn bare_command(settings: &BTreeMap<String, String>) -> Command {
    let mut command = without_settings(Command::new(env!("CARGO_BIN_EXE_orgd")));
    command.envs(settings).stdin(Stdio::null());
    command
}

impl Run {
    /// Starts a process and waits until it serves.
    pub fn begin(settings: &BTreeMap<String, String>) -> Self {
        let mut command = bare_command(settings);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("orgd starts");
        let stdout = Pipe::read(child.stdout.take().unwrap());
        let stderr = Pipe::read(child.stderr.take().unwrap());
        let address = stderr.wait_for("an address", |line| {
            let line: Value = serde_json::from_str(line).ok()?;
            line.get("message").filter(|message| *message == "serving")?;
            line["address"].as_str()?.parse().ok()
        });
        Self { child, address, stdout, stderr }
    }

    /// Waits for the process to end, and for everything that it wrote.
    fn wait(&mut self) -> ExitStatus {
        let status = self.child.wait().expect("it can be waited for");
        self.stdout.whole();
        self.stderr.whole();
        status
    }

    fn first_token(&self) -> String {
        self.stdout.wait_for("the owner's token", |line| {
            let word = line.trim();
            is_token(word).then(|| word.to_owned())
        })
    }

    /// Kills the process and looks at all that it wrote.
    fn end(mut self, seen: &Seen) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = self.stderr.whole();
        if std::thread::panicking() {
            eprintln!("the end of the server's log:\n{}", last_lines(&log));
            return;
        }
        assert!(!log.contains("panicked"), "the server panicked:\n{log}");
        for secret in seen.secrets() {
            assert!(!log.contains(&secret), "the log holds the secret {secret}");
        }
    }
}

/// Not all of it: a server that answered ten thousand requests would hide why the test failed.
fn last_lines(log: &str) -> &str {
    let begin = log.rmatch_indices('\n').nth(MOST_LINES).map_or(0, |(at, _)| at + 1);
    &log[begin..]
}

/// True for a text in the form of a session token.
pub fn is_token(text: &str) -> bool {
    text.split_once('-').is_some_and(|(id, secret)| {
        id.len() == 10 && secret.len() == 22 && format!("{id}{secret}").bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

impl Pipe {
    fn read(source: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&text);
        let reader = std::thread::spawn(move || {
            let mut lines = BufReader::new(source);
            let mut line = String::new();
            while lines.read_line(&mut line).is_ok_and(|length| length > 0) {
                kept.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        Self { text, reader: Some(reader) }
    }

    fn so_far(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    fn whole(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        self.so_far()
    }

    fn wait_for<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            let text = self.so_far();
            if let Some(found) = text.lines().find_map(&find) {
                return found;
            }
            let gone = self.reader.as_ref().is_none_or(JoinHandle::is_finished);
            assert!(!gone && begun.elapsed() < PATIENCE, "the server did not say {what}:\n{text}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}
