//! The same mixed load on as much data all the time: memory, open files, the write-ahead log and the slowest requests stay where they are.
//!
//! `ORGD_SOAK_SECONDS` says for how long, and `cargo xtask soak` asks for thirty minutes. From two minutes on the last quarter is judged.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{BASE, Client, Kind, TestServer};
use crate::metric;
use crate::soak::Part;
use crate::trend::Trend;

const CLIENTS: usize = 8;
/// A client rests so long after each request: the load is to be even, not as much as the machine bears.
const REST: Duration = Duration::from_millis(10);
/// From here on there are enough samples to tell growth from noise.
const JUDGED: Duration = Duration::from_secs(120);
/// The caches of SQLite's pages fill first, 64 MiB for the writer and 16 for each reader, which took 22 of 30 minutes on a busy machine.
const WARM_UP: f64 = 0.75;
const MIB: f64 = 1024.0 * 1024.0;
/// So long a request waits for its turn before it is told to come again; whoever is told so earlier has met a fault.
const TURN: Duration = Duration::from_secs(2);
/// Who gets no turn for so long gets none.
const PATIENCE: Duration = Duration::from_secs(60);
/// So many samples at least: the last quarter of fewer has no trend.
const FEWEST: usize = 12;

/// One look at the server.
struct Sample {
    minute: f64,
    memory: f64,
    files: f64,
    log: f64,
    p99: f64,
    requests: usize,
}

/// What the clients were told.
#[derive(Default)]
struct Told {
    /// How long each request took since somebody last looked.
    times: Mutex<Vec<Duration>>,
    /// How many got no turn and were asked again.
    put_off: AtomicUsize,
    failures: Mutex<Vec<String>>,
}

/// What is looked at.
type Measure = fn(&Sample) -> f64;

/// What may grow by how much: the name, what is looked at, and the bearable growth in its unit.
const KEPT: [(&str, Measure, f64); 4] = [
    ("memory, MiB", |sample| sample.memory, 8.0),
    ("open files", |sample| sample.files, 4.0),
    ("write-ahead log, MiB", |sample| sample.log, 16.0),
    ("p99 of all requests, ms", |sample| sample.p99, 50.0),
];

#[test]
fn nothing_grows_under_an_even_load() {
    let length = std::env::var("ORGD_SOAK_SECONDS").map_or(8, |text| text.parse().expect("a number of seconds"));
    let length = Duration::from_secs(length);
    let server = TestServer::start();
    let (over, told) = (AtomicBool::new(false), Told::default());
    let before = metric(&server, "process_open_fds");
    let samples = std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (client, over, told) = (server.owner(), &over, &told);
            scope.spawn(move || {
                for round in 0.. {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    if let Err(why) = live(&client, &format!("c{number}-{round}"), told) {
                        told.failures.lock().unwrap().push(why);
                    }
                }
            });
        }
        let samples = watch(&server, length, &told);
        over.store(true, Ordering::SeqCst);
        samples
    });
    let part = judge(&samples, &told, length >= JUDGED);
    part.write();
    assert!(part.faults.is_empty(), "{:#?}", part.faults);
    assert_eq!(server.sql_organizations().len(), 1, "all that was made is deleted");
    crate::harness::eventually(|| metric(&server, "process_open_fds") <= before + 4.0);
}

/// The life of an organization: afterwards there is as much in memory as before.
fn live(client: &Client, name: &str, told: &Told) -> Result<(), String> {
    let call = |method: &str, path: &str, body: Option<Value>| -> Result<Value, String> {
        let request = client.request_at(method, &format!("{BASE}{path}"));
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let begun = Instant::now();
        let answer = loop {
            let asked = Instant::now();
            let answer = request.try_send().map_err(|error| format!("{method} {path}: {error}"))?;
            let took = asked.elapsed();
            told.times.lock().unwrap().push(took);
            std::thread::sleep(REST);
            let is_put_off = answer.status == 503 && !answer.is_unconfirmed() && took >= TURN;
            if !is_put_off || begun.elapsed() > PATIENCE {
                break answer;
            }
            told.put_off.fetch_add(1, Ordering::SeqCst);
        };
        if answer.status >= 300 {
            return Err(format!("{method} {path}: {} {}", answer.status, answer.text()));
        }
        Ok(serde_json::from_slice(&answer.body).unwrap_or_default())
    };
    call("POST", "/organizations", Some(json!({ "name": name })))?;
    let at = format!("/organizations/{name}");
    let mut jobs = Vec::new();
    for _ in 0..3 {
        let job = call("POST", &format!("{at}/provisionerjobs"), Some(json!({"type": "template_version_import"})))?;
        jobs.push(job["id"].as_str().unwrap_or_default().to_owned());
        call("GET", &format!("{at}/provisionerjobs"), None)?;
        call("GET", "/organizations", None)?;
    }
    call("PATCH", &at, Some(json!({"description": "changed"})))?;
    for job in &jobs {
        call("PATCH", &format!("{at}/provisionerjobs/{job}/cancel"), None)?;
        call("GET", &format!("{at}/provisionerjobs/{job}"), None)?;
    }
    call("GET", &format!("{at}/members"), None)?;
    call("DELETE", &at, None)?;
    Ok(())
}

/// Looks at the server a hundred times, or as often as a busy machine allows.
fn watch(server: &TestServer, length: Duration, told: &Told) -> Vec<Sample> {
    let begun = Instant::now();
    let interval = (length / 100).clamp(Duration::from_millis(80), Duration::from_secs(5));
    let mut samples = Vec::new();
    while begun.elapsed() < length || samples.len() < FEWEST {
        std::thread::sleep(interval);
        let mut taken = std::mem::take(&mut *told.times.lock().unwrap());
        taken.sort_unstable();
        let p99 = taken.get(taken.len() * 99 / 100).map_or(0.0, Duration::as_secs_f64);
        let log = match server.kind() {
            Kind::Sqlite => std::fs::metadata(server.database().with_extension("db-wal")).map_or(0, |file| file.len()),
            Kind::Postgres => 0,
        };
        samples.push(Sample {
            minute: begun.elapsed().as_secs_f64() / 60.0,
            memory: metric(server, "process_resident_memory_bytes") / MIB,
            files: metric(server, "process_open_fds"),
            log: log as f64 / MIB,
            p99: p99 * 1000.0,
            requests: taken.len(),
        });
    }
    samples
}

fn judge(samples: &[Sample], told: &Told, judges_growth: bool) -> Part {
    let failures = told.failures.lock().unwrap();
    let figure = |name: &str, number: usize| (name.to_owned(), number.to_string());
    let requests: usize = samples.iter().map(|sample| sample.requests).sum();
    let mut part = Part {
        name: "steady",
        about: format!(
            "{CLIENTS} clients let organizations live one after the other, each with three jobs, and read beside it."
        ),
        figures: vec![
            figure("requests", requests),
            figure("asked again for want of a turn", told.put_off.load(Ordering::SeqCst)),
            figure("failed", failures.len()),
        ],
        faults: failures.iter().take(10).cloned().collect(),
        ..Part::default()
    };
    if requests == 0 {
        part.faults.push("nothing was asked".to_owned());
    }
    let points = |samples: &[Sample], value: Measure| -> Vec<(f64, f64)> {
        samples.iter().map(|sample| (sample.minute, value(sample))).collect()
    };
    let warm = &samples[(samples.len() as f64 * WARM_UP) as usize..];
    for (name, value, bearable) in KEPT {
        part.lines.push((name.to_owned(), points(samples, value)));
        let Some(trend) = Trend::through(&points(warm, value)) else {
            part.faults.push(format!("{name}: there are too few samples"));
            continue;
        };
        let last = samples.last().map_or(0.0, value);
        let figure = format!("{last:.1} at the end; {:+.2} ± {:.2} in the last quarter", trend.growth, trend.error);
        part.figures.push((name.to_owned(), figure));
        if judges_growth && trend.grows_by_more_than(bearable) {
            part.faults.push(format!("{name}: it grows by {:.2}, and {bearable} is bearable", trend.growth));
        }
    }
    part
}

fn samples(memory: impl Fn(u32) -> f64) -> Vec<Sample> {
    let sample = |number: u32| Sample {
        minute: f64::from(number),
        memory: memory(number),
        files: 30.0,
        log: 4.0,
        p99: 5.0,
        requests: 100,
    };
    (0..60).map(sample).collect()
}

#[test]
fn what_stays_passes_and_what_leaks_does_not() {
    let warming = |number: u32| if number < 10 { 50.0 + f64::from(number) } else { 60.0 };
    let nothing = Told::default();
    assert!(judge(&samples(warming), &nothing, true).faults.is_empty());
    let leaking = judge(&samples(|number| 50.0 + f64::from(number)), &nothing, true);
    assert!(leaking.faults.concat().contains("memory"), "{:?}", leaking.faults);
    let failed = Told { failures: Mutex::new(vec!["503".to_owned()]), ..Told::default() };
    assert!(!judge(&samples(warming), &failed, true).faults.is_empty());
    assert!(!judge(&[], &nothing, true).faults.is_empty());
}
