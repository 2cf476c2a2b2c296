//! Owns how many connections the system's limit on open files leaves room for.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Files besides connections that may be opened after the start: a database's own, for instance. A database that cannot open a
/// file is worse than a connection that waits.
const SPARE: u64 = 16;
/// What each thread that serves requests opens for itself.
const PER_WORKER: u64 = 4;
/// What is taken for open where the system does not tell.
const UNKNOWN: u64 = 64;

/// How many connections may be open at once: as many as wanted, or as many as there is room for beside the files that are open
/// now. The process's own limit is raised as far as the system allows.
pub fn connections(wanted: u32, workers: usize) -> u32 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return wanted };
    let reserved = open_now() + SPARE + PER_WORKER * workers as u64;
    let needed = reserved + u64::from(wanted);
    let limit = if soft >= needed || setrlimit(Resource::RLIMIT_NOFILE, needed.min(hard), hard).is_err() {
        soft
    } else {
        needed.min(hard)
    };
    let room = room(limit, reserved, wanted);
    if room < wanted {
        tracing::warn!(
            open_files = limit,
            max_connections = room,
            "the limit on open files leaves room for fewer connections"
        );
    }
    room
}

/// At least one: a server that takes nobody is of no use.
fn room(limit: u64, reserved: u64, wanted: u32) -> u32 {
    u32::try_from(limit.saturating_sub(reserved)).unwrap_or(u32::MAX).clamp(1, wanted.max(1))
}

fn open_now() -> u64 {
    std::fs::read_dir("/proc/self/fd").map_or(UNKNOWN, |files| files.count() as u64)
}

#[cfg(test)]
mod tests {
    use super::room;

    #[test]
    fn connections_get_what_the_rest_leaves() {
        assert_eq!(room(20_000, 60, 10_000), 10_000);
        assert_eq!(room(1024, 60, 10_000), 964);
        assert_eq!(room(64, 60, 10_000), 4);
        assert_eq!(room(16, 60, 10_000), 1);
        assert_eq!(room(u64::MAX, 60, 5), 5);
    }
}
