//! A clock that tests stop, set and move.

use std::time::{Duration, Instant};

use chrono::Utc;
use orgd_api_types::Timestamp;
use parking_lot::Mutex;

use crate::clock::{Clock, Moment};

/// Where the clock stands at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// With the machine's clock, and it goes.
    #[default]
    Running,
    /// With the machine's clock or where the state says, and it stands.
    Frozen,
    /// Here, and it stands.
    FrozenAt(Timestamp),
}

/// A clock that goes on only where it was told to.
#[derive(Debug)]
pub struct TestClock {
    start: Start,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    wall: i64,
    steady: Duration,
    /// Since when it goes; `None` while it stands.
    since: Option<Instant>,
}

impl State {
    fn moment(&self) -> Moment {
        let passed = self.since.map(|since| since.elapsed()).unwrap_or_default();
        let wall = Timestamp::from_micros(self.wall.saturating_add(micros(passed)));
        Moment { wall, steady: self.steady + passed }
    }

    /// Takes what has passed into account, and goes on or stands from here.
    fn settle(&mut self, goes: bool) {
        let Moment { wall, steady } = self.moment();
        *self = Self { wall: wall.micros(), steady, since: goes.then(Instant::now) };
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

impl TestClock {
    /// A clock for a state that wants it to stand at `now`.
    pub fn new(start: Start, now: Option<Timestamp>) -> Self {
        let state = State { wall: 0, steady: Duration::ZERO, since: None };
        let clock = Self { start, state: Mutex::new(state) };
        clock.restart(now);
        clock
    }

    /// As at the start, for a state that wants it to stand at `now`. The steady side goes on: what counts spans must not see them shrink.
    pub fn restart(&self, now: Option<Timestamp>) {
        let system = Timestamp::from(Utc::now());
        let mut state = self.state.lock();
        let steady = state.moment().steady;
        let (wall, goes) = match self.start {
            Start::Running => (system, true),
            Start::Frozen => (now.unwrap_or(system), false),
            Start::FrozenAt(at) => (at, false),
        };
        *state = State { wall: wall.micros(), steady, since: goes.then(Instant::now) };
    }

    /// True while it stands.
    pub fn is_frozen(&self) -> bool {
        self.state.lock().since.is_none()
    }

    /// Stops it, or lets it go on from where it stands.
    pub fn freeze(&self, stands: bool) {
        self.state.lock().settle(!stands);
    }

    /// Sets it, as an operator does: no time passes.
    pub fn set(&self, wall: Timestamp) {
        let mut state = self.state.lock();
        let goes = state.since.is_some();
        state.settle(goes);
        state.wall = wall.micros();
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state.lock();
        state.wall = state.wall.saturating_add(micros(by));
        state.steady = state.steady.saturating_add(by);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.moment().wall
    }

    fn moment(&self) -> Moment {
        self.state.lock().moment()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Clock, Start, TestClock, Timestamp};

    #[test]
    fn a_frozen_clock_moves_only_when_told() {
        let at = Timestamp::from_micros(5_000_000);
        let clock = TestClock::new(Start::FrozenAt(at), None);
        assert_eq!((clock.now(), clock.now(), clock.is_frozen()), (at, at, true));
        let steady = clock.moment().steady;
        clock.advance(Duration::from_secs(90));
        assert_eq!(clock.now(), Timestamp::from_micros(95_000_000));
        assert_eq!(clock.moment().steady, steady + Duration::from_secs(90));
        clock.set(at);
        assert_eq!((clock.now(), clock.moment().steady), (at, steady + Duration::from_secs(90)));
        clock.restart(None);
        assert_eq!(clock.moment().steady, steady + Duration::from_secs(90), "steady time never goes back");
    }

    #[test]
    fn a_clock_that_goes_on_goes_on_from_where_it_stands() {
        let at = Timestamp::from_micros(5_000_000);
        let clock = TestClock::new(Start::Frozen, Some(at));
        assert_eq!(clock.now(), at);
        clock.freeze(false);
        std::thread::sleep(Duration::from_millis(2));
        let later = clock.now();
        assert!(later > at && !clock.is_frozen());
        clock.freeze(true);
        assert!(clock.now() >= later && clock.now() == clock.now());
    }

    #[test]
    fn a_clock_that_runs_shows_the_machines_time_again_after_a_restart() {
        let clock = TestClock::new(Start::Running, Some(Timestamp::from_micros(0)));
        clock.advance(Duration::from_secs(3_600));
        let ahead = clock.now();
        clock.restart(None);
        assert!(clock.now() < ahead);
    }
}
