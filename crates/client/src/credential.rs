//! What a client shows to be let in.

use std::fmt;

use reqwest::header::{HeaderName, HeaderValue, InvalidHeaderValue};

/// A secret, and which kind of secret it is. It is not shown by `Debug`.
#[derive(Clone)]
pub enum Credential {
    /// A user's session token.
    SessionToken(String),
    /// The secret of a provisioner key, for workers.
    ProvisionerKey(String),
}

impl Credential {
    /// The header that carries it.
    pub(crate) fn header(&self) -> Result<(HeaderName, HeaderValue), InvalidHeaderValue> {
        let (name, secret) = match self {
            Self::SessionToken(token) => (HeaderName::from_static("coder-session-token"), token),
            Self::ProvisionerKey(key) => (HeaderName::from_static("coder-provisioner-key"), key),
        };
        let mut value = HeaderValue::from_str(secret)?;
        value.set_sensitive(true);
        Ok((name, value))
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::SessionToken(_) => "SessionToken(…)",
            Self::ProvisionerKey(_) => "ProvisionerKey(…)",
        })
    }
}
