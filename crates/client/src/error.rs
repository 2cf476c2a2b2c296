//! What can go wrong with a call, in words for people and in kinds for programs.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::generated::types::CodersdkResponse;

/// A call did not do what it was to do.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The server refused.
    #[error("{0}")]
    Refused(Refusal),
    /// There was no answer, or not all of it.
    #[error("{}", with_causes(.0))]
    Unreachable(reqwest::Error),
    /// The answer is not what the server of this contract sends; something else may stand before it.
    #[error("the answer cannot be read: {0}")]
    Garbled(String),
    /// The request cannot be sent.
    #[error("the request cannot be sent: {0}")]
    Invalid(String),
}

/// What the server said when it refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// For how long it asked not to be called again.
    pub retry_after: Option<Duration>,
    /// What happened; the name of the status when the server did not say.
    pub message: String,
    /// What went wrong; empty when there is nothing to add.
    pub detail: String,
    /// Field and rule of each field that breaks one.
    pub validations: Vec<(String, String)>,
}

impl CallError {
    /// The status of a refusal.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.status),
            Self::Unreachable(_) | Self::Garbled(_) | Self::Invalid(_) => None,
        }
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refused(refusal) => matches!(refusal.status, 408 | 425 | 429 | 500..),
            Self::Unreachable(error) => !error.is_builder(),
            Self::Garbled(_) => true,
            Self::Invalid(_) => false,
        }
    }

    /// For how long the server asked not to be called again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after,
            Self::Unreachable(_) | Self::Garbled(_) | Self::Invalid(_) => None,
        }
    }
}

impl Refusal {
    fn new(status: StatusCode, headers: &HeaderMap, said: Option<CodersdkResponse>) -> Self {
        let retry_after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let unsaid = || CodersdkResponse { message: status.to_string(), detail: None, validations: Vec::new() };
        let CodersdkResponse { message, detail, validations } = said.unwrap_or_else(unsaid);
        Self {
            status: status.as_u16(),
            retry_after: retry_after.map(Duration::from_secs),
            message,
            detail: detail.unwrap_or_default(),
            validations: validations.into_iter().map(|one| (one.field, one.detail)).collect(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (status {})", self.message, self.status)?;
        if !self.detail.is_empty() {
            write!(formatter, ": {}", self.detail)?;
        }
        for (field, rule) in &self.validations {
            write!(formatter, "; {field}: {rule}")?;
        }
        Ok(())
    }
}

impl From<reqwest::Error> for CallError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_decode() { Self::Garbled(with_causes(&error)) } else { Self::Unreachable(error) }
    }
}

impl From<progenitor_client::Error<CodersdkResponse>> for CallError {
    fn from(error: progenitor_client::Error<CodersdkResponse>) -> Self {
        use progenitor_client::Error;
        match error {
            Error::ErrorResponse(answer) => {
                let (status, headers) = (answer.status(), answer.headers().clone());
                Self::Refused(Refusal::new(status, &headers, Some(answer.into_inner())))
            }
            Error::UnexpectedResponse(answer) => Self::Refused(Refusal::new(answer.status(), answer.headers(), None)),
            Error::CommunicationError(error) | Error::ResponseBodyError(error) | Error::InvalidUpgrade(error) => {
                Self::from(error)
            }
            Error::InvalidResponsePayload(_, error) => Self::Garbled(error.to_string()),
            Error::InvalidRequest(why) | Error::Custom(why) => Self::Invalid(why),
        }
    }
}

/// The answer, if it is a success; otherwise what the server said.
pub(crate) async fn succeeded(answer: reqwest::Response) -> Result<reqwest::Response, CallError> {
    let (status, headers) = (answer.status(), answer.headers().clone());
    if status.is_success() {
        return Ok(answer);
    }
    let said = answer.bytes().await?;
    Err(CallError::Refused(Refusal::new(status, &headers, serde_json::from_slice(&said).ok())))
}

/// What happened and why; reqwest's own text ends where the cause begins.
fn with_causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
