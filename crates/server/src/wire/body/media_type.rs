//! Which `Content-Type` a request body may have.

use mime::Mime;

use crate::wire::quoted;

/// Accepts a body without a type, JSON, and every type that ends in `+json`. Parameters are ignored, except that a `charset`
/// must be UTF-8, the only encoding of JSON between systems (RFC 8259 section 8.1).
///
/// # Errors
///
/// A sentence for the caller that says what to send instead.
pub fn check_media_type(content_type: Option<&str>) -> Result<(), String> {
    let Some(given) = content_type.map(str::trim).filter(|given| !given.is_empty()) else {
        return Ok(());
    };
    let refusal = || format!("Content-Type must be application/json or end in +json, not {}.", quoted(given));
    let media_type: Mime = given.parse().map_err(|_| refusal())?;
    let plain = media_type.essence_str() == mime::APPLICATION_JSON.essence_str();
    if !plain && media_type.suffix() != Some(mime::JSON) {
        return Err(refusal());
    }
    match media_type.params().find(|(name, value)| *name == mime::CHARSET && !is_utf8(value.as_str())) {
        Some((_, charset)) => {
            Err(format!("The charset of a JSON body must be utf-8, not {}.", quoted(charset.as_str())))
        }
        None => Ok(()),
    }
}

fn is_utf8(charset: &str) -> bool {
    charset.eq_ignore_ascii_case("utf-8")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::check_media_type;

    #[test]
    fn accepts_json() {
        assert_eq!(check_media_type(None), Ok(()));
        for given in [
            "",
            " ",
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=UTF-8",
            "application/json; charset=\"Utf-8\"",
            "application/json; version=1",
            "application/merge-patch+json",
            "application/vnd.coder+JSON; charset=utf-8",
            "model/gltf+json",
            "application/json;",
        ] {
            assert_eq!(check_media_type(Some(given)), Ok(()), "{given}");
        }
    }

    #[test]
    fn refuses_everything_else_with_a_sentence() {
        for given in [
            "text/plain",
            "text/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonx",
            "application/json+xml",
            "application/json, text/plain",
            "json",
            "*/*",
            "/",
            "ä",
        ] {
            let said = check_media_type(Some(given)).unwrap_err();
            assert_eq!(said, format!("Content-Type must be application/json or end in +json, not {given:?}."));
        }
        for charset in ["utf-16", "utf8", "iso-8859-1", "\"utf-7\""] {
            for given in
                [format!("application/json; charset={charset}"), format!("a/b+json; charset=utf-8; charset={charset}")]
            {
                let said = check_media_type(Some(&given)).unwrap_err();
                assert!(said.starts_with("The charset of a JSON body must be utf-8, not "), "{given}: {said}");
            }
        }
    }

    proptest! {
        #[test]
        fn never_panics(given in prop_oneof![any::<String>(), "application/json[;= \"\\\\a-z+-]{0,20}"]) {
            let _ = check_media_type(Some(&given));
        }
    }
}
