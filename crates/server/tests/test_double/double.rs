//! An ephemeral server and the way to it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::described;
use crate::environment::without_settings;

/// How long something may take that does not take long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks again and again, until it is so.
#[track_caller]
pub fn wait_until(mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "it did not come to that");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A running server. Killed when dropped.
pub struct Double {
    pub child: Child,
    /// What it printed.
    pub ready: Value,
    pub stdin: Option<ChildStdin>,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The body of an answer with this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }
}

/// The command, with none of this process' settings.
pub fn orgd(arguments: &[&str]) -> Command {
    let mut command = without_settings(Command::new(env!("CARGO_BIN_EXE_orgd")));
    command.args(arguments);
    command
}

/// What a server says that does not start.
pub fn refused(arguments: &[&str]) -> String {
    let Output { status, stderr, stdout } = orgd(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(!status.success(), "it started: {}", String::from_utf8_lossy(&stdout));
    String::from_utf8(stderr).unwrap()
}

impl Double {
    /// With control routes.
    pub fn start() -> Self {
        Self::with(&[])
    }

    pub fn with(flags: &[&str]) -> Self {
        Self::bare(&[&["--control", "127.0.0.1:0"], flags].concat())
    }

    /// With these flags alone.
    pub fn bare(flags: &[&str]) -> Self {
        Self::run(&mut orgd(&[&["serve", "--ephemeral"], flags].concat()))
    }

    /// With control routes, and with its log in this file.
    pub fn logging(file: File) -> Self {
        Self::run(orgd(&["serve", "--ephemeral", "--control", "127.0.0.1:0"]).stderr(file))
    }

    fn run(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        // Nothing else is printed; whoever reads to the end must not be kept.
        std::thread::spawn(move || drop(output.read_to_string(&mut String::new())));
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| {
            let _ = child.kill();
            panic!("{error}: {line:?}")
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // The client wants to know how it would do TLS; a test before this one may have told it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { child, ready, stdin, http: reqwest::Client::new(), runtime }
    }

    pub fn url(&self) -> &str {
        self.ready["url"].as_str().unwrap()
    }

    pub fn token(&self) -> &str {
        self.ready["token"].as_str().unwrap()
    }

    /// Asks for something with a session token.
    pub fn try_as(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> reqwest::Result<Answer> {
        let url = format!("{}/api/v2{path}", self.url());
        self.send(self.request(method, &url, body).header("Coder-Session-Token", token))
    }

    #[track_caller]
    pub fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.try_as(self.token(), method, path, body.as_ref()).unwrap()
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        self.call("GET", path, None).expect(200)
    }

    /// Asks the control routes, and holds the answer against their document.
    #[track_caller]
    pub fn control(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let url = format!("{}/_test{path}", self.ready["control_url"].as_str().unwrap());
        let answer = self.send(self.request(method, &url, body.as_ref())).unwrap();
        described::check(method, &format!("/_test{path}"), body.as_ref(), &answer);
        answer
    }

    /// Arranges for a fault.
    #[track_caller]
    pub fn arrange(&self, fault: Value) {
        self.control("POST", "/faults", Some(fault)).expect(201);
    }

    pub fn request(&self, method: &str, url: &str, body: Option<&Value>) -> reqwest::RequestBuilder {
        let request = self.http.request(method.parse().unwrap(), url);
        match body {
            Some(body) => request.json(body),
            None => request,
        }
    }

    pub fn send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
        self.runtime.block_on(async {
            let answer = request.send().await?;
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            Ok(Answer { status, headers, text: answer.text().await? })
        })
    }

    /// Runs several at once.
    pub fn at_once<T>(&self, futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
        self.runtime.block_on(futures_util::future::join_all(futures))
    }

    /// A new organization, made through the API.
    #[track_caller]
    pub fn make(&self, name: &str) -> Value {
        self.call("POST", "/organizations", Some(json!({"name": name}))).expect(201)
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
