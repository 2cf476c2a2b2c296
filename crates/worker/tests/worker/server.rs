//! What the server may do to a worker: be gone for a while, forget it, refuse it.

use std::time::{Duration, Instant};

use orgd_worker::{Phase, Worker, WorkerError};
use serde_json::json;

use super::orgd::Orgd;
use super::{Gate, Working, settings, wait};

#[tokio::test]
async fn registers_with_what_it_was_told() {
    let orgd = Orgd::start(0);
    let mut settings = settings("");
    settings.tags.insert("gpu".to_owned(), "yes".to_owned());
    let working = Working::start(&orgd, settings);
    wait(&orgd, |state| state.asked >= 1).await;
    let told = json!({
        "name": "w", "provisioners": ["echo"], "tags": {"gpu": "yes"}, "version": "v", "api_version": "1.0",
    });
    assert_eq!(orgd.with(|state| state.registrations.clone()), [told]);
    working.end(Phase::Draining).await.unwrap();
}

#[tokio::test]
async fn no_line_is_lost_or_doubled_while_the_server_is_gone() {
    let orgd = Orgd::start(1);
    let gate = Gate::new();
    let script = format!("seq 1 60 10000; {}; for i in $(seq 2 60); do seq $i 60 10000; sleep 0.05; done", gate.step());
    let working = Working::start(&orgd, settings(&script));
    wait(&orgd, |state| !state.logs.is_empty()).await;
    orgd.with(|state| state.unanswered = 4);
    gate.open();
    wait(&orgd, |state| state.ends.len() == 1).await;
    let expected: Vec<String> =
        (1..=60).flat_map(|first| (first..=10_000).step_by(60).map(|number| format!("info {number}"))).collect();
    orgd.with(|state| {
        assert_eq!(state.ends, ["complete"]);
        assert!(state.logs == expected, "{} lines of {}", state.logs.len(), expected.len());
    });
    assert_eq!(orgd.with(|state| state.unanswered), 0);
    working.end(Phase::Draining).await.unwrap();
}

#[tokio::test]
async fn a_server_that_lets_nobody_wait_is_not_asked_all_the_time() {
    let orgd = Orgd::start(0);
    orgd.with(|state| state.lets_nobody_wait = true);
    let begun = Instant::now();
    let working = Working::start(&orgd, settings(""));
    wait(&orgd, |state| state.asked >= 3).await;
    assert!(begun.elapsed() > Duration::from_secs(2));
    working.end(Phase::Draining).await.unwrap();
}

#[tokio::test]
async fn a_worker_that_was_forgotten_registers_again() {
    let orgd = Orgd::start(0);
    let working = Working::start(&orgd, settings("exit 0"));
    wait(&orgd, |state| state.asked >= 2).await;
    orgd.with(|state| state.is_forgotten = true);
    wait(&orgd, |state| state.registrations.len() == 2).await;
    orgd.with(|state| state.waiting = 1);
    wait(&orgd, |state| state.ends.len() == 1).await;
    working.end(Phase::Draining).await.unwrap();
}

#[tokio::test]
async fn a_worker_that_is_refused_ends() {
    let orgd = Orgd::start(0);
    orgd.with(|state| state.refuse_registration_after = Some(0));
    let error = Working::start(&orgd, settings("")).worker.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "cannot register: You are signed out. (status 401)");

    let orgd = Orgd::start(0);
    orgd.with(|state| state.forgets_at_once = true);
    let error = Working::start(&orgd, settings("")).worker.await.unwrap().unwrap_err();
    assert!(matches!(error, WorkerError::Unknown(_)), "{error}");
    assert_eq!(orgd.with(|state| state.registrations.len()), 1, "it had registered just before");
}

#[tokio::test]
async fn a_worker_that_may_not_register_again_ends() {
    let orgd = Orgd::start(0);
    let working = Working::start(&orgd, settings(""));
    wait(&orgd, |state| state.asked >= 2).await;
    orgd.with(|state| {
        state.is_forgotten = true;
        state.refuse_registration_after = Some(1);
    });
    let error = working.worker.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "cannot register: You are signed out. (status 401)");
}

#[test]
fn what_cannot_be_done_is_refused_at_once() {
    let orgd = Orgd::start(0);
    let refused = |change: fn(&mut super::Settings)| {
        let mut settings = settings("");
        change(&mut settings);
        Worker::new(orgd.client(), settings).unwrap_err().to_string()
    };
    assert_eq!(refused(|settings| settings.command.clear()), "command: there is none");
    assert_eq!(refused(|settings| settings.provisioners.clear()), "provisioners: at least one is needed");
    assert_eq!(refused(|settings| settings.poll = Duration::from_secs(61)), "poll: must be 1 s to 60 s");
    assert_eq!(refused(|settings| settings.poll = Duration::ZERO), "poll: must be 1 s to 60 s");
    assert_eq!(refused(|settings| settings.name.clear()), "name: shorter than 1 characters");
    assert_eq!(refused(|settings| settings.version = "v".repeat(65)), "version: longer than 64 characters");
}
