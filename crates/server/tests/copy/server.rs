//! A server on a database that has been filled before.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Stdio};

use serde_json::Value;

use super::{Place, plain};

/// Stopped with the test.
pub struct Server {
    child: Child,
    address: String,
    /// A server whose standard error is closed could not log the rest.
    _log: BufReader<ChildStderr>,
}

impl Server {
    pub fn start(place: &Place, url: &str, more: &[&str]) -> Self {
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--database-url", url];
        arguments.extend_from_slice(more);
        let mut child = place.command(&arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "the server ended");
            let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| Value::from(line));
            assert!(line.is_object(), "the server complained: {line}");
            if let Some(address) = line["address"].as_str() {
                break address.to_owned();
            }
        };
        Self { child, address, _log: log }
    }

    /// The status of an answer and its body.
    pub fn get(&self, token: &str, path: &str) -> (u16, Value) {
        let (status, body) = plain::get(&self.address, &format!("/api/v2{path}"), Some(token));
        (status, serde_json::from_str(&body).unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
