//! A caller with a connection of its own, which it keeps: the load generator cannot read what it gets.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::Value;

/// One connection with a session token.
pub(super) struct Caller {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
    token: String,
}

impl Caller {
    /// Connects.
    pub(super) fn new(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(90)))?;
        Ok(Self { stream: BufReader::new(stream), address, token: token.to_owned() })
    }

    /// Sends a POST without waiting for its answer.
    pub(super) fn send(&mut self, path: &str, body: &str) -> anyhow::Result<()> {
        self.write("POST", path, body)
    }

    /// Sends a POST and gives the body of its answer, which must be a success.
    pub(super) fn post(&mut self, path: &str, body: &str) -> anyhow::Result<Value> {
        self.write("POST", path, body)?;
        self.answer()
    }

    /// The same with GET.
    pub(super) fn get(&mut self, path: &str) -> anyhow::Result<Value> {
        self.write("GET", path, "")?;
        self.answer()
    }

    fn write(&mut self, method: &str, path: &str, body: &str) -> anyhow::Result<()> {
        let Self { stream, address, token } = self;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nCoder-Session-Token: {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.get_mut().write_all(request.as_bytes()).context("the server does not listen")
    }

    fn answer(&mut self) -> anyhow::Result<Value> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            ensure!(self.stream.read_line(&mut head)? > 0, "the server hung up");
        }
        let length = head
            .to_ascii_lowercase()
            .split_once("content-length: ")
            .and_then(|(_, rest)| rest.split_once("\r\n").and_then(|(length, _)| length.parse::<usize>().ok()));
        let mut body = vec![0; length.context("the answer has no length")?];
        self.stream.read_exact(&mut body)?;
        let status = head.get(9..12).unwrap_or_default();
        ensure!(matches!(status, "200" | "201"), "the answer is {status}: {}", String::from_utf8_lossy(&body));
        Ok(serde_json::from_slice(&body)?)
    }
}
