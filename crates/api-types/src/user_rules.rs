//! The rules of user names, mail addresses, full names and passwords, each with the words that say it.

use validator::ValidationError;

use crate::Secret;
use crate::organization::name_rule_broken_by;

/// Names that mean something else in the paths below `/users`.
const RESERVED: &[&str] = &[
    "authmethods",
    "first",
    "login",
    "logout",
    "me",
    "oauth2",
    "oidc",
    "oidc-claims",
    "otp",
    "roles",
    "validate-password",
];

/// The fewest characters of a password.
pub const MIN_PASSWORD: usize = 8;
/// The most bytes of a password: more would only cost the server time.
pub const MAX_PASSWORD: usize = 512;

const NAME_RESERVED: &str = "must not be a word that the paths below /users use, such as \"me\" or \"first\"";
const EMAIL_RULE: &str = "must be a mail address of at most 254 bytes, for example \"ana@example.com\"";
const FULL_NAME_RULE: &str =
    "must be at most 128 bytes without control characters, and without white space at either end";
const PASSWORD_RULE: &str = "must be at least 8 characters and at most 512 bytes, and not one character repeated";

fn rule(code: &'static str, message: impl Into<std::borrow::Cow<'static, str>>) -> ValidationError {
    ValidationError::new(code).with_message(message.into())
}

/// The rule for user names that this name breaks, in words, if it breaks one.
pub fn username_rule_broken_by(name: &str) -> Option<String> {
    if RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
        return Some(NAME_RESERVED.to_owned());
    }
    name_rule_broken_by(name)
}

/// The rule for mail addresses that this text breaks, in words, if it breaks it.
pub fn email_rule_broken_by(email: &str) -> Option<&'static str> {
    let parts = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
    });
    let odd = |character: char| character.is_whitespace() || character.is_control();
    (!parts || email.len() > 254 || email.contains(odd)).then_some(EMAIL_RULE)
}

/// The rule for passwords that this text breaks, in words, if it breaks it.
pub fn password_rule_broken_by(password: &str) -> Option<&'static str> {
    let mut characters = password.chars();
    let first = characters.next();
    let is_varied = characters.any(|character| Some(character) != first);
    let is_long = password.chars().count() >= MIN_PASSWORD && password.len() <= MAX_PASSWORD;
    (!is_long || !is_varied).then_some(PASSWORD_RULE)
}

/// The rule for full names that this text breaks, in words, if it breaks it.
pub fn full_name_rule_broken_by(name: &str) -> Option<&'static str> {
    let breaks = name.len() > 128 || name.contains(char::is_control) || name.trim() != name;
    breaks.then_some(FULL_NAME_RULE)
}

pub(crate) fn check_username(name: &str) -> Result<(), ValidationError> {
    username_rule_broken_by(name).map_or(Ok(()), |message| Err(rule("username", message)))
}

pub(crate) fn check_email(email: &str) -> Result<(), ValidationError> {
    match email_rule_broken_by(email) {
        Some(_) if email.is_empty() => Err(rule("required", "is required")),
        Some(message) => Err(rule("email", message)),
        None => Ok(()),
    }
}

pub(crate) fn check_full_name(name: &str) -> Result<(), ValidationError> {
    full_name_rule_broken_by(name).map_or(Ok(()), |message| Err(rule("full_name", message)))
}

pub(crate) fn check_password(password: &Secret) -> Result<(), ValidationError> {
    password_rule_broken_by(password.reveal()).map_or(Ok(()), |message| Err(rule("password", message)))
}

/// A password that need not follow the rule, since it may be older than the rule.
pub(crate) fn check_old_password(password: &Secret) -> Result<(), ValidationError> {
    let too_long = password.reveal().len() > MAX_PASSWORD;
    if too_long { Err(rule("password", format!("must be at most {MAX_PASSWORD} bytes"))) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{email_rule_broken_by, full_name_rule_broken_by, password_rule_broken_by, username_rule_broken_by};

    #[test]
    fn names_follow_the_rule() {
        for good in ["a", "ana", "Ana-2", "mel", "first1"] {
            assert_eq!(username_rule_broken_by(good), None, "{good}");
        }
        for bad in ["", "me", "ME", "First", "login", "roles", "a_b", "a b", "-a", "ä", &"a".repeat(33)] {
            assert!(username_rule_broken_by(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn mail_addresses_follow_the_rule() {
        for good in ["a@b", "ana@example.com", "ä+b.c@example.co.uk", "owner@localhost"] {
            assert_eq!(email_rule_broken_by(good), None, "{good}");
        }
        let too_long = format!("{}@b", "a".repeat(253));
        for bad in ["", "@", "a@", "@b", "a", "a@b@c", "a b@c", "a@b\n", "a@.b", "a@b.", &too_long] {
            assert!(email_rule_broken_by(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn passwords_follow_the_rule() {
        for good in ["12345678", "correct horse battery staple", "ääääääää1", "pass word", &"ab".repeat(256)] {
            assert_eq!(password_rule_broken_by(good), None, "{good}");
        }
        for bad in ["", "1234567", "äääääää", "aaaaaaaaaaaa", &"ab".repeat(257)] {
            assert!(password_rule_broken_by(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn full_names_follow_the_rule() {
        for good in ["", "Ana", "Ana María O'Neil", &"a".repeat(128)] {
            assert_eq!(full_name_rule_broken_by(good), None, "{good}");
        }
        for bad in [" Ana", "Ana\n", "A\0", &"a".repeat(129)] {
            assert!(full_name_rule_broken_by(bad).is_some(), "{bad:?}");
        }
    }
}
