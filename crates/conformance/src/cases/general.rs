//! What a server says of itself, and its audit log.

use serde_json::json;

use crate::call::{Caller, call};
use crate::case::{Aspect, Case, Stop};
use crate::run::{Run, items, text};

pub(super) static CASES: &[Case] = &[
    case!("getAPIRoot", "answered", Reading, root, "it answers anybody"),
    case!(
        "getBuildInfo",
        "answered",
        Reading,
        build_info,
        "it tells anybody the version, the same one as in the header of every answer"
    ),
    case!("getEntitlements", "features", Reading, entitlements, "several organizations are a feature that it names"),
    case!("getAuditLogs", "newest-first", Reading, audit, "entries come newest first, at most as many as asked for"),
];

async fn root(run: &mut Run<'_>) -> Result<(), Stop> {
    run.ask(call("getAPIRoot", &[]).by(Caller::Nobody), 200).await?;
    Ok(())
}

async fn build_info(run: &mut Run<'_>) -> Result<(), Stop> {
    let answer = run.answer(call("getBuildInfo", &[]).by(Caller::Nobody), 200).await?;
    let body = answer.json().unwrap_or_default();
    let header = answer.header("x-coder-build-version").unwrap_or("none");
    // The header may leave the build metadata out, which comparisons of versions ignore.
    let release = |version: &str| version.split('+').next().unwrap_or_default().to_owned();
    let same = release(header) == release(text(&body, "version"));
    run.check(same, Aspect::Header, &format!("X-Coder-Build-Version {}", body["version"]), header);
    Ok(())
}

async fn entitlements(run: &mut Run<'_>) -> Result<(), Stop> {
    let body = run.ask(call("getEntitlements", &[]), 200).await?;
    let feature = &body["features"]["multiple_organizations"];
    run.check(feature.is_object(), Aspect::Value, "the feature multiple_organizations", &feature.to_string());
    Ok(())
}

async fn audit(run: &mut Run<'_>) -> Result<(), Stop> {
    let page = run.ask(call("getAuditLogs", &[]).query("limit", "10"), 200).await?;
    let entries = items(&page["audit_logs"]);
    run.check(entries.len() <= 10, Aspect::Content, "at most 10 entries", &entries.len().to_string());
    let times: Vec<_> =
        entries.iter().map(|entry| chrono::DateTime::parse_from_rfc3339(text(entry, "time")).ok()).collect();
    run.check(
        times.windows(2).all(|pair| pair[0] >= pair[1]),
        Aspect::Order,
        "newest first",
        &json!(entries).to_string(),
    );
    Ok(())
}
