//! When sessions were last used. A request must not cost a write: uses are gathered, at most one an hour for each token, and stored
//! together.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use orgd_api_types::{LoginType, Timestamp};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Services;
use super::logins::text_of;
use crate::auth::authenticate::Caller;
use crate::auth::principal::UserStatus;
use crate::auth::token::{SessionTokenRecord, after_seconds};
use crate::db::sessions::TokenUse;

/// How old the last noted use is before another one is worth a write, in microseconds: an hour.
const RECENT: i64 = 60 * 60 * 1_000_000;
/// How long a write waits for others.
const GATHER: Duration = Duration::from_secs(1);
/// How many tokens wait at most; what does not fit is noted at its next use.
const MOST: usize = 10_000;

/// Uses that are not stored yet.
#[derive(Debug, Default)]
pub struct Uses {
    gathered: Mutex<HashMap<String, TokenUse>>,
    bell: Notify,
}

impl Services {
    /// Notes that a request came with this session token. Costs one comparison, but for once an hour.
    pub fn note_use(&self, caller: &Caller, from: Option<IpAddr>, now: Timestamp) {
        let is_dormant = caller.principal.status == UserStatus::Dormant;
        if is_worth_a_write(&caller.token, now) || is_dormant {
            self.gather(caller, from, now);
        }
    }

    #[cold]
    fn gather(&self, caller: &Caller, from: Option<IpAddr>, now: Timestamp) {
        let token = &caller.token;
        let used = TokenUse {
            user: token.user_id,
            token: token.id.clone(),
            at: now,
            address: text_of(from),
            expires_at: extended(token, now),
        };
        if self.uses.add(used) {
            self.uses.bell.notify_one();
        }
    }

    /// Stores uses, for as long as the server runs.
    pub async fn keep_uses(&self) {
        loop {
            self.uses.bell.notified().await;
            tokio::time::sleep(GATHER).await;
            let gathered: Vec<_> = self.uses.gathered.lock().values().cloned().collect();
            if let Err(error) = self.database.note_uses(gathered.clone(), self.clock.now()).await {
                tracing::warn!(%error, "cannot note which sessions were used; their next use will be");
            }
            self.uses.remove(&gathered);
        }
    }
}

impl Uses {
    /// Adds a use; false when there is one of the same token already that says as much. One that is being stored stays until it
    /// is, because memory calls the token unused until then. A use that extends its session takes the place of one that does
    /// not: for the next hour there will be no other.
    fn add(&self, used: TokenUse) -> bool {
        let mut gathered = self.gathered.lock();
        let is_full = gathered.len() >= MOST;
        match gathered.get_mut(&used.token) {
            Some(known) if known.expires_at.is_some() || used.expires_at.is_none() => return false,
            Some(known) => *known = used,
            None if is_full => return false,
            None => {
                gathered.insert(used.token.clone(), used);
            }
        }
        true
    }

    /// Everything is another now, tokens with the same ID too: nobody has used them.
    pub fn forget(&self) {
        self.gathered.lock().clear();
    }

    /// Removes uses that are stored, less those that others took the place of meanwhile.
    fn remove(&self, stored: &[TokenUse]) {
        let mut gathered = self.gathered.lock();
        for used in stored {
            if gathered.get(&used.token) == Some(used) {
                gathered.remove(&used.token);
            }
        }
    }
}

fn is_worth_a_write(token: &SessionTokenRecord, now: Timestamp) -> bool {
    let Some(last) = token.last_used_at else { return true };
    // One that was used in the future was used before the clock was set back.
    !(0..RECENT).contains(&now.micros().saturating_sub(last.micros()))
}

/// When a session ends that is used now; `None` when its end stays as it is. Tokens that were made as such are not extended.
fn extended(token: &SessionTokenRecord, now: Timestamp) -> Option<Timestamp> {
    let left = token.expires_at.micros().saturating_sub(now.micros());
    let worth = token.lifetime_seconds.saturating_mul(1_000_000).saturating_sub(RECENT);
    (token.login_type != LoginType::Token && left <= worth).then(|| after_seconds(now, token.lifetime_seconds))
}

#[cfg(test)]
mod tests {
    use orgd_api_types::{LoginType, Timestamp};
    use uuid::Uuid;

    use super::{MOST, RECENT, Uses, extended, is_worth_a_write};
    use crate::auth::token::{KeyScope, SessionTokenRecord};
    use crate::db::sessions::TokenUse;

    const HOUR: i64 = RECENT;
    const DAY: i64 = 24 * HOUR;

    fn token(login_type: LoginType, last_used_at: Option<i64>) -> SessionTokenRecord {
        let at = Timestamp::from_micros;
        SessionTokenRecord {
            id: "0123456789".to_owned(),
            hashed_secret: [0; 32],
            user_id: Uuid::nil(),
            name: String::new(),
            login_type,
            scope: KeyScope::All,
            lifetime_seconds: DAY / 1_000_000,
            address: String::new(),
            last_used_at: last_used_at.map(at),
            expires_at: at(DAY),
            created_at: at(0),
            updated_at: at(0),
        }
    }

    #[test]
    fn a_use_is_worth_a_write_once_an_hour() {
        let worth = |last, now| is_worth_a_write(&token(LoginType::Password, last), Timestamp::from_micros(now));
        assert!(worth(None, 5));
        assert!(!worth(Some(5), 5) && !worth(Some(5), 5 + HOUR - 1));
        assert!(worth(Some(5), 5 + HOUR));
        assert!(worth(Some(5), 4), "the clock was set back");
    }

    #[test]
    fn a_session_is_extended_by_its_use_and_a_token_is_not() {
        let session = token(LoginType::Password, None);
        assert_eq!(extended(&session, Timestamp::from_micros(HOUR - 1)), None);
        assert_eq!(extended(&session, Timestamp::from_micros(HOUR)), Some(Timestamp::from_micros(HOUR + DAY)));
        assert_eq!(extended(&token(LoginType::Token, None), Timestamp::from_micros(20 * HOUR)), None);
    }

    fn used(token: &str, at: i64, expires_at: Option<i64>) -> TokenUse {
        TokenUse {
            user: Uuid::nil(),
            token: token.to_owned(),
            at: Timestamp::from_micros(at),
            address: String::new(),
            expires_at: expires_at.map(Timestamp::from_micros),
        }
    }

    #[test]
    fn a_use_that_extends_its_session_is_not_lost_behind_one_that_does_not() {
        let uses = Uses::default();
        assert!(uses.add(used("a", 1, None)));
        assert!(!uses.add(used("a", 2, None)), "one is enough");
        let being_stored: Vec<_> = uses.gathered.lock().values().cloned().collect();
        assert!(!uses.add(used("a", 3, None)), "it is being stored");
        assert!(uses.add(used("a", 4, Some(DAY))));
        uses.remove(&being_stored);
        assert_eq!(*uses.gathered.lock().get("a").unwrap(), used("a", 4, Some(DAY)));
        assert!(!uses.add(used("a", 5, None)) && !uses.add(used("a", 6, Some(DAY + 1))));
        uses.remove(&[used("a", 4, Some(DAY))]);
        assert!(uses.gathered.lock().is_empty());
        assert!(uses.add(used("a", 7, None)));
    }

    #[test]
    fn no_more_uses_wait_than_there_is_room_for() {
        let uses = Uses::default();
        let added = (0..=MOST).filter(|number| uses.add(used(&number.to_string(), 1, None))).count();
        assert_eq!(added, MOST);
        assert!(uses.add(used("0", 2, Some(DAY))), "what waits can still be replaced");
    }
}
