//! How much was moved, in numbers and in words.

use std::fmt;

/// How much was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Organizations.
    pub organizations: u64,
    /// Provisioner jobs.
    pub jobs: u64,
}

impl fmt::Display for Counts {
    /// As in "3 organizations and 1,204 provisioner jobs".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { organizations, jobs } = *self;
        let ending = |count| if count == 1 { "" } else { "s" };
        write!(
            formatter,
            "{} organization{} and {} provisioner job{}",
            grouped(organizations),
            ending(organizations),
            grouped(jobs),
            ending(jobs)
        )
    }
}

/// The number with a comma between groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Counts, grouped};

    #[test]
    fn groups_digits() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345, "12,345"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn one_has_no_ending() {
        assert_eq!(Counts { organizations: 1, jobs: 1 }.to_string(), "1 organization and 1 provisioner job");
        assert_eq!(Counts { organizations: 0, jobs: 1204 }.to_string(), "0 organizations and 1,204 provisioner jobs");
    }
}
