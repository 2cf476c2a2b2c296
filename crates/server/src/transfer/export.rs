//! Writes organizations and their jobs, one object a line, in the documented shapes.

use std::collections::HashMap;
use std::io::{self, Write};

use orgd_api_types::Organization;
use uuid::Uuid;

use super::counts::Counts;
use super::record::Job;
use crate::db::{self, Conn, DbError, jobs, load, tag_sets};
use crate::tags::{TagSet, TagSetId};
use crate::wire::encode::to_vec;

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The output cannot be written.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
    /// There is no such organization.
    #[error("there is no organization {0:?}")]
    NoOrganization(String),
    /// The database is at fault.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Writes every organization that is not deleted, oldest first, then the jobs of each, oldest first: all from one moment. With
/// `only`, a name (in whatever case), an id or `default`, it is that organization alone. Returns how much was written.
pub fn export(conn: &mut Conn, only: Option<&str>, out: &mut dyn Write) -> Result<Counts, ExportError> {
    db::in_one_moment(conn, |conn| {
        let organizations = chosen(load::organizations(conn)?, only)?;
        let tags = all_tag_sets(conn)?;
        let mut counts = Counts::default();
        for organization in &organizations {
            out.write_all(&to_vec(organization))?;
            counts.organizations += 1;
        }
        for organization in &organizations {
            counts.jobs += write_jobs(conn, organization.id, &tags, out)?;
        }
        out.flush()?;
        Ok(counts)
    })
}

fn chosen(mut all: Vec<Organization>, only: Option<&str>) -> Result<Vec<Organization>, ExportError> {
    all.sort_by_key(|organization| (organization.created_at, organization.id));
    let Some(only) = only else { return Ok(all) };
    let wanted = only.to_ascii_lowercase();
    all.retain(|organization| {
        organization.id.to_string() == wanted
            || organization.name.to_ascii_lowercase() == wanted
            || (only == "default" && organization.is_default)
    });
    if all.is_empty() { Err(ExportError::NoOrganization(only.to_owned())) } else { Ok(all) }
}

fn all_tag_sets(conn: &mut Conn) -> Result<HashMap<TagSetId, TagSet>, DbError> {
    let read = |(id, text): (TagSetId, String)| match text.parse::<TagSet>() {
        Ok(tags) => Ok((id, tags)),
        Err(error) => Err(DbError::Internal(format!("tag set {}: {error}", id.0))),
    };
    tag_sets::list(conn)?.into_iter().map(read).collect()
}

fn write_jobs(
    conn: &mut Conn,
    organization: Uuid,
    tags: &HashMap<TagSetId, TagSet>,
    out: &mut dyn Write,
) -> Result<u64, ExportError> {
    let mut written = 0;
    jobs::each_oldest_first(conn, organization, |stored| {
        let set = tags.get(&stored.tag_set);
        let set = set.ok_or_else(|| DbError::Internal(format!("there is no tag set {}", stored.tag_set.0)))?;
        let job = Job::from_stored(stored, set.pairs().clone());
        out.write_all(&to_vec(&job))?;
        written += 1;
        Ok::<_, ExportError>(())
    })?;
    Ok(written)
}
