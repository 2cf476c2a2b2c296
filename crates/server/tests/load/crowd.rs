//! Many connections: in all, of one address, more than the system allows, and thousands that do nothing.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::harness::{BASE, TestServer, eventually, plain, without_settings};
use crate::raw::{Raw, refused};
use crate::{connections, metric};

const HEALTHZ: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn one_address_cannot_have_them_all() {
    let server = TestServer::with(&[("ORGD_MAX_CONNECTIONS_PER_ADDRESS", "5")]);
    let greedy = Ipv4Addr::new(127, 0, 0, 2);
    let mut held: Vec<_> = (0..5).map(|_| Raw::open_from(&server, greedy)).collect();
    for raw in &mut held {
        raw.write(HEALTHZ);
        assert_eq!(raw.one_answer(), 200);
    }
    for _ in 0..50 {
        let said = Raw::open_from(&server, greedy).rest();
        assert_eq!(refused(&said, 503), "Your address has too many connections to this server.");
        assert!(said.to_lowercase().contains("\r\nretry-after: 1\r\n"), "{said}");
    }
    assert_eq!(metric(&server, "orgd_http_connections_refused_total"), 50.0);
    for raw in &mut held {
        raw.write(HEALTHZ);
        assert_eq!(raw.one_answer(), 200);
    }
    held.pop();
    eventually(|| connections(&server) == 4.0);
    let mut next = Raw::open_from(&server, greedy);
    next.write(HEALTHZ);
    assert_eq!(next.one_answer(), 200);
}

/// It has the connections of everybody who comes through it.
#[test]
fn a_trusted_proxy_may_have_them_all() {
    let settings = [("ORGD_MAX_CONNECTIONS_PER_ADDRESS", "5"), ("ORGD_TRUSTED_PROXIES", "127.0.0.2")];
    let server = TestServer::with(&settings);
    let proxy = Ipv4Addr::new(127, 0, 0, 2);
    let mut held: Vec<_> = (0..20).map(|_| Raw::open_from(&server, proxy)).collect();
    for raw in &mut held {
        raw.write(HEALTHZ);
        assert_eq!(raw.one_answer(), 200);
    }
    assert_eq!(metric(&server, "orgd_http_connections_refused_total"), 0.0);
}

#[test]
fn further_ones_wait_for_their_turn() {
    let server = TestServer::with(&[("ORGD_MAX_CONNECTIONS", "6")]);
    let mut held: Vec<_> = (0..6).map(|_| Raw::send(&server, HEALTHZ)).collect();
    held.iter_mut().for_each(|raw| assert_eq!(raw.one_answer(), 200));
    let mut further = Raw::send(&server, HEALTHZ);
    further.0.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(further.0.read(&mut [0]).is_err(), "it waits");
    held.clear();
    further.0.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    assert_eq!(further.one_answer(), 200);
}

/// A server that was started with this limit on open files.
struct Narrow {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Narrow {
    fn start(files: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = format!("ulimit -n {files}; exec \"$0\" serve");
        let mut child = without_settings(Command::new("sh"))
            .args(["-c", &script, env!("CARGO_BIN_EXE_orgd")])
            .env("ORGD_DATABASE_URL", format!("sqlite://{}", folder.path().join("orgd.db").display()))
            .envs([("ORGD_LISTEN", "127.0.0.1:0"), ("ORGD_LOG_FORMAT", "json"), ("ORGD_WORKERS", "2")])
            .env("ORGD_HEAD_TIMEOUT", "1h")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.by_ref().find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(&line).ok()?;
            (line["message"] == "serving").then(|| line["address"].as_str().unwrap().parse().unwrap())
        });
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: address.expect("it serves"), _folder: folder }
    }

    /// Seconds of processor time that it has used.
    fn processor_time(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: u32 = fields[11..13].iter().map(|field| field.parse::<u32>().unwrap()).sum();
        f64::from(ticks) / 100.0
    }
}

impl Drop for Narrow {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn with_few_open_files_a_server_neither_spins_nor_stays_away() {
    let server = Narrow::start(64);
    let connect = || TcpStream::connect_timeout(&server.address, Duration::from_millis(500)).ok();
    // Where the system keeps fewer waiting, the last ones do not get in.
    let crowd: Vec<_> = (0..200).filter_map(|_| connect()).collect();
    assert!(crowd.len() > 64, "more than it can have");
    std::thread::sleep(Duration::from_millis(500));
    let (begun, used) = (Instant::now(), server.processor_time());
    std::thread::sleep(Duration::from_secs(1));
    let share = (server.processor_time() - used) / begun.elapsed().as_secs_f64();
    assert!(share < 0.5, "{share} of a core while it can do nothing");
    drop(crowd);
    // The database opens files, too.
    let address = server.address.to_string();
    assert_eq!(plain::get(&address, "/readyz", None).0, 200);
    assert_eq!(plain::get(&address, &format!("{BASE}/organizations"), None).0, 401);
}

/// The slowest of a hundred but one, of calls one after the other.
fn slow_call(server: &TestServer) -> Duration {
    let owner = server.owner();
    let mut took: Vec<_> = (0..200)
        .map(|_| {
            let begun = Instant::now();
            owner.get("/organizations").expect(200);
            begun.elapsed()
        })
        .collect();
    took.sort();
    took[took.len() * 99 / 100]
}

/// Compares the two a few times: on a busy machine either may be slow for another reason.
fn is_hardly_slower(server: &TestServer, quiet: Duration) -> bool {
    (0..5).any(|_| slow_call(server) <= (3 * quiet).max(Duration::from_millis(250)))
}

#[test]
fn ten_thousand_that_do_nothing_cost_little_and_slow_nobody_down() {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    let count = usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(1000).min(10_000);
    let settings = [
        ("ORGD_MAX_CONNECTIONS", "11000"),
        ("ORGD_MAX_CONNECTIONS_PER_ADDRESS", "0"),
        // However long it takes to open all of them.
        ("ORGD_IDLE_TIMEOUT", "1h"),
    ];
    let server = TestServer::with(&settings);
    let quiet = slow_call(&server);
    let before = metric(&server, "process_resident_memory_bytes");
    let idle: Vec<_> = (0..count)
        .map(|_| {
            let mut raw = Raw::send(&server, HEALTHZ);
            assert_eq!(raw.one_answer(), 200);
            raw
        })
        .collect();
    let of_each = (metric(&server, "process_resident_memory_bytes") - before) / count as f64;
    assert!(of_each < 64.0 * 1024.0, "{of_each} bytes for each");
    assert!(connections(&server) >= count as f64 * 0.9, "they are open at the same time");
    assert!(is_hardly_slower(&server, quiet), "{quiet:?} without them");
    drop(idle);
    eventually(|| connections(&server) == 0.0);
}

#[test]
fn slow_heads_bodies_and_readers_together_slow_nobody_down() {
    let server = TestServer::start();
    let quiet = slow_call(&server);
    let token = server.owner_token();
    let body = format!(
        "POST {BASE}/organizations HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: {token}\r\nContent-Length: 9999\r\n\r\n"
    );
    let reader = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut slow: Vec<_> = ["GET / HTTP/1.1\r\nX: ", &body, reader]
        .iter()
        .cycle()
        .take(600)
        .map(|begin| Raw::send(&server, begin))
        .collect();
    std::thread::scope(|scope| {
        let calls = scope.spawn(|| is_hardly_slower(&server, quiet));
        while !calls.is_finished() {
            std::thread::sleep(Duration::from_millis(200));
            for raw in &mut slow {
                use std::io::Write;
                // Those that are closed by now have been given up.
                let _ = raw.0.write(b"x");
            }
        }
        assert!(calls.join().unwrap(), "{quiet:?} without them");
    });
}
