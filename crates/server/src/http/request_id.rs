//! By what a request is called in its answer, in the log and in the audit log.

use actix_web::{HttpMessage as _, HttpRequest};
use uuid::Uuid;

/// The id of a request that is to change something, among the extensions of the request.
#[derive(Debug, Clone, Copy)]
pub struct RequestId(pub Uuid);

impl RequestId {
    /// The id of this request; nil for one that only reads.
    pub fn of(request: &HttpRequest) -> Uuid {
        request.extensions().get::<Self>().map_or(Uuid::nil(), |id| id.0)
    }
}
