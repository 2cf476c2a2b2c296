//! Ctrl-C as an event instead of an end, so that what was made for a task is cleared away.

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// From now on, Ctrl-C ends the programs that this one has started and not this one.
pub(crate) struct Interrupt {
    runtime: Runtime,
    signal: Signal,
}

impl Interrupt {
    /// Begins to catch it.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn catch() -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().context("cannot wait for signals")?;
        let guard = runtime.enter();
        let signal = signal(SignalKind::interrupt()).context("cannot catch Ctrl-C")?;
        drop(guard);
        Ok(Self { runtime, signal })
    }

    /// Waits for it.
    pub(crate) fn wait(&mut self) {
        // `None` would mean that no further one can come: nothing to wait for either.
        let _ = self.runtime.block_on(self.signal.recv());
    }
}
