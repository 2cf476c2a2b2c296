//! The goals, and what of them was reached. A ratio is taken within each round and then the median of the rounds.

use serde::Serialize;

use super::Extent;
use super::loads::FILTERS;
use super::queue::QueueNumbers;
use super::rounds::{Measured, Sample, Spread};
use super::start::{Memory, Starts};

/// Which side of the goal is the good one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Goal {
    /// This or less.
    AtMost(f64),
    /// This or more.
    AtLeast(f64),
    /// Told for information.
    None,
}

/// One figure and its goal.
#[derive(Debug)]
pub(super) struct Line {
    /// What was measured.
    pub(super) name: String,
    /// The unit; empty for a ratio.
    pub(super) unit: &'static str,
    /// The figure.
    pub(super) figure: Spread,
    /// What it should be.
    pub(super) goal: Goal,
}

impl Line {
    /// True when the median is on the good side of the goal, or misses it by no more than `factor`.
    pub(super) fn is_within(&self, factor: f64) -> bool {
        match self.goal {
            Goal::AtMost(most) => self.figure.median <= most * factor,
            Goal::AtLeast(least) => self.figure.median * factor >= least,
            Goal::None => true,
        }
    }
}

/// All figures with their goals.
pub(super) fn judge(
    extent: Extent,
    measured: &Measured,
    starts: &Starts,
    queue: &QueueNumbers,
    memory: Memory,
) -> Vec<Line> {
    let mut lines = organization_and_page(measured);
    for filter in FILTERS {
        let name = format!("list, {} / {} jobs, filter {filter}: cpu", extent.many_jobs, extent.few_jobs);
        let (many, few) = (format!("{filter}; many jobs"), format!("{filter}; few jobs"));
        lines.push(ratio(measured, &name, &many, &few, cpu, Goal::AtMost(1.2)));
    }
    let pending = extent.pending;
    let microseconds = |nanoseconds: &[f64]| Spread::of(nanoseconds.iter().map(|each| each / 1000.0));
    let single = |name: String, unit, figure, goal| Line { name, unit, figure, goal };
    let exact = |kib: u64| Spread::of([kib as f64 / 1024.0]);
    lines.extend([
        single(
            format!("queue numbers of one job of {pending} pending"),
            "µs",
            microseconds(&queue.unchanged),
            Goal::AtMost(20.0),
        ),
        single(
            "the same, with a job that leaves and comes back in between".to_owned(),
            "µs",
            microseconds(&queue.changed),
            Goal::None,
        ),
        ratio(
            measured,
            "durable creates, 64 callers / one caller (a commit each): requests/s",
            "create, 64 callers",
            "create, one caller",
            rate,
            Goal::AtLeast(8.0),
        ),
        single(
            "cold start on an empty database to the first authenticated answer".to_owned(),
            "ms",
            Spread::of(starts.milliseconds.iter().copied()),
            Goal::AtMost(25.0),
        ),
        single("idle memory".to_owned(), "MiB", exact(memory.idle), Goal::AtMost(25.0)),
        single(format!("memory after load, {} jobs", extent.few_jobs), "MiB", exact(memory.few), Goal::None),
        single(format!("memory after load, {} jobs", extent.many_jobs), "MiB", exact(memory.many), Goal::None),
    ]);
    lines
}

fn organization_and_page(measured: &Measured) -> Vec<Line> {
    let get = "organization by name";
    let (small, large) = ("ceiling of an organization", "ceiling of a list");
    vec![
        ratio(measured, "GET organization by name / static: cpu", get, small, cpu, Goal::AtMost(1.15)),
        ratio(measured, "GET organization by name / static: requests/s", get, small, rate, Goal::AtLeast(0.85)),
        ratio(
            measured,
            "request id, metrics and access record / none of them: cpu",
            get,
            "organization by name, unobserved",
            cpu,
            Goal::AtMost(1.3),
        ),
        ratio(
            measured,
            "list of 50 jobs, page kept / static: cpu",
            "list of 50 from memory",
            large,
            cpu,
            Goal::AtMost(1.6),
        ),
        ratio(
            measured,
            "list of 50 jobs, page assembled anew / static: cpu",
            "list of 50 assembled anew",
            large,
            cpu,
            Goal::None,
        ),
    ]
}

pub(super) fn cpu(sample: &Sample) -> f64 {
    sample.microseconds
}

pub(super) fn rate(sample: &Sample) -> f64 {
    sample.per_second
}

/// What the samples of one load are to those of another, round by round.
pub(super) fn ratio(
    measured: &Measured,
    name: &str,
    numerator: &str,
    denominator: &str,
    part: fn(&Sample) -> f64,
    goal: Goal,
) -> Line {
    let samples = |name: &str| measured.get(name).into_iter().flatten();
    let rounds = samples(numerator).zip(samples(denominator));
    let figure = Spread::of(rounds.map(|(one, other)| part(one) / part(other)));
    Line { name: name.to_owned(), unit: "", figure, goal }
}

#[cfg(test)]
mod tests {
    use super::{Goal, Line, Measured, Sample, Spread, cpu, ratio};

    #[test]
    fn ratios_are_taken_within_a_round() {
        let sample = |microseconds| Sample { microseconds, per_second: 1.0 };
        let mut measured = Measured::new();
        measured.insert("one".to_owned(), vec![sample(2.0), sample(30.0), sample(4.0)]);
        measured.insert("other".to_owned(), vec![sample(1.0), sample(10.0), sample(1.0)]);
        let line = ratio(&measured, "n", "one", "other", cpu, Goal::AtMost(3.0));
        assert_eq!(line.figure, Spread { median: 3.0, least: 2.0, most: 4.0 });
        assert!(line.is_within(1.0));
    }

    #[test]
    fn a_factor_gives_room_on_the_bad_side() {
        let line = |median, goal| Line {
            name: String::new(),
            unit: "",
            figure: Spread { median, least: median, most: median },
            goal,
        };
        assert!(!line(1.3, Goal::AtMost(1.2)).is_within(1.0));
        assert!(line(1.3, Goal::AtMost(1.2)).is_within(1.5));
        assert!(!line(5.0, Goal::AtLeast(8.0)).is_within(1.5));
        assert!(line(6.0, Goal::AtLeast(8.0)).is_within(1.5));
        assert!(!line(f64::NAN, Goal::AtMost(1.0)).is_within(1.5));
    }
}
