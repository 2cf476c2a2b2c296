//! A connection on which a test does what no HTTP library would.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket};
use serde_json::Value;

use crate::harness::TestServer;

/// Much longer than any deadline of an impatient server, and shorter than those of a patient one taken together.
const PATIENCE: Duration = Duration::from_secs(60);

/// One connection.
pub struct Raw(pub TcpStream);

impl Raw {
    /// Opens one.
    pub fn open(server: &TestServer) -> Self {
        Self::over(TcpStream::connect(server.address()).expect("the server is there"))
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    /// Opens one from this address of the machine.
    pub fn open_from(server: &TestServer, from: Ipv4Addr) -> Self {
        let socket = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).unwrap();
        let SocketAddr::V4(to) = server.address() else { panic!("an IPv4 address") };
        bind(socket.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(from, 0))).unwrap();
        connect(socket.as_raw_fd(), &SockaddrIn::from(to)).expect("the server is there");
        Self::over(TcpStream::from(socket))
    }

    /// Opens one and sends this.
    pub fn send(server: &TestServer, text: &str) -> Self {
        let mut raw = Self::open(server);
        raw.write(text);
        raw
    }

    /// Sends this; the server must still be reading.
    pub fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).expect("the server reads");
    }

    /// Reads an answer whose length is told, and leaves the connection open. Gives its status.
    pub fn one_answer(&mut self) -> u16 {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).expect("an answer");
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body).expect("a body");
        head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Sends this again and again until the server closes the connection, and gives all that it said.
    #[track_caller]
    pub fn drip(mut self, drop: &str) -> String {
        let begun = Instant::now();
        self.0.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let mut said = Vec::new();
        loop {
            assert!(begun.elapsed() < PATIENCE, "the connection is still open: {}", String::from_utf8_lossy(&said));
            let _ = self.0.write(drop.as_bytes());
            let mut part = [0; 4096];
            match self.0.read(&mut part) {
                Ok(0) => break,
                Ok(length) => said.extend_from_slice(&part[..length]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                // Closed while something of ours was under way.
                Err(_) => break,
            }
        }
        String::from_utf8_lossy(&said).into_owned()
    }

    /// Sends nothing more and gives all that the server says until it closes the connection.
    #[track_caller]
    pub fn rest(mut self) -> String {
        let mut said = Vec::new();
        match self.0.read_to_end(&mut said) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("the connection is still open: {}", String::from_utf8_lossy(&said))
            }
            Ok(_) | Err(_) => String::from_utf8_lossy(&said).into_owned(),
        }
    }
}

/// That the text is one answer with this status, which says that the connection ends, and whose body is an error in the API's
/// form. Gives its message.
#[track_caller]
pub fn refused(text: &str, status: u16) -> String {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let head = head.to_lowercase();
    assert!(head.starts_with(&format!("http/1.1 {status} ")), "{text}");
    assert!(head.contains("\r\ncontent-type: application/json"), "{text}");
    assert!(head.contains("\r\nconnection: close"), "{text}");
    let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {text}"));
    body["message"].as_str().unwrap().to_owned()
}
