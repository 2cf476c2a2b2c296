//! Owns the rate limit: how many requests one subject may send to one path in a minute. Knows no HTTP and reads no clock.

#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};

use quick_cache::sync::{Cache, EntryAction, EntryResult};
use uuid::Uuid;

use crate::clock::Moment;

/// The length of a window in microseconds: one minute.
const WINDOW: u64 = 60_000_000;

/// How many pairs of subject and path are remembered; beyond that the least used is forgotten, so that a flood of addresses
/// costs bounded memory: about 30 MiB.
const REMEMBERED: usize = 1 << 19;

/// The memory set aside at the start is for this many; the rest grows with need.
const EXPECTED: usize = 1 << 10;

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A user, on whatever machine.
    User(Uuid),
    /// A caller without a session token; see [`Subject::address`].
    Address(IpAddr),
}

impl Subject {
    /// The address of a caller without a session token. An IPv6 address counts as its /64, which is what one customer gets; an
    /// IPv4 address written as IPv6 counts as itself.
    pub fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            address @ IpAddr::V4(_) => address,
        })
    }
}

/// What the limit says to a request. The numbers are those of the `X-RateLimit-*` headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// There is no limit, and the answer carries no such header.
    Unlimited,
    /// The request may go on, and was counted.
    Allowed {
        /// Requests per minute.
        limit: u32,
        /// Requests that may follow at once.
        remaining: u32,
        /// Unix seconds of the end of the window.
        reset_unix: i64,
    },
    /// The request must be refused, and was not counted.
    Limited {
        /// Requests per minute.
        limit: u32,
        /// Unix seconds of the end of the window.
        reset_unix: i64,
    },
}

/// Limits requests per minute, by subject and path.
///
/// The minute slides over two fixed windows: the requests of the window before count in proportion to how much of it the last
/// sixty seconds still cover. So a burst cannot be repeated at the turn of a window, and two numbers for each pair suffice.
///
/// Windows follow the steady clock. The wall clock only dates the headers: set back, it locks nobody out, and set forth, it
/// forgives nothing.
#[derive(Debug)]
pub struct RateLimiter {
    limit: u32,
    /// Keyed by a hash with a secret of this process, so that a caller can neither choose a key nor make two collide.
    windows: Cache<u64, Windows>,
    hasher: RandomState,
}

/// The requests of one pair of subject and path.
#[derive(Debug, Clone, Copy)]
struct Windows {
    /// The number of the current window on the steady clock.
    number: u64,
    current: u32,
    previous: u32,
}

impl RateLimiter {
    /// Allows this many requests per minute; 0 is no limit.
    pub fn new(per_minute: u32) -> Self {
        let remembered = if per_minute == 0 { 0 } else { REMEMBERED };
        Self {
            limit: per_minute,
            windows: Cache::with(
                EXPECTED.min(remembered),
                remembered as u64,
                quick_cache::UnitWeighter,
                quick_cache::DefaultHashBuilder::default(),
                quick_cache::sync::DefaultLifecycle::default(),
            ),
            hasher: RandomState::new(),
        }
    }

    /// Forgets every request.
    pub fn forget(&self) {
        self.windows.clear();
    }

    /// Decides about one request of `subject` to `path`, which is the path of the URL without its query, and counts it if it is
    /// allowed. `now` is the clock's [`crate::clock::Clock::moment`].
    pub fn check(&self, subject: Subject, path: &str, now: Moment) -> Decision {
        if self.limit == 0 {
            return Decision::Unlimited;
        }
        let key = self.hasher.hash_one((subject, path));
        let steady = u64::try_from(now.steady.as_micros()).unwrap_or(u64::MAX);
        let entry = self.windows.entry(&key, None, |_, windows| EntryAction::Retain(windows.take(self.limit, steady)));
        let remaining = match entry {
            EntryResult::Retained(remaining) => remaining,
            EntryResult::Vacant(guard) => {
                let mut windows = Windows { number: steady / WINDOW, current: 0, previous: 0 };
                let remaining = windows.take(self.limit, steady);
                // Fails only if somebody else put the same key in, which the guard rules out.
                let _ = guard.insert(windows);
                remaining
            }
            // Neither removed nor replaced above, and there is no time to run out.
            EntryResult::Removed(..) | EntryResult::Replaced(..) | EntryResult::Timeout => None,
        };
        let left_in_window = WINDOW - steady % WINDOW;
        let reset_micros = now.wall.micros().saturating_add(i64::try_from(left_in_window).unwrap_or(i64::MAX));
        // Rounded up: at the second that is told, the window is over.
        let reset_unix = reset_micros.div_euclid(1_000_000) + i64::from(reset_micros.rem_euclid(1_000_000) > 0);
        match remaining {
            Some(remaining) => Decision::Allowed { limit: self.limit, remaining, reset_unix },
            None => Decision::Limited { limit: self.limit, reset_unix },
        }
    }
}

impl Windows {
    /// Counts a request if there is room for it, and returns how many more there are; `None` if there is no room.
    fn take(&mut self, limit: u32, steady: u64) -> Option<u32> {
        // Threads read the clock before they come here, so one may be a little late: it counts in the window as it is.
        let now = steady.max(self.number * WINDOW);
        match now / WINDOW - self.number {
            0 => {}
            1 => (self.previous, self.current) = (self.current, 0),
            _ => (self.previous, self.current) = (0, 0),
        }
        self.number = now / WINDOW;
        // Counted in request-microseconds: below 2^32 * 2^27, so nothing overflows.
        let still_covered = u64::from(self.previous) * (WINDOW - now % WINDOW);
        let used = still_covered + u64::from(self.current) * WINDOW;
        let room = (u64::from(limit) * WINDOW).saturating_sub(used) / WINDOW;
        let remaining = room.checked_sub(1)?;
        self.current += 1;
        u32::try_from(remaining).ok()
    }
}
