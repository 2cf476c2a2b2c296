//! Path parameters that are no names and no ids, for every operation that has one.

use crate::world::{World, brief, is_refused};

/// Segments as they go over the wire.
fn segments() -> Vec<String> {
    let mut all: Vec<String> = [
        "%2F",
        "%2f..",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e",
        "..",
        ".",
        "%2e",
        "%00",
        "a%00b",
        "coder%00",
        "%FF",
        "%C0%AF",
        "%ED%A0%80",
        "%252F",
        "%25",
        "%zz",
        "%2",
        "%",
        ";a=b",
        "coder;a=b",
        "coder%20",
        "%20coder",
        "coder%0a",
        "%0d%0aX-Evil:%201",
        "%1b%5b31m",
        "%E2%80%AEredoc",
        "%C3%84",
        "%D0%B0cme",
        "%F0%9F%92%A9",
        "%EF%BB%BFcoder",
        "*",
        "~",
        "'",
        "\"",
        "'%20OR%201=1--",
        "$%7Bjndi%7D",
        "%7B%7B7*7%7D%7D",
        "-1",
        "0",
        "1e400",
        "null",
        "undefined",
        "true",
        "[object%20Object]",
        "coder%2Fprovisionerjobs",
        "coder,acme",
        "coder+",
        "00000000-0000-0000-0000-00000000000g",
    ]
    .map(str::to_owned)
    .to_vec();
    all.extend([33, 64, 65, 256, 4_000].map(|length| "x".repeat(length)));
    all.push("%41".repeat(1_000));
    all
}

#[test]
fn a_path_parameter_that_names_nothing_is_refused() {
    let world = World::new();
    for target in &world.targets {
        for parameter in target.parameters() {
            for raw in segments() {
                let path = target.path_with(parameter, &raw);
                let request = world.caller(target).request(&target.method, &path);
                let answer = match &target.body {
                    Some(body) => request.json(body).send(),
                    None => request.send(),
                };
                let short: String = raw.chars().take(60).collect();
                let what = format!("{} {{{parameter}}} = {short}", target.id);
                is_refused(&what, &answer, &[400, 404, 405]);
                assert_eq!(answer.header("x-evil"), None, "{what}: {}", brief(&answer));
            }
        }
    }
    world.is_sound();
}
