//! `cargo xtask bench --postgres`: servers on a PostgreSQL that waits for the disk, against the same on SQLite, against PostgreSQL's
//! own load generator, and two servers against one.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use orgd_postgres_cluster::{Cluster, Installation, Options};

use super::goals::{Goal, Line, cpu, rate, ratio};
use super::loads::{self, FILTERS, Load, READERS, WRITERS};
use super::rounds::{Measured, Sample, sample};
use super::server::{Place, Seeded, Server, seed};
use super::wrk::Script;
use super::{Extent, Served, pgbench, report};

const FEW: &str = "few";
const MANY: &str = "many";
const CREATES: &str = "creates";

/// Everything that takes part.
struct Field {
    cluster: Cluster,
    sqlite: (Server, Seeded),
    few: (Server, Seeded),
    many: (Server, Seeded),
    creates: (Server, Seeded),
    /// Two servers with one worker each on the database of `few`.
    pair: [Server; 2],
}

/// Measures all of it.
pub(super) fn run(place: Place<'_>, extent: Extent) -> anyhow::Result<(Measured, Vec<Line>)> {
    let field = set_up(place, extent)?;
    let loads = single_loads(&field);
    let mut measured = Measured::new();
    for load in &loads {
        sample(load, 1, place.folder, "warm").with_context(|| load.name.clone())?;
    }
    for round in 1..=extent.rounds {
        report::progress(&format!("round {round} of {}", extent.rounds));
        for load in &loads {
            let taken = sample(load, extent.seconds, place.folder, &format!("r{round}"));
            measured.entry(load.name.clone()).or_default().push(taken.with_context(|| load.name.clone())?);
        }
        let both = both_at_once(&field, place.folder, extent.seconds)?;
        measured.entry("two servers, one worker each".to_owned()).or_default().push(both);
        let tps = pgbench::run(&field.cluster, CREATES, WRITERS, extent.seconds, place.folder)?;
        let own = Sample { microseconds: f64::NAN, per_second: tps };
        measured.entry("pgbench, 64 clients".to_owned()).or_default().push(own);
    }
    let lines = judge(extent, &measured);
    Ok((measured, lines))
}

fn set_up(place: Place<'_>, extent: Extent) -> anyhow::Result<Field> {
    report::progress("starting PostgreSQL");
    let settings = [("shared_buffers", "512MB"), ("max_wal_size", "4GB")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let options = Options { durable: true, settings, ..Options::default() };
    let cluster = Cluster::start(&Installation::newest()?, &options)?;
    let served = |name: &str, jobs: usize| {
        report::progress(&format!("filling a PostgreSQL database with {jobs} jobs"));
        let url = cluster.create_database(name)?;
        let seeded = seed(place, &url, jobs)?;
        anyhow::Ok((Server::ready(place, name, &url, &["serve", "--workers", "2"])?, seeded))
    };
    let (few, many, creates) = (served(FEW, extent.few_jobs)?, served(MANY, extent.many_jobs)?, served(CREATES, 0)?);
    let one = |name: &str| Server::ready(place, name, &cluster.url(FEW), &["serve", "--workers", "1"]);
    let pair = [one("left")?, one("right")?];
    let sqlite = Server::seeded(place, "sqlite", extent.few_jobs)?;
    Ok(Field { cluster, sqlite, few, many, creates, pair })
}

fn single_loads(field: &Field) -> Vec<Load<'_>> {
    let mut all: Vec<Load<'_>> = Vec::new();
    for (name, (server, seeded)) in
        [("organization by name, SQLite", &field.sqlite), ("organization by name, PostgreSQL", &field.few)]
    {
        let script = loads::organizations_by_name(seeded);
        all.push(Load { name: name.to_owned(), server, callers: READERS, script });
    }
    let (few, many): (Served<'_>, Served<'_>) = ((&field.few.0, &field.few.1), (&field.many.0, &field.many.1));
    for filter in FILTERS {
        for (size, served) in [(FEW, few), (MANY, many)] {
            let name = format!("{filter}; {size} jobs");
            all.push(loads::get(&name, served, |seeded| vec![loads::filtered(seeded, filter)]));
        }
    }
    let (server, seeded) = (&field.creates.0, &field.creates.1);
    let script = Script::Create { token: seeded.owner.clone() };
    all.push(Load { name: "create, 64 callers".to_owned(), server, callers: WRITERS, script });
    all
}

/// Half of the callers ask each of the two servers.
fn both_at_once(field: &Field, folder: &Path, seconds: u32) -> anyhow::Result<Sample> {
    let seeded = &field.few.1;
    let halves = std::thread::scope(|scope| {
        let threads = field.pair.each_ref().map(|server| {
            scope.spawn(move || {
                let own = folder.join(format!("half-{}", server.address().port()));
                fs::create_dir_all(&own)?;
                let script = loads::organizations_by_name(seeded);
                let load = Load { name: String::new(), server, callers: READERS / 2, script };
                sample(&load, seconds, &own, "half")
            })
        });
        threads.map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a load panicked")).and_then(|sample| sample))
    });
    let [left, right] = halves;
    let (left, right) = (left?, right?);
    Ok(Sample {
        microseconds: f64::midpoint(left.microseconds, right.microseconds),
        per_second: left.per_second + right.per_second,
    })
}

fn judge(extent: Extent, measured: &Measured) -> Vec<Line> {
    let (sqlite, postgres) = ("organization by name, SQLite", "organization by name, PostgreSQL");
    let mut lines = vec![
        ratio(
            measured,
            "GET organization by name, PostgreSQL / SQLite: requests/s",
            postgres,
            sqlite,
            rate,
            Goal::AtLeast(0.9),
        ),
        ratio(measured, "the same: cpu", postgres, sqlite, cpu, Goal::None),
        ratio(
            measured,
            "two servers with one worker each / one with two: requests/s",
            "two servers, one worker each",
            postgres,
            rate,
            Goal::AtLeast(0.95),
        ),
        ratio(
            measured,
            "durable creates, 64 callers / pgbench, 64 clients, the same statements: per second",
            "create, 64 callers",
            "pgbench, 64 clients",
            rate,
            Goal::AtLeast(0.8),
        ),
    ];
    for filter in FILTERS {
        // The server's own processor time says nothing about the database's, so time is compared.
        let name = format!("list, {} / {} jobs, filter {filter}: time", extent.many_jobs, extent.few_jobs);
        let (many, few) = (format!("{filter}; {MANY} jobs"), format!("{filter}; {FEW} jobs"));
        lines.push(ratio(measured, &name, &few, &many, rate, Goal::AtMost(1.5)));
    }
    lines
}
