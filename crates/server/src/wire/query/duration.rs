//! Durations as Coder's clients write them: `1h30m`, `90s`, `1.5h`. Knows nothing of what they are for.

/// Units with their length in nanoseconds; `ms` comes before `m`, so that it is found first.
const UNITS: &[(&str, u128)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The longest duration, in microseconds: what 64 bits of nanoseconds hold, 292 years.
const LONGEST: u128 = i64::MAX as u128 / 1_000;

/// The duration in whole microseconds: decimal numbers, each with its unit, or a bare `0`. `None` for anything else.
pub(super) fn parse_duration(text: &str) -> Option<i64> {
    if text == "0" {
        return Some(0);
    }
    let mut rest = text;
    let mut nanos: u128 = 0;
    while !rest.is_empty() || text.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after_number) = after.strip_prefix('.').map_or(("", after), digits);
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let (unit, length) = UNITS.iter().find(|(unit, _)| after_number.starts_with(unit))?;
        nanos = nanos.checked_add(part(whole, fraction, *length)?)?;
        rest = after_number.strip_prefix(unit)?;
    }
    let micros = nanos / 1_000;
    (micros <= LONGEST).then(|| i64::try_from(micros).ok())?
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

fn part(whole: &str, fraction: &str, unit: u128) -> Option<u128> {
    // More digits than these are less than a nanosecond of any unit.
    let fraction = fraction.get(..fraction.len().min(15))?;
    let number = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<u64>().ok() };
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    Some(u128::from(number(whole)?) * unit + u128::from(number(fraction)?) * unit / scale)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse_duration;

    #[test]
    fn reads_what_clients_write() {
        const SECOND: i64 = 1_000_000;
        for (text, micros) in [
            ("1h0m0s", 3600 * SECOND),
            ("90s", 90 * SECOND),
            ("1.5h", 5400 * SECOND),
            (".5s", SECOND / 2),
            ("1.s", SECOND),
            ("2ms3us", 2003),
            ("7µs", 7),
            ("999ns", 0),
            ("0", 0),
            ("0s", 0),
            ("2562047h", 2_562_047 * 3600 * SECOND),
        ] {
            assert_eq!(parse_duration(text), Some(micros), "{text}");
        }
    }

    #[test]
    fn refuses_anything_else() {
        for text in
            ["", "1", "h", "1 h", "-1h", "1d", "1h-", ".h", "1..h", "1hh", "9999999999h", "99999999999999999999s"]
        {
            assert_eq!(parse_duration(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in prop_oneof![any::<String>(), "[0-9.hmsnuµ]{0,40}"]) {
            let _ = parse_duration(&text);
        }
    }
}
