//! Tells the figures: a table for people, JSON for programs, and what misses its goal.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use comfy_table::{CellAlignment, Table, presets};

use super::Extent;
use super::goals::{Goal, Line};
use super::rounds::{Measured, Spread};

/// Says on standard error what is being done.
pub(super) fn progress(what: &str) {
    // There is nobody to tell when standard error is closed.
    let _ = writeln!(std::io::stderr(), "bench: {what}");
}

/// Prints both tables.
pub(super) fn print(extent: Extent, measured: &Measured, lines: &[Line]) -> anyhow::Result<()> {
    let mut goals = Table::new();
    goals.load_style(presets::ASCII_MARKDOWN).set_header(["figure", "median (least–most)", "goal", ""]);
    for line in lines {
        let mark = match line.goal {
            Goal::None => "",
            _ if line.is_within(1.0) => "✓",
            _ => "✗",
        };
        goals.add_row([line.name.clone(), figure(line.figure, line.unit), goal(line), mark.to_owned()]);
    }
    let mut loads = Table::new();
    loads.load_style(presets::ASCII_MARKDOWN).set_header(["load", "cpu of one request, µs", "requests/s"]);
    for (name, samples) in measured {
        let cpu = Spread::of(samples.iter().map(|sample| sample.microseconds));
        let rate = Spread::of(samples.iter().map(|sample| sample.per_second));
        loads.add_row([
            name.clone(),
            figure(cpu, ""),
            format!("{:.0} ({:.0}–{:.0})", rate.median, rate.least, rate.most),
        ]);
    }
    for column in 1..3 {
        if let Some(column) = loads.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let Extent { rounds, seconds, .. } = extent;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{goals}\n\nWhat the ratios are made of. These depend on the machine and are no verdict ({rounds} rounds of \
         {seconds} s).\n\n{loads}"
    )?;
    Ok(())
}

/// Writes every figure and every sample.
pub(super) fn write_json(file: &Path, extent: Extent, measured: &Measured, lines: &[Line]) -> anyhow::Result<()> {
    let spread =
        |figure: Spread| serde_json::json!({ "median": figure.median, "min": figure.least, "max": figure.most });
    let figures: Vec<_> = lines
        .iter()
        .map(|line| {
            serde_json::json!({
                "name": line.name, "unit": line.unit, "figure": spread(line.figure), "goal": line.goal,
                "reached": (line.goal != Goal::None).then(|| line.is_within(1.0)),
            })
        })
        .collect();
    let loads: serde_json::Map<_, _> = measured
        .iter()
        .map(|(name, samples)| {
            let samples: Vec<_> = samples
                .iter()
                .map(|sample| {
                    serde_json::json!({ "cpu_us": sample.microseconds, "requests_per_second": sample.per_second })
                })
                .collect();
            (name.clone(), samples.into())
        })
        .collect();
    let all = serde_json::json!({
        "rounds": extent.rounds, "seconds": extent.seconds, "jobs": [extent.few_jobs, extent.many_jobs],
        "figures": figures, "loads": loads,
    });
    let text = serde_json::to_string_pretty(&all)?;
    fs::write(file, text + "\n").with_context(|| format!("cannot write {}", file.display()))
}

/// Names what misses its goal by more than `factor`; true when there is any.
pub(super) fn complain(lines: &[Line], factor: f64) -> bool {
    let worse: Vec<_> = lines.iter().filter(|line| !line.is_within(factor)).collect();
    for line in &worse {
        progress(&format!(
            "{}: {} misses the goal {} by more than {factor}",
            line.name,
            figure(line.figure, line.unit),
            goal(line)
        ));
    }
    !worse.is_empty()
}

fn figure(figure: Spread, unit: &str) -> String {
    let Spread { median, least, most } = figure;
    if median.is_nan() {
        // Not every load has every figure.
        return String::new();
    }
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    if least == most { format!("{median:.2}{unit}") } else { format!("{median:.2}{unit} ({least:.2}–{most:.2})") }
}

fn goal(line: &Line) -> String {
    let unit = if line.unit.is_empty() { String::new() } else { format!(" {}", line.unit) };
    match line.goal {
        Goal::AtMost(most) => format!("≤ {most}{unit}"),
        Goal::AtLeast(least) => format!("≥ {least}{unit}"),
        Goal::None => String::new(),
    }
}
