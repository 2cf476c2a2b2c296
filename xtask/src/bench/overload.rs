//! `cargo xtask bench --overload`: two and four times as many changes as the server can make. What it makes of them in a second is held against
//! what it makes when nobody is too much, and so is what it makes right after the crowd has gone.

use std::time::Duration;

use super::goals::{Goal, Line, rate, ratio};
use super::rounds::{Measured, Sample, Spread, apply};
use super::server::{Place, Server};
use super::wrk::{Counted, Run, Script};
use super::{Extent, report};

/// As many changes may be under way, and as many callers are just enough.
const MOST: u32 = 64;
/// Callers when there are too many.
const CROWD: u32 = 16 * MOST;

/// How much is asked for, in what can be done, and what is to be made of it.
struct Excess {
    times: f64,
    words: &'static str,
    made: Goal,
    refusing: Goal,
}

/// The load takes its share of the cores, which is for twice as much about what a machine of its own would leave. Four times as much says on one machine
/// what a refusal costs and that everything goes on; what is made meanwhile is what load and refusals leave of the cores.
const EXCESSES: [Excess; 2] = [
    Excess { times: 2.0, words: "twice as much", made: Goal::AtLeast(0.8), refusing: Goal::None },
    Excess { times: 4.0, words: "four times as much", made: Goal::None, refusing: Goal::AtMost(0.3) },
];

/// Names of what is measured.
impl Excess {
    fn before(&self) -> String {
        format!("create, 64 callers, before {}", self.words)
    }

    fn during(&self) -> String {
        format!("create, what is made of {}", self.words)
    }

    fn after(&self) -> String {
        format!("create, 64 callers, right after {}", self.words)
    }
}

/// Measures all of it.
pub(super) fn run(place: Place<'_>, extent: Extent) -> anyhow::Result<(Measured, Vec<Line>)> {
    let (server, seeded) = Server::seeded_bounded(place, "overload", extent.few_jobs, MOST)?;
    let script = Script::Create { token: seeded.owner.clone() };
    let load = |prefix: &str, callers, pause| {
        apply(&server, &script, Run { callers, seconds: extent.seconds, folder: place.folder, prefix, pause })
    };
    load("warm", MOST, Duration::ZERO)?;
    let mut measured = Measured::new();
    let mut lines = Vec::new();
    for excess in EXCESSES {
        let (mut offered, mut refusals) = (Vec::new(), Vec::new());
        for round in 1..=extent.rounds {
            report::progress(&format!("{}: round {round} of {}", excess.words, extent.rounds));
            let prefix = |part: &str| format!("x{}{part}{round}", excess.times);
            let (before, _) = load(&prefix("b"), MOST, Duration::ZERO)?;
            let pause = Duration::from_secs_f64(f64::from(CROWD) / (excess.times * before.per_second));
            let (during, counted) = load(&prefix("d"), CROWD, pause)?;
            let (after, _) = load(&prefix("a"), MOST, Duration::ZERO)?;
            offered.push(counted.per_second / before.per_second);
            refusals.push(refusal(&before, &during, &counted) / before.microseconds);
            for (name, sample) in [(excess.before(), before), (excess.during(), during), (excess.after(), after)] {
                measured.entry(name).or_default().push(sample);
            }
        }
        lines.extend(judged(&measured, &excess, &offered, &refusals));
    }
    Ok((measured, lines))
}

/// Processor time of the server for one refusal, in microseconds, when a change costs what it cost before.
fn refusal(before: &Sample, during: &Sample, counted: &Counted) -> f64 {
    let for_refusals = (during.microseconds - before.microseconds) * during.per_second;
    for_refusals / (counted.per_second - during.per_second)
}

fn judged(measured: &Measured, excess: &Excess, offered: &[f64], refusals: &[f64]) -> [Line; 4] {
    let Excess { words, made, refusing, .. } = excess;
    let line = |name: String, figures: &[f64], goal| Line {
        name,
        unit: "",
        figure: Spread::of(figures.iter().copied()),
        goal,
    };
    let made_then = |name: &str, then: &str, goal| {
        ratio(measured, &format!("{name} / before: per second"), then, &excess.before(), rate, goal)
    };
    [
        line(format!("{words}: answers, made or refused / changes before: per second"), offered, Goal::None),
        made_then(&format!("{words}: changes made"), &excess.during(), *made),
        line(format!("{words}: processor time, a refusal / a change"), refusals, *refusing),
        made_then(&format!("right after {words}: changes made"), &excess.after(), Goal::AtLeast(0.8)),
    ]
}

#[cfg(test)]
mod tests {
    use super::{Counted, Sample, refusal};

    #[test]
    fn a_refusal_costs_what_the_changes_do_not() {
        let before = Sample { microseconds: 60.0, per_second: 100.0 };
        // 50 changes at 60 µs each and 150 refusals at 12 µs each, which is 96 µs for each change.
        let during = Sample { microseconds: 96.0, per_second: 50.0 };
        let counted = Counted { requests: 400, per_second: 200.0, refused: 300 };
        assert!((refusal(&before, &during, &counted) - 12.0).abs() < 1e-9);
    }
}
