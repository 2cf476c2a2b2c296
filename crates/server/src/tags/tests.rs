//! Tests of the tag rules, by table and against slow reference functions.

use std::collections::BTreeMap;

use proptest::prelude::*;
use uuid::{Uuid, uuid};

use super::{TagSet, TagSetId, TagSetRegistry, fits, matches_filter};

const USER: Uuid = uuid!("11111111-2222-3333-4444-555555555555");

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn normal(given: &[(&str, &str)], user: Option<Uuid>) -> String {
    TagSet::normalise(pairs(given), user).to_string()
}

fn organization_tags(given: &[(&str, &str)]) -> TagSet {
    TagSet::normalise(pairs(given), None)
}

#[test]
fn scope_decides_the_owner() {
    let untagged = r#"{"owner":"","scope":"organization"}"#;
    assert_eq!(normal(&[], Some(USER)), untagged);
    assert_eq!(normal(&[("scope", "galaxy")], Some(USER)), untagged);
    assert_eq!(normal(&[("scope", "User")], Some(USER)), untagged);
    assert_eq!(normal(&[("scope", "organization"), ("owner", "somebody")], Some(USER)), untagged);
    assert_eq!(normal(&[("owner", "somebody")], None), untagged);
    let owned = r#"{"owner":"11111111-2222-3333-4444-555555555555","scope":"user"}"#;
    assert_eq!(normal(&[("scope", "user")], Some(USER)), owned);
    assert_eq!(normal(&[("scope", "user"), ("owner", "somebody else")], Some(USER)), owned);
}

#[test]
fn user_scope_without_a_known_user_keeps_the_given_owner() {
    assert_eq!(normal(&[("scope", "user"), ("owner", "o")], None), r#"{"owner":"o","scope":"user"}"#);
    assert_eq!(normal(&[("scope", "user")], None), r#"{"owner":"","scope":"user"}"#);
}

#[test]
fn pairs_with_an_empty_value_are_dropped_before_the_owner_is_filled_in() {
    assert_eq!(normal(&[("gpu", ""), ("os", "linux")], None), r#"{"os":"linux","owner":"","scope":"organization"}"#);
    assert_eq!(normal(&[("scope", "")], None), r#"{"owner":"","scope":"organization"}"#);
}

#[test]
fn only_the_bare_organization_scope_is_untagged() {
    assert!(organization_tags(&[]).is_untagged());
    assert!(!organization_tags(&[("os", "linux")]).is_untagged());
    assert!(!TagSet::normalise(pairs(&[("scope", "user")]), Some(USER)).is_untagged());
    assert!(!r#"{"scope":"organization"}"#.parse::<TagSet>().unwrap().is_untagged());
}

#[test]
fn an_untagged_job_needs_an_untagged_worker_and_other_jobs_a_superset() {
    let untagged = organization_tags(&[]);
    let linux = organization_tags(&[("os", "linux")]);
    let linux_gpu = organization_tags(&[("os", "linux"), ("gpu", "yes")]);
    let windows = organization_tags(&[("os", "windows")]);
    for (job, worker, expected) in [
        (&untagged, &untagged, true),
        (&untagged, &linux, false),
        (&linux, &untagged, false),
        (&linux, &linux, true),
        (&linux, &linux_gpu, true),
        (&linux_gpu, &linux, false),
        (&linux, &windows, false),
    ] {
        assert_eq!(fits(job, worker), expected, "job {job}, worker {worker}");
    }
    let mine = TagSet::normalise(pairs(&[("scope", "user")]), Some(USER));
    let theirs = TagSet::normalise(pairs(&[("scope", "user")]), Some(Uuid::nil()));
    assert!(fits(&mine, &mine));
    assert!(!fits(&mine, &theirs));
    assert!(!fits(&mine, &untagged));
}

#[test]
fn the_filter_asks_for_containment_except_the_untagged_one() {
    let untagged = organization_tags(&[]);
    let linux = organization_tags(&[("os", "linux")]);
    for (job, filter, expected) in [
        (&linux, pairs(&[]), true),
        (&linux, pairs(&[("os", "linux")]), true),
        (&linux, pairs(&[("os", "windows")]), false),
        (&linux, pairs(&[("scope", "organization")]), true),
        (&linux, pairs(&[("scope", "organization"), ("owner", "")]), false),
        (&untagged, pairs(&[("scope", "organization"), ("owner", "")]), true),
        (&untagged, pairs(&[("os", "linux")]), false),
    ] {
        assert_eq!(matches_filter(job, &filter), expected, "job {job}, filter {filter:?}");
    }
}

#[test]
fn the_registry_finds_both_ways_and_an_old_clone_stays() {
    let mut registry = TagSetRegistry::default();
    registry.insert(TagSetId(7), organization_tags(&[]));
    let before = registry.clone();
    registry.insert(TagSetId(3), organization_tags(&[("os", "linux")]));
    registry.insert(TagSetId(3), organization_tags(&[("os", "windows")]));
    assert_eq!(registry.id_of(&organization_tags(&[("os", "linux")])), Some(TagSetId(3)));
    assert_eq!(registry.id_of(&organization_tags(&[("os", "windows")])), None);
    assert_eq!(registry.get(TagSetId(7)).map(|tags| tags.is_untagged()), Some(true));
    assert_eq!(registry.ids_matching_filter(&pairs(&[])), [TagSetId(3), TagSetId(7)]);
    assert_eq!(registry.ids_matching_filter(&pairs(&[("os", "linux")])), [TagSetId(3)]);
    assert_eq!(registry.ids_matching_filter(&pairs(&[("scope", "organization"), ("owner", "")])), [TagSetId(7)]);
    assert_eq!((before.len(), registry.len()), (1, 2));
    assert!(before.get(TagSetId(3)).is_none());
}

#[test]
fn text_that_is_not_an_object_of_strings_is_refused() {
    for text in ["", "[]", r#"{"os":1}"#, r#"{"os":null}"#, r#"{"os":"linux"} x"#] {
        let error = text.parse::<TagSet>().unwrap_err().to_string();
        assert!(error.starts_with("tags must be a JSON object of strings"), "{text}: {error}");
    }
}

/// The prose of the matching rule, over lists and without any shortcut.
fn slow_contains(all: &[(String, String)], some: &[(String, String)]) -> bool {
    some.iter().filter(|pair| !all.contains(pair)).count() == 0
}

fn slow_is_untagged(tags: &[(String, String)]) -> bool {
    let mut sorted = tags.to_vec();
    sorted.sort();
    sorted == [("owner".to_owned(), String::new()), ("scope".to_owned(), "organization".to_owned())]
}

/// Tags out of few keys and values, so that equal and nested sets are common.
fn some_tags() -> impl Strategy<Value = BTreeMap<String, String>> {
    let pair = (
        prop::sample::select(vec!["scope", "owner", "os", "gpu", "é\"\\"]),
        prop::sample::select(vec!["", "organization", "user", "a", "b\n"]),
    );
    prop::collection::btree_map(pair.0.prop_map(str::to_owned), pair.1.prop_map(str::to_owned), 0..5).prop_flat_map(
        |tags| {
            let untagged = pairs(&[("scope", "organization"), ("owner", "")]);
            prop_oneof![4 => Just(tags), 1 => Just(untagged)]
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn fits_and_matches_filter_agree_with_the_slow_rules(job in some_tags(), other in some_tags()) {
        let list = |tags: &BTreeMap<String, String>| tags.clone().into_iter().collect::<Vec<_>>();
        let (jobs, others) = (list(&job), list(&other));
        let slow_fits = if slow_is_untagged(&jobs) { jobs == others } else { slow_contains(&others, &jobs) };
        let slow_filter = if slow_is_untagged(&others) { jobs == others } else { slow_contains(&jobs, &others) };
        let job = TagSet(job);
        prop_assert_eq!(fits(&job, &TagSet(other.clone())), slow_fits);
        prop_assert_eq!(matches_filter(&job, &other), slow_filter);
    }

    #[test]
    fn the_canonical_text_reads_back_and_tells_tag_sets_apart(one in some_tags(), two in some_tags()) {
        let (one, two) = (TagSet(one), TagSet(two));
        prop_assert_eq!(&one.to_string().parse::<TagSet>().unwrap(), &one);
        prop_assert_eq!(one.to_string() == two.to_string(), one == two);
    }

    #[test]
    fn normal_tags_stay_as_they_are(tags in some_tags(), user in prop::option::of(Just(USER))) {
        let once = TagSet::normalise(tags, user);
        let again = TagSet::normalise(once.pairs().clone(), user);
        prop_assert_eq!(again, once);
    }
}
