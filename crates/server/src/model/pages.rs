//! The newest jobs of the organizations that are looked at, as ready JSON.
//!
//! Dashboards ask for the same first page again and again. The jobs themselves are kept as fragments; the assembled answer is
//! kept too, for as long as neither the queue nor the set of live workers changes.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use orgd_api_types::Timestamp;
use quick_cache::sync::Cache;
use uuid::Uuid;

use super::jobs::{Jobs, LiveView};
use crate::db::jobs::JobRecord;
use crate::wire::encode::JobFragment;

/// How many of an organization's newest jobs are kept: what Coder's web interface asks for at once.
pub const NEWEST: usize = 100;
/// How many organizations are kept.
const ORGANIZATIONS: usize = 128;

/// The newest jobs per organization.
pub struct Pages {
    by_organization: Cache<Uuid, Arc<Newest>>,
}

/// The newest jobs of one organization at one version of the queue.
pub struct Newest {
    version: u64,
    jobs: Vec<(JobRecord, JobFragment)>,
    assembled: ArcSwapOption<Assembled>,
}

struct Assembled {
    limit: usize,
    from: Timestamp,
    until: Timestamp,
    json: Bytes,
}

impl Default for Pages {
    fn default() -> Self {
        Self { by_organization: Cache::new(ORGANIZATIONS) }
    }
}

impl Pages {
    /// The newest jobs, if they were kept at this version of the queue.
    pub fn get(&self, organization: Uuid, version: u64) -> Option<Arc<Newest>> {
        self.by_organization.get(&organization).filter(|newest| newest.version == version)
    }

    /// Keeps an organization's [`NEWEST`] jobs, read at this version of the queue.
    pub fn keep(&self, organization: Uuid, version: u64, jobs: Vec<JobRecord>) -> Arc<Newest> {
        let jobs = jobs.into_iter().map(|record| {
            let fragment = JobFragment::new(&record.job);
            (record, fragment)
        });
        let newest = Arc::new(Newest { version, jobs: jobs.collect(), assembled: ArcSwapOption::empty() });
        self.by_organization.insert(organization, Arc::clone(&newest));
        newest
    }
}

impl Newest {
    /// The JSON of the first `limit` jobs (at most [`NEWEST`]) as they stand at `now`.
    pub fn assemble(&self, jobs: &Jobs, organization: Uuid, limit: usize, now: Timestamp) -> Bytes {
        let assembled = self.assembled.load();
        let ready = assembled.as_deref().filter(|page| page.limit == limit && page.from <= now && now <= page.until);
        if let Some(page) = ready {
            return page.json.clone();
        }
        let numbering = jobs.numbering(organization, now);
        let until = numbering.as_ref().map_or(Timestamp::from_micros(i64::MAX), |numbering| numbering.until());
        let mut view = LiveView::new(jobs, numbering.as_deref());
        let mut out = Vec::with_capacity(1024 * limit.min(self.jobs.len()) + 8);
        out.push(b'[');
        for (index, (record, fragment)) in self.jobs.iter().take(limit).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            let live = view.of(record);
            fragment.write(&mut out, live.position, live.size, &live.available_workers);
        }
        out.extend_from_slice(b"]\n");
        let json = Bytes::from(out);
        self.assembled.store(Some(Arc::new(Assembled { limit, from: now, until, json: json.clone() })));
        json
    }
}
