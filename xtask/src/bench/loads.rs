//! What is asked of the servers, and under which name.

use anyhow::ensure;

use super::server::{Seeded, Server};
use super::wrk::Script;
use super::{Served, http};

/// Callers of every load of reads.
pub(super) const READERS: u32 = 32;
/// Callers of the load that shares commits.
pub(super) const WRITERS: u32 = 64;

/// The servers under load.
#[derive(Debug, Clone, Copy)]
pub(super) struct Servers<'a> {
    /// Few jobs.
    pub(super) few: Served<'a>,
    /// Many jobs.
    pub(super) many: Served<'a>,
    /// Few jobs, and nothing recorded of a request.
    pub(super) unobserved: Served<'a>,
}

/// One load.
#[derive(Debug)]
pub(super) struct Load<'a> {
    /// Its name in the figures.
    pub(super) name: String,
    /// Whom it asks.
    pub(super) server: &'a Server,
    /// How many callers ask.
    pub(super) callers: u32,
    /// What they ask.
    pub(super) script: Script,
}

/// The filters of the list of jobs, each alone: name, query with few jobs, query with many.
pub(super) const FILTERS: [&str; 9] = [
    "none",
    "status, common",
    "status, rare",
    "tags, common",
    "tags, rare",
    "initiator, common",
    "initiator, rare",
    "ids, newest",
    "ids, oldest",
];

/// Every load, in the order in which a round applies them: what is compared stands side by side.
pub(super) fn all(servers: Servers<'_>) -> anyhow::Result<Vec<Load<'_>>> {
    let (few, seeded) = servers.few;
    let first_page = |limits: &'static [usize]| {
        move |seeded: &Seeded| limits.iter().map(|limit| jobs_path(seeded, &format!("limit={limit}"))).collect()
    };
    let organization_bytes = body_length(few, seeded, &organization_path(&seeded.callers[0].1[0]))?;
    let list_bytes = body_length(few, seeded, &jobs_path(seeded, "limit=50"))?;
    let mut loads = vec![
        get("ceiling of an organization", servers.few, |_| vec![format!("/ceiling/{organization_bytes}")]),
        Load {
            name: "organization by name".to_owned(),
            server: few,
            callers: READERS,
            script: organizations_by_name(seeded),
        },
        Load {
            name: "organization by name, unobserved".to_owned(),
            server: servers.unobserved.0,
            callers: READERS,
            script: organizations_by_name(servers.unobserved.1),
        },
        get("ceiling of a list", servers.few, |_| vec![format!("/ceiling/{list_bytes}")]),
        get("list of 50 from memory", servers.few, first_page(&[50])),
        // Two sizes in turn: each throws the other's assembled page away.
        get("list of 50 assembled anew", servers.few, first_page(&[50, 51])),
    ];
    for filter in FILTERS {
        loads.push(get(&format!("{filter}; few jobs"), servers.few, |seeded| vec![filtered(seeded, filter)]));
        loads.push(get(&format!("{filter}; many jobs"), servers.many, |seeded| vec![filtered(seeded, filter)]));
    }
    for (name, callers) in [("create, one caller", 1), ("create, 64 callers", WRITERS)] {
        let script = Script::Create { token: seeded.owner.clone() };
        loads.push(Load { name: name.to_owned(), server: few, callers, script });
    }
    for filter in FILTERS {
        let lengths =
            [servers.few, servers.many].map(|(server, seeded)| body_length(server, seeded, &filtered(seeded, filter)));
        let [few, many] = lengths;
        let (few, many) = (few?, many?);
        // A list that is shorter than the other would be compared with something else.
        ensure!(few.abs_diff(many) * 10 < many, "{filter}: the lists are of {few} and {many} bytes");
    }
    Ok(loads)
}

pub(super) fn get<'a>(name: &str, (server, seeded): Served<'a>, paths: impl Fn(&Seeded) -> Vec<String>) -> Load<'a> {
    let paths = paths(seeded);
    let pairs = seeded.callers.iter().flat_map(|(token, _)| paths.iter().map(move |path| (path, token)));
    let requests = pairs.map(|(path, token)| (path.clone(), token.clone())).collect();
    Load { name: name.to_owned(), server, callers: READERS, script: Script::Get(requests) }
}

/// Every caller reads each of their organizations; two requests in a row are of different callers.
pub(super) fn organizations_by_name(seeded: &Seeded) -> Script {
    let most = seeded.callers.iter().map(|(_, names)| names.len()).max().unwrap_or_default();
    let turns = (0..most).flat_map(|turn| seeded.callers.iter().map(move |(token, names)| (token, names.get(turn))));
    Script::Get(turns.filter_map(|(token, name)| Some((organization_path(name?), token.clone()))).collect())
}

fn organization_path(name: &str) -> String {
    format!("/api/v2/organizations/{name}")
}

fn jobs_path(seeded: &Seeded, query: &str) -> String {
    format!("/api/v2/organizations/{}/provisionerjobs?{query}", seeded.jobs_organization)
}

/// The list with one filter. None of these is answered by the kept pages: they hold the newest hundred, unfiltered.
pub(super) fn filtered(seeded: &Seeded, filter: &str) -> String {
    let tags = |env: &str| format!("tags=%7B%22env%22%3A%22{env}%22%7D&limit=50");
    let query = match filter {
        "status, common" => "status=pending&limit=50".to_owned(),
        "status, rare" => "status=failed&limit=50".to_owned(),
        "tags, common" => tags(&seeded.common_env),
        "tags, rare" => tags(&seeded.rare_env),
        "initiator, common" => format!("initiator={}&limit=50", seeded.common_initiator),
        "initiator, rare" => format!("initiator={}&limit=50", seeded.rare_initiator),
        "ids, newest" => format!("ids={}&limit=50", seeded.newest_ids.join(",")),
        "ids, oldest" => format!("ids={}&limit=50", seeded.oldest_ids.join(",")),
        _ => "limit=101".to_owned(),
    };
    jobs_path(seeded, &query)
}

fn body_length(server: &Server, seeded: &Seeded, path: &str) -> anyhow::Result<usize> {
    Ok(http::get(server.address(), path, &seeded.callers[0].0)?.len())
}
