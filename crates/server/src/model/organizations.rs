//! The organizations in memory, by id and by name.

use std::sync::Arc;

use bytes::Bytes;
use imbl::{HashMap, OrdMap};
use orgd_api_types::Organization;
use uuid::Uuid;

use crate::wire::encode;

/// An organization and the answer that shows it.
#[derive(Debug)]
pub struct CachedOrganization {
    /// The organization.
    pub organization: Arc<Organization>,
    /// Its JSON with the line feed that ends every answer.
    pub json: Bytes,
}

impl CachedOrganization {
    fn new(organization: Arc<Organization>) -> Self {
        let json = encode::to_vec(&*organization).into();
        Self { organization, json }
    }

    /// Its JSON without the line feed, for lists.
    pub fn fragment(&self) -> &[u8] {
        self.json.strip_suffix(b"\n").unwrap_or(&self.json)
    }
}

/// Every organization that is not deleted. A clone costs nothing and does not change.
#[derive(Clone, Default)]
pub struct Organizations {
    by_id: HashMap<Uuid, Arc<CachedOrganization>>,
    by_name: OrdMap<Box<str>, Arc<CachedOrganization>>,
    default: Option<Arc<CachedOrganization>>,
    version: u64,
}

impl Organizations {
    /// Puts these in place of all that was there.
    pub fn replace(&mut self, all: Vec<Organization>) {
        let version = self.version + 1;
        *self = Self { version, ..Self::default() };
        for organization in all {
            self.save(Arc::new(organization));
        }
    }

    /// Adds an organization, or puts its new state in place of the old one.
    pub fn save(&mut self, organization: Arc<Organization>) {
        self.version += 1;
        let id = organization.id;
        let cached = Arc::new(CachedOrganization::new(organization));
        if let Some(old) = self.by_id.insert(id, Arc::clone(&cached)) {
            self.free_name(&old.organization);
        }
        self.by_name.insert(lower(&cached.organization.name).into(), Arc::clone(&cached));
        if cached.organization.is_default {
            self.default = Some(cached);
        }
    }

    /// Takes a deleted organization out.
    pub fn remove(&mut self, id: Uuid) {
        self.version += 1;
        if let Some(old) = self.by_id.remove(&id) {
            self.free_name(&old.organization);
        }
    }

    /// Unless another organization has taken the name already: of changes that are read together, its own may come first.
    fn free_name(&mut self, old: &Organization) {
        let name = lower(&old.name);
        if self.by_name.get(name.as_str()).is_some_and(|holder| holder.organization.id == old.id) {
            self.by_name.remove(name.as_str());
        }
    }

    /// The organization with this id.
    pub fn by_id(&self, id: Uuid) -> Option<&Arc<CachedOrganization>> {
        self.by_id.get(&id)
    }

    /// The organization with this name, given in lower case.
    pub fn by_lower_name(&self, name: &str) -> Option<&Arc<CachedOrganization>> {
        self.by_name.get(name)
    }

    /// The default organization.
    pub fn default_organization(&self) -> Option<&Arc<CachedOrganization>> {
        self.default.as_ref()
    }

    /// All of them by lower-cased name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<CachedOrganization>> {
        self.by_name.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// True when there is none, which is so only before the first start.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Moves with every change: two snapshots with the same version hold the same organizations.
    pub fn version(&self) -> u64 {
        self.version
    }
}

/// Names are ASCII, so that this agrees with `lower()` of every database.
fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use orgd_api_types::{Organization, Timestamp};
    use uuid::Uuid;

    use super::Organizations;

    fn organization(id: u128, name: &str, is_default: bool) -> Arc<Organization> {
        let at = Timestamp::from_micros(0);
        Arc::new(Organization {
            id: Uuid::from_u128(id),
            name: name.to_owned(),
            display_name: name.to_owned(),
            icon: String::new(),
            description: String::new(),
            created_at: at,
            updated_at: at,
            is_default,
        })
    }

    #[test]
    fn a_rename_frees_the_old_name_and_an_old_clone_keeps_it() {
        let mut now = Organizations::default();
        now.save(organization(1, "Coder", true));
        now.save(organization(2, "Acme", false));
        let before = now.clone();
        now.save(organization(2, "zulu", false));

        assert!(now.by_lower_name("acme").is_none());
        assert_eq!(now.by_lower_name("zulu").unwrap().organization.id, Uuid::from_u128(2));
        let names: Vec<_> = now.iter().map(|cached| cached.organization.name.as_str()).collect();
        assert_eq!(names, ["Coder", "zulu"]);
        assert!(before.by_lower_name("acme").is_some());
        assert_ne!(before.version(), now.version());
    }

    #[test]
    fn a_name_that_another_organization_took_first_stays_with_it() {
        let mut now = Organizations::default();
        now.save(organization(1, "red", false));
        now.save(organization(2, "blue", false));
        now.save(organization(1, "blue", false));
        now.save(organization(2, "green", false));
        assert_eq!(now.by_lower_name("blue").unwrap().organization.id, Uuid::from_u128(1));
        assert_eq!(now.by_lower_name("green").unwrap().organization.id, Uuid::from_u128(2));
        assert!(now.by_lower_name("red").is_none());
        now.save(organization(3, "green", false));
        now.remove(Uuid::from_u128(2));
        assert_eq!(now.by_lower_name("green").unwrap().organization.id, Uuid::from_u128(3));
    }

    #[test]
    fn a_rename_of_the_default_organization_shows_everywhere() {
        let mut now = Organizations::default();
        now.save(organization(1, "coder", true));
        now.save(organization(1, "HeadOffice", true));
        assert_eq!(now.default_organization().unwrap().organization.name, "HeadOffice");
        assert_eq!(now.len(), 1);
        now.remove(Uuid::from_u128(9));
        assert_eq!(now.len(), 1);
    }
}
