//! Real clusters on every PostgreSQL of this machine: start, SQL, end. Without a PostgreSQL these fail and say how to get one.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, helpers included")]

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use orgd_postgres_cluster::{Cluster, Error, Installation, Options, Tcp, Tls};

/// Tells the process that the test starts that it is that process.
const CHILD: &str = "ORGD_TEST_CLUSTER_OF_A_CHILD";

fn installations() -> Vec<Installation> {
    Installation::find_all().unwrap_or_else(|error| panic!("{error}"))
}

fn start(installation: &Installation) -> Cluster {
    Cluster::start(installation, &Options::default()).unwrap_or_else(|error| panic!("{installation}: {error}"))
}

#[test]
fn the_programs_are_found_once_and_in_order() {
    let all = installations();
    assert!(all.iter().is_sorted_by_key(Installation::major), "{all:?}");
    let folders: std::collections::HashSet<_> = all.iter().map(Installation::folder).collect();
    assert_eq!(folders.len(), all.len(), "{all:?}");
    assert_eq!(Installation::oldest().unwrap(), all[0]);
    assert_eq!(Installation::newest().unwrap(), all[all.len() - 1]);
}

#[test]
fn knows_whether_the_user_who_runs_clusters_reaches_the_programs() {
    let folder = tempfile::tempdir().unwrap();
    // Written by another process: what this one has open for writing cannot be run.
    let script =
        r#"printf '#!/bin/sh\necho "postgres (PostgreSQL) 16.3"\n' > postgres && cp postgres initdb && chmod 755 *"#;
    assert!(Command::new("sh").args(["-c", script]).current_dir(&folder).status().unwrap().success());
    let installation = Installation::in_folder(folder.path()).unwrap();
    assert_eq!(installation.major(), 16);
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
    assert_eq!(installation.is_within_reach().unwrap(), !is_root);
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    assert!(installation.is_within_reach().unwrap());
}

#[test]
fn starts_answers_and_is_gone_after_the_drop() {
    for installation in installations() {
        let cluster = start(&installation);
        assert!(cluster.is_running());
        let url = cluster.create_database("the \"first\"/one").unwrap();
        assert!(url.starts_with("postgres://postgres@/the%20%22first%22%2Fone?host=/"), "{url}");
        let sql = "CREATE TABLE t (n int); INSERT INTO t VALUES (1), (2); SELECT n, 'x' FROM t ORDER BY n;";
        assert_eq!(cluster.sql("the \"first\"/one", sql).unwrap(), "1|x\n2|x");
        let major = cluster.sql("postgres", "SHOW server_version_num").unwrap();
        assert_eq!(major[..2], installation.major().to_string(), "the version that runs is the one that was asked for");
        let settings = "SELECT name, setting FROM pg_settings WHERE name IN ('data_checksums', 'fsync', 'listen_addresses', \
                        'max_connections', 'server_encoding') ORDER BY name";
        let expected = "data_checksums|on\nfsync|off\nlisten_addresses|\nmax_connections|300\nserver_encoding|UTF8";
        assert_eq!(cluster.sql("postgres", settings).unwrap(), expected);

        let folder = cluster.folder().to_owned();
        assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
        let (server, _) = lock_file(&folder);
        drop(cluster);
        assert!(!folder.exists(), "{}", folder.display());
        assert!(!Path::new(&format!("/proc/{server}")).exists(), "process {server} is still there");
    }
}

#[test]
fn an_error_says_what_postgresql_said() {
    for installation in installations() {
        let cluster = start(&installation);
        let error = cluster.sql("postgres", "SELECT 1; SELECT * FROM missing; SELECT 2").unwrap_err().to_string();
        assert!(error.contains("psql ended with") && error.contains(r#"relation "missing" does not exist"#), "{error}");
        let settings = vec![("max_connections".to_owned(), "none".to_owned())];
        let error = Cluster::start(&installation, &Options { settings, ..Options::default() }).unwrap_err();
        assert!(matches!(error, Error::Ended { .. }), "{error}");
        assert!(error.to_string().contains(r#"invalid value for parameter "max_connections": "none""#), "{error}");
    }
}

#[test]
fn durable_and_own_settings_are_in_force() {
    for installation in installations() {
        let settings = vec![("statement_timeout".to_owned(), "1234ms".to_owned())];
        let cluster = Cluster::start(&installation, &Options { durable: true, settings, tcp: None }).unwrap();
        assert_eq!(cluster.sql("postgres", "SHOW fsync; SHOW full_page_writes").unwrap(), "on\non");
        assert_eq!(cluster.sql("postgres", "SHOW statement_timeout").unwrap(), "1234ms");
    }
}

#[test]
fn over_tcp_it_asks_for_the_password() {
    for installation in installations() {
        let tcp = Some(Tcp::default());
        let cluster = Cluster::start(&installation, &Options { tcp, ..Options::default() }).unwrap();
        let url = cluster.tcp_url("postgres").unwrap();
        assert_eq!(psql(&installation, &url, "SELECT inet_server_addr() = '127.0.0.1'"), Ok("t".to_owned()));
        let host = cluster.tcp_host_port().unwrap();
        let error = psql(&installation, &format!("postgres://postgres:wrong@{host}/postgres"), "SELECT 1").unwrap_err();
        assert!(error.contains("password authentication failed"), "{error}");
        assert_eq!(cluster.sql("postgres", "SELECT 1").unwrap(), "1", "the socket works beside it");
    }
    assert_eq!(start(&Installation::newest().unwrap()).tcp_url("postgres"), None);
}

#[test]
fn speaks_tls_with_the_given_certificate_where_the_build_can() {
    let folder = tempfile::tempdir().unwrap();
    let tls = Tls { certificate: folder.path().join("c.pem"), key: folder.path().join("k.pem") };
    for installation in installations() {
        let options = Options { tcp: Some(Tcp { port: 0, tls: Some(tls.clone()) }), ..Options::default() };
        if !tls.key.exists() {
            let error = Cluster::start(&installation, &options).unwrap_err().to_string();
            assert!(error.starts_with(&format!("cannot read {}", tls.certificate.display())), "{error}");
            certificate(&tls);
        }
        if installation.speaks_tls().unwrap() {
            let cluster = Cluster::start(&installation, &options).unwrap();
            let url = format!(
                "{}?sslmode=verify-full&sslrootcert={}",
                cluster.tcp_url("postgres").unwrap(),
                tls.certificate.display()
            );
            let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            assert_eq!(psql(&installation, &url, sql), Ok("t".to_owned()));
        } else {
            let error = Cluster::start(&installation, &options).unwrap_err().to_string();
            assert!(error.contains("SSL is not supported by this build"), "{error}");
        }
    }
}

#[test]
fn killed_it_leaves_nothing_and_can_be_started_again() {
    for installation in installations() {
        let mut cluster = start(&installation);
        cluster.sql("postgres", "CREATE TABLE t (n int); INSERT INTO t VALUES (7)").unwrap();
        cluster.kill().unwrap();
        assert!(!cluster.is_running());
        assert!(matches!(cluster.kill(), Err(Error::NotRunning)));
        assert!(cluster.sql("postgres", "SELECT 1").is_err());
        cluster.restart().unwrap();
        assert_eq!(cluster.sql("postgres", "SELECT n FROM t").unwrap(), "7");
        cluster.restart().unwrap();
        cluster.stop_immediate().unwrap();
        assert!(!cluster.is_running());
        cluster.restart().unwrap();
        assert_eq!(cluster.sql("postgres", "SELECT n FROM t").unwrap(), "7");
        cluster.kill().unwrap();
        let (folder, (_, segment)) = (cluster.folder().to_owned(), lock_file(cluster.folder()));
        assert!(has_segment(segment), "a killed server leaves its shared memory");
        drop(cluster);
        assert!(!folder.exists());
        assert!(!has_segment(segment), "shared memory {segment} is still there");
    }
}

#[test]
fn frozen_it_answers_nobody_and_thawed_it_goes_on() {
    for installation in installations() {
        let cluster = start(&installation);
        let folder = cluster.folder().to_owned();
        cluster.freeze().unwrap();
        assert!(cluster.is_running());
        let url = cluster.url("postgres");
        let answer = thread::scope(|scope| {
            let waiting = scope.spawn(|| psql(&installation, &url, "SELECT 'thawed'"));
            thread::sleep(Duration::from_millis(500));
            assert!(!waiting.is_finished(), "a frozen cluster has answered");
            cluster.thaw().unwrap();
            waiting.join().unwrap()
        });
        assert_eq!(answer, Ok("thawed".to_owned()));
        cluster.freeze().unwrap();
        drop(cluster);
        assert!(!folder.exists(), "a frozen cluster goes as well");
    }
}

#[test]
fn goes_with_the_process_that_started_it() {
    let itself = std::env::current_exe().unwrap();
    let arguments = ["--exact", "the_process_that_is_killed", "--nocapture"];
    let mut child = Command::new(itself).args(arguments).env(CHILD, "1").stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let folder =
        lines.map(Result::unwrap).find_map(|line| line.split_once("folder ").map(|(_, path)| PathBuf::from(path)));
    let folder = folder.expect("the other process says where its cluster is");
    let (server, _) = lock_file(&folder);
    child.kill().unwrap();
    child.wait().unwrap();
    while folder.exists() {
        thread::sleep(Duration::from_millis(20));
    }
    let state = fs::read_to_string(format!("/proc/{server}/stat")).unwrap_or_default();
    assert!(state.is_empty() || state.contains(" Z "), "process {server} is still there: {state}");
}

/// Not a test of its own: `goes_with_the_process_that_started_it` runs this in a second process.
#[test]
fn the_process_that_is_killed() {
    if std::env::var_os(CHILD).is_some() {
        let cluster = start(&Installation::newest().unwrap());
        println!("folder {}", cluster.folder().display());
        thread::sleep(Duration::from_secs(600));
    }
}

/// Process number and shared memory segment from the server's lock file.
fn lock_file(folder: &Path) -> (u32, u32) {
    let text = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    (lines[0].trim().parse().unwrap(), lines[6].split_whitespace().nth(1).unwrap().parse().unwrap())
}

fn has_segment(segment: u32) -> bool {
    let all = fs::read_to_string("/proc/sysvipc/shm").unwrap();
    all.lines().any(|line| line.split_whitespace().nth(1) == Some(&segment.to_string()))
}

/// What psql answers, or what it complains about.
fn psql(installation: &Installation, url: &str, sql: &str) -> Result<String, String> {
    let mut psql = Command::new(installation.folder().join("psql"));
    let output = psql.args(["-X", "-A", "-t", "-d", url, "-c", sql]).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// Makes a certificate for 127.0.0.1.
fn certificate(tls: &Tls) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-batch"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout"])
        .arg(&tls.key)
        .arg("-out")
        .arg(&tls.certificate)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
