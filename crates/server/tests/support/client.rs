//! Sends requests byte by byte as the test says, so that no HTTP library repairs what is meant to be broken, and holds every
//! answer against the contract.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::answer::Answer;
use super::contract::{self, Seen};
use super::events::EventStream;
use super::server::TestServer;

/// Where the API begins.
pub const BASE: &str = "/api/v2";

/// Longer than the server keeps a request waiting for anything.
const PATIENCE: Duration = Duration::from_secs(90);

/// Somebody who calls one server: with a session token, with the secret of a provisioner key, or with neither.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    /// The header that says who it is.
    credential: Option<(&'static str, String)>,
    seen: Seen,
}

/// A request that is being put together.
pub struct Request {
    client: Client,
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Vec<u8>>,
    chunked: bool,
}

impl Client {
    /// A client of the server that sends this session token in its own header.
    pub fn new(server: &TestServer, token: Option<&str>) -> Self {
        let seen = server.seen();
        if let Some(token) = token {
            seen.token(token);
        }
        let credential = token.map(|token| ("Coder-Session-Token", token.to_owned()));
        Self { address: server.address(), credential, seen }
    }

    /// A client of the server that sends the secret of a provisioner key.
    pub fn with_key(server: &TestServer, secret: &str) -> Self {
        let seen = server.seen();
        seen.provisioner_key(secret);
        let credential = Some(("Coder-Provisioner-Key", secret.to_owned()));
        Self { address: server.address(), credential, seen }
    }

    /// The same one as a client of another server, or of the same one after it was started again.
    pub fn of(&self, server: &TestServer) -> Self {
        Self { address: server.address(), ..self.clone() }
    }

    /// A request to a path of the API, given without its base.
    pub fn request(&self, method: &str, path: &str) -> Request {
        self.request_at(method, &format!("{BASE}{path}"))
    }

    /// A request to anything, as it goes over the wire.
    pub fn request_at(&self, method: &str, target: &str) -> Request {
        let headers = self.credential.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into_bytes()));
        Request {
            client: self.clone(),
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers.collect(),
            body: None,
            chunked: false,
        }
    }

    /// GET.
    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send()
    }

    /// DELETE.
    pub fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path).send()
    }

    /// POST with a JSON body.
    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.request("POST", path).json(&body).send()
    }

    /// PUT with a JSON body.
    pub fn put(&self, path: &str, body: Value) -> Answer {
        self.request("PUT", path).json(&body).send()
    }

    /// PATCH with a JSON body.
    pub fn patch(&self, path: &str, body: Value) -> Answer {
        self.request("PATCH", path).json(&body).send()
    }

    /// Creates an organization and gives its id.
    #[track_caller]
    pub fn create(&self, name: &str) -> String {
        let created = self.post("/organizations", serde_json::json!({ "name": name })).expect(201);
        created["id"].as_str().expect("an id").to_owned()
    }
}

impl Request {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// A body without a type.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(body.as_ref().to_vec());
        self
    }

    /// A body of JSON.
    pub fn json(self, body: &Value) -> Self {
        for password in ["password", "old_password"].iter().filter_map(|member| body[*member].as_str()) {
            self.client.seen.password(password);
        }
        self.header("Content-Type", "application/json").body(body.to_string())
    }

    /// Sends the body in chunks, without saying how long it is.
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = format!("{} {} HTTP/1.1\r\nHost: orgd.test\r\nConnection: close\r\n", self.method, self.target);
        match (&self.body, self.chunked) {
            (Some(_), true) => out.push_str("Transfer-Encoding: chunked\r\n"),
            (Some(body), false) => out.push_str(&format!("Content-Length: {}\r\n", body.len())),
            (None, _) => {}
        }
        let mut out = out.into_bytes();
        for (name, value) in &self.headers {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        match &self.body {
            Some(body) if self.chunked => {
                for chunk in body.chunks(64 * 1024) {
                    out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    out.extend_from_slice(chunk);
                    out.extend_from_slice(b"\r\n");
                }
                out.extend_from_slice(b"0\r\n\r\n");
            }
            Some(body) => out.extend_from_slice(body),
            None => {}
        }
        out
    }

    /// Sends the request, and checks the answer against what is documented for its operation.
    #[track_caller]
    pub fn send(self) -> Answer {
        let what = format!("{} {}", self.method, self.target);
        let answer = self.try_send().unwrap_or_else(|why| panic!("{what}: no answer: {why}"));
        contract::check(&self.client.seen, &self.method, &self.target, &answer);
        answer
    }

    /// Sends the request and leaves the answer in the connection.
    pub fn begin(self) -> Begun {
        let mut stream = connect(self.client.address).expect("the server is there");
        stream.write_all(&self.bytes()).expect("the server reads");
        Begun { stream, request: self }
    }

    /// Sends the request to a server that may die meanwhile. An answer is not checked.
    pub fn try_send(&self) -> std::io::Result<Answer> {
        let bytes = exchange(self.client.address, &self.bytes())?;
        Answer::parse(&bytes).ok_or_else(|| std::io::Error::other(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// A request that was sent, and whose answer was not read yet. Dropped, its connection is gone.
pub struct Begun {
    stream: TcpStream,
    request: Request,
}

impl Begun {
    /// Waits for the answer and checks it like any other.
    #[track_caller]
    pub fn answer(mut self) -> Answer {
        let Request { client, method, target, .. } = &self.request;
        let what = format!("{method} {target}");
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).unwrap_or_else(|why| panic!("{what}: no answer: {why}"));
        let answer = Answer::parse(&bytes).unwrap_or_else(|| panic!("{what}: no answer in {bytes:?}"));
        contract::check(&client.seen, method, target, &answer);
        answer
    }

    /// Reads the head of an answer that has no end yet; the rest comes out of the connection.
    #[track_caller]
    pub fn events(self) -> EventStream {
        let Request { client, method, target, .. } = self.request;
        let (answer, events) = EventStream::read(self.stream);
        if answer.status != 200 {
            panic!("{method} {target}: {}", answer.status);
        }
        contract::note_stream(&client.seen, &method, &target, answer.status);
        events
    }
}

/// Sends these bytes and gives all that comes back until the server closes the connection.
pub fn exchange_raw(server: &TestServer, bytes: &[u8]) -> Vec<u8> {
    exchange(server.address(), bytes).expect("the server is there")
}

fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn exchange(address: SocketAddr, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = connect(address)?;
    // A server that refuses a body may stop reading it; its answer counts all the same.
    let written = stream.write_all(bytes);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if answer.is_empty() => return Err(written.err().unwrap_or(error)),
        Ok(_) | Err(_) => {}
    }
    let _ = stream.shutdown(Shutdown::Both);
    Ok(answer)
}
