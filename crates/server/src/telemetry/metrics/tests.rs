//! That what is counted is what is printed, in a text that a scraper can read.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const OPERATIONS: &[&str] = &["getOrganizations", "createOrganization"];

fn metrics() -> Arc<Metrics> {
    Arc::new(Metrics::new(OPERATIONS, DroppedLines::default(), Timestamp::from_micros(1_500_000)))
}

/// Reads the text format strictly: each sample belongs to the family announced just before it, names are well formed, values
/// are numbers, no series comes twice. Returns the samples by series.
fn parse(text: &str) -> BTreeMap<String, f64> {
    let well_formed = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
    };
    assert!(text.ends_with('\n'));
    let mut samples = BTreeMap::new();
    let mut families = BTreeSet::new();
    let (mut help, mut kind) = (String::new(), ("", ""));
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, words) = rest.split_once(' ').unwrap();
            assert!(well_formed(name) && !words.is_empty(), "{line}");
            assert!(families.insert(name), "{name} comes twice");
            help = name.to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            kind = rest.split_once(' ').unwrap();
            assert_eq!(kind.0, help, "HELP comes just before TYPE");
            assert!(["counter", "gauge", "histogram"].contains(&kind.1), "{line}");
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let suffix = name.strip_prefix(kind.0).unwrap_or_else(|| panic!("{line} stands under {}", kind.0));
            match kind.1 {
                "histogram" => assert!(["_bucket", "_sum", "_count"].contains(&suffix), "{line}"),
                _ => assert_eq!(suffix, "", "{line}"),
            }
            for label in labels.strip_suffix('}').unwrap().split(',').filter(|label| !label.is_empty()) {
                let (name, value) = label.split_once('=').unwrap();
                assert!(well_formed(name), "{line}");
                let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap();
                assert!(!value.contains(['"', '\\']), "{line}");
            }
            let again = samples.insert(series.to_owned(), value.parse().unwrap());
            assert_eq!(again, None, "{series} comes twice");
        }
    }
    samples
}

#[test]
fn answers_are_counted_by_operation_and_status() {
    let metrics = metrics();
    for _ in 0..3 {
        metrics.record(Some(0), 200, Duration::from_micros(90));
    }
    metrics.record(Some(1), 409, Duration::from_micros(90));
    metrics.record(Some(1), 418, Duration::from_micros(90));
    metrics.record(Some(1), 999, Duration::from_micros(90));
    metrics.record(None, 404, Duration::from_micros(90));
    metrics.record(Some(77), 404, Duration::from_micros(90));
    let samples = parse(&metrics.render());
    let requests: Vec<(&str, f64)> = samples
        .iter()
        .filter_map(|(series, value)| Some((series.strip_prefix("orgd_http_requests_total")?, *value)))
        .collect();
    assert_eq!(
        requests,
        [
            (r#"{operation="-",status="404"}"#, 2.0),
            (r#"{operation="createOrganization",status="409"}"#, 1.0),
            (r#"{operation="createOrganization",status="other"}"#, 2.0),
            (r#"{operation="getOrganizations",status="200"}"#, 3.0),
        ]
    );
}

#[test]
fn each_known_status_has_a_place_of_its_own() {
    for (slot, status) in STATUSES.into_iter().enumerate() {
        assert_eq!(status_slot(status), slot);
    }
    for status in [0, 199, 206, 599, 600, u16::MAX] {
        assert_eq!(status_slot(status), STATUSES.len());
    }
}

#[test]
fn latencies_fall_into_cumulative_buckets_of_seconds() {
    let metrics = metrics();
    for micros in [1, 100, 101, 5_000, 20_000_000] {
        metrics.record(Some(0), 200, Duration::from_micros(micros));
    }
    let samples = parse(&metrics.render());
    let name = "orgd_http_request_duration_seconds";
    let operation = r#"operation="getOrganizations""#;
    let bucket = |bound: &str| samples[&format!("{name}_bucket{{{operation},le=\"{bound}\"}}")];
    let buckets = ["0.0001", "0.00025", "0.001", "0.0025", "0.01", "0.025", "0.1", "0.25", "1", "2.5", "10", "+Inf"];
    assert_eq!(buckets.map(bucket), [2.0, 3.0, 3.0, 3.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 5.0]);
    assert_eq!(samples[&format!("{name}_count{{{operation}}}")], 5.0);
    assert_eq!(samples[&format!("{name}_sum{{{operation}}}")], 20.005202);
}

#[test]
fn requests_under_way_are_counted_until_they_end_in_whatever_way() {
    let metrics = metrics();
    let first = metrics.enter(RequestKind::Read);
    let second = metrics.enter(RequestKind::Write);
    assert_eq!(parse(&metrics.render())["orgd_http_requests_in_flight"], 2.0);
    drop(first);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _second = second;
        panic!("a handler dies");
    }));
    assert!(panicked.is_err());
    assert_eq!(metrics.in_flight(), 0);
}

#[test]
fn the_numbers_of_the_server_are_printed() {
    let dropped = DroppedLines::default();
    let metrics = Metrics::new(OPERATIONS, dropped.clone(), Timestamp::from_micros(1_500_000));
    metrics.panics.inc();
    metrics.rate_limited.add(2);
    metrics.auth_cache_hits.add(3);
    metrics.auth_cache_misses.add(4);
    metrics.writer_queue.add(7);
    metrics.writer_queue.add(-2);
    metrics.writer_rejected.add(6);
    metrics.record_writer_batch(1);
    metrics.record_writer_batch(65);
    assert!(!metrics.render().contains("orgd_change"), "a server that follows nobody says nothing about it");
    let following = metrics.following.get_or_init(Following::default);
    following.is_notified.set(1);
    following.age.set(250_000);
    metrics.read_connections.set(4);
    metrics.read_connections_used.set(3);
    metrics.database_reads.set(11);
    metrics.workers_waiting.set(12);
    metrics.jobs_pending.set(13);
    dropped.access.add(8);
    dropped.unwritten.add(9);
    let samples = parse(&metrics.render());
    for (series, value) in [
        ("orgd_http_panics_total", 1.0),
        ("orgd_http_rate_limited_total", 2.0),
        (r#"orgd_auth_cache_lookups_total{result="hit"}"#, 3.0),
        (r#"orgd_auth_cache_lookups_total{result="miss"}"#, 4.0),
        ("orgd_writer_queue_depth", 5.0),
        ("orgd_writer_rejected_total", 6.0),
        (r#"orgd_read_connections{state="open"}"#, 4.0),
        (r#"orgd_read_connections{state="used"}"#, 3.0),
        ("orgd_database_reads_total", 11.0),
        ("orgd_workers_waiting", 12.0),
        ("orgd_jobs_pending", 13.0),
        ("orgd_change_notifications_up", 1.0),
        ("orgd_change_feed_age_seconds", 0.25),
        (r#"orgd_writer_batch_size_bucket{le="1"}"#, 1.0),
        (r#"orgd_writer_batch_size_bucket{le="64"}"#, 1.0),
        (r#"orgd_writer_batch_size_bucket{le="+Inf"}"#, 2.0),
        ("orgd_writer_batch_size_sum", 66.0),
        (r#"orgd_log_lines_dropped_total{reason="access_queue_full"}"#, 8.0),
        (r#"orgd_log_lines_dropped_total{reason="log_queue_full"}"#, 0.0),
        (r#"orgd_log_lines_dropped_total{reason="write_failed"}"#, 9.0),
        (concat!("orgd_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}"), 1.0),
        ("process_start_time_seconds", 1.5),
    ] {
        assert_eq!(samples.get(series), Some(&value), "{series}");
    }
    #[cfg(target_os = "linux")]
    for series in ["process_resident_memory_bytes", "process_open_fds", "process_max_fds", "process_threads"] {
        assert!(samples[series] > 0.0, "{series}");
    }
}

#[test]
fn order_and_number_of_series_are_bounded() {
    let metrics = metrics();
    for _ in 0..2 {
        for operation in [None, Some(0), Some(1)] {
            for status in 0..=u16::MAX {
                metrics.record(operation, status, Duration::from_micros(u64::from(status)));
            }
        }
    }
    let names = |text: &str| -> Vec<String> {
        text.lines().filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect()
    };
    let text = metrics.render();
    let per_operation = STATUSES.len() + 1 + LATENCIES.len() + 3;
    assert!(parse(&text).len() <= (OPERATIONS.len() + 1) * per_operation + 40);
    assert_eq!(names(&text), names(&metrics.render()));
}

#[test]
fn nothing_is_lost_when_many_count_at_once() {
    let metrics = metrics();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for micros in 0..10_000 {
                    metrics.record(Some(0), 200, Duration::from_micros(micros % 3));
                }
            });
        }
    });
    let samples = parse(&metrics.render());
    assert_eq!(samples[r#"orgd_http_requests_total{operation="getOrganizations",status="200"}"#], 40_000.0);
    let sum = samples[r#"orgd_http_request_duration_seconds_sum{operation="getOrganizations"}"#];
    assert_eq!(sum, 39_996.0 / 1_000_000.0);
}

#[test]
fn every_documented_status_is_counted_by_itself() {
    for operation in crate::operations::Operation::ALL {
        for status in operation.statuses() {
            assert!(STATUSES.contains(status), "{} answers {status}", operation.id());
        }
    }
}
