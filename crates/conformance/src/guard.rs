//! What may be written: organizations that this run made, and nothing else. Every request passes here before it is sent.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use uuid::Uuid;

/// What the names of this program's organizations begin with.
const PREFIX: &str = "conformance";

/// An organization that this run asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    /// Known once the server has answered.
    pub(crate) id: Option<String>,
    pub(crate) name: String,
}

/// Knows what belongs to this run.
#[derive(Debug)]
pub(crate) struct Guard {
    write: bool,
    /// Whether a deletion of the default organization may be asked for.
    pub(crate) try_default: bool,
    stamp: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    made: Vec<Made>,
    /// IDs of organizations that were there before.
    foreign: Vec<String>,
    absent: Vec<String>,
    count: usize,
}

impl Guard {
    pub(crate) fn new(write: bool, try_default: bool) -> Self {
        let stamp = Uuid::new_v4().simple().to_string()[..10].to_owned();
        Self { write, try_default, stamp, state: Mutex::default() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anything may be written at all.
    pub(crate) fn writes(&self) -> bool {
        self.write
    }

    /// A name that nobody has, at most 32 bytes long.
    pub(crate) fn new_name(&self) -> String {
        let mut state = self.state();
        state.count += 1;
        format!("{PREFIX}-{}-{}", self.stamp, state.count)
    }

    /// An ID that nothing has.
    pub(crate) fn absent_id(&self) -> String {
        let id = Uuid::new_v4().to_string();
        self.state().absent.push(id.clone());
        id
    }

    /// Never touches the organization with this ID, whatever an answer says of it.
    pub(crate) fn protect(&self, id: &str) {
        self.state().foreign.push(id.to_owned());
    }

    /// True for a name that only this run gives.
    pub(crate) fn is_own_name(&self, name: &str) -> bool {
        name.to_lowercase().contains(&self.stamp)
    }

    /// Everything that was made and not deleted again.
    pub(crate) fn made(&self) -> Vec<Made> {
        self.state().made.clone()
    }

    /// Forgets an organization that is gone.
    pub(crate) fn gone(&self, made: &Made) {
        self.state()
            .made
            .retain(|one| one.name != made.name || (one.id.is_some() && made.id.is_some() && one.id != made.id));
    }

    /// Whether the request may be sent; says why not.
    pub(crate) fn admit(&self, method: &str, segments: &[&str]) -> Result<(), String> {
        if method == "GET" {
            return Ok(());
        }
        if !self.write {
            return Err(format!("{method} is not sent without --write"));
        }
        match segments {
            // A creation touches nothing that is there.
            ["organizations"] if method == "POST" => Ok(()),
            ["organizations", "default"] if method == "DELETE" && self.try_default => Ok(()),
            ["organizations", organization, ..] if self.owns(organization) => Ok(()),
            _ => Err(format!("{method} /{} is not one of this run's own organizations", segments.join("/"))),
        }
    }

    fn owns(&self, organization: &str) -> bool {
        let state = self.state();
        if state.foreign.iter().any(|foreign| foreign == organization) {
            return false;
        }
        let is_made = |made: &Made| made.id.as_deref() == Some(organization);
        self.is_own_name(organization)
            || state.made.iter().any(is_made)
            || state.absent.iter().any(|absent| absent == organization)
    }

    /// Notes under which ID the server has an organization of this run's own.
    pub(crate) fn found(&self, name: &str, id: &str) {
        let mut state = self.state();
        if state.foreign.iter().any(|foreign| foreign == id) {
            return;
        }
        if let Some(made) = state.made.iter_mut().find(|made| made.name == name) {
            made.id = Some(id.to_owned());
        }
    }

    /// Notes a creation before it is sent: whatever becomes of its answer, the organization may be there.
    pub(crate) fn before(&self, method: &str, segments: &[&str], body: Option<&[u8]>) {
        if (method, segments) != ("POST", &["organizations"][..]) {
            return;
        }
        let body: Value = body.and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
        let key = |name: &&String| name.eq_ignore_ascii_case("name");
        let name = body.as_object().and_then(|members| members.iter().find(|(name, _)| key(name)));
        if let Some(name) = name.and_then(|(_, name)| name.as_str()).filter(|name| self.is_own_name(name)) {
            let mut state = self.state();
            if !state.made.iter().any(|made| made.name == name) {
                state.made.push(Made { id: None, name: name.to_owned() });
            }
        }
    }

    /// Notes what an answer says was created.
    pub(crate) fn after(&self, method: &str, segments: &[&str], status: u16, answer: Option<&Value>) {
        let created = (method, segments) == ("POST", &["organizations"][..]) && (200..300).contains(&status);
        let Some(answer) = answer.filter(|_| created) else { return };
        let Some(id) = answer["id"].as_str() else { return };
        let name = answer["name"].as_str().unwrap_or_default().to_owned();
        let mut state = self.state();
        let is_known = state.made.iter().any(|made| made.id.as_deref() == Some(id));
        if is_known || state.foreign.iter().any(|foreign| foreign == id) {
            return;
        }
        match state.made.iter_mut().find(|made| made.id.is_none() && made.name == name) {
            Some(made) => made.id = Some(id.to_owned()),
            None => state.made.push(Made { id: Some(id.to_owned()), name }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Guard;

    #[test]
    fn only_own_organizations_are_touched() {
        let guard = Guard::new(true, false);
        let name = guard.new_name();
        assert!(name.len() <= 32);
        let body = json!({ "name": name }).to_string();
        guard.before("POST", &["organizations"], Some(body.as_bytes()));
        guard.after("POST", &["organizations"], 201, Some(&json!({ "id": "i", "name": name })));
        assert_eq!(guard.made().len(), 1);
        let absent = guard.absent_id();
        for own in [name.as_str(), "i", &absent] {
            assert!(guard.admit("DELETE", &["organizations", own]).is_ok());
        }
        for foreign in ["default", "coder", "0b1ff2c5-41b5-4ea1-8aa2-1d3e4d5c6b7a"] {
            assert!(guard.admit("DELETE", &["organizations", foreign]).is_err());
            assert!(guard.admit("GET", &["organizations", foreign]).is_ok());
        }
        assert!(guard.admit("POST", &["users"]).is_err());
        assert!(guard.admit("PUT", &["users", "me", "profile"]).is_err());
        assert!(Guard::new(true, true).admit("PATCH", &["organizations", "default"]).is_err());
        assert!(Guard::new(true, true).admit("DELETE", &["organizations", "default"]).is_ok());
        assert!(Guard::new(false, true).admit("POST", &["organizations"]).is_err());
    }

    #[test]
    fn an_answer_cannot_make_it_take_what_was_there_before() {
        let guard = Guard::new(true, false);
        guard.protect("theirs");
        guard.after("POST", &["organizations"], 201, Some(&json!({ "id": "theirs", "name": "coder" })));
        assert!(guard.made().is_empty());
        assert!(guard.admit("DELETE", &["organizations", "theirs"]).is_err());
    }

    #[test]
    fn what_was_asked_for_is_remembered_without_an_answer() {
        let guard = Guard::new(true, false);
        let name = guard.new_name();
        let body = json!({ "NAME": name }).to_string();
        guard.before("POST", &["organizations"], Some(body.as_bytes()));
        assert_eq!(guard.made()[0].name, name);
        assert_eq!(guard.made()[0].id, None);
    }
}
