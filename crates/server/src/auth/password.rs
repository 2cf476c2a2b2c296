//! Passwords: Argon2id, with as many at a time as leave the machine to everything else.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use orgd_api_types::Secret;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// Memory of one hash, in KiB: 19 MiB, OWASP's recommendation for two passes.
const MEMORY: u32 = 19 * 1024;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Threads of one hash.
const LANES: u32 = 1;

/// The most hashes at a time, however many cores there are: 76 MiB.
const MOST: usize = 4;
/// How many callers may wait for their turn; the next is told to come back.
const LINE: usize = 256;
/// How long they wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a password is compared with when there is none to compare with, so that the answer takes as long. Random
/// bytes take the place of salt and hash.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$mzeAtJOnQ5u0u3xBH48cwg$znrxe0VWq5ErmX0eDyQRsuDEfvB6WUIqH7CEki0U+Z8";

/// What the database keeps of a password. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct HashedPassword(String);

impl HashedPassword {
    /// As it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// To be stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for HashedPassword {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HashedPassword(…)")
    }
}

/// Why a password was neither hashed nor compared.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many callers wait for it.
    #[error("too many passwords are being checked")]
    Busy,
    /// A defect.
    #[error("cannot hash a password: {0}")]
    Failed(String),
}

/// Where passwords are hashed.
pub struct PasswordHashes {
    turns: Arc<Semaphore>,
    line: Semaphore,
}

/// The right to hash one password at a time.
pub struct Turn(OwnedSemaphorePermit);

impl Default for PasswordHashes {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { turns: Arc::new(Semaphore::new((cores / 2).clamp(1, MOST))), line: Semaphore::new(LINE) }
    }
}

impl PasswordHashes {
    /// Waits for a turn, in the order of arrival.
    pub async fn turn(&self) -> Result<Turn, PasswordError> {
        let _place = self.line.try_acquire().map_err(|_| PasswordError::Busy)?;
        match tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Turn(permit)),
            Ok(Err(_)) | Err(_) => Err(PasswordError::Busy),
        }
    }
}

impl Turn {
    /// Hashes a password, on a thread for blocking work.
    pub async fn hash(self, password: Secret) -> Result<HashedPassword, PasswordError> {
        self.run(move || hash_now(&password)).await?
    }

    /// True when the password is the one that was hashed. Without a hash it takes as long, and is false.
    pub async fn verify(self, password: Secret, hashed: Option<HashedPassword>) -> Result<bool, PasswordError> {
        self.run(move || verify_now(&password, hashed.as_ref())).await
    }

    /// A caller that goes away leaves the work behind, and with it the turn.
    async fn run<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
        let Self(permit) = self;
        let work = move || {
            let done = work();
            drop(permit);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| PasswordError::Failed(error.to_string()))
    }
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let parameters =
        Params::new(MEMORY, PASSES, LANES, None).map_err(|error| PasswordError::Failed(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters))
}

/// Hashes a password on this thread.
pub fn hash_now(password: &Secret) -> Result<HashedPassword, PasswordError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| PasswordError::Failed(error.to_string()))?;
    hash_with(&argon2()?, password, &salt)
}

/// Hashes a password that is no secret, so that a test server with many users starts at once. Salted with the user's ID, so that the
/// same fixture gives the same state.
pub fn hash_for_tests(password: &Secret, salt: Uuid) -> Result<HashedPassword, PasswordError> {
    let cheap =
        Params::new(Params::MIN_M_COST, 1, 1, None).map_err(|error| PasswordError::Failed(error.to_string()))?;
    hash_with(&Argon2::new(Algorithm::Argon2id, Version::V0x13, cheap), password, salt.as_bytes())
}

fn hash_with(argon2: &Argon2<'_>, password: &Secret, salt: &[u8]) -> Result<HashedPassword, PasswordError> {
    let hashed: PasswordHash = argon2
        .hash_password_with_salt(password.reveal().as_bytes(), salt)
        .map_err(|error| PasswordError::Failed(error.to_string()))?;
    Ok(HashedPassword(hashed.to_string()))
}

fn verify_now(password: &Secret, hashed: Option<&HashedPassword>) -> bool {
    let text = hashed.map_or(NOBODYS, HashedPassword::as_str);
    // The parameters are those of the hash, so a password that was hashed with others stays good.
    let matches = PasswordHash::new(text).is_ok_and(|parsed| {
        argon2().is_ok_and(|argon2| argon2.verify_password(password.reveal().as_bytes(), &parsed).is_ok())
    });
    matches && hashed.is_some()
}

#[cfg(test)]
mod tests {
    use orgd_api_types::Secret;

    use super::{HashedPassword, NOBODYS, PasswordError, PasswordHashes, hash_now, verify_now};

    #[test]
    fn a_password_matches_its_hash_and_no_other() {
        let (right, wrong) = (Secret::new("correct horse"), Secret::new("Correct horse"));
        let (one, other) = (hash_now(&right).unwrap(), hash_now(&right).unwrap());
        assert_ne!(one, other, "the salt differs");
        assert!(verify_now(&right, Some(&one)) && verify_now(&right, Some(&other)));
        assert!(!verify_now(&wrong, Some(&one)) && !verify_now(&right, None));
        assert!(!verify_now(&right, Some(&HashedPassword("nonsense".to_owned()))));
        assert!(one.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.as_str());
        assert!(!format!("{one:?}").contains("argon2id"));
    }

    #[test]
    fn nobodys_hash_costs_what_others_cost() {
        let parsed = super::PasswordHash::new(NOBODYS).unwrap();
        let other = hash_now(&Secret::new("correct horse")).unwrap();
        let other = super::PasswordHash::new(other.as_str()).unwrap();
        assert_eq!((parsed.algorithm, parsed.version, parsed.params), (other.algorithm, other.version, other.params));
        assert_eq!(parsed.salt.unwrap().len(), other.salt.unwrap().len());
        assert_eq!(parsed.hash.unwrap().len(), other.hash.unwrap().len());
    }

    #[tokio::test(flavor = "current_thread")]
    async fn whoever_comes_when_the_line_is_full_is_sent_away() {
        let hashes = PasswordHashes::default();
        let place = hashes.line.acquire_many(u32::try_from(super::LINE).unwrap()).await.unwrap();
        assert!(matches!(hashes.turn().await, Err(PasswordError::Busy)));
        drop(place);
        let turn = hashes.turn().await.unwrap();
        assert!(!turn.verify(Secret::new("x"), None).await.unwrap());
    }
}
