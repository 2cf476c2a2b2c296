//! A server between the conformance run and orgd, that changes what is asked and what is answered: a liar by design.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use serde_json::Value;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// Below `/api/v2`, without the query.
    pub path: String,
    /// As it was sent.
    pub query: String,
    /// Names in small letters.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    /// True for this method and a path of this form, in which `*` stands for any one segment.
    pub fn is(&self, method: &str, path: &str) -> bool {
        let (wanted, given): (Vec<_>, Vec<_>) = (path.split('/').collect(), self.path.split('/').collect());
        let fits = |(wanted, given): (&&str, &&str)| *wanted == "*" || wanted == given;
        self.method == method && wanted.len() == given.len() && wanted.iter().zip(&given).all(fits)
    }

    /// Takes a parameter out of the query.
    pub fn drop_parameter(&mut self, name: &str) {
        let is_other = |pair: &&str| pair.split('=').next() != Some(name);
        self.query = self.query.split('&').filter(is_other).collect::<Vec<_>>().join("&");
    }

    pub fn has(&self, parameter: &str) -> bool {
        self.query.split('&').any(|pair| pair.split('=').next() == Some(parameter))
    }

    pub fn token(&self) -> &str {
        self.headers.get("coder-session-token").map_or("", String::as_str)
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub content_type: String,
    pub version: String,
    pub body: Vec<u8>,
}

impl Response {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub fn set(&mut self, status: u16, body: &Value) {
        self.status = status;
        self.content_type = "application/json; charset=utf-8".to_owned();
        self.body = body.to_string().into_bytes();
    }

    /// Changes the JSON of the body.
    pub fn change(&mut self, change: impl FnOnce(&mut Value)) {
        let mut body = self.json();
        change(&mut body);
        self.body = body.to_string().into_bytes();
    }
}

/// What it does to requests and answers. `None` from `ask` lets the request through; an answer from it is given instead.
pub trait Change: Send + Sync + 'static {
    fn ask(&self, _: &mut Request) -> Option<Response> {
        None
    }
    fn answer(&self, _: &Request, _: &mut Response) {}
}

/// Starts it. It ends with the test.
pub fn start(server: SocketAddr, change: impl Change) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let change = Arc::new(change);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let change = Arc::clone(&change);
            // A connection that breaks is the business of whoever is at its other end.
            std::thread::spawn(move || serve(&stream, server, &*change));
        }
    });
    format!("http://{address}")
}

fn serve(stream: &TcpStream, server: SocketAddr, change: &dyn Change) -> Option<()> {
    let mut request = read_request(stream)?;
    let asked = request.clone();
    let mut response = match change.ask(&mut request) {
        Some(response) => response,
        None => forward(&request, server)?,
    };
    change.answer(&asked, &mut response);
    // A status of 0 stands for a connection that is closed without a word.
    if response.status == 0 {
        return None;
    }
    let length = response.body.len();
    let Response { status, content_type, version, .. } = &response;
    let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nX-Coder-Build-Version: {version}\r\n");
    if *status != 204 {
        head.push_str(&format!("Content-Length: {length}\r\nContent-Type: {content_type}\r\n"));
    }
    let mut stream = stream;
    stream.write_all(format!("{head}\r\n").as_bytes()).ok()?;
    stream.write_all(&response.body).ok()
}

fn read_head(lines: &mut impl BufRead) -> Option<(String, BTreeMap<String, String>)> {
    let mut first = String::new();
    lines.read_line(&mut first).ok().filter(|length| *length > 0)?;
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    Some((first, headers))
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream);
    let (first, headers) = read_head(&mut lines)?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    lines.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let path = path.strip_prefix("/api/v2")?.to_owned();
    Some(Request { method, path, query: query.to_owned(), headers, body })
}

/// HTTP/1.0, so that the answer ends with its connection and has no chunks.
fn forward(request: &Request, server: SocketAddr) -> Option<Response> {
    let mut stream = TcpStream::connect(server).ok()?;
    let Request { method, path, query, headers, body } = request;
    let mark = if query.is_empty() { "" } else { "?" };
    let mut head = format!("{method} /api/v2{path}{mark}{query} HTTP/1.0\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers.iter().filter(|(name, _)| !["content-length", "connection"].contains(&name.as_str())) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut lines = BufReader::new(stream);
    let (first, headers) = read_head(&mut lines)?;
    let mut body = Vec::new();
    lines.read_to_end(&mut body).ok()?;
    let header = |name: &str| headers.get(name).cloned().unwrap_or_default();
    let status = first.split(' ').nth(1)?.parse().ok()?;
    Some(Response { status, content_type: header("content-type"), version: header("x-coder-build-version"), body })
}
