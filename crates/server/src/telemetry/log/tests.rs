//! How lines look, and that neither a slow nor a broken writer holds anybody up.

use std::sync::{Arc, mpsc};
use std::time::Instant;

use parking_lot::Mutex;

use super::*;

/// Keeps what is written, one entry for each call.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<String>>>);

impl Kept {
    /// Everything, once the thread that writes has ended and let its copy of this go: a guard waits for it, but for a second at most.
    #[track_caller]
    fn all(&self) -> String {
        let until = Instant::now() + Duration::from_secs(60);
        while Arc::strong_count(&self.0) > 1 {
            assert!(Instant::now() < until, "the thread that writes does not end");
            std::thread::sleep(Duration::from_millis(1));
        }
        self.0.lock().concat()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().push(String::from_utf8(bytes.to_vec()).unwrap());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is written while `log` runs under this configuration.
fn written(config: &LogConfig, terminal: bool, log: impl FnOnce()) -> String {
    let kept = Kept::default();
    let (dispatch, guard) = start(config, kept.clone(), terminal).unwrap();
    tracing::dispatcher::with_default(&dispatch, log);
    drop(guard);
    kept.all()
}

#[test]
fn text_is_plain_unless_on_a_terminal() {
    let config = LogConfig::default();
    let log = || tracing::info!(answer = 42, "hello");
    let plain = written(&config, false, log);
    assert!(plain.ends_with("hello answer=42\n") && plain.contains(" INFO "), "{plain}");
    assert!(!plain.contains('\u{1b}'), "{plain}");
    if std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) {
        assert!(written(&config, true, log).contains("\u{1b}["));
    }
}

#[test]
fn which_lines_are_written_can_change() {
    for format in [LogFormat::Text, LogFormat::Json] {
        let kept = Kept::default();
        let config = LogConfig { format, filter: "warn".to_owned(), ..LogConfig::default() };
        let (dispatch, guard) = start(&config, kept.clone(), false).unwrap();
        let filter = guard.filter();
        tracing::dispatcher::with_default(&dispatch, || {
            // One place in the code, so that what was found out about it once has to be forgotten.
            let log = |number| tracing::info!(number, "hello");
            log(1);
            filter.set("info").unwrap();
            log(2);
            filter.set("error").unwrap();
            log(3);
            assert!(filter.set("info,=").is_err());
            filter.set("off,orgd=trace").unwrap();
            log(4);
        });
        drop(guard);
        let text = kept.all();
        assert_eq!(text.matches("hello").count(), 2, "{text}");
        assert!(text.lines().count() == 2 && text.contains('2') && text.contains('4'), "{text}");
    }
}

#[test]
fn json_is_one_object_a_line_with_the_fields_on_top() {
    let config = LogConfig { format: LogFormat::Json, ..LogConfig::default() };
    let lines = written(&config, true, || {
        tracing::info!(answer = 42, text = "two\nlines", "hello");
        tracing::warn!("again");
    });
    let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["message"], &lines[0]["answer"]), (&"hello".into(), &42.into()));
    assert_eq!((&lines[0]["level"], &lines[0]["text"]), (&"INFO".into(), &"two\nlines".into()));
    assert!(lines[0]["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(lines[1]["level"], "WARN");
}

#[test]
fn the_filter_decides_by_level_and_target() {
    let config = LogConfig { filter: "warn,orgd::db=debug".to_owned(), ..LogConfig::default() };
    let lines = written(&config, false, || {
        tracing::info!("one");
        tracing::warn!("two");
        tracing::debug!(target: "orgd::db", "three");
        tracing::trace!(target: "orgd::db", "four");
    });
    let words: Vec<&str> = lines.lines().filter_map(|line| line.split(' ').next_back()).collect();
    assert_eq!(words, ["two", "three"]);
}

#[test]
fn an_error_on_purpose_is_no_line_and_any_other_is_one() {
    let lines = written(&LogConfig::default(), false, || {
        tracing::error!(target: "actix_http::h1::dispatcher", "Response payload stream error: {}", ON_PURPOSE);
        tracing::error!(target: "actix_http::h1::dispatcher", "Response payload stream error: broken");
        tracing::error!("one of ours: {ON_PURPOSE}");
    });
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(lines.contains("error: broken") && lines.contains("one of ours"), "{lines}");
}

/// Takes nothing until it is told to.
struct Stuck(mpsc::Receiver<()>);

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // An error means that the test is over.
        let _ = self.0.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_stuck_writer_costs_lines_but_no_time() {
    let (release, stuck) = mpsc::channel();
    let (dispatch, guard) = start(&LogConfig::default(), Stuck(stuck), false).unwrap();
    let dropped = guard.dropped();
    let sent = QUEUED_LINES as u64 + 10_000;
    tracing::dispatcher::with_default(&dispatch, || {
        for number in 0..sent {
            tracing::info!(number, "a line");
        }
    });
    // Beside the queue, the thread holds at most a batch in its hands.
    let in_hand = (BATCH_BYTES / 40) as u64;
    let lost = dropped.log_queue_full();
    assert!((10_000 - in_hand..=10_000).contains(&lost), "{lost}");
    assert_eq!((dropped.access_queue_full(), dropped.write_failed()), (0, 0));
    drop(release);
}

/// A disk that is full.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_that_a_full_disk_refuses_are_counted_and_not_kept() {
    let dropped = DroppedLines::default();
    let mut writer = BatchWriter::new(Full, dropped.unwritten.clone());
    for _ in 0..3 {
        writer.write_all(b"a line\n").unwrap();
    }
    writer.flush().unwrap();
    assert_eq!(dropped.write_failed(), 3);
    writer.write_all(&vec![b'x'; BATCH_BYTES]).unwrap();
    assert_eq!(dropped.write_failed(), 4);
    assert!(writer.bytes.is_empty());
}

#[test]
fn lines_under_load_are_written_together() {
    let kept = Kept::default();
    let mut writer = BatchWriter::new(kept.clone(), DropCounter::default());
    for _ in 0..100 {
        writer.write_all(b"a line\n").unwrap();
    }
    assert!(kept.0.lock().is_empty());
    writer.flush().unwrap();
    assert_eq!(*kept.0.lock(), ["a line\n".repeat(100)]);
}

#[test]
fn lines_of_requests_go_the_same_way() {
    let kept = Kept::default();
    let (dispatch, guard) = start(&LogConfig::default(), kept.clone(), false).unwrap();
    tracing::dispatcher::with_default(&dispatch, || {
        let (access, access_guard) = crate::telemetry::AccessLog::start(&LogConfig::default(), &guard).unwrap();
        access.send(crate::telemetry::AccessRecord {
            request_id: uuid::Uuid::nil(),
            method: "GET",
            operation: "getOrganizations",
            status: 200,
            duration: Duration::from_micros(1),
            user: None,
            bytes: None,
            peer: None,
        });
        drop(access_guard);
    });
    drop(guard);
    let text = kept.all();
    assert!(text.contains(" INFO orgd::access: method=GET "), "{text}");
}
