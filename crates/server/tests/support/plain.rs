//! A GET without a library and without looking at the contract, for what is not the API and for servers of other tests.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than the server keeps a request waiting for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// The status of an answer and its body. `address` is host and port. HTTP/1.0 has no chunks and closes the connection.
pub fn get(address: &str, path: &str, token: Option<&str>) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let header = token.map(|token| format!("Coder-Session-Token: {token}\r\n")).unwrap_or_default();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: orgd.test\r\n{header}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}
