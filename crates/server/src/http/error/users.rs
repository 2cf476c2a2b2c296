//! Status, message and headers of what operations on users and their sessions refuse.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use orgd_api_types::{Response, ValidationError};

use crate::service::user_error::UserError;

/// The rule that a taken name breaks.
const UNIQUE: &str = "This value is already in use and should be unique.";

pub(super) fn status(error: &UserError) -> StatusCode {
    match error {
        UserError::BadLogin | UserError::Suspended | UserError::SessionEnded => StatusCode::UNAUTHORIZED,
        UserError::TooManyAttempts(_) => StatusCode::TOO_MANY_REQUESTS,
        UserError::NoFirstUser => StatusCode::NOT_FOUND,
        UserError::FirstUserExists | UserError::Taken(_) | UserError::TokenNameTaken(_) | UserError::LastOwner => {
            StatusCode::CONFLICT
        }
        UserError::IsOwner => StatusCode::FORBIDDEN,
        UserError::Refused(_) => StatusCode::BAD_REQUEST,
    }
}

pub(super) fn body(error: &UserError) -> Response {
    let (message, detail, taken) = match error {
        UserError::BadLogin => ("Incorrect email or password.".to_owned(), "", None),
        UserError::Suspended => {
            ("Your account is suspended. Contact an admin to reactivate your account.".to_owned(), "", None)
        }
        UserError::TooManyAttempts(_) => ("Too many attempts to log in.".to_owned(), "", None),
        UserError::NoFirstUser => ("The initial user has not been created!".to_owned(), "", None),
        UserError::FirstUserExists => ("The initial user has already been created!".to_owned(), "", None),
        UserError::Taken(field) => ("User already exists.".to_owned(), "", Some(field.as_str())),
        UserError::TokenNameTaken(name) => {
            (format!("A token with name \"{name}\" already exists."), "", Some("token_name"))
        }
        UserError::LastOwner => ("The last owner cannot be removed.".to_owned(), "", None),
        UserError::IsOwner => ("Forbidden.".to_owned(), "Only an owner may do this to an owner.", None),
        UserError::Refused(why) => ((*why).to_owned(), "", None),
        UserError::SessionEnded => (super::SIGNED_OUT.to_owned(), "API key is invalid.", None),
    };
    let validations = taken.map(|field| ValidationError::new(field, UNIQUE)).into_iter().collect();
    Response { message, detail: detail.to_owned(), validations }
}

pub(super) fn header(error: &UserError) -> Option<(HeaderName, HeaderValue)> {
    match error {
        UserError::TooManyAttempts(seconds) => Some((RETRY_AFTER, HeaderValue::from(*seconds))),
        UserError::BadLogin | UserError::Suspended | UserError::SessionEnded => {
            Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"coder\"")))
        }
        UserError::NoFirstUser
        | UserError::FirstUserExists
        | UserError::Taken(_)
        | UserError::TokenNameTaken(_)
        | UserError::LastOwner
        | UserError::IsOwner
        | UserError::Refused(_) => None,
    }
}
