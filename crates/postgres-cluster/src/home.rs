//! The private folder of a cluster, and the warden that clears it away. The warden is a shell that waits on a pipe from this
//! process: the pipe closes when the cluster is dropped and also when this process ends in whatever way, so there is one way
//! to clear away, and it always happens.

use std::env;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::statvfs::statvfs;
use tempfile::TempDir;

use crate::account::Account;
use crate::error::Error;
use crate::installation::Installation;

const WARDEN: &str = include_str!("home/warden.sh");

/// A socket's whole path may have 107 bytes; its name in the folder takes up to 16 of them.
const LONGEST_FOLDER: usize = 90;

/// A file system in memory, on Linux.
const MEMORY: &str = "/dev/shm";

/// How many bytes must be free there. In a container there are often no more than 64 MiB in all.
const ROOM: u64 = 4 << 30;

/// How many of the last lines of the log go into an error.
const TAIL: usize = 30;

/// A folder for one cluster. Everything in it, and every process that works in it, goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Home {
    folder: TempDir,
    account: Account,
    warden: Child,
}

impl Home {
    /// Makes the folder, readable by nobody but the user who runs PostgreSQL; in memory when nothing has to be on the disk and
    /// there is room. Creating and dropping a database are hundreds of files each.
    ///
    /// # Errors
    /// The folder cannot be made, or there is no user to run PostgreSQL.
    pub(crate) fn make(durable: bool) -> Result<Self, Error> {
        let account = Account::find()?;
        let memory = Path::new(MEMORY);
        let temporary = if !durable && has_room(memory) { memory.to_owned() } else { env::temp_dir() };
        let folder = match new_folder(&temporary, account) {
            // A TMPDIR that is too deep, or not open to that user, is common; the socket and that user need something else.
            Err(_) if temporary != Path::new("/tmp") => new_folder(Path::new("/tmp"), account),
            made => made,
        }?;
        let mut warden = Command::new("sh");
        warden.args(["-c", WARDEN, "warden"]).arg(folder.path()).current_dir("/");
        // In a group of its own it outlives a signal to the group of this process.
        warden.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        account.run(&mut warden);
        let warden = warden.spawn().map_err(|source| Error::Run { program: "sh".to_owned(), source })?;
        Ok(Self { folder, account, warden })
    }

    /// The folder, where the socket is too.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// PostgreSQL's data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// A program of the installation that works in the folder, as the user who runs PostgreSQL.
    pub(crate) fn command(&self, installation: &Installation, program: &str) -> Command {
        let mut command = installation.command(program);
        command.current_dir(self.folder()).env("HOME", self.folder()).stdin(Stdio::null());
        self.account.run(&mut command);
        command
    }

    /// Writes a file that PostgreSQL alone may read.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn write(&self, path: &Path, content: &[u8]) -> Result<(), Error> {
        fs::write(path, content).map_err(Error::file("write", path))?;
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(Error::file("protect", path))?;
        self.account.own(path)
    }

    /// The log, to append to.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(crate) fn log(&self) -> Result<File, Error> {
        let path = self.log_path();
        File::options().create(true).append(true).open(&path).map_err(Error::file("open", path))
    }

    /// The last lines of the log.
    pub(crate) fn log_tail(&self) -> String {
        let text = fs::read(self.log_path()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }

    /// Lets the warden end every process that works in the folder and remove it; returns when that is done.
    pub(crate) fn clear(&mut self) {
        drop(self.warden.stdin.take());
        // What it could not do, nobody can: the folder of a dropped cluster has no other owner to tell.
        let _ = self.warden.wait();
    }

    fn log_path(&self) -> PathBuf {
        self.folder().join("log")
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.clear();
    }
}

/// True when many databases have room on the file system of the folder, if there is one.
fn has_room(folder: &Path) -> bool {
    statvfs(folder).is_ok_and(|found| found.blocks_available().saturating_mul(found.fragment_size()) >= ROOM)
}

/// A new private folder that the account can enter.
fn new_folder(parent: &Path, account: Account) -> Result<TempDir, Error> {
    let folder = tempfile::Builder::new()
        .prefix("orgd-pg-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(parent)
        .map_err(Error::file("make a folder in", parent))?;
    let path = folder.path();
    if path.as_os_str().len() > LONGEST_FOLDER {
        let source = std::io::Error::other(format!("its path is longer than {LONGEST_FOLDER} bytes"));
        return Err(Error::File { action: "put a socket into", path: path.to_owned(), source });
    }
    account.own(path)?;
    let mut entry = Command::new("true");
    entry.current_dir(path);
    account.run(&mut entry);
    entry.status().map_err(Error::file("enter as the user who runs PostgreSQL", path))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;
    use std::process::{Command, Stdio};

    use super::Home;

    #[test]
    fn the_folder_is_private_and_goes_with_every_process_that_works_in_it() {
        let home = Home::make(true).unwrap();
        let folder = home.folder().to_owned();
        assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
        let mut busy = Command::new("sleep");
        busy.arg("600").current_dir(&folder).stdin(Stdio::null());
        home.account.run(&mut busy);
        let mut busy = busy.spawn().unwrap();
        home.write(&folder.join("file"), b"content").unwrap();
        drop(home);
        assert!(!folder.exists());
        // Without the warden's signal this would take ten minutes.
        assert!(!busy.wait().unwrap().success());
    }

    #[test]
    fn errors_get_the_end_of_the_log_only() {
        let home = Home::make(true).unwrap();
        let lines: Vec<String> = (0..100).map(|line| format!("line {line}")).collect();
        home.write(&home.log_path(), lines.join("\n").as_bytes()).unwrap();
        assert_eq!(home.log_tail(), lines[70..].join("\n"));
    }
}
