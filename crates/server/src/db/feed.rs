//! The change feed of a PostgreSQL database: how every server's memory follows what all servers write.
//!
//! Each transaction adds rows to the table `changes` that say which rows it touched; a trigger does it for writers that are not
//! orgd. A server reads what is new there, reads the touched rows, and takes them over. `NOTIFY` only says when to look; a look
//! twice a second is the net. Memory may be used for a second after a look. When the notifying connection is down, or a look
//! is overdue because the process was frozen, every request looks for itself first.
//!
//! Transactions do not become visible in the order of their numbers. A look therefore takes all rows of transactions that were
//! not certain to be over at the look before (the oldest one that still ran then, and all younger), less those already seen.

mod changed;
mod follower;
mod log;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

pub use follower::Follower;
pub use log::{is_urgent, record};

use super::conn::Conn;
use super::error::DbError;
use super::load;
use crate::change::{Change, Publisher};

/// How long memory may be used after a look.
const FRESH: Duration = Duration::from_secs(1);
/// Rows of the feed are kept for an hour; a server that has not looked for so long reads everything anew.
const LONGEST_GAP: i64 = 30 * 60;

/// What a server knows of the feed.
pub struct Feed {
    reader: Mutex<Reader>,
    made: Instant,
    /// When the last look began, in microseconds since `made`; 0 before the first.
    looked: AtomicU64,
    is_notified: AtomicBool,
}

struct Reader {
    publisher: Box<dyn Publisher>,
    position: Option<Position>,
    has_queue: bool,
}

/// Up to where the feed was read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Position {
    /// Every transaction below this number was over.
    horizon: u64,
    /// Rows of younger transactions that were taken over already.
    seen: HashSet<i64>,
    /// Which server process it was: another one may have lost what this one had, so everything is read anew.
    server: String,
    /// The server's clock, in seconds.
    time: i64,
}

impl Feed {
    /// A feed that nothing was read from yet.
    pub fn new(publisher: Box<dyn Publisher>) -> Self {
        let reader = Mutex::new(Reader { publisher, position: None, has_queue: false });
        Self { reader, made: Instant::now(), looked: AtomicU64::new(0), is_notified: AtomicBool::new(false) }
    }

    /// Reads the organizations, which is all that most requests need; the first look reads the queue.
    pub fn begin(&self, conn: &mut Conn) -> Result<(), DbError> {
        let mut reader = self.reader.lock();
        let (position, _) = log::read(conn, None)?;
        let organizations = load::organizations(conn)?;
        reader.publisher.publish(vec![Change::IdentitiesChanged, Change::OrganizationsRead(organizations)]);
        reader.position = Some(position);
        Ok(())
    }

    /// Takes over everything that was committed before this call.
    pub fn look(&self, conn: &mut Conn) -> Result<(), DbError> {
        let mut reader = self.reader.lock();
        let began = self.now();
        reader.catch_up(conn)?;
        self.looked.store(began, Ordering::Release);
        Ok(())
    }

    /// True while memory may be used without a look.
    pub fn is_fresh(&self) -> bool {
        self.is_notified() && self.age() <= FRESH
    }

    /// True while the notifying connection is up.
    pub fn is_notified(&self) -> bool {
        self.is_notified.load(Ordering::Acquire)
    }

    /// How long ago the last look began.
    pub fn age(&self) -> Duration {
        Duration::from_micros(self.now().saturating_sub(self.looked.load(Ordering::Acquire)))
    }

    /// This moment, for [`Feed::was_looked_at_since`].
    pub fn now(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// True when a look began after that moment, and succeeded.
    pub fn was_looked_at_since(&self, moment: u64) -> bool {
        self.looked.load(Ordering::Acquire) > moment
    }

    fn set_notified(&self, is_notified: bool) {
        self.is_notified.store(is_notified, Ordering::Release);
    }
}

impl Reader {
    fn catch_up(&mut self, conn: &mut Conn) -> Result<(), DbError> {
        let (position, entries) = log::read(conn, self.position.as_ref())?;
        let changes = match &self.position {
            Some(last) if last.continues_with(&position) => {
                let mut changes = changed::read(conn, entries)?;
                if !self.has_queue {
                    changes.push(Change::QueueRead(Box::new(load::queue(conn)?)));
                }
                changes
            }
            _ => load::everything(conn)?,
        };
        if !changes.is_empty() {
            self.publisher.publish(changes);
        }
        self.has_queue = true;
        self.position = Some(position);
        Ok(())
    }
}

impl Position {
    /// False when rows in between may be missing.
    fn continues_with(&self, next: &Self) -> bool {
        self.server == next.server && (0..=LONGEST_GAP).contains(&(next.time - self.time))
    }
}
