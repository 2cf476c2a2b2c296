//! The short form of fuzzing: each target gets its seeds, and some thousand inputs that were made of them. What is drawn is the same each time, so a
//! failure can be looked into; `cargo xtask fuzz` looks further. A finding becomes a seed.

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use proptest::prelude::RngExt;
use proptest::test_runner::{RngAlgorithm, TestRng};

#[path = "../../../fuzz/src/lib.rs"]
mod targets;

use targets::TARGETS;

/// Changed inputs for each target.
const INPUTS: usize = 3_000;
/// How long an input may grow.
const LONGEST: usize = 4_096;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

/// The words of a dictionary, as libFuzzer reads it.
fn words(name: &str) -> Vec<Vec<u8>> {
    let Ok(text) = std::fs::read_to_string(folder().join(format!("dictionaries/{name}.dict"))) else {
        return Vec::new();
    };
    let word = |line: &str| {
        let quoted =
            line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap_or_else(|| panic!("{name}: {line}"));
        let (mut word, mut rest) = (Vec::new(), quoted.bytes());
        while let Some(byte) = rest.next() {
            word.push(match (byte, if byte == b'\\' { rest.next() } else { None }) {
                (b'\\', Some(b'x')) => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                (b'\\', Some(escaped)) => escaped,
                (byte, _) => byte,
            });
        }
        word
    };
    text.lines().map(word).collect()
}

/// Changes an input in one to eight places.
fn changed(rng: &mut TestRng, seeds: &[(String, Vec<u8>)], words: &[Vec<u8>]) -> Vec<u8> {
    let pick = |rng: &mut TestRng| seeds[rng.random_range(0..seeds.len())].1.clone();
    let mut input = pick(rng);
    for _ in 0..rng.random_range(1..=8) {
        let at = rng.random_range(0..=input.len());
        let end = rng.random_range(at..=input.len());
        match rng.random_range(0..7) {
            0 if at < input.len() => input[at] ^= 1 << rng.random_range(0..8),
            1 => input.insert(at, rng.random()),
            2 => drop(input.drain(at..end)),
            3 => {
                let copy = input[at..end].to_vec();
                input.splice(at..at, copy);
            }
            4 if !words.is_empty() => {
                let word = words[rng.random_range(0..words.len())].clone();
                input.splice(at..at, word);
            }
            5 => {
                let other = pick(rng);
                let from = rng.random_range(0..=other.len());
                input.splice(at..end, other[from..].iter().copied());
            }
            _ => input.truncate(end.max(1)),
        }
        input.truncate(LONGEST);
    }
    input
}

#[test]
fn no_parser_breaks_a_promise() {
    // They know no database.
    if std::env::var_os("ORGD_TEST_POSTGRES").is_some() {
        return;
    }
    for (name, target) in TARGETS {
        let seeds = files(&folder().join("seeds").join(name));
        assert!(!seeds.is_empty(), "{name} has no seeds");
        let words = words(name);
        let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut made = (0..INPUTS).map(|number| (format!("input {number}"), changed(&mut rng, &seeds, &words)));
        let all: Vec<_> = seeds.iter().cloned().chain(&mut made).collect();
        for (what, input) in all {
            let ran = catch_unwind(|| target(&input));
            assert!(ran.is_ok(), "{name}, {what}: {:?}", input.escape_ascii().to_string());
        }
    }
}

/// libFuzzer needs a program for each, and nothing is left over.
#[test]
fn every_target_has_its_program_and_nothing_else_has() {
    let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    let programs: Vec<_> =
        files(&folder().join("fuzz_targets")).into_iter().map(|(file, _)| file.replace(".rs", "")).collect();
    assert_eq!(programs, names);
    for name in &names {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is not in Cargo.toml");
    }
    for (file, _) in files(&folder().join("dictionaries")) {
        assert!(names.contains(&file.trim_end_matches(".dict")), "{file} belongs to no target");
    }
}
