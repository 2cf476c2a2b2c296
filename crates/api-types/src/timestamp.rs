//! Points in time as the API prints them.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
///
/// Printed as RFC 3339 in UTC with up to six fractional digits and no trailing zeros: `2026-01-02T03:04:05.1Z`. The formatter
/// is written out because a list of jobs prints hundreds of these and chrono's takes eight times as long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not a point in time that RFC 3339 can write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseTimestampError(String);

/// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z: what RFC 3339's four-digit years can hold.
const RANGE: std::ops::RangeInclusive<i64> = -62_167_219_200_000_000..=253_402_300_799_999_999;

impl Timestamp {
    /// The point in time that many microseconds after 1970, kept within the years 0 to 9999.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(*RANGE.start(), *RANGE.end()))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// The same point in time for calendar arithmetic.
    pub fn to_datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    /// Writes the text form into `buffer` and returns its length.
    fn write(self, buffer: &mut [u8; 27]) -> usize {
        fn digits(buffer: &mut [u8], mut value: u32) {
            for byte in buffer.iter_mut().rev() {
                *byte = b'0' + (value % 10) as u8;
                value /= 10;
            }
        }
        let at = self.to_datetime();
        buffer.copy_from_slice(b"0000-00-00T00:00:00.000000Z");
        // The range of `Timestamp` keeps the year within four digits.
        digits(&mut buffer[0..4], at.year() as u32);
        digits(&mut buffer[5..7], at.month());
        digits(&mut buffer[8..10], at.day());
        digits(&mut buffer[11..13], at.hour());
        digits(&mut buffer[14..16], at.minute());
        digits(&mut buffer[17..19], at.second());
        let fraction = self.0.rem_euclid(1_000_000) as u32;
        if fraction == 0 {
            buffer[19] = b'Z';
            return 20;
        }
        digits(&mut buffer[20..26], fraction);
        let mut end = 26;
        while buffer[end - 1] == b'0' {
            end -= 1;
        }
        buffer[end] = b'Z';
        end + 1
    }

    fn with_text<T>(self, use_text: impl FnOnce(&str) -> T) -> T {
        let mut buffer = [0; 27];
        let length = self.write(&mut buffer);
        // Only ASCII digits and separators were written.
        use_text(std::str::from_utf8(&buffer[..length]).unwrap_or_default())
    }
}

impl From<DateTime<Utc>> for Timestamp {
    /// Cuts to microseconds, which is what the database keeps.
    fn from(at: DateTime<Utc>) -> Self {
        Self::from_micros(at.timestamp_micros())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| formatter.pad(text))
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_from_rfc3339(text)
            .map(|at| Self::from(at.with_timezone(&Utc)))
            .map_err(|_| ParseTimestampError(text.to_owned()))
    }
}

impl fmt::Display for ParseTimestampError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} is not a date and time like 2026-01-02T03:04:05Z (RFC 3339)", self.0)
    }
}

impl std::error::Error for ParseTimestampError {}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_text(|text| serializer.serialize_str(text))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn prints_up_to_six_digits_without_trailing_zeros() {
        for (text, printed) in [
            ("2026-01-02T03:04:05.123456Z", "2026-01-02T03:04:05.123456Z"),
            ("2026-01-02T03:04:05.100Z", "2026-01-02T03:04:05.1Z"),
            ("2026-01-02T03:04:05.000001Z", "2026-01-02T03:04:05.000001Z"),
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T05:04:05+02:00", "2026-01-02T03:04:05Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z"),
            ("2026-01-02T03:04:05.1234569Z", "2026-01-02T03:04:05.123456Z"),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), printed);
        }
    }

    #[test]
    fn keeps_within_four_digit_years() {
        assert_eq!(Timestamp::from_micros(i64::MAX).to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(Timestamp::from_micros(i64::MIN).to_string(), "0000-01-01T00:00:00Z");
    }

    #[test]
    fn says_what_a_point_in_time_looks_like() {
        let error = "yesterday".parse::<Timestamp>().unwrap_err().to_string();
        assert_eq!(error, r#""yesterday" is not a date and time like 2026-01-02T03:04:05Z (RFC 3339)"#);
    }
}
