//! The process is killed in the middle of its work, as `kill -9` does.

use crate::groups;
use crate::harness::TestServer;
use crate::writers::{History, Total};

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let mut total = Total::default();
    for moments in groups() {
        let mut server = TestServer::start();
        let mut history = History::default();
        for (round, moment) in moments.into_iter().enumerate() {
            history.write_until(&mut server, round, moment, TestServer::kill);
            total.add(&history);
            server.restart();
            let wrong = history.check(&server);
            assert!(wrong.is_empty(), "kill {}: {wrong:#?}", total.crashes);
        }
        total.end_group(&history);
    }
    total.report("kills", "The server is killed as by kill -9 at random moments, and started again.");
}
