//! Takes secrets out of what is shown: the session tokens of the run wherever they stand, and what answers call a secret.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// What stands in a secret's place.
const HIDDEN: &str = "***";
/// Keys of bodies whose values are secrets.
const SECRET_KEYS: &[&str] = &["key", "session_token", "password", "old_password"];
/// Shorter texts are not looked for: they would be found everywhere.
const SHORTEST: usize = 8;

/// Knows the secrets of a run.
#[derive(Debug, Default)]
pub(crate) struct Mask {
    secrets: Mutex<Vec<String>>,
}

impl Mask {
    /// Learns a secret. The secret part of a session token is one by itself.
    pub(crate) fn learn(&self, secret: &str) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let half = secret.split_once('-').map_or("", |(_, half)| half);
        for one in [secret, half].into_iter().filter(|one| one.len() >= SHORTEST) {
            if !secrets.iter().any(|known| known == one) {
                secrets.push(one.to_owned());
            }
        }
        // The longest first, or a part would leave the rest of the whole.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    }

    /// The text without any secret.
    pub(crate) fn text(&self, text: &str) -> String {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
    }

    /// A body without the values of keys that hold secrets; anything but JSON stays as it is.
    pub(crate) fn json(&self, text: &str) -> String {
        let Ok(mut body) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
        if self.hide(&mut body) { body.to_string() } else { text.to_owned() }
    }

    fn hide(&self, value: &mut Value) -> bool {
        match value {
            Value::Object(members) => members.iter_mut().fold(false, |hidden, (key, member)| match member {
                Value::String(secret) if SECRET_KEYS.contains(&key.as_str()) => {
                    self.learn(secret);
                    HIDDEN.clone_into(secret);
                    true
                }
                _ => self.hide(member) || hidden,
            }),
            Value::Array(items) => {
                let mut hidden = false;
                for item in items {
                    hidden |= self.hide(item);
                }
                hidden
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Mask;

    #[test]
    fn no_secret_is_left() {
        let mask = Mask::default();
        mask.learn("aaaaaaaaaa-bbbbbbbbbbbbbbbbbbbbbb");
        assert_eq!(mask.text("x aaaaaaaaaa-bbbbbbbbbbbbbbbbbbbbbb bbbbbbbbbbbbbbbbbbbbbb"), "x *** ***");
        assert_eq!(mask.json(r#"[{"key":"cccccccccccc"}]"#), r#"[{"key":"***"}]"#);
        assert_eq!(mask.text("again cccccccccccc"), "again ***");
        assert_eq!(mask.json("not json"), "not json");
    }
}
