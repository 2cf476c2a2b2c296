//! What makes a server a test double: states to go back to, a clock that stands still, faults on purpose, and a record of what was asked.
//!
//! A normal server has none of it, and nothing here is on the way of its requests. Knows no HTTP.

pub mod clock;
pub mod faults;
mod rehearsal;
pub mod requests;

use std::sync::Arc;

use orgd_api_types::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;

pub use rehearsal::{JobStep, StepError};

use crate::change::WorkerSight;
use crate::db::DbError;
use crate::db::seed::always_live;
use crate::fixture::{Access, State, StateError, States};
use crate::service::{Reaper, Services};
use clock::TestClock;
use faults::Faults;
use requests::Requests;

/// How often workers that live always are seen: well within the 90 s after which they would count as gone.
pub const SEEN_EVERY: std::time::Duration = std::time::Duration::from_secs(30);

/// What the middleware asks about each request.
#[derive(Debug, Default)]
pub struct Interference {
    /// What is to go wrong.
    pub faults: Faults,
    /// What was asked.
    pub requests: Requests,
}

/// Everything that the control routes work on.
pub struct TestDouble {
    /// The operations of the server.
    pub services: Arc<Services>,
    /// The clock of the server.
    pub clock: Arc<TestClock>,
    /// What the middleware asks.
    pub interference: Arc<Interference>,
    /// Looks for lost workers.
    reaper: tokio::sync::Mutex<Reaper>,
    states: States,
    current: Mutex<State>,
    /// What else must forget what was.
    forget: Box<dyn Fn() + Send + Sync>,
    /// One at a time changes everything.
    turn: tokio::sync::Mutex<()>,
}

/// What a state is said to be, once it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loaded {
    /// The name of the state.
    pub state: String,
    /// Whose token the next is.
    pub user: String,
    /// A session token of an owner.
    pub token: String,
    /// What the clock of the server shows.
    pub now: Timestamp,
}

/// Why a state could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is not known or not sound.
    #[error(transparent)]
    State(#[from] StateError),
    /// The database refuses it.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl TestDouble {
    /// Puts the parts together. `state` is what the database holds already; `forget` is called whenever another is loaded.
    pub fn new(
        services: Arc<Services>,
        clock: Arc<TestClock>,
        interference: Arc<Interference>,
        states: States,
        state: State,
        forget: Box<dyn Fn() + Send + Sync>,
    ) -> Self {
        let reaper = tokio::sync::Mutex::new(Reaper::new(Arc::clone(&services)));
        let (current, turn) = (Mutex::new(state), tokio::sync::Mutex::default());
        Self { services, clock, interference, reaper, states, current, forget, turn }
    }

    /// The names of all states.
    pub fn state_names(&self) -> Vec<&str> {
        self.states.names()
    }

    /// The state of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn state(&self, name: &str) -> Result<State, StateError> {
        self.states.get(name)
    }

    /// How the server was after its start: its state, its clock, no faults and no recorded requests.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn reset(&self) -> Result<Loaded, LoadError> {
        let state = self.states.initial()?;
        Ok(self.load(state).await?)
    }

    /// Puts a state in the place of everything. Whoever waits for something is let go.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn load(&self, state: State) -> Result<Loaded, DbError> {
        let _turn = self.turn.lock().await;
        self.clock.restart(state.contents.now);
        self.services.replace_everything(Arc::clone(&state.contents)).await?;
        (self.forget)();
        self.interference.faults.clear();
        self.interference.requests.clear();
        *self.reaper.lock().await = Reaper::new(Arc::clone(&self.services));
        *self.current.lock() = state;
        Ok(self.loaded())
    }

    /// The state that was loaded last.
    pub fn loaded(&self) -> Loaded {
        let current = self.current.lock();
        let Access { username, token } = current.contents.access.clone();
        Loaded { state: current.name.to_string(), user: username, token, now: self.services.now() }
    }

    /// Lets time pass, and does what is due by then: lost workers' jobs fail, old workers are forgotten.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn advance(&self, by: std::time::Duration) -> Result<(), DbError> {
        let _turn = self.turn.lock().await;
        let mut reaper = self.reaper.lock().await;
        // What nobody has looked at yet counts from here.
        reaper.search().await?;
        self.clock.advance(by);
        self.see_the_always_live().await?;
        reaper.search().await?;
        Ok(())
    }

    /// Notes that the workers that live always are alive.
    ///
    /// # Errors
    /// The database is out of reach.
    pub async fn see_the_always_live(&self) -> Result<(), DbError> {
        let seen: Vec<WorkerSight> = always_live(&self.current.lock().contents);
        self.services.see_workers(seen).await
    }

    /// Does again and again, for as long as the server runs, what goes on beside the requests.
    pub async fn accompany(self: Arc<Self>) {
        let seeing = Arc::clone(&self);
        let see = async move {
            loop {
                tokio::time::sleep(SEEN_EVERY).await;
                if let Err(error) = seeing.see_the_always_live().await {
                    tracing::warn!(%error, "workers that live always could not be seen");
                }
            }
        };
        let search = async move {
            loop {
                tokio::time::sleep(self.services.reaper_interval()).await;
                if let Err(error) = self.reaper.lock().await.search().await {
                    tracing::warn!(%error, "the search for lost workers failed");
                }
            }
        };
        tokio::join!(see, search);
    }
}
