//! The thread that keeps memory in step on PostgreSQL: it listens, looks, and tells the other servers of this one's writes.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;

use super::{Feed, log};
use crate::config::PostgresUrl;
use crate::db::conn::Conn;
use crate::db::error::DbError;
use crate::db::postgres::{self, Purpose};

/// How often the connection is asked for notifications; libpq gives them to whoever asks and wakes nobody.
const TICK: Duration = Duration::from_millis(10);
/// How long the thread goes without a look.
const NET: Duration = Duration::from_millis(500);
/// Notifications of one server are at least this far apart: one for many commits, since each holds up all other commits of the
/// database for a moment. Urgent ones do not wait.
const APART: Duration = Duration::from_millis(50);
/// How long to wait before connecting again.
const RETRY: Duration = Duration::from_millis(200);
/// How often old rows of the feed are removed.
const HOUSEKEEPING: Duration = Duration::from_secs(60);

/// Something was committed; memory follows before the answer is given.
struct Committed {
    is_urgent: bool,
    answer: Box<dyn FnOnce() + Send>,
}

/// Hands what was committed to the thread. Dropped, it ends the thread.
pub struct Follower {
    sender: Sender<Committed>,
}

impl Follower {
    /// Starts the thread.
    pub fn start(feed: Arc<Feed>, url: PostgresUrl) -> std::io::Result<Self> {
        let (sender, receiver) = channel();
        let worker = Worker {
            feed,
            url,
            name: uuid::Uuid::new_v4().simple().to_string(),
            conn: None,
            tried: None,
            told: Instant::now(),
            has_news: false,
            clean_at: Instant::now(),
        };
        std::thread::Builder::new().name("orgd-follower".to_owned()).spawn(move || worker.run(&receiver))?;
        Ok(Self { sender })
    }

    /// Lets memory follow what was just committed, tells the other servers, and answers in between.
    pub fn after_commit(&self, is_urgent: bool, answer: Box<dyn FnOnce() + Send>) {
        if let Err(unsent) = self.sender.send(Committed { is_urgent, answer }) {
            (unsent.0.answer)();
        }
    }
}

struct Worker {
    feed: Arc<Feed>,
    url: PostgresUrl,
    /// Tells this server's own notifications from others'.
    name: String,
    conn: Option<Conn>,
    tried: Option<Instant>,
    told: Instant,
    has_news: bool,
    clean_at: Instant,
}

impl Worker {
    fn run(mut self, receiver: &Receiver<Committed>) {
        loop {
            let committed = match receiver.recv_timeout(TICK) {
                Ok(first) => std::iter::once(first).chain(receiver.try_iter()).collect(),
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            self.turn(committed);
        }
    }

    fn turn(&mut self, committed: Vec<Committed>) {
        let mut is_urgent = false;
        if let Err(error) = self.look_if_needed(!committed.is_empty()) {
            self.lose(&error);
        }
        self.has_news |= !committed.is_empty();
        for Committed { is_urgent: urgent, answer } in committed {
            is_urgent |= urgent;
            // When the look failed, this server's requests look for themselves from here on.
            answer();
        }
        if let Err(error) = self.tell_if_due(is_urgent).and_then(|()| self.keep_house()) {
            self.lose(&error);
        }
    }

    fn look_if_needed(&mut self, is_needed: bool) -> Result<(), DbError> {
        self.connect_if_due()?;
        let Some(conn) = &mut self.conn else { return Ok(()) };
        let notified = drain(conn, &self.name)?;
        if is_needed || notified || self.feed.age() >= NET || !self.feed.is_notified() {
            self.feed.look(conn)?;
            if !self.feed.is_notified() {
                tracing::info!("following the changes of all servers");
            }
            self.feed.set_notified(true);
        }
        Ok(())
    }

    fn connect_if_due(&mut self) -> Result<(), DbError> {
        if self.conn.is_some() || self.tried.is_some_and(|tried| tried.elapsed() < RETRY) {
            return Ok(());
        }
        self.tried = Some(Instant::now());
        let mut conn = postgres::connect(&self.url, Purpose::Follow)?;
        // Before the first look, so that nothing falls in between.
        conn.batch_execute(&format!("LISTEN {}", log::CHANNEL))?;
        self.conn = Some(Conn::Postgres(conn));
        Ok(())
    }

    fn tell_if_due(&mut self, is_urgent: bool) -> Result<(), DbError> {
        let Some(Conn::Postgres(conn)) = &mut self.conn else { return Ok(()) };
        if self.has_news && (is_urgent || self.told.elapsed() >= APART) {
            log::tell(conn, &self.name)?;
            self.told = Instant::now();
            self.has_news = false;
        }
        Ok(())
    }

    fn keep_house(&mut self) -> Result<(), DbError> {
        let Some(Conn::Postgres(conn)) = &mut self.conn else { return Ok(()) };
        let now = Instant::now();
        if now >= self.clean_at {
            // When there is more to remove, soon again, but not all at once.
            self.clean_at = now + if log::prune(conn)? { Duration::from_secs(1) } else { HOUSEKEEPING };
        }
        Ok(())
    }

    fn lose(&mut self, error: &DbError) {
        if self.feed.is_notified() {
            tracing::warn!(%error, "the connection that tells of other servers' writes is down; requests ask the database");
        }
        self.feed.set_notified(false);
        self.conn = None;
        self.tried = Some(Instant::now());
    }
}

/// Takes the notifications that came; true when one of them is another's.
fn drain(conn: &mut Conn, own: &str) -> Result<bool, DbError> {
    let Conn::Postgres(conn) = conn else { return Ok(false) };
    let mut is_anothers = false;
    for notification in conn.notifications_iter() {
        is_anothers |= notification?.payload != own;
    }
    Ok(is_anothers)
}
