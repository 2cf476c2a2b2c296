//! One plain request over a connection of its own, for what the load generator does not ask.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, ensure};

/// The body of a successful answer.
///
/// # Errors
/// There is no connection, or the answer is not 200.
pub(super) fn get(address: SocketAddr, path: &str, token: &str) -> anyhow::Result<Vec<u8>> {
    let answer = exchange(address, path, token).with_context(|| format!("cannot ask for {path}"))?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").context("the answer has no end of its head")?;
    let head = String::from_utf8_lossy(&answer[..end]);
    ensure!(head.starts_with("HTTP/1.1 200 "), "{path} was answered: {head}");
    Ok(answer[end + 4..].to_vec())
}

fn exchange(address: SocketAddr, path: &str, token: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nCoder-Session-Token: {token}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
