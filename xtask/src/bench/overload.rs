//! `cargo xtask bench --overload`: four times as many changes as the server can make. What it makes of them in a second is held against what it
//! makes when nobody is too much, and so is what it makes right after the crowd has gone.

use std::time::Duration;

use super::goals::{Goal, Line, rate, ratio};
use super::rounds::{Measured, Spread, apply};
use super::server::{Place, Server};
use super::wrk::{Run, Script};
use super::{Extent, report};

/// As many changes may be under way, and as many callers are just enough.
const MOST: u32 = 64;
/// Callers when there are too many.
const CROWD: u32 = 16 * MOST;
/// How much is asked for, in what can be done.
const EXCESS: f64 = 4.0;

const BEFORE: &str = "create, 64 callers, before";
const DURING: &str = "create, what is made of four times as much";
const AFTER: &str = "create, 64 callers, right after";

/// Measures all of it.
pub(super) fn run(place: Place<'_>, extent: Extent) -> anyhow::Result<(Measured, Vec<Line>)> {
    let (server, seeded) = Server::seeded_bounded(place, "overload", extent.few_jobs, MOST)?;
    let script = Script::Create { token: seeded.owner.clone() };
    let load = |prefix: &str, callers, pause| {
        apply(&server, &script, Run { callers, seconds: extent.seconds, folder: place.folder, prefix, pause })
    };
    load("warm", MOST, Duration::ZERO)?;
    let mut measured = Measured::new();
    let mut offered = Vec::new();
    for round in 1..=extent.rounds {
        report::progress(&format!("round {round} of {}", extent.rounds));
        let (before, _) = load(&format!("b{round}"), MOST, Duration::ZERO)?;
        let pause = Duration::from_secs_f64(f64::from(CROWD) / (EXCESS * before.per_second));
        let (during, counted) = load(&format!("d{round}"), CROWD, pause)?;
        let (after, _) = load(&format!("a{round}"), MOST, Duration::ZERO)?;
        offered.push(counted.per_second / before.per_second);
        for (name, sample) in [(BEFORE, before), (DURING, during), (AFTER, after)] {
            measured.entry(name.to_owned()).or_default().push(sample);
        }
    }
    let goal = Goal::AtLeast(0.8);
    let lines = vec![
        Line {
            name: "answers, made or refused, when four times as much is asked for / changes before: per second"
                .to_owned(),
            unit: "",
            figure: Spread::of(offered),
            goal: Goal::None,
        },
        ratio(
            &measured,
            "changes made when four times as much is asked for / before: per second",
            DURING,
            BEFORE,
            rate,
            goal,
        ),
        ratio(&measured, "changes made right after it / before: per second", AFTER, BEFORE, rate, goal),
    ];
    Ok((measured, lines))
}
