//! Values that a field does not take, for every field of every body; and text that must come back as it went, or not at all.

use crate::world::{Field, Kind, Target, World, brief, is_answered, is_refused};

fn send(world: &World, target: &Target, body: &str) -> crate::harness::Answer {
    let request = world.caller(target).request(&target.method, &target.good_path());
    request.header("Content-Type", "application/json").body(body).send()
}

fn each(world: &World, kinds: &[Kind], mut test: impl FnMut(&Target, &Field)) {
    let mut met = 0;
    for target in &world.targets {
        for field in target.fields.iter().filter(|field| kinds.contains(&field.kind)) {
            test(target, field);
            met += 1;
        }
    }
    assert!(met > 0, "no operation has a field of {kinds:?}");
}

/// The innermost key that people know a field by.
fn known_by(field: &Field) -> &str {
    field.path.iter().rev().find(|key| !["[]", "k"].contains(&key.as_str())).unwrap()
}

#[test]
fn nul_is_refused_in_every_text_and_names_its_field() {
    let world = World::new();
    each(&world, &[Kind::Text], |target, field| {
        let what = format!("{} {}", target.id, field.name());
        for text in [r#""a\u0000b""#, r#""\u0000""#] {
            let answer = send(&world, target, &target.body_with(field, text));
            is_refused(&what, &answer, &[400, 401]);
            // Who logs in with a wrong password is told no more than that.
            let text = answer.text();
            // Of an item of a list that lacks its other fields, those may be named first.
            let in_list = field.path.contains(&"[]".to_owned()) && text.contains(&field.path[0]);
            assert!(
                target.id == "logInUser" || in_list || text.contains(known_by(field)),
                "{what}: {}",
                brief(&answer)
            );
        }
    });
    each(&world, &[Kind::Map], |target, field| {
        let answer = send(&world, target, &target.body_with(field, r#"{"a\u0000":"b"}"#));
        is_refused(&format!("{} {}", target.id, field.name()), &answer, &[400]);
        assert!(answer.text().contains(known_by(field)), "{}", brief(&answer));
    });
    world.is_sound();
}

#[test]
fn whole_numbers_are_exact_or_refused() {
    let world = World::new();
    each(&world, &[Kind::Integer], |target, field| {
        for number in [
            "1e400",
            "-1e400",
            "1.0",
            "1e0",
            "1.5",
            "123456789012345678901234567890",
            "9223372036854775808",
            "-0.0",
            "\"1\"",
            "[1]",
        ] {
            let answer = send(&world, target, &target.body_with(field, number));
            is_refused(&format!("{} {} = {number}", target.id, field.name()), &answer, &[400]);
        }
        let answer = send(&world, target, &target.body_with(field, "-0"));
        is_answered(&format!("{} {} = -0", target.id, field.name()), &answer);
    });
    world.is_sound();
}

#[test]
fn a_value_of_another_type_is_refused_in_every_field() {
    let world = World::new();
    each(&world, &[Kind::Text, Kind::Map, Kind::Other], |target, field| {
        for value in ["12", "-1.5e3", "true", "[[]]", "{\"a\":{}}"] {
            // An unknown field of an object may hold anything.
            let has_fields = target.fields.iter().any(|other| other.path.starts_with(&field.path) && other != field);
            if value.starts_with('{') && field.kind == Kind::Other && has_fields {
                continue;
            }
            let answer = send(&world, target, &target.body_with(field, value));
            let what = format!("{} {} = {value}", target.id, field.name());
            is_refused(&what, &answer, &[400]);
            assert!(answer.text().contains(known_by(field)), "{what}: {}", brief(&answer));
        }
    });
    world.is_sound();
}

#[test]
fn a_key_twice_is_refused_at_every_level() {
    let world = World::new();
    each(&world, &[Kind::Text, Kind::Map, Kind::Integer, Kind::Other], |target, field| {
        if field.path.last().is_some_and(|key| key == "[]") {
            return;
        }
        let marked = target.body_with(field, "\"MARK\"");
        let key = field.path.last().unwrap();
        let once = format!("\"{key}\":\"MARK\"");
        let twice = marked.replacen(&once, &format!("{once},{once}"), 1);
        assert_ne!(marked, twice, "{}", field.name());
        let answer = send(&world, target, &twice);
        let what = format!("{} {}", target.id, field.name());
        is_refused(&what, &answer, &[400]);
        assert!(answer.detail(400).contains("is given more than once"), "{what}: {}", brief(&answer));
    });
    world.is_sound();
}

#[test]
fn maps_of_tags_are_bounded() {
    let world = World::new();
    let many: Vec<String> = (0..10_000).map(|number| format!("\"k{number}\":\"v\"")).collect();
    let many = format!("{{{}}}", many.join(","));
    let long = format!("{{\"{}\":\"v\"}}", "k".repeat(1_000_000));
    each(&world, &[Kind::Map], |target, field| {
        for map in [&many, &long] {
            let answer = send(&world, target, &target.body_with(field, map));
            is_refused(&format!("{} {}", target.id, field.name()), &answer, &[400]);
        }
    });
    world.is_sound();
}

/// Text that drives terminals, ends lines, turns writing round or looks like something else.
#[test]
fn odd_text_is_taken_as_it_is_or_refused() {
    let world = World::new();
    let long = "x".repeat(900_000);
    let texts = [
        "\u{1b}[2J\u{1b}]0;x\u{7}",
        "a\r\nX-Evil: 1\r\n\r\n",
        "\u{9b}31m",
        "\u{202e}cod",
        "\u{2066}a\u{2069}",
        "\u{200d}",
        "\u{feff}",
        "\u{ad}",
        "\u{430}cme",
        "\u{ff21}cme",
        "\u{c4}",
        "\u{1f4a9}",
        "Z\u{335}\u{31b}",
        "\u{10ffff}",
        "\u{fffe}",
        " lead",
        "trail ",
        "",
        " ",
        "..",
        "../../etc/passwd",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://169.254.169.254/",
        "=1+1",
        "@SUM(A1)",
        "<script>alert(1)</script>",
        "{{7*7}}",
        "${jndi:ldap://x}",
        "%00",
        "%s%n",
        "New",
        "me",
        "default",
        "0190b0c4-7d5e-7c3a-9f7e-1a2b3c4d5e6f",
        "0190b0c47d5e7c3a9f7e1a2b3c4d5e6f",
        &long,
    ];
    each(&world, &[Kind::Text], |target, field| {
        for text in texts {
            let answer = send(&world, target, &target.body_with(field, &serde_json::to_string(text).unwrap()));
            let what = format!("{} {} = {:?}", target.id, field.name(), text.chars().take(40).collect::<String>());
            is_answered(&what, &answer);
            assert_eq!(answer.header("x-evil"), None, "{what}");
        }
    });
    world.is_sound();
    // What was let in and then written to the log is one line each, and nothing that a terminal obeys.
    let log = world.server.stderr();
    assert!(log.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{log}");
    assert!(
        !log.contains(|character: char| character.is_control() && character != '\n'),
        "a control character in the log"
    );
}
