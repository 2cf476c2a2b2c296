//! Why an operation is refused, in terms of the rules.

use orgd_api_types::ValidationError;
use validator::Validate;

use super::user_error::UserError;
use crate::auth::permission::Permission;
use crate::db::organizations::DeletionBlockers;
use crate::db::{Constraint, DbError};
use crate::wire::body::validations_of;

/// Every way in which an operation can end other than well.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Fields of the body break rules.
    #[error("validation failed")]
    Validation(Vec<ValidationError>),
    /// The name means something else and cannot be taken.
    #[error("organization name {0:?} is reserved")]
    ReservedName(&'static str),
    /// The default organization cannot be deleted.
    #[error("default organization cannot be deleted")]
    DefaultOrganization,
    /// The object does not exist, or the caller may not know that it does.
    #[error("not found")]
    NotFound,
    /// The caller may see the object and may not do this to it.
    #[error("forbidden to {}", .0.in_words())]
    Forbidden(Permission),
    /// Another organization has this name.
    #[error("organization name {0:?} is taken")]
    NameTaken(String),
    /// Another provisioner key of the organization has this name.
    #[error("provisioner key name {0:?} is taken")]
    KeyNameTaken(String),
    /// The caller has given this idempotency key with another request.
    #[error("the idempotency key belongs to another request")]
    KeyOfAnotherRequest,
    /// The job that the request names is not, or not quite, the one that it asks for.
    #[error("the id of the job is taken")]
    JobIdTaken(ValidationError),
    /// The job cannot be canceled any more.
    #[error("{0}")]
    JobEnded(&'static str),
    /// The job cannot be canceled any more, in the words and with the status of Coder's own operations.
    #[error("{0}")]
    CancelRefused(&'static str),
    /// The job has another status than the caller expects.
    #[error("the job has another status")]
    UnexpectedStatus,
    /// The worker does not hold the job in this attempt.
    #[error("the lease of attempt {0} is lost")]
    LeaseLost(i32),
    /// Something in the organization must go first.
    #[error("{}", .0.in_words())]
    DeletionBlocked(DeletionBlockers),
    /// The user is a member of the organization already.
    #[error("a member already")]
    AlreadyMember,
    /// Nobody can remove themselves from an organization.
    #[error("own membership")]
    OwnMembership,
    /// Nobody can change their own roles in an organization.
    #[error("own roles")]
    OwnRoles,
    /// The caller may not give or take away this role.
    #[error("role {0:?} cannot be assigned")]
    RoleNotAssignable(&'static str),
    /// What operations on users and their sessions refuse.
    #[error(transparent)]
    User(#[from] UserError),
    /// The same request may succeed later.
    #[error("not available: {0}")]
    Unavailable(String),
    /// The change was asked for, and it is not known whether it was made.
    #[error("outcome unknown: {0}")]
    OutcomeUnknown(String),
    /// A defect; the text is for the log only.
    #[error("internal error: {0}")]
    Internal(String),
}

/// Refuses a request that breaks a rule of its fields; `fields` is the order in which they are reported.
pub(super) fn check(request: &impl Validate, fields: &[&str]) -> Result<(), ServiceError> {
    request.validate().map_err(|errors| ServiceError::Validation(validations_of(&errors, fields)))
}

impl ServiceError {
    /// What went wrong after the change was committed, when its answer was put together: nobody may be told that nothing happened.
    pub(super) fn after_commit(self) -> Self {
        match self {
            Self::Unavailable(why) => Self::OutcomeUnknown(format!("after the commit: {why}")),
            other => other,
        }
    }
}

/// The system gives no randomness, without which there is no secret.
impl From<getrandom::Error> for ServiceError {
    fn from(error: getrandom::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<DbError> for ServiceError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unavailable(why) | DbError::Lost(why) | DbError::InTheWay(why) => Self::Unavailable(why),
            DbError::OutcomeUnknown(why) => Self::OutcomeUnknown(why),
            DbError::Conflict(Constraint::IdempotencyKey) => Self::KeyOfAnotherRequest,
            DbError::Conflict(_) | DbError::Internal(_) => Self::Internal(error.to_string()),
        }
    }
}

impl DeletionBlockers {
    /// What must be deleted first, as a sentence.
    pub fn in_words(&self) -> String {
        let counted = [
            (self.members, "member"),
            (self.provisioner_keys, "provisioner key"),
            (self.provisioner_jobs, "provisioner job"),
        ];
        let list: Vec<_> = counted
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}{}", if *count == 1 { "" } else { "s" }))
            .collect();
        format!("This organization has {} that must be deleted first.", list.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::ServiceError;
    use crate::db::organizations::DeletionBlockers;

    #[test]
    fn what_fails_after_a_commit_is_not_told_as_undone() {
        let told = ServiceError::Unavailable("the database is gone".to_owned()).after_commit();
        assert!(
            matches!(&told, ServiceError::OutcomeUnknown(why) if why.ends_with("the database is gone")),
            "{told:?}"
        );
        // Somebody deleted it in the meantime: that is known.
        assert!(matches!(ServiceError::NotFound.after_commit(), ServiceError::NotFound));
    }

    #[test]
    fn blockers_are_counted_and_zero_is_left_out() {
        let words = |members, provisioner_keys, provisioner_jobs| {
            DeletionBlockers { members, provisioner_keys, provisioner_jobs }.in_words()
        };
        assert_eq!(words(2, 1, 0), "This organization has 2 members, 1 provisioner key that must be deleted first.");
        assert_eq!(words(1, 0, 0), "This organization has 1 member that must be deleted first.");
        assert_eq!(
            words(0, 3, 1),
            "This organization has 3 provisioner keys, 1 provisioner job that must be deleted first."
        );
        assert_eq!(words(0, 0, 2), "This organization has 2 provisioner jobs that must be deleted first.");
    }
}
