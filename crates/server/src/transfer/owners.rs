//! Which organization each imported job belongs to: one of the database, one of the files, or the default one in the place of
//! another server's. Organizations may come after their jobs.

use std::collections::HashMap;

use orgd_api_types::Organization;
use uuid::Uuid;

use super::fault::{Fault, Place};
use crate::db::{self, Conn, Constraint, DbError, jobs, organizations};

/// What is known of an organization that was mentioned.
enum Owner {
    /// It is there.
    Live,
    /// It was deleted, and its id with it.
    Deleted,
    /// Its jobs belong to another one.
    MappedTo(Uuid),
    /// Jobs mention it, and it has not come yet.
    Awaited { first: Place, jobs: u64 },
}

/// The organizations that were mentioned so far.
pub(super) struct Owners {
    into_default: bool,
    known: HashMap<Uuid, Owner>,
}

/// What became of an organization of a file.
pub(super) enum Arrival {
    /// It was inserted.
    Inserted,
    /// It was inserted, but not as the default organization: there is one.
    InsertedAsNormal,
    /// It is the default organization here, or stands for it.
    IsDefault,
}

impl Owners {
    /// `into_default` gives the jobs of the files' default organizations to the default organization of the database.
    pub(super) fn new(into_default: bool) -> Self {
        Self { into_default, known: HashMap::new() }
    }

    /// The organization that a job is inserted for. A reference to one that has not come yet is kept as it is.
    pub(super) fn of_job(&mut self, conn: &mut Conn, id: Uuid, place: &Place) -> Result<Result<Uuid, Fault>, DbError> {
        let owner = match self.known.entry(id) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(new) => {
                new.insert(match organizations::find_liveness(conn, id)? {
                    Some(true) => Owner::Live,
                    Some(false) => Owner::Deleted,
                    None => Owner::Awaited { first: place.clone(), jobs: 0 },
                })
            }
        };
        Ok(match owner {
            Owner::Live => Ok(id),
            Owner::MappedTo(other) => Ok(*other),
            Owner::Deleted => {
                Err(Fault::of_field(place, "organization_id", format!("is that of a deleted organization, {id}")))
            }
            Owner::Awaited { jobs, .. } => {
                *jobs += 1;
                Ok(id)
            }
        })
    }

    /// Takes in an organization of a file.
    pub(super) fn arrive(
        &mut self,
        conn: &mut Conn,
        organization: Organization,
        place: &Place,
    ) -> Result<Result<Arrival, Fault>, DbError> {
        let default = if organization.is_default { organizations::find_default(conn)? } else { None };
        match default {
            Some(default) if self.into_default => self.stand_for_default(conn, &organization, &default, place),
            Some(default) => {
                let normal = Organization { is_default: false, ..organization };
                let inserted = self.insert(conn, &normal, place)?;
                Ok(inserted.map(|()| Arrival::InsertedAsNormal).map_err(|fault| Fault {
                    rule: format!(
                        "{}; with --into-default the jobs of this file's default organization go to {:?}, the one here",
                        fault.rule, default.name
                    ),
                    ..fault
                }))
            }
            None => Ok(self.insert(conn, &organization, place)?.map(|()| Arrival::Inserted)),
        }
    }

    fn stand_for_default(
        &mut self,
        conn: &mut Conn,
        organization: &Organization,
        default: &Organization,
        place: &Place,
    ) -> Result<Result<Arrival, Fault>, DbError> {
        if organization.id == default.id {
            return Ok(Ok(Arrival::IsDefault));
        }
        if organizations::find_liveness(conn, organization.id)?.is_some() {
            return Ok(Err(Fault::of_field(place, "id", taken_id(organization.id))));
        }
        let before = self.known.insert(organization.id, Owner::MappedTo(default.id));
        if matches!(before, Some(Owner::Awaited { .. })) {
            jobs::move_all(conn, organization.id, default.id)?;
        }
        Ok(Ok(Arrival::IsDefault))
    }

    fn insert(
        &mut self,
        conn: &mut Conn,
        organization: &Organization,
        place: &Place,
    ) -> Result<Result<(), Fault>, DbError> {
        let Organization { id, name, .. } = organization;
        let is_mapped = matches!(self.known.get(id), Some(Owner::MappedTo(_)));
        if is_mapped || organizations::find_liveness(conn, *id)?.is_some() {
            return Ok(Err(Fault::of_field(place, "id", taken_id(*id))));
        }
        match db::refusable(conn, |conn| organizations::insert(conn, organization)) {
            Ok(()) => {
                self.known.insert(*id, Owner::Live);
                Ok(Ok(()))
            }
            Err(DbError::Conflict(Constraint::OrganizationName)) => {
                let rule = match organizations::find_by_name(conn, name)? {
                    Some(other) => format!("is taken: {name:?} is the name of the organization {}", other.id),
                    None => format!("is taken: {name:?}"),
                };
                Ok(Err(Fault::of_field(place, "name", rule)))
            }
            Err(error) => Err(error),
        }
    }

    /// The organizations that jobs mention and that never came, by file and place.
    pub(super) fn missing(&self) -> Vec<Fault> {
        let mut missing: Vec<_> = self
            .known
            .iter()
            .filter_map(|(id, owner)| match owner {
                Owner::Awaited { first, jobs } => Some((first, id, jobs)),
                Owner::Live | Owner::Deleted | Owner::MappedTo(_) => None,
            })
            .collect();
        missing.sort_by_key(|(first, id, _)| (&first.file, first.line, first.column, *id));
        let fault = |(first, id, jobs): (&Place, &Uuid, &u64)| {
            let more = match jobs - 1 {
                0 => String::new(),
                1 => ", and 1 more job has it".to_owned(),
                more => format!(", and {more} more jobs have it"),
            };
            let rule = format!("names an organization that is neither in the database nor in the files: {id}{more}");
            Fault::of_field(first, "organization_id", rule)
        };
        missing.into_iter().map(fault).collect()
    }
}

fn taken_id(id: Uuid) -> String {
    format!("is taken: an organization {id} exists already, or did before it was deleted")
}
