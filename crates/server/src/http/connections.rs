//! Owns what is known of open connections: how many each address has, and until when each must come with a whole request.
//!
//! Actix limits the time for the first head of a connection and the time that it is idle. A later head that drips, and a chunked body
//! that nobody wants and that does not end, it would wait for without limit. It hands out no way to close a connection either, so
//! one that is overdue is shut down by its descriptor, which Actix takes for a caller that has gone.

use std::any::Any;
use std::cell::Cell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use bytes::Bytes;
use nix::sys::socket::{MsgFlags, Shutdown, SockaddrStorage, getpeername, send, shutdown};
use parking_lot::Mutex;
use uuid::Uuid;

use super::error::ApiError;
use super::interfere::OnPurpose;
use super::proxies::TrustedProxies;
use crate::config::LimitsConfig;
use crate::ratelimit::Subject;
use crate::telemetry::metrics::Metrics;
use crate::wire::encode;

/// How often overdue connections are looked for.
const LOOK: Duration = Duration::from_millis(500);
/// How long a connection may go on whose answer is sent and whose body nobody wants: time to read the answer.
const FAREWELL: u64 = 1_000;
/// So many requests Actix reads ahead on a connection, and no more while the first of them waits for its answer (actix-http 3.20,
/// `MAX_PIPELINED_MESSAGES`).
const READ_AHEAD: u8 = 16;
/// How slowly an answer may be taken in all, in bytes for each millisecond: 16 KiB a second.
const SLOWEST: u64 = 16;

/// The open connections of a server.
pub struct Connections {
    metrics: Arc<Metrics>,
    epoch: Instant,
    /// How long a connection may take from an answer to the next request, in milliseconds.
    patience: u64,
    most_per_address: u32,
    /// They have the connections of everybody behind them, and as many as they want.
    proxies: TrustedProxies,
    /// What somebody hears whose address has too many.
    refusal: String,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    last: u64,
    open: HashMap<u64, Open>,
    by_address: HashMap<Subject, u32>,
}

struct Open {
    descriptor: RawFd,
    peer: SocketAddr,
    term: Arc<Term>,
}

/// Until when a connection must come with something.
struct Term {
    epoch: Instant,
    patience: u64,
    /// In milliseconds after `epoch`; 0 is for ever.
    until: AtomicU64,
    is_body_read: AtomicBool,
}

impl Term {
    fn now(&self) -> u64 {
        millis(self.epoch.elapsed())
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// A connection, for its requests; it counts as open until this is dropped.
pub struct Connection {
    connections: Arc<Connections>,
    number: u64,
    subject: Subject,
    term: Arc<Term>,
    is_refused: bool,
    /// How many requests have come, modulo [`READ_AHEAD`].
    requests: Cell<u8>,
}

impl Connections {
    /// None yet.
    pub fn new(limits: &LimitsConfig, proxies: TrustedProxies, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            metrics,
            epoch: Instant::now(),
            patience: millis(limits.idle_timeout + limits.head_timeout),
            most_per_address: limits.max_connections_per_address,
            proxies,
            refusal: refusal(),
            table: Mutex::default(),
        })
    }

    /// Notes a connection that was opened. One too many of its address is told so and shut down.
    pub fn arrive(self: &Arc<Self>, socket: &dyn Any, data: &mut Extensions) {
        let encrypted = socket.downcast_ref::<TlsStream<TcpStream>>().map(|tls| tls.get_ref().0);
        let Some(stream) = encrypted.or_else(|| socket.downcast_ref()) else { return };
        let Ok(peer) = stream.peer_addr() else { return };
        let connection = self.note(stream.as_raw_fd(), peer);
        if connection.is_refused {
            self.metrics.connections_refused.inc();
            if encrypted.is_none() {
                // To a caller that is gone already nothing need be said.
                let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
                let _ = send(stream.as_raw_fd(), self.refusal.as_bytes(), flags);
            }
            let _ = shutdown(stream.as_raw_fd(), Shutdown::Both);
        }
        data.insert(connection);
    }

    fn note(self: &Arc<Self>, descriptor: RawFd, peer: SocketAddr) -> Connection {
        let until = millis(self.epoch.elapsed()).saturating_add(self.patience);
        let term = Arc::new(Term {
            epoch: self.epoch,
            patience: self.patience,
            until: AtomicU64::new(until),
            is_body_read: AtomicBool::new(false),
        });
        let subject = Subject::address(peer.ip());
        let mut table = self.table.lock();
        table.last += 1;
        let number = table.last;
        table.open.insert(number, Open { descriptor, peer, term: Arc::clone(&term) });
        let of_address = table.by_address.entry(subject).or_default();
        *of_address += 1;
        let is_one_too_many = self.most_per_address != 0 && *of_address > self.most_per_address;
        let is_refused = is_one_too_many && !self.proxies.contain(peer.ip());
        drop(table);
        self.metrics.connections.inc();
        Connection { connections: Arc::clone(self), number, subject, term, is_refused, requests: Cell::new(0) }
    }

    /// Closes overdue connections, for ever.
    pub async fn watch(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK).await;
            self.close_overdue();
        }
    }

    fn close_overdue(&self) {
        let now = millis(self.epoch.elapsed());
        // Under the lock: a connection leaves the table before its descriptor is closed.
        let table = self.table.lock();
        for Open { descriptor, peer, term } in table.open.values() {
            let until = term.until.load(Ordering::Relaxed);
            // The second look is for a request that outlives its connection and keeps it in the table.
            if until != 0 && until <= now && peer_of(*descriptor) == Some(*peer) {
                term.until.store(0, Ordering::Relaxed);
                self.metrics.connections_given_up.inc();
                let _ = shutdown(*descriptor, Shutdown::Both);
            }
        }
    }
}

fn peer_of(descriptor: RawFd) -> Option<SocketAddr> {
    let address: SockaddrStorage = getpeername(descriptor).ok()?;
    let v4 = address.as_sockaddr_in().map(|address| SocketAddr::V4((*address).into()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| SocketAddr::V6((*address).into())))
}

fn refusal() -> String {
    let body = encode::to_vec(&ApiError::TooManyConnections.body());
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json; charset=utf-8\r\nretry-after: 1\r\nconnection: \
         close\r\ncontent-length: {}\r\n\r\n{}",
        body.len(),
        String::from_utf8_lossy(&body)
    )
}

impl Connection {
    /// True for one too many; it may have sent a request before it was shut down.
    pub fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// A request has come: the connection may take its time until the turn is over.
    pub fn begin(&self) -> Turn {
        self.term.until.store(0, Ordering::Relaxed);
        self.term.is_body_read.store(false, Ordering::Relaxed);
        Turn { term: Arc::clone(&self.term), grace: self.term.patience }
    }

    /// Counts a request. True for one that must wake its connection: once in as many as Actix reads ahead.
    ///
    /// With so many read ahead Actix leaves what comes after them in its buffer, and when all of them are answered in one go it
    /// forgets to look there: the caller waits until it sends something more. Woken by one of them, it looks.
    pub fn counts_to_wake(&self) -> bool {
        let count = (self.requests.get() + 1) % READ_AHEAD;
        self.requests.set(count);
        count == 0
    }

    /// The body of the request was read to its end.
    pub fn note_body(&self) {
        self.term.is_body_read.store(true, Ordering::Relaxed);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut table = self.connections.table.lock();
        table.open.remove(&self.number);
        if let Some(count) = table.by_address.get_mut(&self.subject) {
            *count -= 1;
            if *count == 0 {
                table.by_address.remove(&self.subject);
            }
        }
        drop(table);
        self.connections.metrics.connections.dec();
    }
}

/// A request and its answer. Dropped, the connection has so long to come with the next request.
pub struct Turn {
    term: Arc<Term>,
    grace: u64,
}

impl Turn {
    /// Whether the body was read to its end.
    pub fn is_body_read(&self) -> bool {
        self.term.is_body_read.load(Ordering::Relaxed)
    }

    /// The answer has so many bytes, which take their time.
    pub fn answer_of(&mut self, bytes: u64) {
        self.grace = self.grace.saturating_add(bytes / SLOWEST);
    }

    /// The connection is not to be used any more.
    pub fn ends(&mut self) {
        self.grace = FAREWELL;
    }

    /// The turn lasts as long as this body is sent, which answers the request with this id.
    pub fn lasts(self, body: BoxBody, request: Uuid) -> BoxBody {
        BoxBody::new(Lasting { body, request, _turn: self })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.term.until.store(self.term.now().saturating_add(self.grace), Ordering::Relaxed);
    }
}

/// A body whose length is not known before, with the turn that it is part of.
struct Lasting {
    body: BoxBody,
    request: Uuid,
    _turn: Turn,
}

impl MessageBody for Lasting {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_next(context);
        if let Poll::Ready(Some(Err(error))) = &polled
            && !error.is::<OnPurpose>()
        {
            let defect = error.downcast_ref::<ApiError>().and_then(ApiError::defect);
            let why = defect.unwrap_or_else(|| error.to_string());
            tracing::error!(request_id = %self.request, why, "an answer was cut off");
        }
        polled
    }
}
