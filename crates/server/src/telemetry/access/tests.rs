//! That records become lines, in order, without ever making the sender wait.

use std::sync::Arc;

use parking_lot::Mutex;
use tracing::{Dispatch, dispatcher};

use super::*;

/// A writer into memory. While a test holds its lock, the thread that writes to it is stuck.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Memory {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).unwrap()
    }

    fn lines(&self) -> Vec<serde_json::Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn json() -> LogConfig {
    LogConfig { format: LogFormat::Json, ..LogConfig::default() }
}

/// An access log that writes to `memory`, as in a process whose log lets `level` pass.
fn start(config: &LogConfig, memory: &Memory, level: tracing::Level) -> (AccessLog, AccessLogGuard, DroppedLines) {
    let dropped = DroppedLines::default();
    let dispatch: Dispatch = tracing_subscriber::fmt().with_max_level(level).with_writer(io::sink).into();
    let (log, guard) =
        dispatcher::with_default(&dispatch, || AccessLog::over(config, memory.clone(), &dropped).unwrap());
    (log, guard, dropped)
}

fn record(number: u128) -> AccessRecord {
    AccessRecord {
        request_id: Uuid::from_u128(number),
        method: "GET",
        operation: "getOrganizations",
        status: 200,
        duration: Duration::from_micros(1_234),
        user: None,
        bytes: None,
        peer: None,
    }
}

#[test]
fn a_line_holds_the_record_and_leaves_out_what_is_not_known() {
    let memory = Memory::default();
    let (log, guard, _) = start(&json(), &memory, tracing::Level::INFO);
    assert!(log.is_enabled());
    log.send(record(7));
    log.send(AccessRecord {
        user: Some(Uuid::from_u128(8)),
        bytes: Some(90),
        peer: Some("2001:db8::1".parse().unwrap()),
        ..record(9)
    });
    drop(guard);
    let lines = memory.lines();
    let line = |line: &serde_json::Value| {
        let mut line = line.clone();
        let at = line.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert!(at.as_str().unwrap().parse::<Timestamp>().is_ok());
        line
    };
    assert_eq!(
        line(&lines[0]),
        serde_json::json!({
            "level": "INFO", "target": "orgd::access",
            "request_id": "00000000-0000-0000-0000-000000000007", "method": "GET", "operation": "getOrganizations",
            "status": 200, "duration_us": 1234,
        })
    );
    assert_eq!(lines[1]["user"], "00000000-0000-0000-0000-000000000008");
    assert_eq!((&lines[1]["bytes"], &lines[1]["peer"]), (&90.into(), &"2001:db8::1".into()));
}

#[test]
fn everything_sent_before_the_end_is_written_in_order() {
    let memory = Memory::default();
    let (log, guard, dropped) = start(&json(), &memory, tracing::Level::INFO);
    for number in 0..5_000 {
        log.send(record(number));
    }
    drop(guard);
    let ids: Vec<Uuid> =
        memory.lines().iter().map(|line| line["request_id"].as_str().unwrap().parse().unwrap()).collect();
    assert_eq!(ids, (0..5_000).map(Uuid::from_u128).collect::<Vec<_>>());
    assert_eq!(dropped.access_queue_full(), 0);

    // A request that ends after the log is counted, not written.
    log.send(record(5_000));
    assert_eq!(dropped.access_queue_full(), 1);
}

#[test]
fn a_stuck_log_costs_records_but_no_time() {
    let memory = Memory::default();
    let (log, guard, dropped) = start(&json(), &memory, tracing::Level::INFO);
    let stuck = memory.0.lock();
    let sent = QUEUED_RECORDS as u64 + 500;
    for number in 0..sent {
        log.send(record(number.into()));
    }
    let lost = dropped.access_queue_full();
    // The thread holds one in its hands, if it has come that far.
    assert!((499..=500).contains(&lost), "{lost}");
    drop(stuck);
    drop(guard);
    assert_eq!(memory.lines().len() as u64, sent - lost);
}

#[test]
fn it_is_off_when_told_so_or_when_the_filter_would_drop_its_lines() {
    let memory = Memory::default();
    let (filtered, _guard, dropped) = start(&json(), &memory, tracing::Level::WARN);
    let config = LogConfig { access: false, ..json() };
    let (off, _guard, _) = start(&config, &memory, tracing::Level::INFO);
    for log in [filtered, off, AccessLog::disabled()] {
        assert!(!log.is_enabled());
        log.send(record(1));
    }
    assert_eq!(dropped.access_queue_full(), 0);
    assert_eq!(memory.text(), "");
}

#[test]
fn a_line_of_text_reads_like_the_others() {
    let memory = Memory::default();
    let (log, guard, _) = start(&LogConfig::default(), &memory, tracing::Level::INFO);
    log.send(record(7));
    log.send(AccessRecord {
        user: Some(Uuid::from_u128(8)),
        bytes: Some(90),
        peer: Some([192, 0, 2, 1].into()),
        ..record(9)
    });
    drop(guard);
    let text = memory.text();
    let lines: Vec<(&str, &str)> = text.lines().map(|line| line.split_once("  ").unwrap()).collect();
    assert!(lines.iter().all(|(at, _)| at.parse::<Timestamp>().is_ok()), "{text}");
    let start = "INFO orgd::access: method=GET operation=getOrganizations status=200 duration_us=1234";
    assert_eq!(lines[0].1, format!("{start} request_id=00000000-0000-0000-0000-000000000007"));
    let more = "bytes=90 user=00000000-0000-0000-0000-000000000008 peer=192.0.2.1";
    assert_eq!(lines[1].1, format!("{start} {more} request_id=00000000-0000-0000-0000-000000000009"));
}

#[test]
fn a_made_up_method_is_not_repeated() {
    assert_eq!(known_method("PATCH"), "PATCH");
    assert_eq!(known_method("aBcDeFgHiJ-0123456789012345678901"), "OTHER");
    assert_eq!(known_method("get"), "OTHER");
}
