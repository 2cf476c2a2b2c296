//! The five filters in every spelling, and what is said of those that break a rule.

use std::collections::BTreeSet;

use orgd_api_types::ProvisionerJobStatus::{self, Canceled, Failed, Pending, Running};
use orgd_api_types::ValidationError;
use proptest::prelude::*;
use uuid::Uuid;

use super::{JobFilter, JobListQuery, JobQuery, QueryString};

const DECLARED: &[&str] = &["limit", "ids", "status", "tags", "initiator"];
const ONE: &str = "00000000-0000-0000-0000-000000000001";
const TWO: &str = "00000000-0000-0000-0000-000000000002";

fn list(raw: &str) -> JobListQuery {
    JobListQuery::parse(&QueryString::parse(raw).unwrap(), DECLARED).unwrap()
}

/// Field and detail of each error.
fn refused(raw: &str) -> Vec<(String, String)> {
    let errors = JobListQuery::parse(&QueryString::parse(raw).unwrap(), DECLARED).unwrap_err();
    errors.into_iter().map(|ValidationError { field, detail }| (field, detail)).collect()
}

/// The detail of the only error.
fn detail(raw: &str, field: &str) -> String {
    let errors = refused(raw);
    assert_eq!(errors.len(), 1, "{raw}: {errors:?}");
    assert_eq!(errors[0].0, field, "{raw}");
    errors[0].1.clone()
}

#[test]
fn absent_and_empty_mean_no_filter() {
    let nothing = JobListQuery { limit: Some(50), ids: None, filter: JobFilter::default() };
    for raw in [
        "",
        "limit=&ids=&status=&tags=&initiator=",
        "tags=null",
        "tags={}",
        "initiator=00000000-0000-0000-0000-000000000000",
        // Only the first value is asked whether the parameter is there.
        "limit=&limit=bogus",
        "ids=&ids=bogus",
        "status=&status=bogus",
    ] {
        assert_eq!(list(raw), nothing, "{raw}");
    }
}

#[test]
fn limits() {
    for (raw, limit) in [
        ("limit=1", Some(1)),
        ("limit=0", None),
        ("limit=-0", None),
        ("limit=%2B7", Some(7)),
        ("limit=007", Some(7)),
        ("limit=2147483647", Some(2_147_483_647)),
    ] {
        assert_eq!(list(raw).limit, limit, "{raw}");
    }
    let rule = "; give a whole number from 0 to 2147483647, where 0 means no limit";
    for (raw, reason) in [
        ("limit=-1", "value is negative"),
        ("limit=-2147483649", "value is negative"),
        ("limit=2147483648", "\"2147483648\" is out of range"),
        ("limit=bogus", "\"bogus\" is not a whole number"),
        ("limit=1.0", "\"1.0\" is not a whole number"),
        ("limit=1e3", "\"1e3\" is not a whole number"),
        ("limit=+1", "\" 1\" is not a whole number"),
    ] {
        let expected = format!(r#"Query param "limit" must be a valid 32-bit positive integer: {reason}{rule}"#);
        assert_eq!(detail(raw, "limit"), expected, "{raw}");
    }
}

#[test]
fn statuses() {
    let set = |statuses: &[ProvisionerJobStatus]| Some(statuses.iter().copied().collect::<BTreeSet<_>>());
    for (raw, statuses) in [
        ("status=pending", set(&[Pending])),
        ("status=pending,running&status=failed,pending", set(&[Pending, Running, Failed])),
        ("status=unknown", set(&[])),
        ("status=unknown,canceled", set(&[Canceled])),
    ] {
        assert_eq!(list(raw).filter.statuses, statuses, "{raw}");
    }
    let allowed = "allowed are pending, running, succeeded, canceling, canceled, failed, unknown";
    for (raw, bad) in [
        ("status=bogus", r#""bogus""#),
        ("status=Pending", r#""Pending""#),
        ("status=pending,+running", r#"" running""#),
        ("status=pending,", r#""""#),
        ("status=a,pending&status=b", r#""a", "b""#),
    ] {
        assert_eq!(
            detail(raw, "status"),
            format!(r#"Query param "status" has invalid values: {bad}; {allowed}"#),
            "{raw}"
        );
    }
}

#[test]
fn ids() {
    let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
    for (raw, ids) in [
        (format!("ids={ONE}"), vec![one]),
        // A space on one side only: with one on each it would be the loose spelling of 38 bytes.
        (format!("ids={ONE},+{TWO}"), vec![one, two]),
        (format!("ids=+++{ONE}+,+{TWO}+"), vec![one, two]),
        (format!("ids={TWO}&ids={ONE}"), vec![two, one]),
        (format!("ids={ONE},{TWO}&ids=urn:uuid:{ONE}"), vec![one, two, one]),
    ] {
        assert_eq!(list(&raw).ids, Some(ids), "{raw}");
    }
    let prefix = r#"Query param "ids" has invalid values: "#;
    for (raw, bad) in [
        ("ids=bogus".to_owned(), "invalid UUID length: 5".to_owned()),
        (format!("ids={ONE},,{TWO},"), "invalid UUID length: 0\ninvalid UUID length: 0".into()),
        (format!("ids={}&ids=x", ONE.replace('0', "g")), "invalid UUID format\ninvalid UUID length: 1".into()),
    ] {
        assert_eq!(detail(&raw, "ids"), format!("{prefix}{bad}"), "{raw}");
    }
}

#[test]
fn no_more_than_a_thousand_ids() {
    let thousand = format!("ids={}", vec![ONE; 500].join(",")) + &format!("&ids={}", vec![TWO; 500].join(","));
    assert_eq!(list(&thousand).ids.map(|ids| ids.len()), Some(1000));
    assert_eq!(
        detail(&format!("{thousand}&ids={ONE}"), "ids"),
        r#"Query param "ids" has invalid values: more than 1000 ids; ask for at most 1000 at a time"#
    );
}

#[test]
fn tags_and_initiator() {
    let query = list(&format!("tags=%7B%22a%22:%22b%22%7D&tags[scope]=x&initiator={ONE}"));
    assert_eq!(query.filter.tags, [("a".into(), "b".into()), ("scope".into(), "x".into())].into());
    assert_eq!(query.filter.initiator, Some(Uuid::from_u128(1)));
    assert_eq!(
        detail("tags=bogus", "tags"),
        r#"Query param "tags" must be a valid JSON object: expected value at line 1 column 1"#
    );
    assert_eq!(
        detail("initiator=me", "initiator"),
        r#"Query param "initiator" must be a valid uuid: invalid UUID length: 2"#
    );
}

#[test]
fn single_values_are_given_once() {
    for name in ["limit", "tags", "initiator"] {
        let said = detail(&format!("{name}=1&{name}=1&{name}="), name);
        let expected = format!(
            "Query param \"{name}\" provided more than once, found 3 times. Only provide 1 instance of this query param."
        );
        assert_eq!(said, expected);
    }
}

#[test]
fn everything_wrong_is_reported_in_order() {
    let errors = refused("zz=1&access_token=t&initiator=x&tags=x&ids=x&status=x&limit=x&aa&zz=2&tags[]=1");
    let fields: Vec<_> = errors.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["limit", "status", "ids", "tags", "initiator", "zz", "access_token", "aa", "tags[]"]);
    assert_eq!(errors[5].1, r#""zz" is not a valid query param; valid are limit, ids, status, tags, initiator"#);
}

#[test]
fn one_job_takes_all_but_ids() {
    let parse = |raw: &str| JobQuery::parse(&QueryString::parse(raw).unwrap());
    let filter = parse(&format!("limit=0&status=pending&tags[a]=b&initiator={ONE}")).unwrap().filter;
    assert_eq!(filter, list(&format!("status=pending&tags[a]=b&initiator={ONE}")).filter);
    let errors = parse(&format!("limit=-1&ids={ONE}&x=1")).unwrap_err();
    let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["limit", "ids", "x"]);
    assert!(errors[1].detail.starts_with(r#""ids" is not a valid query param"#));
}

#[test]
fn a_short_request_never_gets_a_huge_answer() {
    let raw: String = (0..20_000).map(|n| format!("x{n}&status=y{n}&")).collect();
    let size: usize = refused(&raw).iter().map(|(field, detail)| field.len() + detail.len()).sum();
    assert!(size < 20_000, "{size}");
    assert!(detail(&format!("limit={}", "9".repeat(60_000)), "limit").len() < 300);
}

proptest! {
    #[test]
    fn never_panics(
        names in prop::collection::vec(prop_oneof![prop::sample::select(DECLARED).prop_map(str::to_owned), any::<String>()], 0..8),
        value in prop_oneof![any::<String>(), "[-+0-9,a-f{}\":]{0,40}"],
    ) {
        let raw = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(names.iter().map(|name| (name, &value)))
            .finish();
        let query = QueryString::parse(&raw).unwrap();
        let _ = JobListQuery::parse(&query, DECLARED);
        let _ = JobQuery::parse(&query);
    }

    #[test]
    fn any_split_of_the_ids_reads_the_same(bits in prop::collection::vec(any::<u128>(), 1..20), cuts in any::<u32>()) {
        let ids: Vec<_> = bits.into_iter().map(Uuid::from_u128).collect();
        let raw: String = ids.iter().enumerate().fold(String::new(), |raw, (n, id)| {
            let separator = if n == 0 { "ids=" } else if cuts >> n & 1 == 0 { "," } else { "&ids=" };
            raw + separator + &id.to_string()
        });
        prop_assert_eq!(list(&raw).ids, Some(ids));
    }
}
