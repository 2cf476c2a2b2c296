//! The power goes: what the file system had sent to its device is there, what the page cache still held is not.
//!
//! The database is on a file system in an image file. While the server is stopped, the image is copied, dirty pages and all that was
//! never synced missing; then it is killed, and goes on from the copy. This shows writes that are lost, not such that are torn or
//! in another order. It takes root and a loop device.

use std::path::{Path, PathBuf};

use crate::disk::Disk;
use crate::failing_disk::build;
use crate::harness::TestServer;
use crate::writers::{History, Total};
use crate::{groups, moments};

#[test]
fn nothing_acknowledged_is_lost_when_the_power_goes() {
    let mut total = Total::default();
    for moments in groups() {
        let Some(mut disk) = Disk::new() else { return };
        let mut server = TestServer::with(&[("ORGD_DATABASE_URL", &disk.database_url())]);
        let mut history = History::default();
        for (round, moment) in moments.into_iter().enumerate() {
            history.write_until(&mut server, round, moment, |server| disk.cut(server));
            total.add(&history);
            server.restart();
            let wrong = history.check(&server);
            assert!(wrong.is_empty(), "cut {}: {wrong:#?}", total.crashes);
        }
        total.end_group(&history);
        server.kill();
    }
    total.report("power-cuts", "The power of the disk below the server goes at random moments.");
}

/// The same with a server whose syncs do nothing. If no loss were seen here, the test above could see none either.
#[test]
fn the_loss_is_seen_when_nothing_is_synced() {
    let Some(mut disk) = Disk::new() else { return };
    let library = without_sync(disk.folder.path());
    let url = disk.database_url();
    let settings = [("ORGD_DATABASE_URL", url.as_str()), ("LD_PRELOAD", library.to_str().unwrap())];
    for (round, moment) in moments().take(10).enumerate() {
        let mut server = TestServer::with(&settings);
        let mut history = History::default();
        history.write_until(&mut server, round, moment, |server| disk.cut(server));
        let acknowledged = history.acknowledged();
        // Not even the first start was synced, so there may be no database left that a server could start on.
        let database = disk.mount_point().join("orgd.db");
        let is_empty = std::fs::metadata(&database).map_or(true, |file| file.len() == 0);
        if is_empty && acknowledged > 0 {
            eprintln!("without sync: all of {acknowledged} acknowledged changes are lost");
            return;
        }
        server.restart();
        let lost = history.check(&server).len();
        server.kill();
        if lost > 0 {
            eprintln!("without sync: {lost} organizations are not as {acknowledged} acknowledged changes left them");
            return;
        }
    }
    panic!("nothing was lost in ten cuts although nothing was synced: this test is blind");
}

/// A library that makes every sync do nothing.
fn without_sync(folder: &Path) -> PathBuf {
    let names = ["fsync", "fdatasync"].map(|name| format!("int {name}(int file) {{ (void)file; return 0; }}\n"));
    build(folder, "without_sync", &names.concat())
}
