//! The PostgreSQL is killed under a server that stays, and is started again.

use orgd_postgres_cluster::Options;

use crate::cluster::cluster;
use crate::groups;
use crate::harness::{TestServer, eventually};
use crate::writers::{History, Total};

#[test]
fn nothing_acknowledged_is_lost_when_the_postgresql_is_killed() {
    let mut total = Total::default();
    for moments in groups() {
        let mut cluster = cluster(&Options { durable: true, ..Options::default() });
        let url = cluster.create_database("orgd").unwrap();
        let mut server = TestServer::with(&[("ORGD_DATABASE_URL", &url)]);
        let mut history = History::default();
        for (round, moment) in moments.into_iter().enumerate() {
            history.write_until(&mut server, round, moment, |_| cluster.kill().unwrap());
            total.add(&history);
            cluster.restart().unwrap();
            eventually(|| server.is_ready());
            let wrong = history.check(&server);
            assert!(wrong.is_empty(), "kill {}: {wrong:#?}", total.crashes);
        }
        total.end_group(&history);
    }
    total.report("postgresql-kills", "The PostgreSQL below the server is killed at random moments, and started again.");
}
