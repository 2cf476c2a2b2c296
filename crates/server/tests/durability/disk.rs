//! A disk of its own for one test: a file system in an image file, which can be full, be read-only, and lose its power. It takes root and
//! a loop device.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::TestServer;

/// A disk whose power can be cut.
pub struct Disk {
    /// For files beside it.
    pub folder: TempDir,
    cuts: u32,
}

impl Disk {
    /// `None`, with a word about why, where this machine cannot have one.
    pub fn new() -> Option<Self> {
        if std::env::var_os("ORGD_TEST_POSTGRES").is_some() {
            // Once is enough: what is on the disk is an SQLite database, whatever the other tests run on.
            return None;
        }
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

    /// Where it is mounted.
    pub fn mount_point(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join(format!("image-{}", self.cuts))
    }

    /// The URL of a database on it.
    pub fn database_url(&self) -> String {
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
    pub fn cut(&mut self, server: &mut TestServer) {
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

/// Runs a command of the system; what it said when it failed.
pub fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {said}")) }
}
