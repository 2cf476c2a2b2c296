//! The disk fails in one call or in all: what was acknowledged stays, what was refused is not there, and writing resumes by itself.

use std::collections::BTreeSet;

use crate::create;
use crate::failing_disk::{FAULTS, FailingDisk, Fault};
use crate::harness::{Client, TestServer, eventually, plain};

/// A change of one organization takes fewer calls of each kind.
const CALLS: u32 = 16;

/// What became of the organizations that were asked for.
#[derive(Default)]
struct Asked {
    acknowledged: BTreeSet<String>,
    refused: BTreeSet<String>,
    open: BTreeSet<String>,
}

impl Asked {
    fn create(&mut self, fault: Fault, client: &Client, name: String) {
        let answer = create(client, &name);
        match answer.status {
            201 => self.acknowledged.insert(name),
            _ if answer.is_unconfirmed() => self.open.insert(name),
            503 => self.refused.insert(name),
            // To SQLite a sector that is not given back is damage, and an answer of 500 promises nothing.
            500 if fault.hits_reads() => self.open.insert(name),
            status => panic!("{status} {}", answer.text()),
        };
    }

    /// Compares with what is in the file.
    #[track_caller]
    fn check(&self, server: &TestServer, what: &str) {
        let present = server.sql_organizations();
        let lost: Vec<_> = self.acknowledged.difference(&present).collect();
        assert!(lost.is_empty(), "{what}: acknowledged and lost: {lost:?}");
        let there: Vec<_> = self.refused.intersection(&present).collect();
        assert!(there.is_empty(), "{what}: refused and there: {there:?}");
        let entries =
            "SELECT count(*) AS value FROM audit_logs WHERE action = 'create' AND resource_type = 'organization'";
        let organizations = "SELECT count(*) AS value FROM organizations WHERE name <> 'coder'";
        assert_eq!(server.sql().number(entries), server.sql().number(organizations), "{what}: one entry for each");
        let integrity = server.sql().integrity();
        assert_eq!(integrity, "ok", "{what}");
    }
}

#[test]
fn whichever_call_fails_the_answer_is_true() {
    let Some(disk) = FailingDisk::new() else { return };
    for fault in FAULTS {
        let mut server = disk.server();
        let mut asked = Asked::default();
        for after in 0..CALLS {
            for count in [Some(1), None] {
                let owner = server.owner();
                disk.fail(fault, after, count);
                for number in 0..4 {
                    asked.create(fault, &owner, format!("n{after}-{}-{number}", count.is_some()));
                }
                // Half of the time the process goes while the disk fails, with whatever the log holds by then.
                if after % 2 == 0 {
                    server.kill();
                }
                disk.heal();
                if after % 2 == 0 {
                    server.restart();
                } else {
                    eventually(|| server.is_ready());
                }
                asked.create(fault, &server.owner(), format!("n{after}-{}-healed", count.is_some()));
            }
        }
        assert!(
            asked.acknowledged.iter().filter(|name| name.ends_with("healed")).count() >= CALLS as usize,
            "{}",
            fault.name
        );
        asked.check(&server, fault.name);
        server.restart();
        asked.check(&server, fault.name);
        let failed = asked.refused.len() + asked.open.len();
        assert!(failed > 0 || fault.hits_reads(), "{}: nothing failed", fault.name);
        eprintln!(
            "{}: {} acknowledged, {} refused, {} open",
            fault.name,
            asked.acknowledged.len(),
            asked.refused.len(),
            asked.open.len()
        );
    }
}

/// A load balancer sends nothing more to a server that cannot write, and sends again once it can; nobody has to write for that.
#[test]
fn a_server_that_cannot_write_is_not_ready() {
    let Some(disk) = FailingDisk::new() else { return };
    let server = disk.server();
    let owner = server.owner();
    for fault in FAULTS.into_iter().filter(|fault| !fault.hits_reads()) {
        disk.fail(fault, 0, None);
        assert_eq!(create(&owner, "acme").status, 503, "{}", fault.name);
        let (status, text) = plain::get(&server.address().to_string(), "/readyz", None);
        assert_eq!(status, 503, "{}", fault.name);
        assert!(text.contains("does not confirm writes"), "{text}");
        assert_eq!(owner.get("/organizations").status, 200, "{}: reads go on", fault.name);
        disk.heal();
        eventually(|| server.is_ready());
    }
}
