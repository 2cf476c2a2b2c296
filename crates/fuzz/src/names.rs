//! Short texts that name something: organizations and users in paths, session tokens, keys, UUIDs, points in time.

use orgd::auth::token::TokenText;
use orgd::wire::idempotency::{hash_of, read_key};
use orgd::wire::reference::{OrganizationRef, UserRef};
use orgd::wire::uuid::parse_uuid;
use orgd_api_types::Timestamp;
use uuid::Uuid;

/// The `{organization}` and `{user}` segments of a path: only names and ids come out, and each is found again by its own text.
pub fn organization(data: &[u8]) {
    let Ok(raw) = str::from_utf8(data) else { return };
    match OrganizationRef::parse(raw) {
        Some(OrganizationRef::Name(name)) => {
            is_name(&name);
            if name != "default" {
                assert_eq!(OrganizationRef::parse(&name), Some(OrganizationRef::Name(name)));
            }
        }
        Some(OrganizationRef::IdOrName(id, name)) => {
            is_name(&name);
            assert_eq!(Uuid::parse_str(&name), Ok(id));
        }
        Some(OrganizationRef::Id(id)) => {
            let again = if id.is_nil() { OrganizationRef::Default } else { OrganizationRef::Id(id) };
            assert_eq!(OrganizationRef::parse(&id.to_string()), Some(again));
        }
        Some(OrganizationRef::Default) | None => {}
    }
    match UserRef::parse(raw) {
        Some(UserRef::Name(name)) => {
            is_name(&name);
            if name != "me" {
                assert_eq!(UserRef::parse(&name), Some(UserRef::Name(name)));
            }
        }
        Some(UserRef::IdOrName(id, name)) => assert_eq!(Uuid::parse_str(&name), Ok(id)),
        Some(UserRef::Id(id)) => assert_eq!(UserRef::parse(&id.to_string()), Some(UserRef::Id(id))),
        Some(UserRef::Me) | None => {}
    }
}

fn is_name(name: &str) {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    assert!((1..=32).contains(&name.len()) && name.bytes().all(legal), "{name:?}");
}

/// A session token is two parts of fixed length, and nothing else is one.
pub fn token(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let parts: Vec<&str> = text.split('-').collect();
    let is_token = matches!(parts[..], [id, secret] if id.len() == 10 && secret.len() == 22);
    match TokenText::parse(text) {
        Ok(token) => {
            assert!(is_token, "{text:?}");
            assert_eq!(token.id, parts[0]);
            assert!(token.matches(&token.hashed()) && !token.matches(&[0; 32]));
        }
        Err(error) => assert!(!is_token, "{text:?}: {error}"),
    }
}

/// `Idempotency-Key`: lines are the values of several such headers.
pub fn idempotency_key(data: &[u8]) {
    let values: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let good = |value: &[u8]| (1..=255).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
    let same = values.iter().all(|value| *value == values[0]);
    match read_key(values.iter().copied()) {
        Ok(Some(key)) => assert!(same && good(values[0]) && key.as_bytes() == values[0]),
        Ok(None) => panic!("there is a value"),
        Err(error) => assert!(!(same && good(values[0])), "{error:?}"),
    }
    if let Ok(text) = str::from_utf8(data)
        && let Some((one, other)) = text.split_once('\n')
    {
        let whole = hash_of("op", text, b"");
        assert_ne!(whole, hash_of("op", one, other.as_bytes()), "a part runs into the next");
    }
}

/// Every spelling that the `uuid` crate knows is read, and gives the same.
pub fn uuid(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    match (parse_uuid(text), Uuid::parse_str(text)) {
        (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs),
        (Err(error), Ok(_)) => panic!("{text:?}: {error}"),
        (Ok(ours), Err(_)) => assert!(matches!(text.len(), 38 | 45), "{text:?} is {ours}"),
        (Err(error), Err(_)) => assert!(error.to_string().len() < 200),
    }
}

/// What is printed is read again as the same point in time.
pub fn timestamp(data: &[u8]) {
    if let Some(bytes) = data.first_chunk::<8>() {
        let at = Timestamp::from_micros(i64::from_le_bytes(*bytes));
        assert_eq!(at.to_string().parse(), Ok(at));
    }
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(at) = text.parse::<Timestamp>() {
        let printed = at.to_string();
        assert_eq!(printed.parse(), Ok(at), "{text:?}");
        assert!(printed.len() <= 27 && printed.ends_with('Z'), "{printed}");
        let theirs = chrono::DateTime::parse_from_rfc3339(&printed).expect("RFC 3339");
        assert_eq!(theirs.timestamp_micros(), at.micros());
    }
}
