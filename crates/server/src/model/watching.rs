//! Who follows which job.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::Notify;
use uuid::Uuid;

/// A bell for each job that somebody follows.
#[derive(Default)]
pub struct Watching {
    bells: Mutex<HashMap<Uuid, Weak<Notify>>>,
}

impl Watching {
    /// What rings when the job or its log changes. Take the `notified` before the look.
    pub fn watch(&self, job: Uuid) -> Arc<Notify> {
        let mut bells = self.bells.lock();
        if let Some(bell) = bells.get(&job).and_then(Weak::upgrade) {
            return bell;
        }
        // Those that nobody holds any more are as many as those that are held at most.
        if bells.len() == bells.capacity() {
            bells.retain(|_, bell| bell.strong_count() > 0);
        }
        let bell = Arc::new(Notify::new());
        bells.insert(job, Arc::downgrade(&bell));
        bell
    }

    /// The job or its log has changed.
    pub fn wake(&self, job: Uuid) {
        let bell = self.bells.lock().get(&job).and_then(Weak::upgrade);
        if let Some(bell) = bell {
            bell.notify_waiters();
        }
    }

    /// Anything may have changed.
    pub fn wake_all(&self) {
        let bells: Vec<_> = self.bells.lock().values().filter_map(Weak::upgrade).collect();
        bells.iter().for_each(|bell| bell.notify_waiters());
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use uuid::Uuid;

    use super::Watching;

    #[test]
    fn the_bell_of_a_job_rings_for_all_who_follow_it() {
        let watching = Watching::default();
        let (job, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (one, two, else_where) = (watching.watch(job), watching.watch(job), watching.watch(other));
        let (first, second, third) = (one.notified(), two.notified(), else_where.notified());
        watching.wake(job);
        assert!(first.now_or_never().is_some() && second.now_or_never().is_some());
        assert!(third.now_or_never().is_none());
    }

    #[test]
    fn bells_that_nobody_holds_go() {
        let watching = Watching::default();
        for number in 0..10_000 {
            watching.watch(Uuid::from_u128(number));
        }
        assert!(watching.bells.lock().len() < 100);
    }
}
