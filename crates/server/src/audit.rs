//! Who changed what, from where, and how it went: what an entry of the audit log is made of. Knows neither HTTP nor SQL.
//!
//! A write says what it changed ([`Fact`]); whoever sends it says who is behind it ([`Origin`]). The writer stores both in the
//! transaction of the change, so that there is no change without its entry and no entry without its change.

use std::collections::BTreeMap;
use std::net::IpAddr;

use orgd_api_types::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Who is behind a write, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The user; `None` for the operator at the command line and for the server itself.
    pub user: Option<Uuid>,
    /// The address of the caller.
    pub ip: Option<IpAddr>,
    /// What the caller says that it is, cut to a readable length.
    pub user_agent: String,
    /// The id of the request; nil when there was none.
    pub request_id: Uuid,
}

/// The longest user agent that is kept, in bytes.
const MAX_USER_AGENT: usize = 256;

impl Origin {
    /// A request.
    pub fn of_request(user: Option<Uuid>, ip: Option<IpAddr>, user_agent: &str, request_id: Uuid) -> Self {
        let end = (0..=MAX_USER_AGENT.min(user_agent.len())).rev().find(|end| user_agent.is_char_boundary(*end));
        // PostgreSQL stores no NUL.
        let user_agent = user_agent[..end.unwrap_or_default()].replace('\0', "");
        Self { user, ip, user_agent, request_id }
    }

    /// Somebody with access to the database.
    pub fn of_command() -> Self {
        Self {
            user_agent: concat!("orgd/", env!("CARGO_PKG_VERSION"), " (command line)").to_owned(),
            ..Self::default()
        }
    }
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Something was made.
    Create,
    /// Something was changed.
    Write,
    /// Something was deleted.
    Delete,
    /// Somebody signed in.
    Login,
    /// Somebody signed out.
    Logout,
}

impl Action {
    /// Every action.
    pub const ALL: &'static [Self] = &[Self::Create, Self::Write, Self::Delete, Self::Login, Self::Logout];

    /// The word on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Login => "login",
            Self::Logout => "logout",
        }
    }

    /// The action with this word.
    pub fn from_wire(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.as_str() == word)
    }

    /// The status of an answer to a request that did this.
    const fn status(self) -> u16 {
        match self {
            Self::Create | Self::Login => 201,
            Self::Write | Self::Delete | Self::Logout => 200,
        }
    }
}

/// What it was done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// An organization.
    Organization,
    /// A user's membership of an organization.
    OrganizationMember,
    /// A user.
    User,
    /// A session token.
    ApiKey,
    /// A provisioner key.
    ProvisionerKey,
    /// A worker.
    ProvisionerDaemon,
    /// A provisioner job.
    ProvisionerJob,
}

impl Resource {
    /// Every kind of resource.
    pub const ALL: &'static [Self] = &[
        Self::Organization,
        Self::OrganizationMember,
        Self::User,
        Self::ApiKey,
        Self::ProvisionerKey,
        Self::ProvisionerDaemon,
        Self::ProvisionerJob,
    ];

    /// The word on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::OrganizationMember => "organization_member",
            Self::User => "user",
            Self::ApiKey => "api_key",
            Self::ProvisionerKey => "provisioner_key",
            Self::ProvisionerDaemon => "provisioner_daemon",
            Self::ProvisionerJob => "provisioner_job",
        }
    }

    /// The resource with this word.
    pub fn from_wire(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|resource| resource.as_str() == word)
    }
}

/// One field before and after. The values of a secret are not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Before; null for what is new.
    pub old: Value,
    /// After; null for what is gone.
    pub new: Value,
    /// True when the values are not shown.
    pub secret: bool,
}

/// The fields that a write changed, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Diff(pub BTreeMap<String, FieldChange>);

impl Diff {
    /// The fields in which two states differ; `None` is one that there is not. Only JSON objects have fields.
    pub fn between<T: Serialize>(old: Option<&T>, new: Option<&T>) -> Self {
        let fields = |state: Option<&T>| match state.and_then(|state| serde_json::to_value(state).ok()) {
            Some(Value::Object(fields)) => fields.into_iter().collect(),
            _ => BTreeMap::<String, Value>::new(),
        };
        let (old, mut new) = (fields(old), fields(new));
        let mut changed = BTreeMap::new();
        for (name, before) in old {
            let after = new.remove(&name).unwrap_or_default();
            if before != after {
                changed.insert(name, FieldChange { old: before, new: after, secret: false });
            }
        }
        let added = new.into_iter().map(|(name, new)| (name, FieldChange { old: Value::Null, new, secret: false }));
        changed.extend(added);
        Self(changed)
    }

    /// One field more.
    #[must_use]
    pub fn with(mut self, name: &str, old: impl Into<Value>, new: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), FieldChange { old: old.into(), new: new.into(), secret: false });
        self
    }

    /// One secret field more, whose values nobody learns.
    #[must_use]
    pub fn with_secret(mut self, name: &str) -> Self {
        self.0.insert(name.to_owned(), FieldChange { old: Value::Null, new: Value::Null, secret: true });
        self
    }
}

/// What one write did, or tried to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What was done.
    pub action: Action,
    /// To what.
    pub resource: Resource,
    /// Its id; nil when it has none.
    pub id: Uuid,
    /// Its name, for people.
    pub target: String,
    /// The organization that it belongs to, or is.
    pub organization: Option<Uuid>,
    /// What changed.
    pub diff: Diff,
    /// The status of the answer.
    pub status: u16,
    /// When.
    pub at: Timestamp,
}

impl Fact {
    /// A write that succeeded.
    pub fn new(action: Action, resource: Resource, id: Uuid, target: impl Into<String>, at: Timestamp) -> Self {
        let (target, status) = (target.into(), action.status());
        Self { action, resource, id, target, organization: None, diff: Diff::default(), status, at }
    }

    /// In this organization.
    #[must_use]
    pub fn in_organization(self, organization: Uuid) -> Self {
        Self { organization: Some(organization), ..self }
    }

    /// With these changes.
    #[must_use]
    pub fn with_diff(self, diff: Diff) -> Self {
        Self { diff, ..self }
    }

    /// Answered with this status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::{Action, Diff, Origin, Resource};

    #[test]
    fn words_read_back() {
        for action in Action::ALL {
            assert_eq!(Action::from_wire(action.as_str()), Some(*action));
        }
        for resource in Resource::ALL {
            assert_eq!(Resource::from_wire(resource.as_str()), Some(*resource));
        }
    }

    #[test]
    fn a_diff_holds_what_differs() {
        let (old, new) = (json!({"a": 1, "b": 2, "gone": 3}), json!({"a": 1, "b": 3, "added": 4}));
        let diff = serde_json::to_value(Diff::between(Some(&old), Some(&new)).with_secret("password")).unwrap();
        assert_eq!(
            diff,
            json!({
                "b": {"old": 2, "new": 3, "secret": false},
                "gone": {"old": 3, "new": null, "secret": false},
                "added": {"old": null, "new": 4, "secret": false},
                "password": {"old": null, "new": null, "secret": true},
            })
        );
        assert_eq!(Diff::between(Some(&old), Some(&old)), Diff::default());
        assert_eq!(Diff::between(None, Some(&old)).0.len(), 3);
    }

    #[test]
    fn a_user_agent_is_cut_where_a_character_ends() {
        let long = format!("{}ä", "x".repeat(255));
        assert_eq!(Origin::of_request(None, None, &long, Uuid::nil()).user_agent.len(), 255);
        assert_eq!(Origin::of_request(None, None, "a\0b", Uuid::nil()).user_agent, "ab");
    }
}
