//! Secrets of provisioner keys: 43 letters and digits, of which only the SHA-256 is kept.

use std::fmt;

use super::token::{hash, random_text};

const LENGTH: usize = 43;

/// A secret that was just made. Its text exists here and nowhere else; whoever made it shows it once.
pub struct NewProvisionerSecret {
    text: String,
    /// What the database keeps.
    pub hashed: [u8; 32],
}

impl NewProvisionerSecret {
    /// Makes a secret from the system's random numbers: 256 bits.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let text = random_text(LENGTH)?;
        Ok(Self { hashed: hash(&text), text })
    }

    /// The text to show, once.
    pub fn reveal(self) -> String {
        self.text
    }
}

/// What the database keeps of the secret that a worker sent.
pub fn hash_of(secret: &str) -> [u8; 32] {
    hash(secret)
}

impl fmt::Debug for NewProvisionerSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NewProvisionerSecret").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{NewProvisionerSecret, hash};

    #[test]
    fn a_secret_is_long_and_new_and_not_shown_by_accident() {
        let (one, other) = (NewProvisionerSecret::generate().unwrap(), NewProvisionerSecret::generate().unwrap());
        let (hashed, shown) = (one.hashed, format!("{one:?}"));
        let text = one.reveal();
        assert!(text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{text}");
        assert_eq!(hash(&text), hashed);
        assert_ne!(text, other.reveal());
        assert!(!shown.contains(&text));
    }
}
