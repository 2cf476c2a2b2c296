//! Bodies that are not the JSON that an operation takes, for every operation that takes one; and bodies for those that take none.

use crate::world::{World, brief, is_answered, is_refused};

const MEBIBYTE: usize = 1024 * 1024;
const NOT_JSON: &str = "Request body must be valid JSON.";

/// Text and bytes that are not one JSON object, whatever its fields.
fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    vec![
        ("nothing", b"".to_vec()),
        ("white space", b" \r\n\t".to_vec()),
        ("an open object", b"{".to_vec()),
        ("a list", b"[]".to_vec()),
        ("a number", b"1e400".to_vec()),
        ("words", b"hello".to_vec()),
        ("a form", b"name=acme".to_vec()),
        ("two documents", b"{}{}".to_vec()),
        ("something behind it", b"{} x".to_vec()),
        ("a NUL behind it", b"{}\0".to_vec()),
        ("a comment", b"{/**/}".to_vec()),
        ("a byte order mark", b"\xef\xbb\xbf{}".to_vec()),
        ("UTF-16", utf16("{}")),
        ("UTF-16 with a mark", utf16("\u{feff}{}")),
        ("no UTF-8", b"{\"name\":\"\xff\"}".to_vec()),
        ("overlong UTF-8", b"{\"name\":\"\xc0\x80\"}".to_vec()),
        ("a surrogate in UTF-8", b"{\"name\":\"\xed\xa0\x80\"}".to_vec()),
        ("half a surrogate pair", br#"{"name":"\ud800"}"#.to_vec()),
        ("a pair the wrong way round", br#"{"name":"\udc00\ud800"}"#.to_vec()),
        ("a key twice", br#"{"a":1,"a":1}"#.to_vec()),
        ("a key twice, once escaped", br#"{"a":1,"\u0061":1}"#.to_vec()),
        ("a key twice below", br#"{"x":[{"y":{"a":1,"a":2}}]}"#.to_vec()),
        ("a million lists", "[".repeat(MEBIBYTE - 1).into_bytes()),
        ("100,000 lists in an unknown field", format!("{{\"x\":{}", "[".repeat(100_000)).into_bytes()),
        ("100,000 whole lists", format!("{{\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)).into_bytes()),
        ("150,000 objects", "{\"a\":".repeat(150_000).into_bytes()),
        ("NaN", br#"{"x":NaN}"#.to_vec()),
        ("a number that is none", br#"{"x":01}"#.to_vec()),
    ]
}

#[test]
fn what_is_no_json_object_is_refused_by_every_operation_with_a_body() {
    let world = World::new();
    for target in world.targets.iter().filter(|target| target.body.is_some()) {
        for (what, body) in broken() {
            let request = world.caller(target).request(&target.method, &target.good_path());
            let answer = request.header("Content-Type", "application/json").body(&body).send();
            let what = format!("{}: {what}", target.id);
            is_refused(&what, &answer, &[400]);
            assert_eq!(answer.json()["message"], NOT_JSON, "{what}");
            assert!(answer.body.len() < 1_000, "{what}: {}", brief(&answer));
        }
    }
    world.is_sound();
}

#[test]
fn other_media_types_and_sizes_are_refused_by_every_operation_with_a_body() {
    let world = World::new();
    for target in world.targets.iter().filter(|target| target.body.is_some()) {
        let request = || world.caller(target).request(&target.method, &target.good_path());
        for media_type in
            ["application/json; charset=utf-16", "text/plain", "application/x-www-form-urlencoded", "\u{e4}/b"]
        {
            let answer = request().header("Content-Type", media_type).body("{}").send();
            is_refused(&format!("{} {media_type}", target.id), &answer, &[415]);
        }
        for coding in ["gzip", "br", "deflate", "zstd", "identity, gzip"] {
            let answer = request().header("Content-Encoding", coding).body("{}").send();
            is_refused(&format!("{} {coding}", target.id), &answer, &[415]);
        }
        let large = || [b"{}".to_vec(), vec![b' '; MEBIBYTE - 1]].concat();
        is_refused(&target.id, &request().body(large()).send(), &[413]);
        is_refused(&target.id, &request().body(large()).chunked().send(), &[413]);
    }
    world.is_sound();
}

/// A body that nobody reads must not cost the answer.
#[test]
fn a_body_that_an_operation_does_not_take_does_no_harm() {
    let world = World::new();
    for (number, target) in world.targets.iter().filter(|target| target.body.is_none()).enumerate() {
        let mut bodies = vec![(b"{".to_vec(), false)];
        // The server reads on for a moment before it ends the connection, so that the answer is not lost with what it did not read.
        if number % 9 == 0 {
            bodies.push((b"\xff\0".to_vec(), true));
            bodies.push((vec![b'['; 4 * MEBIBYTE], false));
        }
        for (body, chunked) in bodies {
            let request = world.caller(target).request(&target.method, &target.good_path()).body(&body);
            let answer = if chunked { request.chunked().send() } else { request.send() };
            is_answered(&format!("{} with {} bytes", target.id, body.len()), &answer);
        }
    }
    world.is_sound();
}
