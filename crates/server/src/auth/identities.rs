//! Session tokens, provisioner keys and users, kept in memory so that a request does not ask the database who is calling.
//!
//! A miss asks once. An entry goes as soon as a write that touches it is committed, and before that write is acknowledged.

use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, UnitWeighter};
use uuid::Uuid;

use super::principal::{Membership, Principal};
use super::token::SessionTokenRecord;
use crate::db::provisioner_keys::ProvisionerKeyRecord;

/// How many session tokens and how many users are kept; the least useful ones make room.
const CAPACITY: u64 = 100_000;
/// For how many memory is set aside at the start; the rest grows with need.
const EXPECTED: usize = 256;

/// The two caches, bounded.
pub struct Identities {
    tokens: Cache<Box<str>, Arc<SessionTokenRecord>>,
    users: Cache<Uuid, Arc<Principal>>,
    /// By the SHA-256 of their secrets.
    keys: Cache<[u8; 32], Arc<ProvisionerKeyRecord>>,
    generation: Mutex<u64>,
}

/// Proves that a value was read from the database after this moment; see [`Identities::begin_fill`].
#[derive(Debug, Clone, Copy)]
pub struct Fill(u64);

impl Default for Identities {
    fn default() -> Self {
        Self { tokens: bounded(), users: bounded(), keys: bounded(), generation: Mutex::new(0) }
    }
}

fn bounded<K: Eq + Hash, V: Clone>() -> Cache<K, V> {
    Cache::with(EXPECTED, CAPACITY, UnitWeighter, DefaultHashBuilder::default(), DefaultLifecycle::default())
}

impl Identities {
    /// The cached token with this id.
    pub fn token(&self, id: &str) -> Option<Arc<SessionTokenRecord>> {
        self.tokens.get(id)
    }

    /// The cached user.
    pub fn user(&self, id: Uuid) -> Option<Arc<Principal>> {
        self.users.get(&id)
    }

    /// The cached provisioner key with this hash.
    pub fn provisioner_key(&self, hashed_secret: &[u8; 32]) -> Option<Arc<ProvisionerKeyRecord>> {
        self.keys.get(hashed_secret)
    }

    /// To be called before the database is asked for what will be kept. A value that was read before a write and arrives after
    /// it is then not kept: otherwise a revoked token could come back.
    pub fn begin_fill(&self) -> Fill {
        Fill(*self.generation.lock())
    }

    /// Keeps a token that was read after `fill`, unless something was forgotten since.
    pub fn keep_token(&self, fill: Fill, token: &Arc<SessionTokenRecord>) {
        let generation = self.generation.lock();
        if *generation == fill.0 {
            self.tokens.insert(token.id.as_str().into(), Arc::clone(token));
        }
    }

    /// Keeps a user who was read after `fill`, unless something was forgotten since.
    pub fn keep_user(&self, fill: Fill, user: &Arc<Principal>) {
        let generation = self.generation.lock();
        if *generation == fill.0 {
            self.users.insert(user.user_id, Arc::clone(user));
        }
    }

    /// Keeps a provisioner key that was read after `fill`, unless something was forgotten since.
    pub fn keep_provisioner_key(&self, fill: Fill, hashed_secret: [u8; 32], key: &Arc<ProvisionerKeyRecord>) {
        let generation = self.generation.lock();
        if *generation == fill.0 {
            self.keys.insert(hashed_secret, Arc::clone(key));
        }
    }

    /// Forgets a provisioner key that was deleted. There are few, so they are looked through.
    pub fn forget_provisioner_key(&self, id: Uuid) {
        let mut generation = self.generation.lock();
        *generation += 1;
        self.keys.retain(|_, key| key.id != id);
    }

    /// Forgets a token that was revoked or changed.
    pub fn forget_token(&self, id: &str) {
        let mut generation = self.generation.lock();
        *generation += 1;
        self.tokens.remove(id);
    }

    /// Forgets a user whose roles, status or memberships changed.
    pub fn forget_user(&self, id: Uuid) {
        let mut generation = self.generation.lock();
        *generation += 1;
        self.users.remove(&id);
    }

    /// Adds a membership to a known user. One who is not known is read with it when they are next asked for.
    pub fn add_membership(&self, user: Uuid, membership: Membership) {
        let mut generation = self.generation.lock();
        *generation += 1;
        if let Some(known) = self.users.get(&user) {
            self.users.insert(user, Arc::new(known.with_membership(membership)));
        }
    }

    /// Forgets the members of an organization that was deleted: whoever makes and deletes many would have all of them in memory.
    pub fn forget_members_of(&self, organization: Uuid) {
        let mut generation = self.generation.lock();
        *generation += 1;
        self.users.retain(|_, user| user.roles_in(organization).is_none());
    }

    /// Forgets everything.
    pub fn forget_all(&self) {
        let mut generation = self.generation.lock();
        *generation += 1;
        self.tokens.clear();
        self.users.clear();
        self.keys.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Identities;
    use crate::auth::principal::{Membership, Principal, UserStatus};
    use crate::auth::roles::RoleSet;
    use uuid::Uuid;

    #[test]
    fn what_was_read_before_a_write_is_not_kept_after_it() {
        let identities = Identities::default();
        let id = Uuid::from_u128(7);
        let stale = Arc::new(Principal::new(id, "a".to_owned(), UserStatus::Active, RoleSet::EMPTY, Vec::new()));
        let fill = identities.begin_fill();
        identities.forget_user(id);
        identities.keep_user(fill, &stale);
        assert!(identities.user(id).is_none());

        identities.keep_user(identities.begin_fill(), &stale);
        assert!(identities.user(id).is_some());
        identities.forget_all();
        assert!(identities.user(id).is_none());
    }

    #[test]
    fn a_membership_is_added_to_a_known_user_and_outdates_what_was_read_before() {
        let identities = Identities::default();
        let (id, organization) = (Uuid::from_u128(7), Uuid::from_u128(8));
        let before = Arc::new(Principal::new(id, "a".to_owned(), UserStatus::Active, RoleSet::EMPTY, Vec::new()));
        let fill = identities.begin_fill();
        identities.keep_user(fill, &before);
        identities.add_membership(id, Membership { organization, roles: RoleSet::EMPTY });
        assert_eq!(identities.user(id).unwrap().roles_in(organization), Some(RoleSet::EMPTY));
        identities.keep_user(fill, &before);
        assert_eq!(identities.user(id).unwrap().roles_in(organization), Some(RoleSet::EMPTY));
        assert_eq!(before.roles_in(organization), None);

        identities.forget_members_of(Uuid::from_u128(9));
        assert!(identities.user(id).is_some());
        identities.forget_members_of(organization);
        assert!(identities.user(id).is_none());
    }
}
