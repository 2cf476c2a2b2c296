//! Owns what the server takes for the present: the wall clock and a steady one beside it. Knows nothing of who asks.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::Utc;
use orgd_api_types::Timestamp;

/// Tells the time. Passed in as `Arc<dyn Clock>`, so that tests and simulations bring their own.
pub trait Clock: Send + Sync {
    /// The wall clock, in UTC. An operator or a time server may set it back or forth at any moment.
    fn now(&self) -> Timestamp;

    /// The wall clock together with the steady one, read at the same moment.
    fn moment(&self) -> Moment;
}

/// One moment on two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The time of day: what people and other machines are told.
    pub wall: Timestamp,
    /// Time since the clock was made. It never jumps, so spans are measured with it.
    pub steady: Duration,
}

/// The clocks of the machine.
#[derive(Debug)]
pub struct SystemClock {
    made: Instant,
}

impl SystemClock {
    /// The clocks of the machine; the steady one starts at zero.
    pub fn new() -> Self {
        Self { made: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from(Utc::now())
    }

    fn moment(&self) -> Moment {
        Moment { wall: self.now(), steady: self.made.elapsed() }
    }
}

/// A clock that moves only when told to.
#[derive(Debug)]
pub struct ManualClock {
    wall_micros: AtomicI64,
    steady_micros: AtomicU64,
}

impl ManualClock {
    /// A clock that stands at `wall`; its steady time is zero.
    pub fn new(wall: Timestamp) -> Self {
        Self { wall_micros: AtomicI64::new(wall.micros()), steady_micros: AtomicU64::new(0) }
    }

    /// Lets time pass: both clocks move.
    pub fn advance(&self, by: Duration) {
        let micros = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        self.wall_micros.fetch_add(i64::try_from(micros).unwrap_or(i64::MAX), Ordering::Relaxed);
        self.steady_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Sets the wall clock, back or forth, as an operator does. No time passes.
    pub fn set(&self, wall: Timestamp) {
        self.wall_micros.store(wall.micros(), Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.wall_micros.load(Ordering::Relaxed))
    }

    fn moment(&self) -> Moment {
        Moment { wall: self.now(), steady: Duration::from_micros(self.steady_micros.load(Ordering::Relaxed)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advancing_moves_both_clocks_and_setting_only_the_wall() {
        let clock = ManualClock::new(Timestamp::from_micros(5_000_000));
        clock.advance(Duration::from_millis(1_500));
        let moment = Moment { wall: Timestamp::from_micros(6_500_000), steady: Duration::from_millis(1_500) };
        assert_eq!(clock.moment(), moment);

        clock.set(Timestamp::from_micros(1_000_000));
        assert_eq!(clock.now(), Timestamp::from_micros(1_000_000));
        assert_eq!(clock.moment().steady, Duration::from_millis(1_500));
    }

    #[test]
    fn the_machine_clock_never_runs_backwards_on_its_steady_side() {
        let clock = SystemClock::new();
        let first = clock.moment();
        let before = Timestamp::from(Utc::now());
        std::thread::sleep(Duration::from_millis(2));
        let second = clock.moment();
        assert!(second.steady >= first.steady + Duration::from_millis(2));
        // A time server may touch the wall clock in between, so only its rough place is certain.
        assert!((second.wall.micros() - before.micros()).abs() < 60_000_000);
    }
}
