//! Few connections, lost connections, and a database that goes away and comes back.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use orgd_postgres_cluster::{Cluster, Options};

use super::harness::{BASE, TestServer, eventually, open_sql, plain};
use super::writers::Writers;
use super::{PATIENCE, cluster, patiently, serving, takes_writes_again};

/// How long a read waits for a connection, and goes on with another when it has lost one.
const WAIT: Duration = Duration::from_secs(2);
const READERS: usize = 4;
/// How many reads must have been served for anything to be proved.
const ENOUGH: usize = 50;

#[test]
fn two_connections_serve_200_callers() {
    let (_cluster, server) = serving();
    let tokens: Vec<String> = (0..4).map(|_| server.token_of("owner", &[])).collect();
    std::thread::scope(|scope| {
        for number in 0..200_usize {
            let (server, tokens) = (&server, &tokens);
            scope.spawn(move || {
                // Each asks the database: who is this, and which job is that.
                let unknown = server.client(&format!("{number:010}-0123456789012345678901"));
                let path = "/organizations";
                assert_eq!(patiently(|| unknown.get(path)).status, 401);
                let known = server.client(&tokens[number % tokens.len()]);
                let nobody = uuid::Uuid::from_u128(number as u128 + 1);
                let path = format!("/organizations/coder/provisionerjobs/{nobody}");
                assert_eq!(patiently(|| known.get(&path)).status, 404);
                let path = "/organizations/coder/provisionerjobs?limit=0";
                assert_eq!(patiently(|| known.get(path)).status, 200);
            });
        }
    });
    let mut sql = server.sql();
    let readers = "SELECT count(*) AS value FROM pg_stat_activity WHERE application_name = 'orgd read' \
                   AND datname = current_database()";
    assert_eq!(sql.number(readers), 2);
}

/// What readers came to.
#[derive(Default)]
struct Reads {
    over: AtomicBool,
    /// How many reads of each reader have come to an end.
    ended: [AtomicUsize; READERS],
    /// How many of all found no connection in time.
    late: AtomicUsize,
}

impl Reads {
    fn go_on(&self, server: &TestServer, reader: usize) {
        let owner = server.owner();
        let path = ["/organizations/coder", "/organizations/coder/provisionerjobs?status=failed"][reader % 2];
        while !self.over.load(Ordering::SeqCst) {
            let asked = Instant::now();
            let status = owner.get(path).status;
            let took = asked.elapsed();
            // A busy machine may not open another connection within that time.
            let is_late = status == 503 && took >= WAIT;
            assert!(status == 200 || is_late, "{status} after {took:?}");
            self.late.fetch_add(usize::from(is_late), Ordering::SeqCst);
            self.ended[reader].fetch_add(1, Ordering::SeqCst);
        }
    }

    fn ended(&self) -> [usize; READERS] {
        self.ended.each_ref().map(|ended| ended.load(Ordering::SeqCst))
    }

    fn late(&self) -> usize {
        self.late.load(Ordering::SeqCst)
    }

    fn served(&self) -> usize {
        self.ended().iter().sum::<usize>().saturating_sub(self.late())
    }
}

/// Ends every connection again and again, each time after a read of every reader: one that loses one connection after the other has no
/// end. Gives how often that cost nobody a read.
fn cut_again_and_again(cluster: &Cluster, reads: &Reads) -> usize {
    let mut sql = open_sql(&cluster.url("postgres"));
    let mut free = 0;
    let begun = Instant::now();
    let has_time = || begun.elapsed() < PATIENCE;
    while begun.elapsed() < Duration::from_secs(4) || (has_time() && (reads.served() <= ENOUGH || free == 0)) {
        std::thread::sleep(Duration::from_millis(200));
        sql.number("SELECT count(pg_terminate_backend(pid)) AS value FROM pg_stat_activity WHERE application_name LIKE 'orgd%'");
        let (ended, late) = (reads.ended(), reads.late());
        while has_time() && reads.ended().iter().zip(&ended).any(|(now, before)| now == before) {
            std::thread::sleep(Duration::from_millis(5));
        }
        free += usize::from(reads.late() == late);
    }
    free
}

/// Reads are repeated inside; a write is made or refused as a whole.
#[test]
fn lost_connections_cost_no_read_and_no_acknowledged_write() {
    let (cluster, server) = serving();
    let writers = Writers::start(&server, 4, "cut");
    let reads = Reads::default();
    let free = std::thread::scope(|scope| {
        for reader in 0..READERS {
            let (server, reads) = (&server, &reads);
            scope.spawn(move || reads.go_on(server, reader));
        }
        let free = cut_again_and_again(&cluster, &reads);
        reads.over.store(true, Ordering::SeqCst);
        free
    });
    assert!(reads.served() > ENOUGH && free > 0, "{} reads were served, {free} cuts cost none", reads.served());
    writers.warm_up();
    takes_writes_again(&server);
    writers.stop().assert_kept(&server.sql_organizations());
}

#[test]
fn a_database_that_restarts_costs_nothing_but_time() {
    let mut cluster = cluster(&Options { durable: true, ..Options::default() });
    let url = cluster.create_database("orgd").unwrap();
    let server = TestServer::with(&[("ORGD_DATABASE_URL", &url)]);
    let writers = Writers::start(&server, 8, "restart");
    writers.warm_up();
    cluster.stop_immediate().unwrap();
    // For a moment memory counts as compared.
    eventually(|| server.owner().get("/organizations/coder").status == 503);
    let down = server.owner().get("/organizations/coder");
    assert_eq!(down.status, 503, "nothing is answered from memory that cannot be compared");
    assert_eq!(down.header("retry-after"), Some("1"));
    assert_eq!(plain::get(&server.address().to_string(), "/readyz", None).0, 503);
    cluster.restart().unwrap();
    takes_writes_again(&server);
    assert_eq!(patiently(|| server.owner().get("/organizations/coder")).status, 200);
    let told = writers.stop();
    assert!(told.refused > 0, "the writers noticed nothing");
    told.assert_kept(&server.sql_organizations());
    eventually(|| raw_ready(&server));
}

fn raw_ready(server: &TestServer) -> bool {
    plain::get(&server.address().to_string(), "/readyz", None).1 == "OK\n"
}

/// A command that waits for TLS says what is wrong with it, and shows no password.
#[test]
fn a_connection_that_cannot_be_made_is_explained() {
    let (cluster, server) = serving();
    let refused = |url: &str| {
        let replica = server.try_command(&["user", "list", "--database-url", url]);
        assert!(!replica.status.success());
        String::from_utf8(replica.stderr).unwrap()
    };
    let said = refused("postgres://me:hunter2@127.0.0.1:1/orgd");
    assert!(said.contains("cannot connect to postgres://127.0.0.1:1/orgd") && said.contains("refused"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    let said = refused(&cluster.url("nowhere"));
    assert!(said.contains("database \"nowhere\" does not exist"), "{said}");
    let empty = cluster.create_database("empty").unwrap();
    assert!(refused(&empty).contains("there are no tables of orgd in"), "an empty database is not filled by a list");
    assert_eq!(server.owner().get(&format!("{BASE}/organizations")[BASE.len()..]).status, 200);
}
