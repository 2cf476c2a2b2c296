//! The power goes: what the file system had sent to its device is there, what the page cache still held is not.
//!
//! The database is on a file system in an image file. While the server is stopped, the image is copied, dirty pages and all that was
//! never synced missing; then it is killed, and goes on from the copy. This shows writes that are lost, not such that are torn or
//! in another order. It takes root and a loop device.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::TestServer;
use crate::writers::{History, Total};
use crate::{groups, moments};

/// A disk whose power can be cut.
struct Disk {
    folder: TempDir,
    cuts: u32,
}

impl Disk {
    /// `None`, with a word about why, where this machine cannot have one.
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let disk = Self { folder, cuts: 0 };
        std::fs::create_dir(disk.mount_point()).unwrap();
        let image = disk.image();
        let made = run(Command::new("truncate").args(["-s", "96M"]).arg(&image))
            .and_then(|()| run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image)))
            .and_then(|()| disk.mount());
        match made {
            Ok(()) => Some(disk),
            Err(why) => {
                eprintln!("NOT CHECKED, no power can be cut here (it takes root and a loop device): {why}");
                None
            }
        }
    }

    fn mount_point(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join(format!("image-{}", self.cuts))
    }

    fn database_url(&self) -> String {
        format!("sqlite://{}", self.mount_point().join("orgd.db").display())
    }

    /// The long interval between the file system's own commits keeps out of the image what nobody has synced.
    fn mount(&self) -> Result<(), String> {
        run(Command::new("mount").args(["-o", "loop,commit=30"]).arg(self.image()).arg(self.mount_point()))
    }

    fn unmount(&self) -> Result<(), String> {
        let mut tried = Ok(());
        for _ in 0..100 {
            tried = run(Command::new("umount").arg(self.mount_point()));
            if tried.is_ok() {
                return tried;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        tried
    }

    /// Cuts the power under the server, which is gone afterwards; the disk is there again as the cut left it.
    fn cut(&mut self, server: &mut TestServer) {
        server.signal("STOP");
        // Answers that were sent before are read by the writers meanwhile.
        std::thread::sleep(Duration::from_millis(50));
        let before = self.image();
        self.cuts += 1;
        run(Command::new("cp").arg("--sparse=never").arg(&before).arg(self.image())).unwrap();
        server.kill();
        self.unmount().unwrap();
        std::fs::remove_file(before).unwrap();
        self.mount().unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.unmount();
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {said}")) }
}

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
    eprintln!("power cuts: {total}");
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

/// A library that, loaded before the C library, makes every sync do nothing.
fn without_sync(folder: &Path) -> PathBuf {
    let source = folder.join("without_sync.c");
    let names = ["fsync", "fdatasync"].map(|name| format!("int {name}(int file) {{ (void)file; return 0; }}\n"));
    std::fs::write(&source, names.concat()).unwrap();
    let library = folder.join("without_sync.so");
    run(Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source)).unwrap();
    library
}
