//! Whether a text is one sound JSON value: the grammar, no key twice in any object, bounded depth. Knows no types.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_path_to_error::Track;

use super::BodyError;
use crate::wire::{quoted, shortened};

/// What a JSON value is at its top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Null,
    /// Anything else, by its name with the article.
    Other(&'static str),
}

/// Reads the whole text.
///
/// # Errors
///
/// The first fault, in the order of the text.
pub(super) fn check(text: &str) -> Result<Kind, BodyError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut track = Track::new();
    let mut repeated = None;
    let sound = Sound { repeated: &mut repeated };
    match sound.deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track)) {
        Ok(kind) => json.end().map(|()| kind).map_err(|error| BodyError::syntax(&error)),
        Err(error) => Err(match repeated {
            Some(key) => {
                let path = join(&track.path().to_string(), &key);
                BodyError::Repeated { field: shortened(&path).into_owned(), position: (&error).into() }
            }
            None => BodyError::syntax(&error),
        }),
    }
}

/// The path of a key of the object at `path`.
fn join(path: &str, key: &str) -> String {
    if path == "." { key.to_owned() } else { format!("{path}.{key}") }
}

/// Visits a value and everything in it.
struct Sound<'r> {
    /// The key that made the visit fail.
    repeated: &'r mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for Sound<'_> {
    type Value = Kind;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Sound<'_> {
    type Value = Kind;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Kind, E> {
        Ok(Kind::Other("a boolean"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Kind, E> {
        Ok(Kind::Other("a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Kind, E> {
        Ok(Kind::Other("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Kind, E> {
        Ok(Kind::Other("a number"))
    }

    fn visit_str<E>(self, _: &str) -> Result<Kind, E> {
        Ok(Kind::Other("a string"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Kind, A::Error> {
        while items.next_element_seed(Sound { repeated: &mut *self.repeated })?.is_some() {}
        Ok(Kind::Other("an array"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Kind, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if let Some(key) = keys.replace(key) {
                let error = A::Error::custom(format!("repeated key {}", quoted(&key)));
                *self.repeated = Some(key);
                return Err(error);
            }
            entries.next_value_seed(Sound { repeated: &mut *self.repeated })?;
        }
        Ok(Kind::Object)
    }
}
