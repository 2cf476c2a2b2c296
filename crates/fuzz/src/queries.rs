//! Query strings and what the operations make of them.

use orgd::wire::percent::decode;
use orgd::wire::query::{
    AuditQuery, AuditSearch, CancelQuery, JobListQuery, JobQuery, LogQuery, MAX_IDS, MAX_TAG_KEY_BYTES, MAX_TAGS,
    MemberQuery, QueryString, TokenListQuery, UserListQuery, WorkerListQuery,
};
use orgd_api_types::ValidationError;

/// Every parameter of the list of jobs.
const JOBS: &[&str] = &["limit", "ids", "status", "tags", "initiator"];

/// Decoding is strict, agrees with the library where that does not repair, and undoes encoding.
pub fn percent(data: &[u8]) {
    let Ok(raw) = str::from_utf8(data) else { return };
    let theirs = percent_encoding::percent_decode_str(raw).decode_utf8();
    match decode(raw) {
        Ok(text) => {
            assert_eq!(theirs.as_deref(), Ok(&*text));
            let encoded = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string();
            assert_eq!(decode(&encoded).as_deref(), Ok(&*text));
        }
        Err(_) => assert!(theirs.is_err() || raw.contains('%'), "{raw:?}"),
    }
}

/// The pairs are those that a form decoder finds, and are found again when they are written.
pub fn query_string(data: &[u8]) {
    let Ok(raw) = str::from_utf8(data) else { return };
    match QueryString::parse(raw) {
        Ok(query) => {
            let ours: Vec<_> = query.pairs().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
            let theirs: Vec<_> = form_urlencoded::parse(raw.as_bytes()).into_owned().collect();
            assert_eq!(ours, theirs);
            let written = form_urlencoded::Serializer::new(String::new()).extend_pairs(&ours).finish();
            assert_eq!(QueryString::parse(&written), Ok(query));
        }
        Err(errors) => are_bounded(&errors, raw),
    }
}

fn are_bounded(errors: &[ValidationError], raw: &str) {
    assert!(!errors.is_empty() && errors.len() <= 300, "{} errors", errors.len());
    let length: usize = errors.iter().map(|error| error.field.len() + error.detail.len()).sum();
    assert!(length <= 100_000 + 4 * raw.len(), "{length} bytes about {} bytes", raw.len());
}

/// The two operations of jobs let nothing through that breaks a rule, and agree on what both take.
pub fn job_query(data: &[u8]) {
    let Ok(raw) = str::from_utf8(data) else { return };
    let Ok(query) = QueryString::parse(raw) else { return };
    let list = JobListQuery::parse(&query, JOBS);
    match &list {
        Ok(list) => {
            assert!(list.ids.as_ref().is_none_or(|ids| ids.len() <= MAX_IDS));
            assert!(list.limit.is_none_or(|limit| limit <= i32::MAX as u32));
            assert!(list.filter.tags.len() <= MAX_TAGS);
            let sound = |(key, value): (&String, &String)| {
                key.len() <= MAX_TAG_KEY_BYTES && !key.contains('\0') && !value.contains('\0')
            };
            assert!(list.filter.tags.iter().all(sound));
        }
        Err(errors) => are_bounded(errors, raw),
    }
    match (list, JobQuery::parse(&query)) {
        (Ok(list), Ok(one)) => assert_eq!(list.filter, one.filter),
        (Ok(_), Err(errors)) => assert!(errors.iter().all(|error| error.field == "ids"), "{errors:?}"),
        (Err(_), _) => {}
    }
}

/// All other lists.
pub fn list_query(data: &[u8]) {
    let Ok(raw) = str::from_utf8(data) else { return };
    let Ok(query) = QueryString::parse(raw) else { return };
    let bounded = |errors: Vec<ValidationError>| are_bounded(&errors, raw);
    let _ = AuditQuery::parse(&query, &["q", "limit", "offset"])
        .map(|query| assert!((1..=1000).contains(&query.limit) && query.offset >= 0))
        .map_err(bounded);
    let _ = LogQuery::parse(&query, &["after", "follow"]).map(|query| assert!(query.after >= 0)).map_err(bounded);
    let _ = WorkerListQuery::parse(&query, &["limit", "ids", "status", "tags", "offline", "max_age"]).map_err(bounded);
    let _ = CancelQuery::parse(&query, &["expect_status"]).map_err(bounded);
    let _ = MemberQuery::parse(&query).map_err(bounded);
    let _ = UserListQuery::parse(&query).map_err(bounded);
    let _ = TokenListQuery::parse(&query).map_err(bounded);
}

/// The languages of the two searches: no NUL comes out, and words are found again as words.
pub fn search(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(search) = AuditSearch::parse(text) {
        let texts = [&search.resource_target, &search.username, &search.email, &search.organization];
        assert!(texts.into_iter().flatten().all(|text| !text.contains('\0')), "{search:?}");
    }
    let written = form_urlencoded::Serializer::new(String::new()).append_pair("q", text).finish();
    let query = QueryString::parse(&written).expect("what a form encoder writes");
    if let Ok(users) = UserListQuery::parse(&query) {
        for word in &users.filter.words {
            assert!(!word.contains(['\0', '"']), "{word:?}");
            let again =
                form_urlencoded::Serializer::new(String::new()).append_pair("q", &format!("\"{word}\"")).finish();
            let again =
                UserListQuery::parse(&QueryString::parse(&again).expect("an encoded query")).expect("a word in quotes");
            assert!(again.filter.words == [word.clone()] || word.is_empty(), "{word:?} {:?}", again.filter.words);
        }
    }
}
