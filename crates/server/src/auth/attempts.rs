//! How often somebody may guess a password: a few failures for one user from one address, and then not for a while.
//!
//! Whoever is locked out is one pair of user and address, so nobody can lock a user out everywhere.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use parking_lot::Mutex;

use crate::ratelimit::Subject;

/// How many attempts may fail.
const ALLOWED: u32 = 10;
/// For how long they count, from the first of them.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// How many pairs are remembered; beyond that the oldest is forgotten.
const REMEMBERED: usize = 10_000;

/// The failed attempts of everybody.
#[derive(Debug, Default)]
pub struct LoginAttempts {
    /// Keyed by a hash with a secret of this process, so that nobody can make two pairs collide.
    tallies: Mutex<HashMap<u64, Tally>>,
    hasher: RandomState,
}

#[derive(Debug, Clone, Copy)]
struct Tally {
    since: Duration,
    failures: u32,
}

/// An attempt that counts as failed until it is known to have succeeded.
#[derive(Debug)]
#[must_use]
pub struct Attempt(u64);

impl LoginAttempts {
    /// Counts an attempt at the password of a user (by whatever name it is given, in whatever case) from an address. `now` is the
    /// steady clock's. When there were too many: how long it takes until the next one counts.
    pub fn begin(&self, user: &str, from: Option<Subject>, now: Duration) -> Result<Attempt, Duration> {
        let key = self.hasher.hash_one((user.to_lowercase(), from));
        let mut tallies = self.tallies.lock();
        if tallies.len() >= REMEMBERED && !tallies.contains_key(&key) {
            make_room(&mut tallies, now);
        }
        let tally = tallies.entry(key).or_insert(Tally { since: now, failures: 0 });
        let age = now.saturating_sub(tally.since);
        if age >= WINDOW {
            *tally = Tally { since: now, failures: 0 };
        } else if tally.failures >= ALLOWED {
            return Err(WINDOW - age);
        }
        tally.failures += 1;
        Ok(Attempt(key))
    }

    /// Forgives everybody.
    pub fn forget(&self) {
        self.tallies.lock().clear();
    }

    /// The password was right: what failed before it is forgiven.
    pub fn succeed(&self, attempt: Attempt) {
        self.tallies.lock().remove(&attempt.0);
    }
}

fn make_room(tallies: &mut HashMap<u64, Tally>, now: Duration) {
    tallies.retain(|_, tally| now.saturating_sub(tally.since) < WINDOW);
    if tallies.len() >= REMEMBERED
        && let Some(oldest) = tallies.iter().min_by_key(|(_, tally)| tally.since).map(|(key, _)| *key)
    {
        tallies.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{ALLOWED, LoginAttempts, REMEMBERED, Subject, WINDOW};

    const HERE: Option<Subject> = Some(Subject::Address(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1))));
    const THERE: Option<Subject> = Some(Subject::Address(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2))));

    #[test]
    fn too_many_failures_lock_one_pair_for_a_while() {
        let attempts = LoginAttempts::default();
        let begun = Duration::from_secs(5);
        for _ in 0..ALLOWED {
            let _ = attempts.begin("Ana@example.com", HERE, begun).unwrap();
        }
        assert_eq!(attempts.begin("ana@EXAMPLE.com", HERE, begun).unwrap_err(), WINDOW);
        let later = begun + Duration::from_secs(60);
        assert_eq!(attempts.begin("ana@example.com", HERE, later).unwrap_err(), WINDOW - Duration::from_secs(60));
        assert!(attempts.begin("ana@example.com", THERE, later).is_ok(), "another address");
        assert!(attempts.begin("ben@example.com", HERE, later).is_ok(), "another user");
        assert!(attempts.begin("ana@example.com", HERE, begun + WINDOW).is_ok(), "after a while");
    }

    #[test]
    fn success_forgives() {
        let attempts = LoginAttempts::default();
        for _ in 0..3 * ALLOWED {
            let attempt = attempts.begin("ana", HERE, Duration::ZERO).unwrap();
            let _ = attempts.begin("ana", HERE, Duration::ZERO).unwrap();
            attempts.succeed(attempt);
        }
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let attempts = LoginAttempts::default();
        for number in 0..REMEMBERED + 100 {
            let _ = attempts.begin(&number.to_string(), HERE, Duration::from_micros(number as u64)).unwrap();
        }
        assert_eq!(attempts.tallies.lock().len(), REMEMBERED);
        let _ = attempts.begin("new", HERE, WINDOW + Duration::from_secs(1)).unwrap();
        assert_eq!(attempts.tallies.lock().len(), 1, "what is over is forgotten first");
    }
}
