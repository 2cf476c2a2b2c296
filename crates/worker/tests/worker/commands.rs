//! How a command ends, and what becomes of its job.

use std::time::Duration;

use serde_json::{Value, json};

use super::{run, settings};

#[tokio::test]
async fn a_command_that_ends_well_completes_its_job() {
    assert_eq!(run(settings("exit 0")).await, ("complete".to_owned(), vec![]));
}

#[tokio::test]
async fn a_command_that_ends_badly_fails_its_job() {
    let (end, logs) = run(settings("echo out; echo no such region >&2; echo >&2; exit 3")).await;
    assert_eq!(end, "fail: the command ended with status 3: no such region");
    assert!(logs.contains(&"info out".to_owned()) && logs.contains(&"warn no such region".to_owned()), "{logs:?}");
    assert_eq!(run(settings("exit 1")).await.0, "fail: the command ended with status 1");
}

#[tokio::test]
async fn a_command_that_is_killed_fails_its_job() {
    assert_eq!(run(settings("kill -9 $$")).await.0, "fail: the command was killed by signal 9 SIGKILL");
    assert_eq!(
        run(settings("echo a >&2; kill -15 $$")).await.0,
        "fail: the command was killed by signal 15 SIGTERM: a"
    );
}

#[tokio::test]
async fn a_command_that_cannot_be_run_fails_its_job() {
    let mut settings = settings("");
    settings.command = vec!["/no/such/command".into()];
    let (end, _) = run(settings).await;
    assert!(end.starts_with("fail: the command cannot be run: No such file or directory"), "{end}");
}

#[tokio::test]
async fn a_long_last_line_is_quoted_in_part() {
    let (end, _) = run(settings("head -c 9000 /dev/zero | tr '\\0' a >&2; exit 1")).await;
    assert_eq!(end, format!("fail: the command ended with status 1: {}", "a".repeat(1024)));
}

#[tokio::test]
async fn the_command_reads_the_job() {
    let (end, logs) = run(settings("cat")).await;
    assert_eq!(end, "complete");
    let read: Value = serde_json::from_str(logs[0].strip_prefix("info ").unwrap()).unwrap();
    assert_eq!(logs.len(), 1);
    assert_eq!(read["attempt"], 1);
    assert_eq!(read["provisioner"], "echo");
    assert_eq!(read["timeout_seconds"], 300);
    assert_eq!(read["job"]["type"], "workspace_build");
    assert_eq!(read["job"]["tags"], json!({"scope": "organization"}));
}

#[tokio::test]
async fn what_the_command_leaves_behind_is_killed() {
    // It keeps its output open, so the worker cannot wait for its end.
    let (end, logs) = run(settings("sleep 1000 & echo $!")).await;
    assert_eq!(end, "complete");
    let left = logs[0].strip_prefix("info ").unwrap().to_owned();
    for _ in 0..100 {
        if !super::is_running(&left) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{left} still runs");
}

#[tokio::test]
async fn what_has_left_the_process_group_is_not_waited_for() {
    let begun = std::time::Instant::now();
    let (end, logs) = run(settings("setsid sleep 60 & echo over; exit 0")).await;
    assert_eq!((end, logs), ("complete".to_owned(), vec!["info over".to_owned()]));
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}
