//! What the `{user}` segment of a path names. Looks nothing up.

use uuid::Uuid;

use super::percent::decode;
use super::uuid::parse_uuid;

/// The longest name that a user can have, in bytes.
const LONGEST_NAME: usize = 32;

/// How a request names a user.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum UserRef {
    /// Whoever asks.
    Me,
    /// By id.
    Id(Uuid),
    /// 32 hexadecimal digits are a UUID as well as a legal name: by id first, then by this lower-case name.
    IdOrName(Uuid, String),
    /// By name, in lower case.
    Name(String),
}

impl UserRef {
    /// Reads a path segment as it came, still percent-encoded.
    ///
    /// `None` means that no user can be meant. To a caller that is the same as a user who does not exist.
    pub fn parse(raw_segment: &str) -> Option<Self> {
        let text = decode(raw_segment).ok()?;
        if text == "me" {
            return Some(Self::Me);
        }
        if text.contains('\0') {
            return None;
        }
        match (parse_uuid(&text), name(&text)) {
            (Ok(id), Some(name)) => Some(Self::IdOrName(id, name)),
            (Ok(id), None) => Some(Self::Id(id)),
            (Err(_), name) => name.map(Self::Name),
        }
    }
}

fn name(text: &str) -> Option<String> {
    let legal = (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    // ASCII only, so this is the case rule of the database's unique index too.
    legal.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::UserRef;

    #[test]
    fn me_ids_and_names() {
        let id = Uuid::from_u128(7);
        assert_eq!(UserRef::parse("me"), Some(UserRef::Me));
        assert_eq!(UserRef::parse("%6de"), Some(UserRef::Me));
        assert_eq!(UserRef::parse("ME"), Some(UserRef::Name("me".to_owned())));
        assert_eq!(UserRef::parse(&id.to_string()), Some(UserRef::Id(id)));
        let digits = id.simple().to_string();
        assert_eq!(UserRef::parse(&digits.to_uppercase()), Some(UserRef::IdOrName(id, digits)));
        assert_eq!(UserRef::parse("Ana-2"), Some(UserRef::Name("ana-2".to_owned())));
        for raw in ["", "%00", "a%2Fb", "%zz", "a_b", "ana@example.com", &"a".repeat(33)] {
            assert_eq!(UserRef::parse(raw), None, "{raw}");
        }
    }
}
