//! `cargo xtask ci`: everything that must hold before a change is merged, one step after the other, stopping at the first
//! that fails; those at the end that need no quiet machine beside one another. This file owns the order, the times and the closing line; what a step does is in `ci/steps.rs`.

mod alerts;
mod beside;
mod databases;
pub(crate) mod place;
pub(crate) mod python;
pub(crate) mod shell;
mod steps;
pub(crate) mod supply;
pub(crate) mod system;
pub(crate) mod tools;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;

use place::Place;
use shell::command;
use steps::{STEPS, Step};

/// Which steps to run.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Run this step alone, with the set-up that it needs; may be given several times.
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// List the steps and run none.
    #[arg(long, conflicts_with = "only")]
    list: bool,
    /// Print what the steps say and nothing around it.
    #[arg(long, hide = true, requires = "only")]
    bare: bool,
}

/// Runs the steps. Exit code 0 when all passed, 1 when one failed.
///
/// # Errors
/// A step of that name does not exist, or standard output is closed.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let chosen = choose(STEPS, &arguments.only)?;
    let mut out = std::io::stdout();
    if arguments.list {
        for step in chosen {
            writeln!(out, "{:<14} {}", step.name, step.about)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let place = Place::find()?;
    if arguments.bare {
        chosen.iter().try_for_each(|step| (step.run)(&place))?;
        return Ok(ExitCode::SUCCESS);
    }
    carry_out(&chosen, &place, &mut out)
}

/// The steps of these names in the order of the table, or all of them when there is no name.
fn choose<'s>(steps: &'s [Step], names: &[String]) -> anyhow::Result<Vec<&'s Step>> {
    if let Some(unknown) = names.iter().find(|name| steps.iter().all(|step| step.name != **name)) {
        let known: Vec<_> = steps.iter().map(|step| step.name).collect();
        bail!("there is no step {unknown:?}; the steps are {}", known.join(", "));
    }
    Ok(steps.iter().filter(|step| names.is_empty() || names.iter().any(|name| name == step.name)).collect())
}

fn carry_out(steps: &[&Step], place: &Place, out: &mut impl std::io::Write) -> anyhow::Result<ExitCode> {
    let start = Instant::now();
    let mut course = Course { out, of: steps.len(), passed: 0, failed: 0 };
    for group in steps.chunk_by(|one, next| !one.needs_quiet && !next.needs_quiet) {
        match group {
            [step] => course.alone(step, place)?,
            several => course.beside(several, place)?,
        }
        if course.failed > 0 {
            break;
        }
    }
    let Course { passed, failed, .. } = course;
    if failed == 0 {
        writeln!(out, "\nAll steps took {}.", spell(start.elapsed()))?;
    }
    writeln!(out, "{passed} passed, {failed} failed")?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How far the steps have come.
struct Course<'o, O> {
    out: &'o mut O,
    of: usize,
    passed: usize,
    failed: usize,
}

impl<O: std::io::Write> Course<'_, O> {
    fn alone(&mut self, step: &Step, place: &Place) -> anyhow::Result<()> {
        self.head(step)?;
        let begun = Instant::now();
        let outcome = (step.run)(place);
        self.close(step, outcome, begun.elapsed())
    }

    /// Two at a time, and no more on a larger machine: tests of theirs have deadlines.
    fn beside(&mut self, steps: &[&Step], place: &Place) -> anyhow::Result<()> {
        let names: Vec<_> = steps.iter().map(|step| step.name).collect();
        writeln!(self.out, "\n=== two at a time: {}", names.join(", "))?;
        let task = |step: &Step| command(&place.root, "cargo", &["xtask", "ci", "--bare", "--only", step.name]);
        beside::run(
            steps,
            2,
            |step| beside::as_process(task(step)),
            |ended| {
                self.head(ended.step)?;
                self.out.write_all(ended.said.as_bytes())?;
                self.close(ended.step, ended.outcome, ended.time)
            },
        )
    }

    fn head(&mut self, step: &Step) -> anyhow::Result<()> {
        let number = self.passed + self.failed + 1;
        writeln!(self.out, "\n=== {} ({number} of {}): {}", step.name, self.of, step.about)?;
        Ok(())
    }

    fn close(&mut self, step: &Step, outcome: anyhow::Result<()>, time: Duration) -> anyhow::Result<()> {
        let (name, time) = (step.name, spell(time));
        match outcome.with_context(|| format!("step {name:?} failed")) {
            Ok(()) => {
                self.passed += 1;
                writeln!(self.out, "=== {name} passed in {time}")?;
            }
            Err(error) => {
                self.failed += 1;
                writeln!(self.out, "=== {name} FAILED after {time}: {error:#}")?;
                writeln!(self.out, "To repeat it alone: cargo xtask ci --only {name}")?;
            }
        }
        Ok(())
    }
}

fn spell(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::process::ExitCode;

    use super::{Place, STEPS, Step, carry_out, choose, spell};

    thread_local! {
        static RUNS: Cell<u32> = const { Cell::new(0) };
    }

    fn count(_: &Place) -> anyhow::Result<()> {
        RUNS.with(|runs| runs.set(runs.get() + 1));
        Ok(())
    }

    fn fail(_: &Place) -> anyhow::Result<()> {
        anyhow::bail!("it broke")
    }

    const FIRST: Step = Step { name: "first", about: "counts", needs_quiet: true, run: count };
    const BROKEN: Step = Step { name: "broken", about: "fails", needs_quiet: true, run: fail };

    fn carried_out(steps: &[&Step]) -> (ExitCode, String) {
        let mut out = Vec::new();
        let code = carry_out(steps, &Place::find().unwrap(), &mut out).unwrap();
        (code, String::from_utf8(out).unwrap())
    }

    #[test]
    fn closes_with_the_counts() {
        let (code, text) = carried_out(&[&FIRST, &FIRST]);
        assert_eq!(code, ExitCode::SUCCESS);
        assert_eq!(text.lines().last(), Some("2 passed, 0 failed"));
    }

    #[test]
    fn stops_at_the_first_failure_and_says_how_to_repeat_it() {
        RUNS.with(|runs| runs.set(0));
        let (code, text) = carried_out(&[&FIRST, &BROKEN, &FIRST]);
        assert_eq!(code, ExitCode::FAILURE);
        assert_eq!(RUNS.with(Cell::get), 1, "the step after the failure did not run");
        let last: Vec<_> = text.lines().rev().take(2).collect();
        assert_eq!(last, ["1 passed, 1 failed", "To repeat it alone: cargo xtask ci --only broken"]);
        assert!(text.contains("=== broken FAILED after ") && text.contains("it broke"), "{text}");
    }

    #[test]
    fn chooses_by_name_in_the_order_of_the_table() {
        let names = |only: &[&str]| {
            let only: Vec<_> = only.iter().map(|name| (*name).to_owned()).collect();
            choose(STEPS, &only).map(|steps| steps.iter().map(|step| step.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["test", "format"]).unwrap(), ["format", "test"]);
        assert_eq!(names(&[]).unwrap().len(), STEPS.len());
        let error = names(&["tests"]).unwrap_err().to_string();
        assert!(error.starts_with(r#"there is no step "tests"; the steps are set-up, format"#), "{error}");
    }

    #[test]
    fn every_step_has_a_name_of_its_own() {
        for (index, step) in STEPS.iter().enumerate() {
            assert!(STEPS[..index].iter().all(|earlier| earlier.name != step.name), "{} is there twice", step.name);
        }
    }

    #[test]
    fn spells_times() {
        assert_eq!(spell(std::time::Duration::from_millis(1_250)), "1.2 s");
        assert_eq!(spell(std::time::Duration::from_secs(61)), "1 min 1 s");
    }
}
