//! Primary and standby on every PostgreSQL of this machine.

#![expect(clippy::panic, reason = "a test fails by panicking, helpers included")]

use std::time::{Duration, Instant};
use std::{process, thread};

use orgd_postgres_cluster::{Cluster, Installation, Options, Tcp};

fn installations() -> Vec<Installation> {
    Installation::find_all().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_a_killed_primary_has_committed_is_on_the_promoted_standby() {
    for installation in installations() {
        let mut primary = Cluster::start(&installation, &Options::default()).unwrap();
        primary.create_database("db").unwrap();
        primary.sql("db", "CREATE TABLE t (n int)").unwrap();
        let standby = Cluster::standby_of(&primary, "the second").unwrap();
        primary.set_synchronous(&["the second"]).unwrap();
        primary.sql("db", "INSERT INTO t VALUES (1)").unwrap();
        let error = standby.sql("db", "INSERT INTO t VALUES (2)").unwrap_err().to_string();
        assert!(error.contains("read-only transaction"), "{error}");

        primary.kill().unwrap();
        standby.promote().unwrap();
        assert_eq!(standby.sql("db", "INSERT INTO t VALUES (3); SELECT n FROM t ORDER BY n").unwrap(), "1\n3");

        primary.restart().unwrap();
        assert_eq!(primary.sql("db", "SELECT n FROM t").unwrap(), "1", "the old primary is one of its own now");
    }
}

#[test]
fn a_copy_of_a_synchronous_primary_does_not_wait_for_itself() {
    let installation = Installation::newest().unwrap_or_else(|error| panic!("{error}"));
    let mut primary = Cluster::start(&installation, &Options::default()).unwrap();
    let first = Cluster::standby_of(&primary, "first").unwrap();
    primary.set_synchronous(&["first"]).unwrap();
    let second = Cluster::standby_of(&primary, "second").unwrap();
    primary.set_synchronous(&["first", "second"]).unwrap();
    let states = "SELECT application_name, sync_state FROM pg_stat_replication ORDER BY 1";
    assert_eq!(primary.sql("postgres", states).unwrap(), "first|sync\nsecond|sync");
    drop(first);
    primary.set_synchronous(&[]).unwrap();
    // What is killed without having been sent would be lost.
    primary.set_synchronous(&["second"]).unwrap();
    primary.sql("postgres", "CREATE TABLE t (n int)").unwrap();
    primary.kill().unwrap();
    second.promote().unwrap();
    assert_eq!(
        second.sql("postgres", "SHOW synchronous_standby_names; INSERT INTO t VALUES (1); TABLE t").unwrap(),
        "\n1"
    );
}

#[test]
fn a_commit_waits_for_a_frozen_synchronous_standby() {
    for installation in installations() {
        let primary = Cluster::start(&installation, &Options::default()).unwrap();
        let standby = Cluster::standby_of(&primary, "second").unwrap();
        primary.set_synchronous(&["second"]).unwrap();
        standby.freeze().unwrap();
        thread::scope(|scope| {
            let commit = scope.spawn(|| primary.sql("postgres", "CREATE TABLE t (n int)"));
            thread::sleep(Duration::from_millis(500));
            assert!(!commit.is_finished(), "it did not wait for the standby");
            standby.thaw().unwrap();
            commit.join().unwrap().unwrap();
        });
        // What is confirmed is on its disk; it is seen a little later.
        let until = Instant::now() + Duration::from_secs(60);
        while standby.sql("postgres", "SELECT count(*) FROM pg_class WHERE relname = 't'").unwrap() != "1" {
            assert!(Instant::now() < until, "the standby does not show what it confirmed");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn a_url_of_both_finds_the_one_that_takes_writes() {
    for installation in installations() {
        let tcp = Some(Tcp::default());
        let primary = Cluster::start(&installation, &Options { tcp, ..Options::default() }).unwrap();
        let standby = Cluster::standby_of(&primary, "second").unwrap();
        assert_ne!(primary.tcp_host_port(), standby.tcp_host_port());
        let hosts = format!("{},{}", standby.host_port(), primary.host_port());
        let url = format!("postgres://postgres@{hosts}/postgres?target_session_attrs=read-write");
        let mut psql = process::Command::new(installation.folder().join("psql"));
        let output = psql.args(["-X", "-A", "-t", "-d", &url, "-c", "SHOW unix_socket_directories"]).output().unwrap();
        let answer = String::from_utf8_lossy(&output.stdout).trim().trim_matches('"').to_owned();
        assert_eq!(answer, primary.folder().to_string_lossy(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
