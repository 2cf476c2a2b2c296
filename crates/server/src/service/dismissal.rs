//! Letting go of whoever waits: for good when the server stops, or those who wait at this moment.

use tokio::sync::watch;

/// Where everybody who waits is told to go.
#[derive(Debug)]
pub(super) struct Dismissals(watch::Sender<Told>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Told {
    is_stopping: bool,
    /// How often everybody was let go.
    times: u64,
}

/// Somebody who waits.
#[derive(Debug)]
pub(super) struct Dismissal {
    told: watch::Receiver<Told>,
    began: Told,
}

impl Default for Dismissals {
    fn default() -> Self {
        Self(watch::Sender::new(Told::default()))
    }
}

impl Dismissals {
    /// To be called by whoever begins to wait.
    pub(super) fn enter(&self) -> Dismissal {
        let told = self.0.subscribe();
        let began = *told.borrow();
        Dismissal { told, began }
    }

    /// Lets go whoever waits, and whoever begins to.
    pub(super) fn stop(&self) {
        self.0.send_modify(|told| told.is_stopping = true);
    }

    /// Lets go whoever waits now.
    pub(super) fn let_go(&self) {
        self.0.send_modify(|told| told.times += 1);
    }
}

impl Dismissal {
    /// True when there is nothing to wait for any more.
    pub(super) fn has_come(&self) -> bool {
        let told = *self.told.borrow();
        told.is_stopping || told != self.began
    }

    /// Comes back when it may be so.
    pub(super) async fn comes(&mut self) {
        if self.told.changed().await.is_err() {
            // The server is gone, and with it whoever asks.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Dismissals;

    #[test]
    fn those_who_wait_are_let_go_and_those_who_come_later_wait() {
        let all = Dismissals::default();
        let first = all.enter();
        assert!(!first.has_come());
        all.let_go();
        let second = all.enter();
        assert!(first.has_come() && !second.has_come());
        all.stop();
        assert!(second.has_come() && all.enter().has_come());
    }
}
