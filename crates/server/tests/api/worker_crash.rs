//! Workers at work while the server is killed under them: what was acknowledged holds, and every job is where it can be explained.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::harness::{Kind, Ledger, Robot, TestServer, all_jobs, eventually, queue_all_the_time};

const WORKERS: usize = 6;
const ROUNDS: u64 = 6;

/// All work until the server is killed under them.
fn work_until_killed(server: &mut TestServer, robots: &mut [Robot], ledger: &Mutex<Ledger>, round: u64) {
    let over = AtomicBool::new(false);
    let clients = [server.owner(), server.owner()];
    std::thread::scope(|scope| {
        let over = &over;
        for robot in robots {
            scope.spawn(move || robot.work(ledger, over));
        }
        for client in &clients {
            scope.spawn(move || queue_all_the_time(client, ledger, over));
        }
        let done = || ledger.lock().unwrap().ended.len();
        let before = done();
        eventually(|| done() > before + 4 * WORKERS);
        // In the middle of anything.
        std::thread::sleep(Duration::from_micros(1700 * round));
        server.kill();
        over.store(true, Ordering::SeqCst);
    });
}

#[test]
fn after_kill_9_every_job_is_where_it_can_be_explained() {
    let mut server = TestServer::start();
    let mut robots: Vec<_> = (0..WORKERS).map(|number| Robot::register(&server, number)).collect();
    let ledger = Mutex::<Ledger>::default();
    for round in 0..ROUNDS {
        work_until_killed(&mut server, &mut robots, &ledger, round);
        server.restart();
        eventually(|| server.owner().get("/organizations/coder/provisionerjobs").status == 200);
        robots.iter_mut().for_each(|robot| robot.worker = robot.worker.of(&server));
        let ledger = ledger.lock().unwrap();
        ledger.explain(&server, &robots);
        let mut sql = server.sql();
        if sql.kind() == Kind::Sqlite {
            assert_eq!(sql.integrity(), "ok");
        }
    }
    // Those that have a job go on with it where they were, and all of the rest is done.
    let over = AtomicBool::new(true);
    std::thread::scope(|scope| {
        let (ledger, over) = (&ledger, &over);
        robots.iter_mut().for_each(|robot| drop(scope.spawn(move || robot.work(ledger, over))));
    });
    let ledger = ledger.into_inner().unwrap();
    let unheard = ledger.explain(&server, &robots);
    ledger.check_logs(&server);
    let left = all_jobs(&server).iter().filter(|job| job["completed_at"].is_null()).count();
    assert_eq!(left, unheard.len(), "all others have ended");
}
