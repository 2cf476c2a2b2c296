//! Other names for what was recorded: each name becomes a word and a number, the same one wherever it stands.

use std::collections::HashMap;

use crate::fixture::Fixture;

/// The names of one kind of thing.
struct Names {
    word: &'static str,
    known: HashMap<String, String>,
}

impl Names {
    fn of(word: &'static str) -> Self {
        Self { word, known: HashMap::new() }
    }

    fn mask(&mut self, name: &mut String) {
        if name.is_empty() {
            return;
        }
        let next = self.known.len() + 1;
        let masked = self.known.entry(name.clone()).or_insert_with(|| format!("{}-{next}", self.word));
        name.clone_from(masked);
    }
}

/// Masks users, organizations, templates, workspaces and workers. IDs, tags, times and errors stay.
pub(super) fn mask(fixture: &mut Fixture) {
    let mut organizations = Names::of("organization");
    for organization in &mut fixture.organizations {
        organizations.mask(&mut organization.name);
        organization.display_name.clone_from(&organization.name);
        organization.description.clear();
    }
    let mut users = Names::of("user");
    for user in &mut fixture.users {
        users.mask(&mut user.username);
        user.email = None;
        user.name.clear();
    }
    let (mut workers, mut templates, mut versions, mut workspaces) =
        (Names::of("worker"), Names::of("template"), Names::of("version"), Names::of("workspace"));
    fixture.workers.iter_mut().for_each(|worker| workers.mask(&mut worker.name));
    for job in &mut fixture.jobs {
        workers.mask(&mut job.worker_name);
        templates.mask(&mut job.metadata.template_name);
        job.metadata.template_display_name.clone_from(&job.metadata.template_name);
        versions.mask(&mut job.metadata.template_version_name);
        workspaces.mask(&mut job.metadata.workspace_name);
    }
}
