//! Applies every load once in each round, so that whatever else the machine does meets all of them alike.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::loads::Load;
use super::server::Server;
use super::wrk::{self, Counted, Run, Script};
use super::{Extent, report};

/// What one load cost in one round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// Processor time of the server for one request, user and system, in microseconds.
    pub(super) microseconds: f64,
    /// Answers in a second.
    pub(super) per_second: f64,
}

/// The samples of every load, by its name, in the order of the rounds.
pub(super) type Measured = BTreeMap<String, Vec<Sample>>;

/// Median, least and most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}

impl Spread {
    /// Of at least one value; without any, all three are NaN.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let half = values.len() / 2;
        let median = if values.len() % 2 == 1 { at(half) } else { f64::midpoint(at(half.saturating_sub(1)), at(half)) };
        Self { median, least: at(0), most: at(values.len().saturating_sub(1)) }
    }
}

/// Measures all loads.
pub(super) fn measure(loads: &[Load<'_>], extent: Extent, folder: &Path) -> anyhow::Result<Measured> {
    let mut measured = Measured::new();
    for load in loads {
        // Everything is in its cache before anything counts.
        sample(load, 1, folder, "warm").with_context(|| load.name.clone())?;
    }
    for round in 1..=extent.rounds {
        report::progress(&format!("round {round} of {}", extent.rounds));
        for load in loads {
            let prefix = format!("r{round}");
            let sample = sample(load, extent.seconds, folder, &prefix).with_context(|| load.name.clone())?;
            measured.entry(load.name.clone()).or_default().push(sample);
        }
    }
    Ok(measured)
}

/// Applies one load once.
pub(super) fn sample(load: &Load<'_>, seconds: u32, folder: &Path, prefix: &str) -> anyhow::Result<Sample> {
    let prefix = format!("{prefix}c{}", load.callers);
    let run = Run { callers: load.callers, seconds, folder, prefix: &prefix, pause: Duration::ZERO };
    let (sample, counted) = apply(load.server, &load.script, run)?;
    counted.without_refusals()?;
    Ok(sample)
}

/// Applies a load that may be more than the server takes. The sample is of what was not refused.
pub(super) fn apply(server: &Server, script: &Script, run: Run<'_>) -> anyhow::Result<(Sample, Counted)> {
    let before = server.processor_seconds()?;
    let counted = wrk::run(script, &server.url(), run)?;
    let spent = server.processor_seconds()? - before;
    server.empty_log()?;
    let served = counted.requests - counted.refused;
    ensure!(served > 0, "every request was refused");
    let per_second = counted.per_second * served as f64 / counted.requests as f64;
    Ok((Sample { microseconds: spent * 1e6 / served as f64, per_second }, counted))
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(Spread::of([3.0, 1.0, 9.0]), Spread { median: 3.0, least: 1.0, most: 9.0 });
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 9.0]).median, 3.0);
        assert!(Spread::of([]).median.is_nan());
    }
}
