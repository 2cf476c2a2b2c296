//! What was acknowledged outlives `kill -9`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::harness::{BASE, Kind, TestServer, eventually};

const WRITERS: usize = 16;
const ROUNDS: u64 = 5;

/// Sixteen writers note each id after its 201 until the server is killed under them; gives what they noted.
fn write_until_killed(server: &mut TestServer, round: u64) -> Vec<(String, String)> {
    let acknowledged = Mutex::new(Vec::new());
    let over = AtomicBool::new(false);
    let client = server.owner();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (client, acknowledged, over) = (&client, &acknowledged, &over);
            scope.spawn(move || {
                for number in 0.. {
                    let name = format!("r{round}-w{writer}-{number}");
                    let request = client.request_at("POST", &format!("{BASE}/organizations"));
                    match request.json(&json!({ "name": name })).try_send() {
                        Ok(answer) if answer.status == 201 => {
                            let id = answer.json()["id"].as_str().unwrap().to_owned();
                            acknowledged.lock().unwrap().push((id, name));
                        }
                        Ok(answer) => panic!("{} {}", answer.status, answer.text()),
                        Err(_) if over.load(Ordering::SeqCst) => return,
                        Err(error) => panic!("the server went before it was killed: {error}"),
                    }
                }
            });
        }
        // However busy the machine is, enough is written before the end.
        eventually(|| acknowledged.lock().unwrap().len() > WRITERS);
        std::thread::sleep(Duration::from_millis(100 * round));
        over.store(true, Ordering::SeqCst);
        server.kill();
    });
    acknowledged.into_inner().unwrap()
}

#[test]
fn every_acknowledged_organization_survives_kill_9() {
    let mut server = TestServer::start();
    let mut all = Vec::new();
    for round in 0..ROUNDS {
        let acknowledged = write_until_killed(&mut server, round);
        assert!(acknowledged.len() > WRITERS, "round {round}: only {} writes", acknowledged.len());
        all.extend(acknowledged);
        server.restart();
        let listed = server.owner().get("/organizations").expect(200);
        let present: std::collections::BTreeSet<_> = listed
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["id"].as_str().unwrap().to_owned(), one["name"].as_str().unwrap().to_owned()))
            .collect();
        let lost: Vec<_> = all.iter().filter(|known| !present.contains(*known)).collect();
        assert!(lost.is_empty(), "round {round}: of {} acknowledged organizations these are lost: {lost:?}", all.len());
        let mut sql = server.sql();
        if sql.kind() == Kind::Sqlite {
            assert_eq!(sql.integrity(), "ok");
        }
        // An organization and the membership of its creator are written together or not at all.
        let orphans = "SELECT count(*) AS value FROM organizations WHERE id NOT IN (SELECT organization_id FROM organization_members)";
        assert_eq!(sql.number(orphans), 0);
    }
}

#[test]
fn changes_and_deletions_survive_kill_9() {
    let mut server = TestServer::start();
    let owner = server.owner();
    let id = owner.create("acme");
    owner.create("gone");
    owner.patch("/organizations/acme", json!({"name": "apex", "icon": "/a.png"})).expect(200);
    owner.delete("/organizations/gone").expect(200);
    let before = owner.get("/organizations").text().to_owned();
    server.restart();
    let owner = server.owner();
    assert_eq!(owner.get("/organizations").text(), before);
    assert_eq!(owner.get("/organizations/apex").expect(200)["id"], *id);
}
