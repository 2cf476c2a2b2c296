//! Signals to the processes of one server. PostgreSQL puts each of its processes into a session of its own, so that there is no
//! process group to signal: they are found as the children of the first one, in `/proc`.

use std::fs;
use std::process::Command;

use crate::error::Error;
use crate::wait;

/// Whether the process is there and not merely waiting to be collected by its parent.
pub(crate) fn is_alive(process: u32) -> bool {
    look(process).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'))
}

/// Stops the server and all of its children where they are. Returns every process that it consists of.
///
/// # Errors
/// Signals cannot be sent.
pub(crate) fn freeze(server: u32) -> Result<Vec<u32>, Error> {
    // First the one that makes the others: nobody is born after that.
    send("-STOP", &[server])?;
    wait::until_some(|| Ok(has_stopped(server).then_some(())))?;
    let mut all = children(server);
    send("-STOP", &all)?;
    wait::until_some(|| Ok(all.iter().all(|child| has_stopped(*child)).then_some(())))?;
    all.push(server);
    Ok(all)
}

/// Lets a frozen server go on.
///
/// # Errors
/// Signals cannot be sent.
pub(crate) fn thaw(server: u32) -> Result<(), Error> {
    let mut all = children(server);
    all.push(server);
    send("-CONT", &all)
}

/// Kills the server and all of its children in one go, as a machine that loses its power would. Returns when they are gone.
///
/// # Errors
/// Signals cannot be sent.
pub(crate) fn kill(server: u32) -> Result<(), Error> {
    let all = freeze(server)?;
    send("-KILL", &all)?;
    wait::until_some(|| Ok((!all.iter().any(|process| is_alive(*process))).then_some(()))).map(drop)
}

/// Sends a signal, named like `-KILL`, to each of these processes that is still there.
///
/// # Errors
/// The shell cannot be run.
pub(crate) fn send(signal: &str, processes: &[u32]) -> Result<(), Error> {
    if processes.is_empty() {
        return Ok(());
    }
    // The program `kill` is not on every machine, the shell's own is.
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"kill "$@" 2>/dev/null"#, "sh", signal]).args(processes.iter().map(u32::to_string));
    // It also fails when one of them has just ended by itself, which is no failure here.
    shell.status().map(drop).map_err(|source| Error::Run { program: "sh".to_owned(), source })
}

fn children(parent: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|process| look(*process).is_some_and(|(_, its)| its == parent)).collect()
}

/// Whether the process takes no step any more; one that is gone does not either.
fn has_stopped(process: u32) -> bool {
    look(process).is_none_or(|(state, _)| matches!(state, 'T' | 'Z' | 'X'))
}

/// The state and the parent of a process.
fn look(process: u32) -> Option<(char, u32)> {
    parse(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

fn parse(stat: &str) -> Option<(char, u32)> {
    // The name before it may have spaces and parentheses in it.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::process::{self, Command};

    use super::{children, freeze, is_alive, kill, look, parse, thaw};

    #[test]
    fn reads_state_and_parent_whatever_the_name() {
        assert_eq!(parse("7 (post) S gres) T 3 7 7 0"), Some(('T', 3)));
        assert_eq!(parse("7"), None);
    }

    #[test]
    fn freezes_thaws_and_kills_a_process_with_its_children() {
        let mut parent = Command::new("sh").args(["-c", "sleep 600 & sleep 600; wait"]).spawn().unwrap();
        let number = parent.id();
        while children(number).len() < 2 {
            std::thread::yield_now();
        }
        assert!(children(process::id()).contains(&number));
        let all = freeze(number).unwrap();
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|process| look(*process).is_some_and(|(state, _)| state == 'T')), "{all:?}");
        thaw(number).unwrap();
        while all.iter().any(|process| look(*process).is_some_and(|(state, _)| state == 'T')) {
            std::thread::yield_now();
        }
        kill(number).unwrap();
        assert!(!all.iter().any(|process| is_alive(*process)), "{all:?}");
        parent.wait().unwrap();
    }
}
