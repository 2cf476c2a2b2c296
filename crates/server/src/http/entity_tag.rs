//! Entity tags of what the binary holds ready: whoever has it already is not sent it again.

use actix_web::HttpRequest;
use actix_web::http::header::{EntityTag, Header as _, IfNoneMatch};
use sha2::{Digest as _, Sha256};

/// The tag of a body. Weak, because the compressed body has the same one.
pub fn of(body: &[u8]) -> EntityTag {
    let digest = Sha256::digest(body);
    EntityTag::new_weak(digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect())
}

/// Whether the caller says that it has the body with this tag.
pub fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|one| one.weak_eq(tag)),
        Ok(IfNoneMatch::Any) => true,
        Err(_) => false,
    }
}
