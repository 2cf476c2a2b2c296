//! Reads files into the database: everything in them, or nothing.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use orgd_api_types::Organization;

use super::counts::Counts;
use super::fault::{Fault, Place};
use super::frame::{FrameError, Frames};
use super::owners::{Arrival, Owners};
use super::record::{self, Job, Record, UnknownKeys};
use super::rules::{check_job, check_organization};
use crate::db::{self, Conn, Constraint, DbError, jobs, tag_sets};
use crate::queue::ProvisionerType;
use crate::tags::TagSetId;

/// After this many faults, the rest of the files is not looked at.
pub const MOST_FAULTS: usize = 20;
/// How many distinct tag sets and unknown keys are remembered, so that a strange file cannot fill the memory.
const MOST_REMEMBERED: usize = 10_000;

/// Where text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Standard input.
    StandardInput,
}

/// How to read the files.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Give the jobs of the files' default organizations to the default organization of the database.
    pub into_default: bool,
    /// What the jobs need; the documented shape does not say.
    pub provisioner: ProvisionerType,
}

/// Is told how far an import has come.
pub trait Progress {
    /// So many bytes were read in all, and this is what they held.
    fn advanced(&mut self, bytes: u64, counts: Counts);
    /// All is read; what is left is to write it to the disk.
    fn committing(&mut self);
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// What was imported. A default organization that stands for the one of the database is not counted.
    pub counts: Counts,
    /// The names of the files' default organizations that are normal ones here.
    pub made_normal: Vec<String>,
    /// Keys that are not part of the documented shapes and were left out, with how often each came.
    pub unknown_keys: BTreeMap<String, u64>,
}

/// What is wrong with the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// In the order of the files; organizations that are missing come last.
    pub list: Vec<Fault>,
    /// True when there may be more.
    pub stopped: bool,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file cannot be read.
    #[error("nothing was imported: cannot read {file}: {source}")]
    Read {
        /// The file's name.
        file: Arc<str>,
        /// Why.
        source: io::Error,
    },
    /// The files are at fault.
    #[error("{0}")]
    Faults(Faults),
    /// The database is.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.list.len() {
            1 => formatter.write_str("nothing was imported, because of 1 fault:")?,
            many => write!(formatter, "nothing was imported, because of {many} faults:")?,
        }
        for fault in &self.list {
            write!(formatter, "\n  {fault}")?;
        }
        if self.stopped {
            write!(formatter, "\nThe rest was not looked at: {MOST_FAULTS} faults are shown at a time.")?;
        }
        Ok(())
    }
}

impl Source {
    /// What errors call it.
    pub fn name(&self) -> Arc<str> {
        match self {
            Self::File(path) => path.display().to_string().into(),
            Self::StandardInput => "standard input".into(),
        }
    }

    fn open(&self) -> io::Result<Box<dyn Read>> {
        Ok(match self {
            Self::File(path) => Box::new(File::open(path)?),
            Self::StandardInput => Box::new(io::stdin()),
        })
    }
}

/// Reads all sources in one transaction. References between them may go in any direction.
pub fn import(
    conn: &mut Conn,
    sources: &[Source],
    options: Options,
    progress: &mut dyn Progress,
) -> Result<Summary, ImportError> {
    db::all_or_nothing(conn, |conn| {
        db::defer_references(conn)?;
        let mut run = Run::new(conn, options, progress);
        for source in sources {
            let failed = |error| ImportError::Read { file: source.name(), source: error };
            run.read(source.open().map_err(failed)?, source.name())?;
        }
        run.finish()
    })
}

/// The part of an import that needs no database, for fuzzing: how many records the text has, and what is wrong with the others.
#[doc(hidden)]
pub fn read_without_database(text: &[u8]) -> (usize, Vec<Fault>) {
    let mut frames = Frames::new(text, "text".into());
    let mut unknown = UnknownKeys::new();
    let (mut read, mut faults) = (0, Vec::new());
    while faults.len() < MOST_FAULTS {
        let record = match frames.next() {
            Ok(Some((bytes, place))) => record::read(bytes, &place, &mut unknown).map(|record| (record, place)),
            Ok(None) | Err(FrameError::Io(_)) => break,
            Err(FrameError::Fault(fault)) => Err(record::Refusal { fault, is_syntax: true, is_job: false }),
        };
        match record {
            Ok((Record::Organization(mut organization), place)) => {
                faults.extend(check_organization(&mut organization, &place))
            }
            Ok((Record::Job(job), place)) => faults.extend(check_job(&job, &place)),
            Err(refusal) => {
                faults.push(refusal.fault);
                if refusal.is_syntax {
                    break;
                }
                continue;
            }
        }
        read += 1;
    }
    (read, faults)
}

/// An import under way.
struct Run<'r> {
    conn: &'r mut Conn,
    provisioner: ProvisionerType,
    progress: &'r mut dyn Progress,
    owners: Owners,
    tag_sets: HashMap<BTreeMap<String, String>, TagSetId>,
    /// The bytes of the files that were read to their end.
    bytes_before: u64,
    summary: Summary,
    faults: Vec<Fault>,
    /// True when an organization may have been refused, so that it is not known which ones are missing.
    may_lack_organizations: bool,
}

impl<'r> Run<'r> {
    fn new(conn: &'r mut Conn, options: Options, progress: &'r mut dyn Progress) -> Self {
        let Options { into_default, provisioner } = options;
        Self {
            conn,
            provisioner,
            progress,
            owners: Owners::new(into_default),
            tag_sets: HashMap::new(),
            bytes_before: 0,
            summary: Summary::default(),
            faults: Vec::new(),
            may_lack_organizations: false,
        }
    }

    fn is_full(&self) -> bool {
        self.faults.len() >= MOST_FAULTS
    }

    /// Reads one source to its end, or as far as it is JSON.
    fn read(&mut self, source: Box<dyn Read>, name: Arc<str>) -> Result<(), ImportError> {
        let mut frames = Frames::new(source, Arc::clone(&name));
        let mut unknown = UnknownKeys::new();
        let mut told = 0;
        while !self.is_full() {
            let record = match frames.next() {
                Ok(Some((bytes, place))) => record::read(bytes, &place, &mut unknown).map(|record| (record, place)),
                Ok(None) => break,
                Err(FrameError::Io(source)) => return Err(ImportError::Read { file: name, source }),
                Err(FrameError::Fault(fault)) => Err(record::Refusal { fault, is_syntax: true, is_job: false }),
            };
            match record {
                Ok((record, place)) => {
                    self.take(record, &place)?;
                    self.note_unknown(&unknown);
                }
                Err(refusal) => {
                    self.may_lack_organizations |= refusal.is_syntax || !refusal.is_job;
                    self.faults.push(refusal.fault);
                    if refusal.is_syntax {
                        break;
                    }
                }
            }
            if frames.bytes_read() != told {
                told = frames.bytes_read();
                self.progress.advanced(self.bytes_before + told, self.summary.counts);
            }
        }
        self.bytes_before += frames.bytes_read();
        Ok(())
    }

    fn take(&mut self, record: Record, place: &Place) -> Result<(), DbError> {
        let faults = match record {
            Record::Organization(organization) => {
                let faults = self.take_organization(organization, place)?;
                self.may_lack_organizations |= !faults.is_empty();
                faults
            }
            Record::Job(job) => self.take_job(*job, place)?,
        };
        let room = MOST_FAULTS - self.faults.len();
        self.faults.extend(faults.into_iter().take(room));
        Ok(())
    }

    fn take_organization(&mut self, mut organization: Organization, place: &Place) -> Result<Vec<Fault>, DbError> {
        let faults = check_organization(&mut organization, place);
        if !faults.is_empty() {
            return Ok(faults);
        }
        let name = organization.name.clone();
        match self.owners.arrive(self.conn, organization, place)? {
            Err(fault) => return Ok(vec![fault]),
            Ok(Arrival::IsDefault) => return Ok(Vec::new()),
            Ok(Arrival::InsertedAsNormal) => self.summary.made_normal.push(name),
            Ok(Arrival::Inserted) => {}
        }
        self.summary.counts.organizations += 1;
        Ok(Vec::new())
    }

    fn take_job(&mut self, mut job: Job, place: &Place) -> Result<Vec<Fault>, DbError> {
        let mut faults = check_job(&job, place);
        match self.owners.of_job(self.conn, job.organization_id, place)? {
            Ok(id) => job.organization_id = id,
            Err(fault) => faults.push(fault),
        }
        if !faults.is_empty() {
            return Ok(faults);
        }
        let tag_set = self.tag_set(std::mem::take(&mut job.tags))?;
        let stored = job.into_stored(tag_set, self.provisioner);
        let times = [stored.job.started_at, stored.job.canceled_at, stored.job.completed_at];
        let updated_at = times.into_iter().flatten().fold(stored.job.created_at, Ord::max);
        match jobs::insert(self.conn, &stored, updated_at) {
            Ok(()) => self.summary.counts.jobs += 1,
            Err(DbError::Conflict(Constraint::ProvisionerJobId)) => {
                let id = stored.job.id;
                let rule = format!("is taken: a provisioner job {id} exists already, here or earlier in the files");
                return Ok(vec![Fault::of_field(place, "id", rule)]);
            }
            Err(error) => return Err(error),
        }
        Ok(Vec::new())
    }

    fn tag_set(&mut self, tags: BTreeMap<String, String>) -> Result<TagSetId, DbError> {
        if let Some(id) = self.tag_sets.get(&tags) {
            return Ok(*id);
        }
        let canonical = serde_json::to_string(&tags).map_err(|error| DbError::Internal(error.to_string()))?;
        let id = tag_sets::put(self.conn, &canonical)?;
        if self.tag_sets.len() >= MOST_REMEMBERED {
            self.tag_sets.clear();
        }
        self.tag_sets.insert(tags, id);
        Ok(id)
    }

    fn note_unknown(&mut self, keys: &UnknownKeys) {
        let known = &mut self.summary.unknown_keys;
        for key in keys {
            if let Some(count) = known.get_mut(key) {
                *count += 1;
            } else if known.len() < MOST_REMEMBERED {
                known.insert(key.clone(), 1);
            }
        }
    }

    fn finish(mut self) -> Result<Summary, ImportError> {
        let mut stopped = self.is_full();
        if !self.may_lack_organizations && !stopped {
            self.faults.extend(self.owners.missing());
            stopped = self.faults.len() > MOST_FAULTS;
            self.faults.truncate(MOST_FAULTS);
        }
        if !self.faults.is_empty() {
            return Err(ImportError::Faults(Faults { list: self.faults, stopped }));
        }
        self.progress.committing();
        Ok(self.summary)
    }
}
