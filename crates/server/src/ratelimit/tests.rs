//! What the limit allows, whatever the clocks and the callers do.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use orgd_api_types::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::clock::{Clock, ManualClock};

const PATH: &str = "/api/v2/organizations";

fn user(number: u128) -> Subject {
    Subject::User(Uuid::from_u128(number))
}

/// A clock at a full second of 2026.
fn clock() -> ManualClock {
    ManualClock::new(Timestamp::from_micros(1_767_225_600_000_000))
}

/// How many of `requests` sent now are allowed.
fn allowed(limiter: &RateLimiter, clock: &ManualClock, requests: u32) -> u32 {
    let allowed = |_: &u32| matches!(limiter.check(user(1), PATH, clock.moment()), Decision::Allowed { .. });
    (0..requests).filter(allowed).count() as u32
}

#[test]
fn no_limit_counts_nothing() {
    let limiter = RateLimiter::new(0);
    for _ in 0..10_000 {
        assert_eq!(limiter.check(user(1), PATH, clock().moment()), Decision::Unlimited);
    }
    assert_eq!(limiter.windows.len(), 0);
}

#[test]
fn exactly_the_limit_is_allowed_and_the_numbers_count_down() {
    let limiter = RateLimiter::new(3);
    let clock = clock();
    clock.advance(Duration::from_micros(10_500_000));
    // The window ends 49.5 s later; the second that is told is the one after.
    let reset_unix = 1_767_225_600 + 60;
    for remaining in [2, 1, 0] {
        let decision = limiter.check(user(1), PATH, clock.moment());
        assert_eq!(decision, Decision::Allowed { limit: 3, remaining, reset_unix });
    }
    assert_eq!(limiter.check(user(1), PATH, clock.moment()), Decision::Limited { limit: 3, reset_unix });
}

#[test]
fn the_reset_is_never_told_too_early() {
    let limiter = RateLimiter::new(1);
    let reset = |wall: i64| match limiter.check(user(1), PATH, ManualClock::new(Timestamp::from_micros(wall)).moment())
    {
        Decision::Allowed { reset_unix, .. } | Decision::Limited { reset_unix, .. } => reset_unix,
        Decision::Unlimited => panic!("there is a limit"),
    };
    assert_eq!(reset(1_000_000), 61);
    assert_eq!(reset(1_000_001), 62);
    assert_eq!(reset(-1), 60);
}

#[test]
fn users_addresses_and_paths_are_counted_apart() {
    let limiter = RateLimiter::new(1);
    let clock = clock();
    let check = |subject, path| matches!(limiter.check(subject, path, clock.moment()), Decision::Allowed { .. });
    let address = |text: &str| Subject::address(text.parse().unwrap());
    assert!(check(user(1), PATH));
    assert!(!check(user(1), PATH));
    assert!(check(user(2), PATH));
    assert!(check(user(1), "/api/v2/users"));
    assert!(check(address("192.0.2.1"), PATH));
    assert!(!check(address("::ffff:192.0.2.1"), PATH));
    assert!(check(address("192.0.2.2"), PATH));
    assert!(check(address("2001:db8:0:1::1"), PATH));
    assert!(!check(address("2001:db8:0:1:ffff:ffff:ffff:ffff"), PATH));
    assert!(check(address("2001:db8:0:2::1"), PATH));
}

#[test]
fn the_minute_before_counts_by_what_is_left_of_it() {
    let limiter = RateLimiter::new(60);
    let clock = clock();
    clock.advance(Duration::from_secs(59));
    assert_eq!(allowed(&limiter, &clock, 100), 60);
    // At the turn of the window all of it still counts.
    clock.advance(Duration::from_secs(1));
    assert_eq!(allowed(&limiter, &clock, 100), 0);
    clock.advance(Duration::from_millis(999));
    assert_eq!(allowed(&limiter, &clock, 100), 0);
    clock.advance(Duration::from_millis(1));
    assert_eq!(allowed(&limiter, &clock, 100), 1);
    // Half of the window later, half of it; one was used.
    clock.advance(Duration::from_secs(29));
    assert_eq!(allowed(&limiter, &clock, 100), 29);
    // Two windows later, none of it.
    clock.advance(Duration::from_secs(90));
    assert_eq!(allowed(&limiter, &clock, 100), 60);
}

#[test]
fn a_refused_request_is_not_counted() {
    let limiter = RateLimiter::new(10);
    let clock = clock();
    assert_eq!(allowed(&limiter, &clock, 1_000), 10);
    clock.advance(Duration::from_secs(90));
    assert_eq!(allowed(&limiter, &clock, 1_000), 5);
}

#[test]
fn a_wall_clock_that_jumps_neither_locks_out_nor_forgives() {
    for jump in [-86_400_i64, -3_600, -61, 61, 86_400, 1_000_000_000] {
        let limiter = RateLimiter::new(512);
        let clock = clock();
        assert_eq!(allowed(&limiter, &clock, 600), 512);
        let jumped = Timestamp::from_micros(clock.now().micros() + jump * 1_000_000);
        clock.set(jumped);
        assert_eq!(allowed(&limiter, &clock, 600), 0, "{jump} s opened a free window");
        clock.advance(Duration::from_secs(120));
        assert_eq!(allowed(&limiter, &clock, 600), 512, "{jump} s locked somebody out");
        // What the headers tell follows the wall.
        match limiter.check(user(1), PATH, clock.moment()) {
            Decision::Limited { reset_unix, .. } => assert_eq!(reset_unix, jumped.micros() / 1_000_000 + 180),
            decision => panic!("{decision:?}"),
        }
    }
}

#[test]
fn a_thread_that_read_the_clock_late_finds_the_newer_window() {
    let limiter = RateLimiter::new(2);
    let clock = clock();
    clock.advance(Duration::from_micros(WINDOW - 1));
    let late = clock.moment();
    clock.advance(Duration::from_micros(1));
    assert!(matches!(limiter.check(user(1), PATH, clock.moment()), Decision::Allowed { remaining: 1, .. }));
    assert!(matches!(limiter.check(user(1), PATH, late), Decision::Allowed { remaining: 0, .. }));
    assert!(matches!(limiter.check(user(1), PATH, clock.moment()), Decision::Limited { .. }));
}

#[test]
fn many_threads_together_get_exactly_the_limit() {
    for limit in [1, 512, 5_000] {
        let limiter = RateLimiter::new(limit);
        let clock = clock();
        let total = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| total.fetch_add(allowed(&limiter, &clock, 2_000), Ordering::Relaxed));
            }
        });
        assert_eq!(total.into_inner(), limit);
    }
}

#[test]
fn a_flood_of_addresses_costs_bounded_memory_and_forgives_nobody_who_is_limited() {
    let limiter = RateLimiter::new(5);
    let clock = clock();
    assert!(limiter.windows.memory_used().total() < 1 << 20, "an idle limiter takes little");
    assert_eq!(allowed(&limiter, &clock, 100), 5);
    for number in 0..1_100_000_u32 {
        let address = Subject::address(std::net::Ipv4Addr::from(number).into());
        assert!(matches!(limiter.check(address, PATH, clock.moment()), Decision::Allowed { remaining: 4, .. }));
        if number % 10_000 == 0 {
            assert_eq!(allowed(&limiter, &clock, 1), 0, "whoever is limited and keeps trying is remembered");
        }
    }
    assert!(limiter.windows.len() <= REMEMBERED);
    let used = limiter.windows.memory_used().total();
    assert!(used <= 64 << 20, "{used} bytes");
    assert_eq!(allowed(&limiter, &clock, 100), 0);
}

proptest! {
    /// Whatever the steps between requests, any sixty seconds hold at most twice the limit less one, and at most the limit
    /// within one window; and after two quiet minutes the whole limit is there.
    #[test]
    fn windows_never_hold_more_than_the_limit(limit in 1_u32..20, steps in prop::collection::vec(0_u64..20_000_000, 1..200)) {
        let mut windows = Windows { number: 0, current: 0, previous: 0 };
        let mut now = 0;
        let mut taken: Vec<u64> = Vec::new();
        for step in steps {
            now += step;
            if let Some(remaining) = windows.take(limit, now) {
                prop_assert!(remaining < limit);
                taken.push(now);
            }
            let in_window = taken.iter().filter(|at| **at / WINDOW == now / WINDOW).count();
            prop_assert!(in_window <= limit as usize);
            let in_minute = taken.iter().filter(|at| **at + WINDOW > now).count();
            prop_assert!(in_minute < 2 * limit as usize || limit == 1 && in_minute <= 1);
        }
        prop_assert_eq!(windows.take(limit, now + 2 * WINDOW), Some(limit - 1));
    }
}
