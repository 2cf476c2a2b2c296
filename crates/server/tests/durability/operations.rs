//! Every operation while the database fails in every way: an answer in the documented shape, reads where they can be had, and all of it again
//! once the fault has passed. The operations are read from `openapi/`, so a new one is met by all of this without a line here.

use std::collections::BTreeMap;

use orgd_postgres_cluster::{Cluster, Options};

use crate::cluster::cluster;
use crate::create_one;
use crate::failing_disk::{FAULTS, FailingDisk};
use crate::harness::{Answer, Client, Kind, TestServer, open_sql};
use crate::world::{Target, World, brief};

/// Operations that may succeed with another method than GET and write nothing, or later: when a worker was last heard of, and that there is no
/// job for one.
const WRITES_NOTHING: [&str; 2] = ["acquireProvisionerJob", "heartbeatProvisionerDaemon"];

/// Somebody for each operation who may do it: sessions are made while they can be.
fn callers(world: &World) -> Vec<(&Target, Client)> {
    world.targets.iter().map(|target| (target, world.caller(target))).collect()
}

/// The answer, held against the document.
fn ask(target: &Target, caller: &Client) -> Answer {
    let request = caller.request(&target.method, &target.good_path());
    match &target.body {
        Some(body) => request.json(body).send(),
        None => request.send(),
    }
}

/// The answers of all, asked one after the other or at once.
fn ask_all(callers: &[(&Target, Client)], at_once: bool) -> BTreeMap<String, Answer> {
    if !at_once {
        return callers.iter().map(|(target, caller)| (target.id.clone(), ask(target, caller))).collect();
    }
    std::thread::scope(|scope| {
        let asked: Vec<_> = callers
            .iter()
            .map(|(target, caller)| scope.spawn(move || (target.id.clone(), ask(target, caller))))
            .collect();
        asked.into_iter().map(|answer| answer.join().unwrap()).collect()
    })
}

/// Each answer is a success, a refusal for another reason, or the 503 that says when to come back. Gives those of the last kind.
#[track_caller]
fn unavailable(fault: &str, answers: &BTreeMap<String, Answer>) -> Vec<String> {
    let mut refused = Vec::new();
    for (id, answer) in answers {
        let what = format!("{fault}: {id}: {} {}", answer.status, brief(answer));
        if answer.status < 500 {
            continue;
        }
        assert_eq!(answer.status, 503, "{what}");
        assert!(answer.header("retry-after").is_some(), "{what}");
        assert!(answer.json()["message"].as_str().is_some_and(|message| message.len() > 20), "{what}");
        refused.push(id.clone());
    }
    refused
}

/// What needs no write goes on, and nothing that needs one is acknowledged.
#[track_caller]
fn only_writes_are_refused(fault: &str, callers: &[(&Target, Client)], answers: &BTreeMap<String, Answer>) {
    let refused = unavailable(fault, answers);
    let wrong = callers.iter().filter_map(|(target, _)| {
        let answer = &answers[&target.id];
        let is_wrong = match target.method.as_str() {
            "GET" => refused.contains(&target.id),
            _ => answer.status < 300 && !WRITES_NOTHING.contains(&target.id.as_str()),
        };
        is_wrong.then(|| format!("{}: {} {}", target.id, answer.status, brief(answer)))
    });
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{fault}: {wrong:#?}");
    assert!(refused.len() > 20, "{fault}: only {refused:?}");
}

#[track_caller]
fn is_well_again(fault: &str, world: &World) {
    create_one(&world.server.owner(), &fault.replace(' ', "-"));
    world.is_sound();
}

#[test]
fn while_the_disk_takes_nothing() {
    let Some(disk) = FailingDisk::new() else { return };
    for fault in FAULTS.into_iter().filter(|fault| !fault.hits_reads()) {
        let world = World::on(disk.server());
        let callers = callers(&world);
        disk.fail(fault, 0, None);
        only_writes_are_refused(fault.name, &callers, &ask_all(&callers, false));
        disk.heal();
        is_well_again("a-disk-that-failed", &world);
    }
}

/// SQLite cannot tell a sector that the disk does not give back from a file that is damaged, and the latter is nothing that passes.
#[test]
fn while_the_disk_gives_nothing_back() {
    let Some(disk) = FailingDisk::new() else { return };
    let world = World::on(disk.server());
    let callers = callers(&world);
    for fault in FAULTS.into_iter().filter(|fault| fault.hits_reads()) {
        disk.fail(fault, 0, None);
        for (id, answer) in ask_all(&callers, false) {
            let is_damaged =
                answer.status == 500 && answer.json()["detail"].as_str().is_some_and(|id| id.contains("Request ID"));
            assert!(
                answer.status < 500 || answer.status == 503 || is_damaged,
                "{id}: {} {}",
                answer.status,
                brief(&answer)
            );
        }
        disk.heal();
        create_one(&world.server.owner(), &fault.name.replace(' ', "-"));
    }
}

#[test]
fn while_another_process_holds_the_lock() {
    let world = World::new();
    if world.server.kind() == Kind::Postgres {
        return;
    }
    let callers = callers(&world);
    let mut holder = world.server.sql();
    holder.run("BEGIN IMMEDIATE");
    let answers = ask_all(&callers, true);
    only_writes_are_refused("a lock", &callers, &answers);
    holder.run("ROLLBACK");
    is_well_again("a lock", &world);
}

fn on_postgres() -> (Cluster, World) {
    let cluster = cluster(&Options::default());
    let url = cluster.create_database("orgd").unwrap();
    let server = TestServer::with(&[("ORGD_DATABASE_URL", &url)]);
    (cluster, World::on(server))
}

/// Hinders the PostgreSQL, asks everything, and lets it go on.
#[track_caller]
fn hindered(fault: &str, hinder: impl FnOnce(&mut Cluster), let_go: impl FnOnce(&mut Cluster)) {
    let (mut cluster, world) = on_postgres();
    let callers = callers(&world);
    hinder(&mut cluster);
    let refused = unavailable(fault, &ask_all(&callers, true));
    assert!(refused.len() > 40, "{refused:?}");
    let_go(&mut cluster);
    is_well_again("PostgreSQL is back", &world);
}

#[test]
fn while_the_postgresql_is_down() {
    hindered("PostgreSQL is down", |it| it.stop_immediate().unwrap(), |it| it.restart().unwrap());
}

/// It neither answers nor says that it is gone.
#[test]
fn while_the_postgresql_stands_still() {
    hindered("PostgreSQL stands still", |it| it.freeze().unwrap(), |it| it.thaw().unwrap());
}

/// Its sessions are ended under the requests again and again.
#[test]
fn while_sessions_of_the_postgresql_end() {
    let (cluster, world) = on_postgres();
    let callers = callers(&world);
    let mut sql = open_sql(&cluster.url("postgres"));
    for (target, caller) in &callers {
        sql.number("SELECT count(pg_terminate_backend(pid)) AS value FROM pg_stat_activity WHERE application_name LIKE 'orgd%'");
        let answer = ask(target, caller);
        unavailable("ended sessions", &BTreeMap::from([(target.id.clone(), answer)]));
    }
    is_well_again("sessions ended", &world);
}
