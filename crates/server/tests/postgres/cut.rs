//! The way to the database is cut, in the place of each answer that a change waits for: what the caller is told is true.

use orgd_postgres_cluster::{Cluster, Options, Tcp};
use serde_json::json;
use uuid::Uuid;

use super::cluster;
use super::harness::{Answer, BASE, Job, TestServer, WorkerClient, eventually, exchange_raw, open_sql};
use super::way::Way;

/// No change waits for so many answers of the database.
const MANY: usize = 80;

/// A server whose way to its database can be cut.
struct Scene<'c> {
    cluster: &'c Cluster,
    database: &'static str,
    way: Way,
    server: TestServer,
}

impl<'c> Scene<'c> {
    fn new(cluster: &'c Cluster, database: &'static str) -> Self {
        cluster.create_database(database).unwrap();
        let (way, url) = Way::to(cluster, database);
        let server = TestServer::with(&[("ORGD_DATABASE_URL", &url)]);
        Self { cluster, database, way, server }
    }

    fn mend(&self) {
        self.way.mend();
        eventually(|| self.server.is_ready());
    }
}

/// Asks for the change with this number.
type Ask = Box<dyn Fn(usize) -> Answer>;

/// Something that a request changes, and how it is found in the database. All of it differs with the number.
struct Change {
    name: &'static str,
    prepare: fn(&TestServer) -> Ask,
    count: fn(usize) -> String,
}

/// All that reads after its commit, or writes once more.
const CHANGES: [Change; 4] = [
    Change {
        name: "job",
        prepare: |server| {
            let owner = server.owner();
            Box::new(move |number| {
                let body = json!({"id": id_of(number), "type": "template_version_import"});
                owner.post("/organizations/coder/provisionerjobs", body)
            })
        },
        count: |number| format!("SELECT count(*) AS value FROM provisioner_jobs WHERE id = '{}'", id_of(number)),
    },
    Change {
        name: "worker",
        prepare: |server| {
            let owner = server.owner();
            Box::new(move |number| {
                let body = json!({"name": format!("worker-{number}"), "provisioners": ["terraform"]});
                owner.post("/organizations/coder/provisionerdaemons", body)
            })
        },
        count: |number| format!("SELECT count(*) AS value FROM provisioner_daemons WHERE name = 'worker-{number}'"),
    },
    Change {
        name: "user",
        prepare: |server| {
            server.user("ana", &[], &[]);
            let owner = server.owner();
            Box::new(move |number| {
                owner.put("/users/ana/profile", json!({"username": "ana", "name": format!("Ana {number}")}))
            })
        },
        count: |number| format!("SELECT count(*) AS value FROM users WHERE name = 'Ana {number}'"),
    },
    Change {
        name: "log",
        prepare: |server| {
            let owner = server.owner();
            owner.post("/organizations/coder/provisionerjobs", json!({"type": "workspace_build"})).expect(201);
            let worker = WorkerClient::register(&owner, "coder", "reporter");
            let held = worker.acquire(0).unwrap();
            let progress = worker.job_path(held.id, "progress");
            Box::new(move |number| {
                let body = json!({"attempt": held.attempt, "logs": [{"output": format!("line {number}")}]});
                owner.post(&progress, body)
            })
        },
        count: |number| format!("SELECT count(*) AS value FROM provisioner_job_logs WHERE output = 'line {number}'"),
    },
];

fn id_of(number: usize) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number as u128)
}

/// How often a change was told as what, and how often it was open and had been made.
#[derive(Debug, Default)]
struct Told {
    made: usize,
    refused: usize,
    open: usize,
    open_and_made: usize,
}

/// Makes the change again and again, and loses another answer each time, until it takes no more of them.
fn lose_each_answer(scene: &Scene<'_>, change: &Change) -> Told {
    let mut told = Told::default();
    let ask = (change.prepare)(&scene.server);
    // Not over the way.
    let mut sql = open_sql(&scene.cluster.url(scene.database));
    for after in 0..MANY {
        scene.way.cut_after(after);
        let answer = ask(after);
        let was_cut = scene.way.is_cut();
        scene.mend();
        let is_there = sql.number(&(change.count)(after)) == 1;
        let what = format!("{} without answer {after}: {}", change.name, answer.text());
        match answer.status {
            200 | 201 => {
                assert!(is_there, "told as made, and not there: {what}");
                told.made += 1;
                if !was_cut {
                    return told;
                }
            }
            _ if answer.is_unconfirmed() => {
                told.open += 1;
                told.open_and_made += usize::from(is_there);
            }
            503 => {
                assert!(!is_there, "told as refused, and there: {what}");
                told.refused += 1;
            }
            status => panic!("{status} for {what}"),
        }
    }
    panic!("{} takes more than {MANY} answers: {told:?}", change.name);
}

#[test]
fn whichever_answer_of_the_database_is_lost_the_caller_is_told_the_truth() {
    let cluster = reachable();
    std::thread::scope(|scope| {
        for change in &CHANGES {
            let cluster = &cluster;
            scope.spawn(move || {
                let told = lose_each_answer(&Scene::new(cluster, change.name), change);
                let Told { made, refused, open, open_and_made } = told;
                assert!(made > 0 && refused > 0 && open > 0 && open_and_made > 0, "{}: {told:?}", change.name);
            });
        }
    });
}

#[test]
fn while_the_way_is_cut_everybody_is_told_to_come_again() {
    let cluster = reachable();
    let scene = Scene::new(&cluster, "orgd");
    let owner = scene.server.owner();
    owner.create("before");
    scene.way.cut();
    // For a moment memory counts as compared.
    eventually(|| owner.get("/organizations/before").status == 503);
    for answer in [owner.get("/organizations/before"), owner.post("/organizations", json!({"name": "meanwhile"}))] {
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    assert!(scene.way.is_cut());
    scene.mend();
    owner.get("/organizations/before").expect(200);
    owner.get("/organizations/meanwhile").expect(404);
    owner.create("after");
}

/// Nobody takes half a list for a whole one, and the log says why it is one.
#[test]
fn a_list_that_cannot_be_read_to_its_end_is_cut_off() {
    let cluster = reachable();
    let scene = Scene::new(&cluster, "orgd");
    let coder = scene.server.owner().get("/organizations/coder").expect(200)["id"].as_str().unwrap().parse().unwrap();
    scene.server.change(|sql| {
        // Three parts.
        for number in 0..1_500 {
            sql.job(&Job { id: id_of(number), ..Job::pending(coder, 1) });
        }
    });
    let head =
        format!("GET {BASE}/organizations/coder/provisionerjobs?limit=0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    let request = format!("{head}Coder-Session-Token: {}\r\n\r\n", scene.server.owner_token());
    let cut_off = (0..MANY).find_map(|after| {
        scene.way.cut_after(after);
        let answer = String::from_utf8(exchange_raw(&scene.server, request.as_bytes())).unwrap();
        scene.mend();
        let is_whole = answer.ends_with("\r\n0\r\n\r\n") || answer.starts_with("HTTP/1.1 503 ");
        (!is_whole).then_some(answer)
    });
    let cut_off = cut_off.unwrap();
    assert!(cut_off.starts_with("HTTP/1.1 200 "), "{}", &cut_off[..200]);
    let id = cut_off.lines().find_map(|line| line.strip_prefix("x-coder-request-id: ")).unwrap();
    let told = |line: &str| line.contains("an answer was cut off") && line.contains(id);
    eventually(|| scene.server.stderr().lines().any(told));
}

/// A cluster with a port.
pub fn reachable() -> Cluster {
    cluster(&Options { tcp: Some(Tcp::default()), ..Options::default() })
}
