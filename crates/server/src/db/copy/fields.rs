//! How a value enters a checksum: the same bytes whichever database it was read from, with its kind and, where that can differ,
//! its length, so that no two rows give the same bytes.

use sha2::{Digest, Sha256};

use crate::db::types::{DbTime, DbUuid};

/// A value of a column.
pub(super) trait Field {
    /// Adds the value to a checksum.
    fn add_to(&self, sum: &mut Sha256);
}

/// A value of a key.
pub(super) trait Key {
    /// The value in words.
    fn shown(&self) -> String;
}

/// One byte before each value; numbers of any width are the same, as SQLite has one only.
const NULL: u8 = 0;
const NUMBER: u8 = 1;
const BYTES: u8 = 2;

fn add_number(sum: &mut Sha256, number: i64) {
    sum.update([NUMBER]);
    sum.update(number.to_be_bytes());
}

fn add_bytes(sum: &mut Sha256, bytes: &[u8]) {
    sum.update([BYTES]);
    sum.update((bytes.len() as u64).to_be_bytes());
    sum.update(bytes);
}

macro_rules! numbers {
    ($($type:ty),+) => {$(
        impl Field for $type {
            fn add_to(&self, sum: &mut Sha256) {
                add_number(sum, i64::from(*self));
            }
        }
    )+};
}

numbers!(bool, i16, i32, i64);

impl Field for DbTime {
    fn add_to(&self, sum: &mut Sha256) {
        add_number(sum, self.0.micros());
    }
}

impl Field for DbUuid {
    fn add_to(&self, sum: &mut Sha256) {
        add_bytes(sum, self.0.as_bytes());
    }
}

impl Field for String {
    fn add_to(&self, sum: &mut Sha256) {
        add_bytes(sum, self.as_bytes());
    }
}

impl Field for Vec<u8> {
    fn add_to(&self, sum: &mut Sha256) {
        add_bytes(sum, self);
    }
}

impl<T: Field> Field for Option<T> {
    fn add_to(&self, sum: &mut Sha256) {
        match self {
            None => sum.update([NULL]),
            Some(value) => value.add_to(sum),
        }
    }
}

macro_rules! keys_as_they_print {
    ($($type:ty),+) => {$(
        impl Key for $type {
            fn shown(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

keys_as_they_print!(i32, i64, String);

impl Key for DbUuid {
    fn shown(&self) -> String {
        self.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::Field;

    fn sum(fields: &[&dyn Field]) -> Vec<u8> {
        let mut sum = Sha256::new();
        fields.iter().for_each(|field| field.add_to(&mut sum));
        sum.finalize().to_vec()
    }

    fn text(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn rows_that_differ_give_other_bytes() {
        let nothing: Option<String> = None;
        assert_ne!(sum(&[&text("ab"), &text("c")]), sum(&[&text("a"), &text("bc")]));
        assert_ne!(sum(&[&nothing]), sum(&[&text("")]));
        assert_ne!(sum(&[&nothing, &text("a")]), sum(&[&text("a"), &nothing]));
        assert_ne!(sum(&[&1_i64]), sum(&[&-1_i64]));
        assert_ne!(sum(&[&0_i64]), sum(&[&text("\0\0\0\0\0\0\0\0")]));
    }

    #[test]
    fn the_width_of_a_number_does_not_count() {
        assert_eq!(sum(&[&1_i16, &7_i32]), sum(&[&true, &7_i64]));
        assert_eq!(sum(&[&Some(7_i64)]), sum(&[&7_i64]));
    }
}
