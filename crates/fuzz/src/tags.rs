//! The tag filter of a query, and which tags fit which, against slow references that are written from the rules.

use std::collections::BTreeMap;
use std::fmt;

use orgd::tags::{TagSet, fits, matches_filter};
use orgd::wire::query::{JobQuery, MAX_TAG_KEY_BYTES, MAX_TAGS, QueryString};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// An object of texts as the pairs that it is written with, keys that come twice included.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Pairs;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = entries.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(All)
    }
}

/// `tags=` takes what begins with what a JSON reader takes for an object of texts, if the rules allow it, and nothing else.
pub fn tags(data: &[u8]) {
    let Ok(json) = str::from_utf8(data) else { return };
    // An empty value is an absent parameter.
    if json.is_empty() {
        return;
    }
    let written = form_urlencoded::Serializer::new(String::new()).append_pair("tags", json).finish();
    let query = QueryString::parse(&written).expect("what a form encoder writes");
    let ours = JobQuery::parse(&query).map(|query| query.filter.tags);
    let theirs =
        Pairs::deserialize(&mut serde_json::Deserializer::from_str(json)).ok().map(|pairs| pairs.0).filter(|pairs| {
            let map: BTreeMap<_, _> = pairs.iter().cloned().collect();
            let sound = |(key, value): &(String, String)| {
                key.len() <= MAX_TAG_KEY_BYTES && !key.contains('\0') && !value.contains('\0')
            };
            map.len() == pairs.len() && pairs.len() <= MAX_TAGS && pairs.iter().all(sound)
        });
    match (ours, theirs) {
        (Ok(ours), Some(theirs)) => assert_eq!(ours, theirs.into_iter().collect()),
        (Ok(ours), None) => assert!(json.trim_start().starts_with("null") && ours.is_empty(), "{json:?} gave {ours:?}"),
        (Err(error), Some(theirs)) => panic!("{json:?} is {theirs:?}, refused: {error:?}"),
        (Err(_), None) => {}
    }
}

/// Reads small tag sets from bytes: two bits of a byte pick the key, two the value.
fn small(bytes: &[u8]) -> BTreeMap<String, String> {
    const KEYS: [&str; 4] = ["scope", "owner", "a", "b"];
    const VALUES: [&str; 4] = ["", "organization", "user", "x"];
    let pair = |byte: &u8| (KEYS[usize::from(byte & 3)].to_owned(), VALUES[usize::from((byte >> 2) & 3)].to_owned());
    bytes.iter().map(pair).collect()
}

/// Whether a worker fits a job and a job passes a filter, pair by pair.
pub fn tag_matching(data: &[u8]) {
    let mut parts = data.splitn(3, |byte| *byte == 0xff);
    let mut next = || small(parts.next().unwrap_or_default());
    let (job, worker, filter) = (next(), next(), next());
    let (job, worker) = (TagSet::normalise(job, None), TagSet::normalise(worker, None));
    for set in [&job, &worker] {
        assert_eq!(&TagSet::normalise(set.pairs().clone(), None), set, "normalising twice changes nothing");
        assert_eq!(set.to_string().parse::<TagSet>().ok().as_ref(), Some(set));
        assert!(set.pairs().contains_key("scope") && set.pairs().contains_key("owner"));
    }
    let untagged: BTreeMap<String, String> =
        [("owner", ""), ("scope", "organization")].map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let has_all = |all: &BTreeMap<String, String>, some: &BTreeMap<String, String>| {
        let mut missing = false;
        for (key, value) in some {
            let mut found = false;
            for (other, theirs) in all {
                found |= other == key && theirs == value;
            }
            missing |= !found;
        }
        !missing
    };
    let expected =
        if *job.pairs() == untagged { *worker.pairs() == untagged } else { has_all(worker.pairs(), job.pairs()) };
    assert_eq!(fits(&job, &worker), expected, "{job} {worker}");
    let expected = if filter == untagged { *job.pairs() == untagged } else { has_all(job.pairs(), &filter) };
    assert_eq!(matches_filter(&job, &filter), expected, "{job} {filter:?}");
}
