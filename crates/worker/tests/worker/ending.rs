//! How a command is stopped, and how a worker ends.

use std::time::{Duration, Instant};

use orgd_worker::Phase;

use super::orgd::Orgd;
use super::{Gate, Working, is_running, settings, wait};

#[tokio::test]
async fn a_canceled_command_gets_sigterm() {
    let orgd = Orgd::start(1);
    let working = Working::start(&orgd, settings("trap 'echo stopping; exit 1' TERM; echo ready; sleep 1000 & wait"));
    wait(&orgd, |state| state.logs == ["info ready"]).await;
    orgd.with(|state| state.canceling = true);
    wait(&orgd, |state| state.ends.len() == 1).await;
    orgd.with(|state| {
        assert_eq!(state.ends, ["complete"]);
        assert_eq!(state.logs, ["info ready", "info stopping"]);
        state.canceling = false;
        state.waiting = 1;
    });
    // It goes on with the next job.
    wait(&orgd, |state| state.given == 2).await;
    working.end(Phase::Stopping).await.unwrap();
}

#[tokio::test]
async fn a_canceled_command_that_does_not_heed_gets_sigkill() {
    let orgd = Orgd::start(1);
    let mut settings = settings("trap '' TERM; echo $$; while true; do sleep 0.1; done");
    settings.grace = Duration::from_secs(1);
    let working = Working::start(&orgd, settings);
    wait(&orgd, |state| state.logs.len() == 1).await;
    let process = orgd.with(|state| {
        state.canceling = true;
        state.logs[0].strip_prefix("info ").unwrap().to_owned()
    });
    assert!(is_running(&process));
    wait(&orgd, |state| state.ends == ["complete"]).await;
    assert!(!is_running(&process));
    working.end(Phase::Draining).await.unwrap();
}

#[tokio::test]
async fn a_command_whose_job_is_lost_is_killed_at_once() {
    let orgd = Orgd::start(1);
    // It would not end by itself, nor at SIGTERM.
    let working = Working::start(&orgd, settings("trap '' TERM; echo $$; while true; do sleep 0.1; done"));
    wait(&orgd, |state| state.logs.len() == 1).await;
    let process = orgd.with(|state| {
        state.is_lost = true;
        state.logs[0].strip_prefix("info ").unwrap().to_owned()
    });
    wait(&orgd, |state| state.asked >= 2).await;
    assert!(!is_running(&process));
    assert!(orgd.with(|state| state.ends.is_empty()), "it is not the worker's job any more");
    working.end(Phase::Draining).await.unwrap();
}

#[tokio::test]
async fn a_worker_that_drains_ends_after_its_job() {
    let orgd = Orgd::start(2);
    let gate = Gate::new();
    let working = Working::start(&orgd, settings(&format!("echo ready; {}; echo done", gate.step())));
    wait(&orgd, |state| state.logs == ["info ready"]).await;
    working.stop.advance(Phase::Draining);
    gate.open();
    working.end(Phase::Draining).await.unwrap();
    orgd.with(|state| {
        assert_eq!(state.logs, ["info ready", "info done"]);
        assert_eq!(state.ends, ["complete"]);
        assert_eq!((state.given, state.waiting), (1, 1), "the other job is left to others");
    });
}

#[tokio::test]
async fn a_worker_that_drains_does_the_job_that_it_gets_meanwhile() {
    let orgd = Orgd::start(0);
    let mut settings = settings("echo done");
    settings.poll = Duration::from_secs(20);
    let working = Working::start(&orgd, settings);
    wait(&orgd, |state| state.asked == 1).await;
    working.stop.advance(Phase::Draining);
    tokio::time::sleep(Duration::from_millis(100)).await;
    orgd.with(|state| state.waiting = 1);
    working.end(Phase::Draining).await.unwrap();
    orgd.with(|state| assert_eq!((state.ends.len(), state.asked), (1, 1)));
}

#[tokio::test]
async fn a_worker_that_waits_for_a_job_stops_at_once() {
    let orgd = Orgd::start(0);
    let mut settings = settings("");
    settings.poll = Duration::from_secs(60);
    let working = Working::start(&orgd, settings);
    wait(&orgd, |state| state.asked == 1).await;
    let told = Instant::now();
    working.end(Phase::Stopping).await.unwrap();
    assert!(told.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_worker_that_is_stopped_fails_its_job() {
    let orgd = Orgd::start(1);
    let working = Working::start(&orgd, settings("trap 'echo stopping; exit 0' TERM; echo ready; sleep 1000 & wait"));
    wait(&orgd, |state| state.logs == ["info ready"]).await;
    working.end(Phase::Stopping).await.unwrap();
    orgd.with(|state| {
        assert_eq!(state.ends, ["fail: worker was stopped"]);
        assert_eq!(state.logs, ["info ready", "info stopping"]);
    });
}
