//! Lists of jobs, newest first, that cost the same among a thousand jobs and among a million.
//!
//! Each filter has an index that ends in the order of the list, so a list is a merge of ranges that are read from the front.
//! With several filters the planner would have to guess which of them is rare, and its statistics are never right for long:
//! here the walks along each filter's index take turns, twice as far each time, and the first that has enough jobs or comes
//! to its end has the answer.

use std::collections::VecDeque;

use diesel::prelude::*;
use orgd_api_types::{ProvisionerJobStatus, Timestamp};
use uuid::Uuid;

use super::{JobRecord, JobRow, to_code};
use crate::db::conn::{Conn, on_inner};
use crate::db::error::DbError;
use crate::db::schema::provisioner_jobs as table;
use crate::db::types::{DbTime, DbUuid};
use crate::db::{Database, Effort};
use crate::tags::{TagSetId, TagSetRegistry};

/// How far each walk goes in its first turn.
const FIRST_TURN: usize = 64;
/// Up to here, reading each tag set's own range is the cheapest way for sure.
const FEW_TAG_SETS: usize = 16;
/// How many rows one range reads at a time at most.
const LARGEST_PAGE: usize = 1024;

/// Which jobs of an organization are asked for. Filters apply together.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Only these jobs.
    pub ids: Option<Vec<Uuid>>,
    /// Only jobs in one of these states.
    pub statuses: Option<Vec<ProvisionerJobStatus>>,
    /// Only jobs with one of these tag sets.
    pub tag_sets: Option<Vec<TagSetId>>,
    /// Only jobs that this user queued.
    pub initiator: Option<Uuid>,
}

/// The place of a job in the list: newest first, ties by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    created_at: Timestamp,
    id: Uuid,
}

impl Cursor {
    /// Before the first job.
    pub fn start() -> Self {
        Self { created_at: Timestamp::from_micros(i64::MAX), id: Uuid::nil() }
    }

    /// The place of this job.
    pub fn at(record: &JobRecord) -> Self {
        Self { created_at: record.job.created_at, id: record.job.id }
    }

    fn sort_key(self) -> (std::cmp::Reverse<Timestamp>, Uuid) {
        (std::cmp::Reverse(self.created_at), self.id)
    }
}

impl JobFilter {
    /// True when every job passes.
    pub fn is_empty(&self) -> bool {
        let Self { ids, statuses, tag_sets, initiator } = self;
        ids.is_none() && statuses.is_none() && tag_sets.is_none() && initiator.is_none()
    }

    /// True when one index answers it, so that its cost is bounded by what it answers.
    pub fn is_simple(&self) -> bool {
        let Self { ids, statuses, tag_sets, initiator } = self;
        let many_sets = tag_sets.as_ref().is_some_and(|sets| sets.len() > FEW_TAG_SETS);
        let filters = [ids.is_some(), statuses.is_some(), tag_sets.is_some(), initiator.is_some()];
        !many_sets && filters.into_iter().filter(|is_given| *is_given).count() <= 1
    }

    /// True when the job passes every filter.
    pub fn matches(&self, record: &JobRecord) -> bool {
        let job = &record.job;
        self.ids.as_ref().is_none_or(|ids| ids.contains(&job.id))
            && self.statuses.as_ref().is_none_or(|statuses| statuses.contains(&job.status))
            && self.tag_sets.as_ref().is_none_or(|sets| sets.contains(&record.tag_set))
            && self.initiator.is_none_or(|initiator| initiator == job.initiator_id)
    }
}

impl Database {
    /// The page with its tags, all from one moment, as `finish` makes it: on the same thread, since that may be work too.
    pub async fn list_provisioner_jobs<T: Send + 'static>(
        &self,
        page: Page,
        known: TagSetRegistry,
        effort: Effort,
        finish: impl Fn(Vec<JobRecord>) -> T + Send + 'static,
    ) -> Result<T, DbError> {
        let read = move |conn: &mut Conn| {
            let records = crate::db::in_one_moment(conn, |conn| {
                let records = list(conn, page.organization, &page.filter, page.after, page.limit)?;
                records.into_iter().map(|record| super::with_tags(conn, &known, record)).collect::<Result<_, DbError>>()
            })?;
            Ok(finish(records))
        };
        self.readers.read(effort, read).await
    }
}

/// Which part of a list to read.
#[derive(Debug, Clone)]
pub struct Page {
    /// Whose jobs.
    pub organization: Uuid,
    /// Which of them.
    pub filter: JobFilter,
    /// The place after which the page begins.
    pub after: Cursor,
    /// How many jobs at most.
    pub limit: usize,
}

fn list(
    conn: &mut Conn,
    organization: Uuid,
    filter: &JobFilter,
    after: Cursor,
    limit: usize,
) -> Result<Vec<JobRecord>, DbError> {
    if let Some(ids) = &filter.ids {
        return list_by_ids(conn, organization, filter, ids, after, limit);
    }
    let mut walks = walks(organization, filter, after);
    let mut turn = FIRST_TURN.max(limit.min(LARGEST_PAGE));
    loop {
        let alone = walks.len() == 1;
        for walk in &mut walks {
            if walk.advance(conn, filter, limit, if alone { usize::MAX } else { turn })? {
                return Ok(std::mem::take(&mut walk.found));
            }
        }
        turn *= 2;
    }
}

fn list_by_ids(
    conn: &mut Conn,
    organization: Uuid,
    filter: &JobFilter,
    ids: &[Uuid],
    after: Cursor,
    limit: usize,
) -> Result<Vec<JobRecord>, DbError> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::new();
    for id in ids {
        found.extend(super::find(conn, id)?);
    }
    found.retain(|record| {
        record.job.organization_id == organization
            && filter.matches(record)
            && Cursor::at(record).sort_key() > after.sort_key()
    });
    found.sort_unstable_by_key(|record| Cursor::at(record).sort_key());
    found.truncate(limit);
    Ok(found)
}

/// One walk for each filter that has an index, or the one along all jobs.
fn walks(organization: Uuid, filter: &JobFilter, after: Cursor) -> Vec<Walk> {
    let walk = |along: Vec<Along>| Walk {
        ranges: along.into_iter().map(|along| Range::new(organization, along, after)).collect(),
        found: Vec::new(),
    };
    let mut walks = Vec::new();
    if let Some(initiator) = filter.initiator {
        walks.push(walk(vec![Along::Initiator(initiator)]));
    }
    if let Some(sets) = &filter.tag_sets {
        if sets.len() > FEW_TAG_SETS {
            // So many sets are likely to hold most of the jobs; then the way along all jobs is shorter.
            walks.push(walk(vec![Along::Everything]));
        }
        walks.push(walk(sets.iter().copied().map(Along::TagSet).collect()));
    }
    if let Some(statuses) = &filter.statuses {
        walks.push(walk(statuses.iter().copied().map(Along::Status).collect()));
    }
    if walks.is_empty() {
        walks.push(walk(vec![Along::Everything]));
    }
    walks
}

/// Which index a range is read along.
#[derive(Debug, Clone, Copy)]
enum Along {
    Everything,
    Status(ProvisionerJobStatus),
    TagSet(TagSetId),
    Initiator(Uuid),
}

/// Ranges that are disjoint, merged in the order of the list.
struct Walk {
    ranges: Vec<Range>,
    found: Vec<JobRecord>,
}

impl Walk {
    /// Looks at up to `steps` more jobs; true when the answer is complete.
    fn advance(&mut self, conn: &mut Conn, filter: &JobFilter, limit: usize, steps: usize) -> Result<bool, DbError> {
        for _ in 0..steps {
            if self.found.len() == limit {
                return Ok(true);
            }
            let Some(record) = self.next(conn, limit)? else { return Ok(true) };
            if filter.matches(&record) {
                self.found.push(record);
            }
        }
        Ok(false)
    }

    fn next(&mut self, conn: &mut Conn, limit: usize) -> Result<Option<JobRecord>, DbError> {
        // Many ranges share the limit, so each of them starts with a small page.
        let first_page = (limit / self.ranges.len().max(1)).clamp(8, LARGEST_PAGE);
        let mut earliest: Option<(usize, _)> = None;
        for (index, range) in self.ranges.iter_mut().enumerate() {
            let Some(head) = range.head(conn, first_page)? else { continue };
            if earliest.is_none_or(|(_, key)| head < key) {
                earliest = Some((index, head));
            }
        }
        Ok(earliest.and_then(|(index, _)| self.ranges[index].page.pop_front()))
    }
}

/// The jobs of an organization along one index, read page by page.
struct Range {
    organization: DbUuid,
    along: Along,
    after: Cursor,
    page: VecDeque<JobRecord>,
    page_size: usize,
    finished: bool,
}

impl Range {
    fn new(organization: Uuid, along: Along, after: Cursor) -> Self {
        Self { organization: DbUuid(organization), along, after, page: VecDeque::new(), page_size: 0, finished: false }
    }

    /// The place of the next job.
    fn head(
        &mut self,
        conn: &mut Conn,
        first_page: usize,
    ) -> Result<Option<(std::cmp::Reverse<Timestamp>, Uuid)>, DbError> {
        if self.page.is_empty() && !self.finished {
            self.page_size = (self.page_size * 2).clamp(first_page, LARGEST_PAGE);
            let rows = self.read(conn)?;
            self.finished = rows.len() < self.page_size;
            self.page = rows.into_iter().map(JobRecord::try_from).collect::<Result<_, _>>()?;
            self.after = self.page.back().map_or(self.after, Cursor::at);
        }
        Ok(self.page.front().map(|record| Cursor::at(record).sort_key()))
    }

    /// One statement for each index, always the same text, so that it is prepared once per connection.
    fn read(&self, conn: &mut Conn) -> Result<Vec<JobRow>, DbError> {
        let limit = i64::try_from(self.page_size).unwrap_or(i64::MAX);
        let (time, id) = (DbTime(self.after.created_at), DbUuid(self.after.id));
        let newest = table::table
            .filter(table::organization_id.eq(self.organization))
            .filter(table::created_at.le(time))
            .filter(table::created_at.lt(time).or(table::id.gt(id)))
            .order((table::created_at.desc(), table::id.asc()))
            .limit(limit);
        let rows = on_inner!(conn, inner => {
            let newest = newest.select(JobRow::as_select());
            match self.along {
                Along::Everything => newest.load(inner),
                Along::Status(status) => {
                    newest.filter(table::status.eq(to_code(ProvisionerJobStatus::ALL, &status))).load(inner)
                }
                Along::TagSet(TagSetId(set)) => newest.filter(table::tag_set_id.eq(set)).load(inner),
                Along::Initiator(user) => newest.filter(table::initiator_id.eq(DbUuid(user))).load(inner),
            }
        });
        Ok(rows?)
    }
}
