//! Runs steps that do not need the machine for themselves beside one another: they wait for browsers, packages and servers half of their time.
//! Each is a process of its own, so that what it says stays together.

use std::io::{Read as _, Seek as _};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::steps::Step;

/// A step that was run, and what it said.
pub(super) struct Ended<'s> {
    pub(super) step: &'s Step,
    pub(super) outcome: anyhow::Result<()>,
    pub(super) said: String,
    pub(super) time: Duration,
}

/// Runs the steps, so many at a time, and tells each when it has ended. After one that failed none is begun any more.
///
/// # Errors
/// `tell` fails.
pub(super) fn run<'s>(
    steps: &[&'s Step],
    at_a_time: usize,
    carry_out: impl Fn(&Step) -> (anyhow::Result<()>, String) + Sync,
    mut tell: impl FnMut(Ended<'s>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (next, has_failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, ended) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..at_a_time {
            let sender = sender.clone();
            scope.spawn(|| {
                let sender = sender;
                while !has_failed.load(Ordering::Relaxed)
                    && let Some(step) = steps.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let begun = Instant::now();
                    let (outcome, said) = carry_out(step);
                    has_failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
                    // Who hears it outlives this thread.
                    let _ = sender.send(Ended { step, outcome, said, time: begun.elapsed() });
                }
            });
        }
        drop(sender);
        let told = ended.iter().try_for_each(&mut tell);
        has_failed.fetch_or(told.is_err(), Ordering::Relaxed);
        told
    })
}

/// Runs the program, and returns what it said on both of its outputs.
pub(super) fn as_process(mut program: Command) -> (anyhow::Result<()>, String) {
    let mut said = String::new();
    let outcome = listen(&mut program, &mut said);
    (outcome, said)
}

fn listen(program: &mut Command, said: &mut String) -> anyhow::Result<()> {
    // Not a pipe: what a step leaves running could keep that open.
    let mut both = tempfile::tempfile().context("cannot make a file for what it says")?;
    let status = program.stdout(both.try_clone()?).stderr(both.try_clone()?).status().context("cannot be started")?;
    both.rewind()?;
    let mut bytes = Vec::new();
    both.read_to_end(&mut bytes)?;
    said.push_str(&String::from_utf8_lossy(&bytes));
    if !status.success() {
        bail!("it ended with {status}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU32, Ordering};

    use anyhow::bail;

    use super::{Step, as_process, run};
    use crate::ci::shell::command;

    const fn named(name: &'static str) -> Step {
        Step { name, about: "is not run", needs_quiet: false, run: |_| Ok(()) }
    }

    const STEPS: [Step; 4] = [named("first"), named("second"), named("third"), named("fourth")];

    #[test]
    fn so_many_are_under_way_at_a_time_and_each_is_told() {
        // Nobody would get past it alone.
        let barrier = Barrier::new(2);
        let mut told = Vec::new();
        let wait = |step: &Step| {
            barrier.wait();
            (Ok(()), step.name.to_uppercase())
        };
        let steps: Vec<_> = STEPS.iter().collect();
        run(&steps, 2, wait, |ended| {
            assert_eq!(ended.said, ended.step.name.to_uppercase());
            assert!(ended.outcome.is_ok());
            told.push(ended.step.name);
            Ok(())
        })
        .unwrap();
        told.sort_unstable();
        assert_eq!(told, ["first", "fourth", "second", "third"]);
    }

    #[test]
    fn after_a_failure_none_is_begun() {
        let begun = AtomicU32::new(0);
        let fail = |_: &Step| {
            begun.fetch_add(1, Ordering::Relaxed);
            (Err(anyhow::anyhow!("it broke")), String::new())
        };
        let mut failed = 0;
        let steps: Vec<_> = STEPS.iter().collect();
        run(&steps, 1, fail, |ended| {
            failed += u32::from(ended.outcome.is_err());
            Ok(())
        })
        .unwrap();
        assert_eq!((begun.load(Ordering::Relaxed), failed), (1, 1));
    }

    #[test]
    fn what_cannot_be_told_is_an_error() {
        let steps: Vec<_> = STEPS.iter().collect();
        let error = run(&steps, 1, |_| (Ok(()), String::new()), |_| bail!("closed")).unwrap_err();
        assert_eq!(error.to_string(), "closed");
    }

    #[test]
    fn what_a_program_says_is_kept_whether_it_fails_or_not() {
        let shell = |script: &str| as_process(command(Path::new("/"), "sh", &["-c", script]));
        let (outcome, said) = shell("echo one; echo two >&2; echo three");
        outcome.unwrap();
        assert_eq!(said, "one\ntwo\nthree\n");
        let (outcome, said) = shell("echo why >&2; exit 3");
        assert!(outcome.unwrap_err().to_string().starts_with("it ended with "));
        assert_eq!(said, "why\n");
        let (outcome, _) = as_process(command(Path::new("/"), "no-program-has-this-name", &[""]));
        assert!(outcome.unwrap_err().to_string().starts_with("cannot be started"));
    }
}
