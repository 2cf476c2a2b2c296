//! Hostile requests to a server on SQLite and to one on PostgreSQL: the answers are the same, word for word.

use orgd_postgres_cluster::{Cluster, Installation, Options};
use serde_json::Value;

use crate::harness::{Answer, TestServer};
use crate::world::{Kind, World, brief};

/// What a text field may be given: what one database stores and the other might not, and what they may compare differently.
const TEXTS: [&str; 14] = [
    "\0",
    "a\0b",
    "\u{1b}[2J",
    "\u{ffff}",
    "\u{10ffff}",
    "\u{202e}x",
    "\u{c4}",
    "\u{e4}",
    "\u{130}",
    "'",
    "\\",
    " x ",
    "",
    "%_",
];
const NUMBERS: [&str; 8] =
    ["1e400", "1.0", "-0", "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808", "1e2"];
const SEGMENTS: [&str; 10] = ["%00", "a%00b", "%FF", "%C3%84", "%zz", "%25", "'", "\\", "%F0%9F%92%A9", "CODER"];
const QUERIES: [&str; 14] = [
    "%00",
    "a%00b",
    "%FF",
    "%C3%84",
    "%25",
    "'",
    "\\",
    "1e400",
    "2147483647",
    "2147483648",
    "9223372036854775807",
    "%7B%22a%5C%22%27%22:%22%5C%5C%22%7D",
    "%7B%22a%22:%22%C3%84%22%7D",
    "username:%C3%84",
];

/// Every request: method, path, body.
fn requests(world: &World) -> Vec<(String, String, Option<String>)> {
    let mut all = Vec::new();
    // Signing out would end the session of all the others, and who is deleted is gone.
    for target in world.targets.iter().filter(|target| !["logOutUser", "deleteUser"].contains(&&*target.id)) {
        let body = target.body.as_ref().map(Value::to_string);
        let mut add = |path: String, body: Option<String>| all.push((target.method.clone(), path, body));
        for field in &target.fields {
            let values: Vec<String> = match field.kind {
                Kind::Text => TEXTS.map(|text| Value::from(text).to_string()).to_vec(),
                Kind::Integer => NUMBERS.map(str::to_owned).to_vec(),
                Kind::Map => TEXTS.map(|text| serde_json::json!({ text: text }).to_string()).to_vec(),
                Kind::Other => continue,
            };
            values.iter().for_each(|value| add(target.good_path(), Some(target.body_with(field, value))));
        }
        for parameter in target.parameters() {
            SEGMENTS.iter().for_each(|raw| add(target.path_with(parameter, raw), body.clone()));
        }
        for parameter in &target.queries {
            QUERIES.iter().for_each(|value| add(format!("{}?{parameter}={value}", target.good_path()), body.clone()));
        }
    }
    all
}

fn send(world: &World, (method, path, body): &(String, String, Option<String>)) -> Answer {
    let request = world.server.owner().request(method, path);
    match body {
        Some(body) => request.header("Content-Type", "application/json").body(body).send(),
        None => request.send(),
    }
}

#[test]
fn both_databases_answer_the_same() {
    // One time is enough, whatever the other tests run on.
    if std::env::var_os("ORGD_TEST_POSTGRES").is_some() {
        return;
    }
    let newest = Installation::find_all().unwrap_or_else(|error| panic!("{error}")).pop().expect("a PostgreSQL");
    let cluster = Cluster::start(&newest, &Options::default()).unwrap_or_else(|error| panic!("{error}"));
    let url = cluster.create_database("orgd").unwrap();
    let sqlite = World::new();
    let postgres = World::on(TestServer::with(&[("ORGD_DATABASE_URL", &url)]));
    let mut different = Vec::new();
    let all = requests(&sqlite);
    for request in &all {
        let (one, other) = (send(&sqlite, request), send(&postgres, request));
        // What was made has an id and a time of its own; a refusal has neither.
        let same = one.status == other.status && (one.status < 400 || one.body == other.body);
        if !same {
            different.push(format!(
                "{request:?}\n  {} {}  {} {}",
                one.status,
                brief(&one),
                other.status,
                brief(&other)
            ));
        }
    }
    assert!(different.is_empty(), "{} of {}:\n{}", different.len(), all.len(), different.join("\n"));
    assert!(all.len() > 1_000, "{}", all.len());
    sqlite.is_sound();
    postgres.is_sound();
}
