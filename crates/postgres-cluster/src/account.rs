//! The user that runs PostgreSQL: this process's own, or an unprivileged one when this process is root.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use crate::error::Error;

/// Who runs PostgreSQL and owns its files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    /// User and group to change to; `None` stays who we are.
    other: Option<(u32, u32)>,
}

impl Account {
    /// The account for clusters that this process starts.
    ///
    /// # Errors
    /// This process is root and the machine has no user to run PostgreSQL.
    pub(crate) fn find() -> Result<Self, Error> {
        let this = fs::metadata("/proc/self").map_err(Error::file("look at", "/proc/self"))?;
        if this.uid() != 0 {
            return Ok(Self { other: None });
        }
        let users = fs::read_to_string("/etc/passwd").map_err(Error::file("read", "/etc/passwd"))?;
        let other = ["postgres", "nobody"].iter().find_map(|name| user(&users, name));
        other.map(|found| Self { other: Some(found) }).ok_or(Error::NoUser)
    }

    /// Lets the program run as this user, in no other group than its own.
    pub(crate) fn run(self, command: &mut Command) {
        if let Some((user, group)) = self.other {
            // Setting the user as root also gives up root's supplementary groups.
            command.uid(user).gid(group);
        }
    }

    /// Makes this user the owner.
    ///
    /// # Errors
    /// The owner cannot be changed.
    pub(crate) fn own(self, path: &Path) -> Result<(), Error> {
        match self.other {
            Some((user, group)) => {
                chown(path, Some(user), Some(group)).map_err(Error::file("change the owner of", path))
            }
            None => Ok(()),
        }
    }
}

/// User and group numbers of a user in a text like `/etc/passwd`.
fn user(users: &str, name: &str) -> Option<(u32, u32)> {
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name)?;
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::user;

    #[test]
    fn reads_the_user_table() {
        let users = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533:nobody:/:/bin/false\n\nbroken:x";
        assert_eq!(user(users, "nobody"), Some((65_534, 65_533)));
        assert_eq!(user(users, "body"), None);
        assert_eq!(user(users, "broken"), None);
    }
}
