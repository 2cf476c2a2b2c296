//! Query strings that are broken, huge or full of something else, for every operation.

use uuid::Uuid;

use crate::world::{World, is_answered, is_refused};

/// Broken in themselves, or values that no parameter takes, for parameters that some operation has.
const QUERIES: [&str; 55] = [
    "%zz",
    "%",
    "a=%",
    "%FF=%FF",
    "a=%C0%80",
    "%00=%00",
    "a=b;c=d",
    "&&&&",
    "=",
    "==&==",
    "[]=1",
    "a[b][c]=1",
    "__proto__[x]=1",
    "limit=1&limit=2",
    "limit=%00",
    "limit=1e400",
    "limit=-1",
    "limit=2147483648",
    "limit=99999999999999999999999999999999",
    "limit=1.0",
    "limit=%2B1",
    "offset=-1",
    "offset=2147483647",
    "offset=99999999999",
    "q=%00",
    "q=:",
    "q=%22",
    "q=a%22b",
    "q=%1b[31m",
    "q=status:",
    "ids=",
    "ids=,",
    "ids=x,,y",
    "ids=%00",
    "tags=",
    "tags=%5B%5D",
    "tags=%7B%22$ne%22:1%7D",
    "tags=%7B%22a%22:1%7D",
    "tags=%7B%22a%22:%22%5Cu0000%22%7D",
    "tags=%7B%22a%22:%22b%22,%22a%22:%22c%22%7D",
    "tags[a]=b&tags[a]=c",
    "status=%00",
    "status=all,none",
    "initiator=me%00",
    "initiator='%20OR%201=1--",
    "after=-1",
    "after=1e9",
    "follow=maybe",
    "max_age=-1s",
    "max_age=99999999999h",
    "max_age=1e400s",
    "after_id=x",
    "expect_status=%00",
    "include_expired=x",
    "offline=2",
];

#[test]
fn no_query_string_brings_an_operation_down() {
    let world = World::new();
    for target in &world.targets {
        for query in QUERIES {
            let path = format!("{}?{query}", target.good_path());
            let request = world.caller(target).request(&target.method, &path);
            let answer = match &target.body {
                Some(body) => request.json(body).send(),
                None => request.send(),
            };
            is_answered(&format!("{} ?{query}", target.id), &answer);
        }
    }
    world.is_sound();
}

/// A declared parameter with a value that no rule allows is refused, and not taken for absent.
#[test]
fn a_declared_parameter_is_never_taken_for_something_else() {
    let world = World::new();
    for target in &world.targets {
        for parameter in &target.queries {
            for value in ["%00", "%ff", "%zz", "a%00b"] {
                let path = format!("{}?{parameter}={value}", target.good_path());
                let answer = world.caller(target).request(&target.method, &path).send();
                is_refused(&format!("{} {parameter}={value}", target.id), &answer, &[400]);
            }
        }
    }
    world.is_sound();
}

#[test]
fn huge_queries_are_refused_in_time() {
    let world = World::new();
    let ids: Vec<String> = (0..100_000).map(|number| Uuid::from_u128(number).simple().to_string()).collect();
    let tags: Vec<String> = (0..10_000).map(|number| format!("%22k{number}%22:%22v%22")).collect();
    let huge = [
        format!("ids={}", ids.join(",")),
        format!("ids={}", ids[..1_500].join(",")),
        format!("tags=%7B{}%7D", tags.join(",")),
        format!("tags=%7B{}%7D", tags[..1_000].join(",")),
        format!("q={}", "x".repeat(10_000_000)),
        "a=b&".repeat(2_500_000),
        "a=b&".repeat(10_000),
        format!("q={}", "%22".repeat(14_999)),
        format!("tags={}", "[".repeat(60_000)),
    ];
    for target in world.targets.iter().filter(|target| target.method == "GET" && !target.queries.is_empty()) {
        for query in &huge {
            let key = query.split('=').next().unwrap();
            if key != "a" && !target.queries.iter().any(|known| known == key) {
                continue;
            }
            let answer = world.caller(target).request("GET", &format!("{}?{query}", target.good_path())).try_send();
            let what = format!("{} with {} bytes", target.id, query.len());
            match answer {
                // What is longer than a head may be is refused before anybody knows what it is.
                Ok(answer) if answer.body.is_empty() => {
                    assert!(
                        query.len() > 60_000 && [400, 414, 431].contains(&answer.status),
                        "{what}: {}",
                        answer.status
                    );
                }
                Ok(answer) if key == "a" => is_refused(&what, &answer, &[200, 400]),
                Ok(answer) => is_refused(&what, &answer, &[400]),
                Err(error) => assert!(query.len() > 100_000, "{what}: {error}"),
            }
        }
    }
    world.is_sound();
}
