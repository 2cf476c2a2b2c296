//! Where objects begin and end, for text that arrives in pieces of any size.

use std::io::{self, Read};

use proptest::prelude::*;

use super::{FrameError, Frames, LONGEST_OBJECT};

/// The objects with the line and column of each, and the fault that ended them.
fn cut(text: &[u8], step: u64) -> (Vec<(String, usize, usize)>, Option<String>) {
    let mut frames = Frames::in_chunks_of(step, text, "f".into());
    let mut objects = Vec::new();
    loop {
        match frames.next() {
            Ok(Some((bytes, place))) => {
                objects.push((String::from_utf8_lossy(bytes).into_owned(), place.line, place.column));
            }
            Ok(None) => return (objects, None),
            Err(FrameError::Fault(fault)) => return (objects, Some(fault.to_string())),
            Err(FrameError::Io(error)) => panic!("{error}"),
        }
    }
}

fn texts(text: &str) -> Vec<String> {
    let (objects, fault) = cut(text.as_bytes(), 7);
    assert_eq!(fault, None, "{text}");
    objects.into_iter().map(|(text, _, _)| text).collect()
}

fn fault(text: &[u8]) -> String {
    let found = cut(text, 1 << 16).1.unwrap();
    assert_eq!(cut(text, 1).1.as_ref(), Some(&found), "depends on how the bytes arrive");
    found
}

#[test]
fn an_array_an_object_and_one_a_line_are_the_same() {
    let expected = [r#"{"a":1}"#, r#"{"b":[{}]}"#];
    for text in [
        "{\"a\":1}\n{\"b\":[{}]}\n",
        "{\"a\":1}\r\n\r\n{\"b\":[{}]}",
        "[{\"a\":1},{\"b\":[{}]}]",
        " [ {\"a\":1}\n,\t{\"b\":[{}]} ] ",
        "[{\"a\":1}]\n{\"b\":[{}]}",
        "[][{\"a\":1}][]{\"b\":[{}]}[ ]",
        "\u{feff}{\"a\":1}{\"b\":[{}]}",
    ] {
        assert_eq!(texts(text), expected, "{text}");
    }
    assert_eq!(texts(r#"{"a":1}"#), [r#"{"a":1}"#]);
    for nothing in ["", " \n\n ", "[]", "[ ]\n", "\u{feff}"] {
        assert!(texts(nothing).is_empty(), "{nothing:?}");
    }
}

#[test]
fn brackets_and_quotes_in_text_do_not_count() {
    for object in [r#"{"}":"{"}"#, r#"{"a":"\"}"}"#, r#"{"a":"\\"}"#, r#"{"a":"]\\\"[","b":[]}"#] {
        assert_eq!(texts(&format!("[{object},{object}]")), [object, object]);
    }
}

#[test]
fn says_where_objects_begin() {
    let (objects, _) = cut(b"{}\n{\n}  {}\n[\n  {},{\"a\":\"\xc3\xa4\"}, {}]\n{}", 3);
    let places: Vec<_> = objects.iter().map(|(_, line, column)| (*line, *column)).collect();
    assert_eq!(places, [(1, 1), (2, 1), (3, 4), (5, 3), (5, 6), (5, 18), (6, 1)]);
}

#[test]
fn says_what_is_wrong_and_where() {
    for (text, expected) in [
        ("<html>", r#"f line 1: expected an object or an array of objects, found "<""#),
        ("null", r#"f line 1: expected an object or an array of objects, found "n""#),
        ("{}\n,{}", r#"f line 2: expected an object or an array of objects, found ",""#),
        ("[1]", r#"f line 1 column 2: expected an object or the end of the array, found "1""#),
        ("[{},]", r#"f line 1 column 5: expected an object, found "]""#),
        ("[{},[{}]]", r#"f line 1 column 5: expected an object, found "[""#),
        ("[{}\n {}]", r#"f line 2 column 2: expected a comma or the end of the array, found "{""#),
        ("[{},\n{}\n", "f line 3: the file ends inside an array; is it cut off?"),
        ("[", "f line 1 column 2: the file ends inside an array; is it cut off?"),
        ("{}\n {\"a\":\n[", "f line 2 column 2: the file ends inside this object; is it cut off?"),
        ("{}\n{\"a\":\"x\n{}\n{}", "f line 2 column 8: the text in quotes is not closed on this line"),
        ("\x1f", "f line 1: expected an object or an array of objects, found \"\\u{1f}\""),
    ] {
        assert_eq!(fault(text.as_bytes()), expected, "{text}");
    }
    assert_eq!(fault(b"\xff\xfe{\0"), "f line 1: the text is UTF-16; save it as UTF-8");
    assert!(fault(b"\x1f\x8b\x08").starts_with("f line 1: the file is compressed with gzip; unpack it first"));
    assert_eq!(fault(b"\x80"), "f line 1: expected an object or an array of objects, found \"\u{fffd}\"");
}

#[test]
fn the_objects_before_a_fault_are_kept() {
    let (objects, fault) = cut(b"{\"a\":1}\n{\"b\":2}\nx", 2);
    assert_eq!(objects.len(), 2);
    assert!(fault.unwrap().starts_with("f line 3: "));
}

/// An endless object. Counts what was taken of it.
struct Endless(u64);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(b' ');
        if self.0 == 0 {
            buffer[0] = b'{';
        }
        self.0 += buffer.len() as u64;
        Ok(buffer.len())
    }
}

#[test]
fn an_endless_object_is_refused_early() {
    let mut frames = Frames::new(Endless(0), "f".into());
    let refused = frames.next().map(|_| ()).unwrap_err().to_string();
    assert_eq!(refused, "f line 1: the object is longer than 16 MiB");
    assert!(frames.bytes_read() < 2 * LONGEST_OBJECT as u64);
}

#[test]
fn a_long_array_takes_little_memory() {
    let text = format!("[{}{{}}]", "{\"a\":1},".repeat(500_000));
    let mut frames = Frames::new(text.as_bytes(), "f".into());
    let mut objects = 0;
    while frames.next().unwrap().is_some() {
        objects += 1;
    }
    assert_eq!(objects, 500_001);
    assert!(frames.buffer.capacity() < 4 * super::CHUNK as usize, "{}", frames.buffer.capacity());
    assert_eq!(frames.bytes_read(), text.len() as u64);
}

proptest! {
    #[test]
    fn whatever_comes_how_it_arrives_does_not_matter(
        text in prop::collection::vec(prop::sample::select(b"{}[]\",\\ \na1\xff".to_vec()), 0..60),
        step in 1_u64..9,
    ) {
        prop_assert_eq!(cut(&text, step), cut(&text, 1 << 16));
    }

    #[test]
    fn finds_what_was_put_together(
        values in prop::collection::vec(prop::collection::btree_map(".{0,4}", ".{0,6}", 0..3), 0..6),
        as_array in any::<bool>(),
        step in 1_u64..40,
    ) {
        let objects: Vec<_> = values.iter().map(|value| serde_json::to_string(value).unwrap()).collect();
        let text = if as_array { format!("[{}]", objects.join(",\n")) } else { objects.join("\n") };
        let (found, fault) = cut(text.as_bytes(), step);
        prop_assert_eq!(fault, None);
        prop_assert_eq!(found.iter().map(|(text, _, _)| text).collect::<Vec<_>>(), objects.iter().collect::<Vec<_>>());
        for (index, (_, line, _)) in found.iter().enumerate() {
            prop_assert_eq!(*line, index + 1);
        }
    }
}
