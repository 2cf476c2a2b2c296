//! From entries of the feed to what changed: reads the rows as they are now.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use super::log::{Entry, JOB, KEY, LOG, MEMBER, ORGANIZATION, TABLE, TAG_SET, TOKEN, USER, WORKER};
use crate::change::{Change, WorkerSight};
use crate::db::conn::Conn;
use crate::db::error::DbError;
use crate::db::{jobs, load, members, organizations, tag_sets, workers};
use crate::tags::{TagSetId, TagSetRegistry};

/// Distinct entries by kind.
#[derive(Default)]
struct Touched {
    organizations: BTreeSet<Uuid>,
    members: BTreeSet<(Uuid, Uuid)>,
    users: BTreeSet<Uuid>,
    tokens: BTreeSet<String>,
    tag_sets: BTreeSet<TagSetId>,
    jobs: BTreeSet<Uuid>,
    logs: BTreeSet<Uuid>,
    workers: BTreeSet<WorkerSight>,
    keys: BTreeSet<Uuid>,
    all_identities: bool,
    all_organizations: bool,
    queue: bool,
}

impl Touched {
    fn add(&mut self, Entry { kind, key }: Entry) {
        let known = match kind.as_str() {
            ORGANIZATION => key.parse::<Uuid>().ok().map(|id| self.organizations.extend([id])),
            MEMBER => pair_of(&key).map(|member| self.members.extend([member])),
            USER => key.parse::<Uuid>().ok().map(|id| self.users.extend([id])),
            TOKEN => {
                self.tokens.insert(key);
                Some(())
            }
            TAG_SET => key.parse().ok().map(|id| self.tag_sets.extend([TagSetId(id)])),
            JOB => key.parse::<Uuid>().ok().map(|id| self.jobs.extend([id])),
            LOG => key.parse::<Uuid>().ok().map(|id| self.logs.extend([id])),
            WORKER => {
                pair_of(&key).map(|(organization, worker)| self.workers.extend([WorkerSight { organization, worker }]))
            }
            KEY => key.parse::<Uuid>().ok().map(|id| self.keys.extend([id])),
            TABLE => self.add_table(&key),
            _ => None,
        };
        // A newer version of orgd may write what this one does not know: then nothing is taken for granted.
        if known.is_none() {
            (self.all_identities, self.all_organizations, self.queue) = (true, true, true);
        }
    }

    fn add_table(&mut self, table: &str) -> Option<()> {
        match table {
            "organizations" => self.all_organizations = true,
            "users" | "api_keys" | "organization_members" | "provisioner_keys" => self.all_identities = true,
            "tag_sets" | "provisioner_daemons" | "provisioner_jobs" => self.queue = true,
            _ => return None,
        }
        Some(())
    }
}

fn pair_of(key: &str) -> Option<(Uuid, Uuid)> {
    let (one, other) = key.split_once('/')?;
    one.parse().ok().zip(other.parse().ok())
}

/// What the entries stand for, as it is now.
pub(super) fn read(conn: &mut Conn, entries: Vec<Entry>) -> Result<Vec<Change>, DbError> {
    let mut touched = Touched::default();
    entries.into_iter().for_each(|entry| touched.add(entry));
    let mut changes = Vec::new();
    if touched.all_identities {
        changes.push(Change::IdentitiesChanged);
    } else {
        changes.extend(touched.users.into_iter().map(Change::UserChanged));
        changes.extend(touched.tokens.into_iter().map(Change::SessionTokenChanged));
        changes.extend(touched.keys.into_iter().map(Change::ProvisionerKeyDeleted));
        changes.extend(read_members(conn, touched.members)?);
    }
    if touched.all_organizations {
        changes.push(Change::OrganizationsRead(load::organizations(conn)?));
    } else {
        changes.extend(read_organizations(conn, touched.organizations)?);
    }
    if touched.queue {
        changes.push(Change::QueueRead(Box::new(load::queue(conn)?)));
    } else {
        // Tag sets first: jobs refer to them.
        changes.extend(read_tag_sets(conn, &touched.tag_sets)?);
        changes.extend(read_workers(conn, touched.workers)?);
        changes.extend(read_jobs(conn, &touched.jobs)?);
    }
    changes.extend(touched.logs.into_iter().map(Change::JobLogged));
    Ok(changes)
}

fn read_organizations(conn: &mut Conn, ids: BTreeSet<Uuid>) -> Result<Vec<Change>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let live = organizations::list_some(conn, &ids)?;
    let found: BTreeSet<_> = live.iter().map(|organization| organization.id).collect();
    let gone: Vec<_> = ids.difference(&found).copied().collect();
    let saved = live.into_iter().map(|organization| Change::OrganizationSaved(Arc::new(organization)));
    // Deleted ones first: another may have taken the name.
    Ok(gone.into_iter().map(Change::OrganizationDeleted).chain(saved).collect())
}

fn read_tag_sets(conn: &mut Conn, ids: &BTreeSet<TagSetId>) -> Result<Vec<Change>, DbError> {
    let read = |id: &TagSetId| Ok(Change::TagSetStored(*id, tag_sets::tags_of(conn, &TagSetRegistry::default(), *id)?));
    ids.iter().map(read).collect()
}

fn read_workers(conn: &mut Conn, sights: BTreeSet<WorkerSight>) -> Result<Vec<Change>, DbError> {
    if sights.is_empty() {
        return Ok(Vec::new());
    }
    let stored = workers::list_some(conn, &sights.iter().map(|sight| sight.worker).collect())?;
    let found: BTreeSet<_> = stored.iter().map(|worker| worker.id).collect();
    let gone = sights.into_iter().filter(|sight| !found.contains(&sight.worker)).map(Change::WorkerForgotten);
    Ok(gone.chain(stored.into_iter().map(Change::WorkerSaved)).collect())
}

fn read_jobs(conn: &mut Conn, ids: &BTreeSet<Uuid>) -> Result<Vec<Change>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let places = jobs::list_places(conn, ids)?;
    if places.len() < ids.len() {
        // One is gone for good, and with it the knowledge of where it stood.
        return Ok(vec![Change::QueueRead(Box::new(load::queue(conn)?))]);
    }
    Ok(places.into_iter().map(Change::JobSaved).collect())
}

fn read_members(conn: &mut Conn, members: BTreeSet<(Uuid, Uuid)>) -> Result<Vec<Change>, DbError> {
    let mut changes = Vec::new();
    if members.is_empty() {
        return Ok(changes);
    }
    let stored = members::list_some(conn, &members)?;
    for (user, organization) in members {
        changes.push(match stored.get(&(user, organization)) {
            Some(roles) => Change::MemberSaved { user, organization, roles: *roles },
            None => Change::UserChanged(user),
        });
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Entry, Touched};

    fn touched(entries: &[(&str, &str)]) -> Touched {
        let mut touched = Touched::default();
        for (kind, key) in entries {
            touched.add(Entry { kind: (*kind).to_owned(), key: (*key).to_owned() });
        }
        touched
    }

    #[test]
    fn entries_are_gathered_by_kind_and_each_counts_once() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let both = format!("{one}/{two}");
        let one_text = one.to_string();
        let found = touched(&[
            ("organization", &one_text),
            ("organization", &one_text),
            ("member", &both),
            ("user", &one_text),
            ("token", "abc"),
        ]);
        assert_eq!(found.organizations.into_iter().collect::<Vec<_>>(), [one]);
        assert_eq!(found.members.into_iter().collect::<Vec<_>>(), [(one, two)]);
        assert_eq!(found.users.into_iter().collect::<Vec<_>>(), [one]);
        assert_eq!(found.tokens.into_iter().collect::<Vec<_>>(), ["abc"]);
        assert!(!found.all_identities && !found.all_organizations && !found.queue);
    }

    #[test]
    fn a_touched_table_stands_for_all_that_is_made_of_it() {
        for (table, parts) in [
            ("organizations", (false, true, false)),
            ("users", (true, false, false)),
            ("api_keys", (true, false, false)),
            ("organization_members", (true, false, false)),
            ("provisioner_jobs", (false, false, true)),
            ("provisioner_daemons", (false, false, true)),
            ("tag_sets", (false, false, true)),
            ("provisioner_keys", (true, false, false)),
        ] {
            let found = touched(&[("table", table)]);
            assert_eq!((found.all_identities, found.all_organizations, found.queue), parts, "{table}");
        }
    }

    #[test]
    fn what_a_newer_version_says_makes_everything_doubtful() {
        for entry in
            [("weather", "rain"), ("table", "weather"), ("organization", "acme"), ("member", "x"), ("user", "")]
        {
            let found = touched(&[entry]);
            assert!(found.all_identities && found.all_organizations && found.queue, "{entry:?}");
        }
    }
}
