//! What a command writes, and what arrives of it.

use std::time::Duration;

use orgd_worker::Phase;

use super::orgd::Orgd;
use super::{Gate, Working, run, settings, wait};

#[tokio::test]
async fn lines_arrive_in_their_order_and_once() {
    let (end, logs) = run(settings("seq 1 5000")).await;
    assert_eq!(end, "complete");
    assert_eq!(logs, (1..=5000).map(|number| format!("info {number}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn long_lines_arrive_in_parts_and_in_reports_that_the_server_takes() {
    // As JSON each of these bytes takes six.
    let (end, logs) = run(settings("head -c 300000 /dev/zero | tr '\\0' '\\001'; echo; echo end")).await;
    assert_eq!(end, "complete");
    assert_eq!(logs.len(), 6);
    let text: String = logs[..5].iter().map(|line| line.strip_prefix("info ").unwrap()).collect();
    assert_eq!(text, "\u{1}".repeat(300_000));
    assert_eq!(logs[5], "info end");
}

#[tokio::test]
async fn broken_characters_are_replaced() {
    let (_, logs) = run(settings("printf 'a\\377b\\000c\\r\\nlast'")).await;
    assert_eq!(logs, ["info a\u{fffd}b\u{fffd}c", "info last"]);
}

#[tokio::test]
async fn lines_arrive_while_the_command_runs() {
    let orgd = Orgd::start(1);
    let working = Working::start(&orgd, settings("echo early; sleep 1000"));
    wait(&orgd, |state| state.logs == ["info early"]).await;
    working.end(Phase::Stopping).await.unwrap();
}

#[tokio::test]
async fn a_silent_command_is_reported_on() {
    let orgd = Orgd::start(1);
    let working = Working::start(&orgd, settings("sleep 1000"));
    wait(&orgd, |state| state.reports.len() >= 2).await;
    let between = orgd.with(|state| state.reports[1] - state.reports[0]);
    assert!(between < Duration::from_secs(10), "{between:?}");
    working.end(Phase::Stopping).await.unwrap();
}

#[tokio::test]
async fn nothing_more_is_sent_when_the_log_is_full() {
    let orgd = Orgd::start(1);
    orgd.with(|state| state.is_full = true);
    let gate = Gate::new();
    let working = Working::start(&orgd, settings(&format!("echo a; {}; seq 1 10000", gate.step())));
    wait(&orgd, |state| !state.logs.is_empty()).await;
    gate.open();
    wait(&orgd, |state| state.ends == ["complete"]).await;
    assert_eq!(orgd.with(|state| state.logs.clone()), ["info a"]);
    working.end(Phase::Draining).await.unwrap();
}
