//! Text that would be SQL, in every text of every body, path parameter and query parameter. It is stored as it is or refused, and nothing
//! else changes.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

use crate::harness::Answer;
use crate::world::{Field, Kind, Target, World, is_answered};

/// Tables, each with the operation that adds a row to it.
const TABLES: [(&str, &[&str]); 6] = [
    ("organizations", &["createOrganization"]),
    ("users", &["createNewUser", "createInitialUser"]),
    ("provisioner_keys", &["createProvisionerKey"]),
    ("provisioner_jobs", &["createProvisionerJob"]),
    ("provisioner_daemons", &["registerProvisionerDaemon"]),
    ("organization_members", &["createOrganization", "createNewUser", "addOrganizationMember"]),
];

/// Parts of statements that end a text and begin something else, on either database.
fn sql_text() -> impl Strategy<Value = String> {
    let parts = [
        "'",
        "''",
        "\"",
        "`",
        "\\",
        "\\'",
        ")",
        "))",
        ";",
        "--",
        "-- ",
        "/*",
        "*/",
        "#",
        " OR 1=1",
        " OR 'a'='a",
        " UNION SELECT NULL,NULL",
        "DROP TABLE organizations",
        "DELETE FROM users",
        "UPDATE users SET roles='[\"owner\"]'",
        "INSERT INTO users VALUES (1)",
        "COMMIT",
        "ROLLBACK",
        "pg_sleep(10)",
        "randomblob(1000000000)",
        "load_extension('x')",
        "ATTACH DATABASE '/tmp/x' AS x",
        "COPY users TO '/tmp/x'",
        "$1",
        "$$",
        "?",
        "?1",
        ":a",
        "@a",
        "%",
        "_",
        "||",
        "E'\\x27'",
        "X'27'",
        "CHAR(39)",
        "\u{2019}",
        "\u{ff07}",
        "NULL",
        "1",
        " ",
        "a",
        "{\"$ne\":1}",
        "$.a",
        "'::regclass",
    ];
    prop::collection::vec(prop::sample::select(parts.to_vec()), 1..6).prop_map(|parts| parts.concat())
}

/// Where a text is put.
#[derive(Clone, Copy)]
enum Place<'w> {
    Field(&'w Target, &'w Field),
    Path(&'w Target, &'w str),
    Query(&'w Target, &'w str),
}

fn places(world: &World) -> Vec<Place<'_>> {
    let mut all = Vec::new();
    for target in &world.targets {
        let fields = target.fields.iter().filter(|field| matches!(field.kind, Kind::Text | Kind::Map));
        all.extend(fields.map(|field| Place::Field(target, field)));
        all.extend(target.parameters().into_iter().map(|parameter| Place::Path(target, parameter)));
        all.extend(target.queries.iter().map(|parameter| Place::Query(target, parameter)));
    }
    all
}

fn send(world: &World, place: Place<'_>, text: &str) -> Answer {
    let (target, path, body) = match place {
        Place::Field(target, field) => {
            let json = match field.kind {
                Kind::Map => serde_json::json!({ text: text }).to_string(),
                _ => Value::from(text).to_string(),
            };
            (target, target.good_path(), Some(target.body_with(field, &json)))
        }
        Place::Path(target, parameter) => (target, target.path_with(parameter, &encoded(text)), body_of(target)),
        Place::Query(target, parameter) => {
            (target, format!("{}?{parameter}={}", target.good_path(), encoded(text)), body_of(target))
        }
    };
    let request = world.caller(target).request(&target.method, &path);
    match body {
        Some(body) => request.header("Content-Type", "application/json").body(body).send(),
        None => request.send(),
    }
}

fn body_of(target: &Target) -> Option<String> {
    target.body.as_ref().map(Value::to_string)
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn rows(world: &World) -> BTreeMap<&'static str, i64> {
    let mut sql = world.server.sql();
    let mut count = |table: &str| sql.number(&format!("SELECT count(*) AS value FROM {table}"));
    TABLES.iter().map(|(table, _)| (*table, count(table))).collect()
}

/// True for a JSON value with this text in it, whole.
fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(found) => found == text,
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(members) => members.iter().any(|(key, value)| key == text || holds(value, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What is answered with the whole of what was stored.
const ECHOES: [&str; 5] = [
    "createOrganization",
    "updateOrganization",
    "createProvisionerJob",
    "registerProvisionerDaemon",
    "updateUserProfile",
];

#[test]
fn sql_in_any_place_is_text_and_nothing_else() {
    let world = World::new();
    let before = rows(&world);
    let roles = world.server.sql().words("SELECT string_agg(roles, ' ') AS value FROM users WHERE username = 'ana'");
    let mut made: BTreeMap<String, i64> = BTreeMap::new();
    let mut stored = 0;
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    for place in places(&world) {
        for _ in 0..4 {
            let text = sql_text().new_tree(&mut runner).unwrap().current();
            let answer = send(&world, place, &text);
            let target = match place {
                Place::Field(target, _) | Place::Path(target, _) | Place::Query(target, _) => target,
            };
            is_answered(&format!("{} {text:?}", target.id), &answer);
            if answer.status == 201 || (answer.status == 200 && target.id == "addOrganizationMember") {
                *made.entry(target.id.clone()).or_default() += 1;
            }
            if (200..300).contains(&answer.status) && matches!(place, Place::Field(..)) && ECHOES.contains(&&*target.id)
            {
                assert!(holds(&answer.json(), &text), "{}: {text:?} came back as {}", target.id, answer.text());
                stored += 1;
            }
        }
    }
    assert!(stored > 20, "only {stored} texts were stored");
    for (table, number) in rows(&world) {
        let (_, by) = TABLES.iter().find(|(known, _)| *known == table).unwrap();
        let added: i64 = by.iter().filter_map(|operation| made.get(*operation)).sum();
        assert_eq!(number - before[table], added, "{table}");
    }
    let after = world.server.sql().words("SELECT string_agg(roles, ' ') AS value FROM users WHERE username = 'ana'");
    assert_eq!(after, roles);
    world.is_sound();
}
