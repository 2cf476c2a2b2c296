//! An HTTP server that answers what a test says, one request a connection.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use serde_json::Value;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// Method, path and query, such as `GET /api/v2/organizations?limit=1`.
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// JSON; null when there is no body.
    pub body: Value,
}

/// What to do with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Status, headers and body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Close the connection, as a server that dies does.
    Nothing,
}

/// A server that listens for as long as the test runs.
pub struct Fake {
    /// Where it is, such as `http://127.0.0.1:4711`.
    pub url: String,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Reply {
    /// An answer with a JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::Answer(status, vec![("content-type", "application/json".to_owned())], body.to_string())
    }
}

impl Fake {
    /// Starts a server.
    pub fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let handler = Arc::new(handler);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let handler = Arc::clone(&handler);
                std::thread::spawn(move || serve(stream.unwrap(), &*handler));
            }
        });
        Self { url }
    }
}

fn serve(mut stream: TcpStream, handler: &dyn Fn(&Request) -> Reply) -> Option<()> {
    let request = read(&mut BufReader::new(&stream))?;
    let Reply::Answer(status, headers, body) = handler(&request) else { return None };
    let mut head = format!("HTTP/1.1 {status} Answer\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    // The client may be gone.
    let _ = stream.write_all(format!("{head}\r\n{body}").as_bytes());
    Some(())
}

fn read(stream: &mut impl BufRead) -> Option<Request> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let mut lines = head.lines();
    let line = lines.next()?.strip_suffix(" HTTP/1.1")?.to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, value)| value);
    let mut body = vec![0; length.parse().ok()?];
    stream.read_exact(&mut body).ok()?;
    Some(Request { line, headers, body: serde_json::from_slice(&body).unwrap_or_default() })
}
