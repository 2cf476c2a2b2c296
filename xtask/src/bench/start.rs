//! Cold starts: from the start of the process on an empty database to the first authenticated answer.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::http;
use super::server::{Place, Server};

/// When a server counts as idle.
const SETTLED: Duration = Duration::from_secs(1);

/// What the starts showed.
#[derive(Debug)]
pub(super) struct Starts {
    /// Milliseconds of each start.
    pub(super) milliseconds: Vec<f64>,
    /// Resident memory a second after the last start.
    pub(super) idle_kib: u64,
}

/// Resident memory in KiB.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory {
    /// A second after the start on an empty database.
    pub(super) idle: u64,
    /// After the load, with few jobs.
    pub(super) few: u64,
    /// After the load, with many.
    pub(super) many: u64,
}

/// Starts that many servers, one after the other, each on a database of its own.
pub(super) fn measure(place: Place<'_>, starts: usize) -> anyhow::Result<Starts> {
    let mut milliseconds = Vec::new();
    let mut idle_kib = 0;
    for number in 0..starts {
        let name = format!("empty-{number}");
        let begun = Instant::now();
        let mut server = Server::start(place, &name, Stdio::piped())?;
        // Held to the end: a server that cannot say what it has to say stops.
        let mut stdout = BufReader::new(server.take_stdout()?);
        let token = first_token(&mut stdout)?;
        http::get(server.address(), "/api/v2/organizations/default", &token)?;
        milliseconds.push(begun.elapsed().as_secs_f64() * 1000.0);
        if number + 1 == starts {
            std::thread::sleep(SETTLED);
            idle_kib = server.resident_kib()?;
        }
    }
    Ok(Starts { milliseconds, idle_kib })
}

/// The owner's token, which the first start prints as soon as it listens.
fn first_token(stdout: &mut impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    while stdout.read_line(&mut line)? > 0 {
        let token = line.trim();
        if token.len() == 33 && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Ok(token.to_owned());
        }
        line.clear();
    }
    None.context("the first start printed no session token")
}
