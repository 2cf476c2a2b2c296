//! What the `{organization}` and `{user}` segments of a path name. Looks nothing up: whether there is such an organization or user,
//! and whether the caller may see it, is decided elsewhere.

use orgd_api_types::RESERVED_ORGANIZATION_NAME;
use uuid::Uuid;

use super::percent::decode;
use super::uuid::parse_uuid;

/// The longest name that an organization or a user can have, in bytes.
const LONGEST_NAME: usize = 32;

/// Old workers send the nil UUID, spelled like this, for the default organization.
const NIL: &str = "00000000-0000-0000-0000-000000000000";

/// How a request names an organization.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OrganizationRef {
    /// The default organization.
    Default,
    /// By id.
    Id(Uuid),
    /// 32 hexadecimal digits are a UUID as well as a legal name: by id first, then by this lower-case name.
    IdOrName(Uuid, String),
    /// By name, in lower case.
    Name(String),
}

impl OrganizationRef {
    /// Reads a path segment as it came, still percent-encoded.
    ///
    /// `None` means that no organization can be meant: an escape or UTF-8 is broken, or a character or the length is one that
    /// no name has. To a caller that is the same as an organization that does not exist.
    pub fn parse(raw_segment: &str) -> Option<Self> {
        let is_default = |text: &str| text == RESERVED_ORGANIZATION_NAME || text == NIL;
        read(raw_segment, is_default, Self::Default, (Self::Id, Self::IdOrName, Self::Name))
    }
}

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

/// Whoever asks.
const ME: &str = "me";

impl UserRef {
    /// Reads a path segment as it came, still percent-encoded.
    ///
    /// `None` means that no user can be meant, as in [`OrganizationRef::parse`].
    pub fn parse(raw_segment: &str) -> Option<Self> {
        read(raw_segment, |text| text == ME, Self::Me, (Self::Id, Self::IdOrName, Self::Name))
    }
}

/// What makes a reference of an id, of either, and of a name.
type Kinds<R> = (fn(Uuid) -> R, fn(Uuid, String) -> R, fn(String) -> R);

fn read<R>(raw_segment: &str, is_special: impl Fn(&str) -> bool, special: R, kinds: Kinds<R>) -> Option<R> {
    let (by_id, by_either, by_name) = kinds;
    let text = decode(raw_segment).ok()?;
    if is_special(&text) {
        return Some(special);
    }
    // The one control character that the loosest spelling of a UUID would let through into logs.
    if text.contains('\0') {
        return None;
    }
    match (parse_uuid(&text), name(&text)) {
        (Ok(id), Some(name)) => Some(by_either(id, name)),
        (Ok(id), None) => Some(by_id(id)),
        (Err(_), name) => name.map(by_name),
    }
}

/// The text in lower case if its characters and its length are those of a name. Where hyphens may stand is not asked: nobody
/// breaks that rule, so a lookup answers it.
fn name(text: &str) -> Option<String> {
    let legal = (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    // ASCII only, so this is the case rule of the database's unique index too.
    legal.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::OrganizationRef::{self, Default, Id, IdOrName, Name};
    use super::UserRef;

    const PLAIN: &str = "0190B0C4-7d5e-7c3a-9f7e-1a2b3c4d5e6f";

    fn parse(raw: &str) -> Option<OrganizationRef> {
        OrganizationRef::parse(raw)
    }

    #[test]
    fn default_is_exact() {
        for raw in ["default", "%64efault", "00000000-0000-0000-0000-000000000000"] {
            assert_eq!(parse(raw), Some(Default), "{raw}");
        }
        assert_eq!(parse("Default"), Some(Name("default".into())));
        assert_eq!(parse("urn:uuid:00000000-0000-0000-0000-000000000000"), Some(Id(Uuid::nil())));
        assert_eq!(parse(&"0".repeat(32)), Some(IdOrName(Uuid::nil(), "0".repeat(32))));
    }

    #[test]
    fn uuids_and_names() {
        let id: Uuid = PLAIN.parse().unwrap();
        for raw in [PLAIN.into(), format!("urn:uuid:{PLAIN}"), format!("%7B{PLAIN}%7D"), format!("%2F{PLAIN}%2F")] {
            assert_eq!(parse(&raw), Some(Id(id)), "{raw}");
        }
        let digits = PLAIN.replace('-', "");
        assert_eq!(parse(&digits), Some(IdOrName(id, digits.to_lowercase())));
        assert_eq!(parse("Platform-Team"), Some(Name("platform-team".into())));
        assert_eq!(parse("not-a-uuid"), Some(Name("not-a-uuid".into())));
        assert_eq!(parse(&"A".repeat(32)), Some(IdOrName(Uuid::from_bytes([0xaa; 16]), "a".repeat(32))));
        assert_eq!(parse(&"Z".repeat(32)), Some(Name("z".repeat(32))));
    }

    #[test]
    fn nothing_else_names_an_organization() {
        let long = "z".repeat(33);
        let nul = format!("%00{PLAIN}%7D");
        for raw in [
            "",
            "%2F",
            "%2f..",
            "%2e%2e",
            "%00",
            "a%00",
            "%FF",
            "%252F",
            "%zz",
            "a;a=b",
            "a+b",
            "a%20b",
            "a_b",
            "%C3%A4",
            "%E2%84%AA",
            &long,
            &nul,
        ] {
            assert_eq!(parse(raw), None, "{raw}");
        }
    }

    #[test]
    fn me_ids_and_names_of_users() {
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

    proptest! {
        #[test]
        fn never_panics_and_never_lets_other_characters_through(raw in any::<String>()) {
            if let Some(Name(name) | IdOrName(_, name)) = parse(&raw) {
                prop_assert!(name.len() <= 32 && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')));
            }
        }

        #[test]
        fn case_never_matters(name in "[a-zA-Z0-9]{1,10}(-[a-zA-Z0-9]{1,9}){0,2}") {
            prop_assume!(name != "default");
            prop_assert_eq!(parse(&name), Some(Name(name.to_lowercase())));
        }
    }
}
