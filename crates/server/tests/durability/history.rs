//! What one organization went through, as its writer knows it, and what may be found of it after a crash.

use std::collections::{BTreeMap, BTreeSet};

/// An organization and all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// False before it was created and after it was deleted.
    pub exists: bool,
    /// Its display name.
    pub display_name: String,
    /// Its jobs, and whether each was canceled.
    pub jobs: BTreeMap<String, bool>,
    /// How often it was created, changed or deleted.
    pub changes: usize,
}

/// What a writer asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Create it.
    Create,
    /// Give it another display name.
    Rename(String),
    /// Queue a job with this ID.
    Queue(String),
    /// Cancel the job with this ID.
    Cancel(String),
    /// Delete it.
    Delete,
}

/// So many steps of a life are acknowledged at least, when nothing comes in between.
const WHOLE: usize = 5;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The server said that it was done.
    Acknowledged,
    /// The server said that it was not done.
    Refused,
    /// No answer came.
    Open,
}

/// The life of one organization, written by one writer, one step after the other.
#[derive(Debug, Clone, Default)]
pub struct Life {
    /// The name of the organization.
    pub name: String,
    /// Every step with its outcome.
    pub steps: Vec<(Step, Outcome)>,
}

impl State {
    fn after(&self, step: &Step) -> Self {
        let mut state = self.clone();
        match step {
            Step::Create => (state.exists, state.changes) = (true, state.changes + 1),
            Step::Rename(name) => (state.display_name, state.changes) = (name.clone(), state.changes + 1),
            Step::Queue(job) => drop(state.jobs.insert(job.clone(), false)),
            Step::Cancel(job) => drop(state.jobs.insert(job.clone(), true)),
            Step::Delete => (state.exists, state.changes) = (false, state.changes + 1),
        }
        state
    }
}

impl Life {
    /// Every state that is true to what was said: what was acknowledged happened, what was refused did not, and what was left open did
    /// or did not. A life goes on no further than its first open step, unless what became of that was seen.
    pub fn possible(&self) -> Vec<State> {
        let mut states = vec![State::default()];
        for (step, outcome) in &self.steps {
            states = match outcome {
                Outcome::Refused => states,
                Outcome::Acknowledged => states.iter().map(|state| state.after(step)).collect(),
                Outcome::Open => states.iter().flat_map(|state| [state.clone(), state.after(step)]).collect(),
            };
        }
        states
    }

    /// True when it came to its end: nothing was turned away for want of a turn.
    pub fn is_whole(&self) -> bool {
        self.steps.iter().filter(|step| step.1 == Outcome::Acknowledged).count() >= WHOLE
    }

    /// Settles an open step once it was seen what became of it, so that the next crash is judged from there.
    pub fn settle(&mut self, found: &State) {
        let Some((step, Outcome::Open)) = self.steps.last().cloned() else { return };
        self.steps.pop();
        let happened = self.possible().iter().all(|state| state != found);
        self.steps.push((step, if happened { Outcome::Acknowledged } else { Outcome::Refused }));
    }
}

/// What was found of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Itself.
    pub state: State,
    /// The display names of which the audit log says that they were given.
    pub named: BTreeSet<String>,
    /// How many entries each job has in the audit log.
    pub job_entries: BTreeMap<String, usize>,
}

/// What is wrong with what was found; nothing, when everything promised was kept.
pub fn judge(life: &Life, found: &Found) -> Result<(), String> {
    let possible = life.possible();
    // Of an organization that was deleted only the audit log tells.
    let told =
        |state: &State| if state.exists { state.clone() } else { State { changes: state.changes, ..State::default() } };
    if !possible.iter().any(|state| told(state) == told(&found.state)) {
        return Err(format!("{}: found {:?}, possible were {possible:?}", life.name, found.state));
    }
    for (step, outcome) in &life.steps {
        match step {
            Step::Rename(name) if *outcome == Outcome::Acknowledged && !found.named.contains(name) => {
                return Err(format!("{}: the audit log does not say that it was called {name}", life.name));
            }
            Step::Rename(name) if *outcome == Outcome::Refused && found.named.contains(name) => {
                return Err(format!("{}: the audit log says that it was called {name}, which was refused", life.name));
            }
            _ => {}
        }
    }
    for (job, canceled) in &found.state.jobs {
        let entries = found.job_entries.get(job).copied().unwrap_or_default();
        if entries != 1 + usize::from(*canceled) {
            return Err(format!(
                "{}: job {job}, canceled: {canceled}, has {entries} entries in the audit log",
                life.name
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(steps: &[(Step, Outcome)]) -> Life {
        Life { name: "acme".to_owned(), steps: steps.to_vec() }
    }

    fn found(exists: bool, display_name: &str, changes: usize) -> Found {
        let state = State { exists, display_name: display_name.to_owned(), changes, ..State::default() };
        let named = if display_name.is_empty() { BTreeSet::new() } else { BTreeSet::from([display_name.to_owned()]) };
        Found { state, named, job_entries: BTreeMap::new() }
    }

    fn rename(name: &str) -> Step {
        Step::Rename(name.to_owned())
    }

    #[test]
    fn what_was_acknowledged_must_be_there() {
        let life = life(&[(Step::Create, Outcome::Acknowledged), (rename("A"), Outcome::Acknowledged)]);
        assert_eq!(judge(&life, &found(true, "A", 2)), Ok(()));
        assert!(judge(&life, &found(false, "", 0)).is_err(), "it is lost");
        assert!(judge(&life, &found(true, "", 1)).is_err(), "its name is lost");
        assert!(judge(&life, &found(true, "A", 1)).is_err(), "an entry of the audit log is lost");
        assert!(judge(&life, &found(true, "A", 3)).is_err(), "there is an entry too many");
        assert!(judge(&life, &Found { named: BTreeSet::new(), ..found(true, "A", 2) }).is_err(), "an entry is torn");
    }

    #[test]
    fn what_was_refused_must_not_be_there() {
        let life = life(&[(Step::Create, Outcome::Acknowledged), (rename("A"), Outcome::Refused)]);
        assert_eq!(judge(&life, &found(true, "", 1)), Ok(()));
        assert!(judge(&life, &found(true, "A", 2)).is_err());
    }

    #[test]
    fn what_was_left_open_is_there_whole_or_not_at_all() {
        let life = life(&[(Step::Create, Outcome::Acknowledged), (rename("A"), Outcome::Open)]);
        assert_eq!(judge(&life, &found(true, "A", 2)), Ok(()));
        assert_eq!(judge(&life, &found(true, "", 1)), Ok(()));
        assert!(judge(&life, &found(true, "A", 1)).is_err(), "changed without an entry");
        assert!(judge(&life, &found(true, "", 2)).is_err(), "an entry without a change");
        let mut settled = life.clone();
        settled.settle(&found(true, "A", 2).state);
        assert_eq!(settled.steps[1].1, Outcome::Acknowledged);
        assert!(judge(&settled, &found(true, "", 1)).is_err(), "seen once, it must stay");
    }

    #[test]
    fn a_deleted_one_must_stay_deleted_and_its_jobs_have_their_entries() {
        let gone = life(&[(Step::Create, Outcome::Acknowledged), (Step::Delete, Outcome::Acknowledged)]);
        assert_eq!(judge(&gone, &found(false, "", 2)), Ok(()));
        assert!(judge(&gone, &found(true, "", 1)).is_err(), "it is back");
        let queued =
            life(&[(Step::Create, Outcome::Acknowledged), (Step::Queue("j".to_owned()), Outcome::Acknowledged)]);
        let mut with_job = found(true, "", 1);
        assert!(judge(&queued, &with_job).is_err(), "the job is lost");
        with_job.state.jobs.insert("j".to_owned(), false);
        assert!(judge(&queued, &with_job).is_err(), "its entry is lost");
        with_job.job_entries.insert("j".to_owned(), 1);
        assert_eq!(judge(&queued, &with_job), Ok(()));
    }
}
