//! Session tokens: `<10 characters>-<22 characters>`, letters and digits, of which only the first part and the SHA-256 of the
//! second are kept.

use std::fmt;

use orgd_api_types::{LoginType, Timestamp};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

const ID_LENGTH: usize = 10;
const SECRET_LENGTH: usize = 22;
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// What a session token can be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyScope {
    /// Everything that its user may do.
    All,
    /// Connecting to applications, which is nothing that this server does.
    ApplicationConnect,
}

impl KeyScope {
    /// Reads the JSON array that the database keeps. Scopes that this version does not know allow nothing.
    pub fn from_json(scopes: &str) -> Self {
        let scopes: Vec<String> = serde_json::from_str(scopes).unwrap_or_default();
        if scopes.iter().any(|scope| scope == Self::All.as_str() || scope == "coder:all") {
            Self::All
        } else {
            Self::ApplicationConnect
        }
    }

    /// The JSON array that the database keeps.
    pub fn to_json(self) -> String {
        serde_json::Value::from(vec![self.as_str()]).to_string()
    }

    /// The scope's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::ApplicationConnect => "application_connect",
        }
    }
}

/// What a session token is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPurpose {
    /// `Password` for a session, which lasts for as long as it is used; `Token` for one that ends when it was made to end.
    pub login_type: LoginType,
    /// The name to know it by; empty for none.
    pub name: String,
    /// What it can be used for.
    pub scope: KeyScope,
    /// How long it lasts.
    pub lifetime_seconds: i64,
    /// The address of whoever asked for it; empty when it is not known.
    pub address: String,
}

/// A session token as the database keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionTokenRecord {
    /// The part before the hyphen.
    pub id: String,
    /// SHA-256 of the part after the hyphen.
    pub hashed_secret: [u8; 32],
    /// Whose token it is.
    pub user_id: Uuid,
    /// The name that its maker gave it; empty when it has none.
    pub name: String,
    /// Whether use extends it.
    pub login_type: LoginType,
    /// What it can be used for.
    pub scope: KeyScope,
    /// How long it was made to last.
    pub lifetime_seconds: i64,
    /// The address from which it was asked for, or last used; empty when it is not known.
    pub address: String,
    /// When it was last used, to the hour.
    pub last_used_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The text of a session token, as its holder sends it.
#[derive(Clone, Copy)]
pub struct TokenText<'a> {
    /// The part before the hyphen.
    pub id: &'a str,
    secret: &'a str,
}

/// The text is not a session token. Completes "Invalid API key format: …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFormatError {
    /// It does not have exactly one hyphen.
    #[error("incorrect amount of API key parts, expected 2 got {0}")]
    Parts(usize),
    /// Its first part has another length than 10.
    #[error("invalid API key ID length, expected 10 got {0}")]
    IdLength(usize),
    /// Its second part has another length than 22.
    #[error("invalid API key secret length, expected 22 got {0}")]
    SecretLength(usize),
}

impl<'a> TokenText<'a> {
    /// Splits the text. Lengths are bytes.
    pub fn parse(text: &'a str) -> Result<Self, TokenFormatError> {
        // Counting bytes is a few vector instructions; splitting would search for each hyphen anew.
        let parts = 1 + text.bytes().filter(|byte| *byte == b'-').count();
        let Some((id, secret)) = text.split_once('-').filter(|_| parts == 2) else {
            return Err(TokenFormatError::Parts(parts));
        };
        if id.len() != ID_LENGTH {
            Err(TokenFormatError::IdLength(id.len()))
        } else if secret.len() != SECRET_LENGTH {
            Err(TokenFormatError::SecretLength(secret.len()))
        } else {
            Ok(Self { id, secret })
        }
    }

    /// What the database keeps of the secret.
    pub fn hashed(self) -> [u8; 32] {
        hash(self.secret)
    }

    /// True when the secret hashes to this, in a time that does not depend on where they differ.
    pub fn matches(self, hashed_secret: &[u8; 32]) -> bool {
        hash(self.secret).ct_eq(hashed_secret).into()
    }
}

pub(super) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// A token that was just made. Its text exists here and nowhere else; whoever made it shows it once.
pub struct NewToken {
    text: String,
    /// What the database keeps.
    pub record: SessionTokenRecord,
}

impl NewToken {
    /// Makes a token from the system's random numbers: 131 bits in the secret.
    pub fn generate(user_id: Uuid, purpose: TokenPurpose, now: Timestamp) -> Result<Self, getrandom::Error> {
        let TokenPurpose { login_type, name, scope, lifetime_seconds, address } = purpose;
        let id = random_text(ID_LENGTH)?;
        let secret = random_text(SECRET_LENGTH)?;
        let record = SessionTokenRecord {
            hashed_secret: hash(&secret),
            user_id,
            name,
            login_type,
            scope,
            lifetime_seconds,
            address,
            last_used_at: None,
            expires_at: after_seconds(now, lifetime_seconds),
            created_at: now,
            updated_at: now,
            id: id.clone(),
        };
        Ok(Self { text: format!("{id}-{secret}"), record })
    }

    /// The text to show, once.
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for NewToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NewToken({})", self.record.id)
    }
}

/// So many seconds after a time.
pub fn after_seconds(at: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_add(seconds.saturating_mul(1_000_000)))
}

/// Letters and digits, each equally likely: bytes that would favour some of them are thrown away.
pub(crate) fn random_text(length: usize) -> Result<String, getrandom::Error> {
    let mut text = String::with_capacity(length);
    let mut bytes = [0u8; 64];
    while text.len() < length {
        getrandom::fill(&mut bytes)?;
        let fair = bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(ALPHABET[usize::from(byte % 62)]));
        text.extend(fair.take(length - text.len()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use orgd_api_types::LoginType;
    use uuid::Uuid;

    use super::{KeyScope, NewToken, Timestamp, TokenFormatError, TokenPurpose, TokenText};

    fn new_token() -> NewToken {
        let purpose = TokenPurpose {
            login_type: LoginType::Token,
            name: String::new(),
            scope: KeyScope::All,
            lifetime_seconds: 60,
            address: String::new(),
        };
        NewToken::generate(Uuid::nil(), purpose, Timestamp::from_micros(0)).unwrap()
    }

    #[test]
    fn a_new_token_matches_its_record_and_no_other() {
        let (one, other) = (new_token(), new_token());
        let text = TokenText::parse(one.reveal()).unwrap();
        assert_eq!(text.id, one.record.id);
        assert!(text.matches(&one.record.hashed_secret));
        assert!(!text.matches(&other.record.hashed_secret));
        assert_eq!(one.record.expires_at, Timestamp::from_micros(60_000_000));
        assert!(!format!("{one:?}").contains(text.secret));
    }

    #[test]
    fn the_format_is_explained() {
        let secret = "s".repeat(22);
        for (text, error) in [
            ("nohyphen".to_owned(), TokenFormatError::Parts(1)),
            (format!("a-b-{secret}"), TokenFormatError::Parts(3)),
            (format!("short-{secret}"), TokenFormatError::IdLength(5)),
            ("0123456789-short".to_owned(), TokenFormatError::SecretLength(5)),
        ] {
            assert_eq!(TokenText::parse(&text).err(), Some(error), "{text}");
        }
    }

    #[test]
    fn an_unknown_scope_allows_nothing() {
        assert_eq!(KeyScope::from_json(r#"["all"]"#), KeyScope::All);
        assert_eq!(KeyScope::from_json(r#"["workspace:read"]"#), KeyScope::ApplicationConnect);
        assert_eq!(KeyScope::from_json("nonsense"), KeyScope::ApplicationConnect);
    }
}
