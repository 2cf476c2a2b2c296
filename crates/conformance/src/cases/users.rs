//! Users and session tokens, as far as they can be looked at without a change.

use serde_json::json;

use crate::call::call;
use crate::case::{Aspect, Case, Stop};
use crate::run::{Run, items, text, texts};

pub(super) static CASES: &[Case] = &[
    case!("getUsers", "pages", Reading, pages, "limit cuts the list, and count says how many there are"),
    case!("getUsers", "invalid-limit", Reading, invalid_limit, "a limit that is no number: 400 that names it"),
    case!("getUserByName", "me", Reading, me, "me, one's name and one's ID are the same user"),
    case!("getUserByName", "absent", Reading, absent, "an ID that no user has is not found"),
    case!("getUserRoles", "own", Reading, roles, "one's roles are those that the user has"),
    case!("getUserTokens", "own", Reading, tokens, "the tokens that one made, without their secrets"),
    case!("getTokenConfig", "own", Reading, token_config, "how long a token may live"),
    case!("getAPIKeyByID", "own", Reading, key, "the token that the request carries, by its ID"),
    case!("getAPIKeyByID", "absent", Reading, absent_key, "an ID that no token has is 404"),
    case!("getAPIKeyByTokenName", "absent", Reading, absent_name, "a name that no token has is 404"),
    case!("checkInitialUserCreated", "answered", Reading, first_user, "a server with users says so to anybody"),
];

async fn pages(run: &mut Run<'_>) -> Result<(), Stop> {
    let page = run.ask(call("getUsers", &[]).query("limit", "1"), 200).await?;
    let (count, got) = (page["count"].as_u64().unwrap_or_default(), items(&page["users"]).len() as u64);
    run.check(count >= 1 && got == 1, Aspect::Content, "one user of at least one", &format!("{got} of {count}"));
    Ok(())
}

async fn invalid_limit(run: &mut Run<'_>) -> Result<(), Stop> {
    run.refused(call("getUsers", &[]).query("limit", "many"), 400, &["limit"]).await?;
    Ok(())
}

async fn me(run: &mut Run<'_>) -> Result<(), Stop> {
    let me = run.ask(call("getUserByName", &["me"]), 200).await?;
    for key in ["username", "id"] {
        let same = run.ask(call("getUserByName", &[text(&me, key)]), 200).await?;
        run.same("id", &me["id"], &same["id"]);
    }
    Ok(())
}

async fn absent(run: &mut Run<'_>) -> Result<(), Stop> {
    let id = run.server.guard.absent_id();
    run.absent(call("getUserByName", &[&id])).await
}

async fn roles(run: &mut Run<'_>) -> Result<(), Stop> {
    let user = run.ask(call("getUserRoles", &["me"]), 200).await?;
    let expected = json!(texts(items(&run.targets.me["roles"]), "name"));
    run.same("roles", &expected, &json!(texts(items(&user["roles"]), "name")));
    Ok(())
}

async fn tokens(run: &mut Run<'_>) -> Result<(), Stop> {
    let list = run.ask(call("getUserTokens", &["me"]), 200).await?;
    let own = run.targets.me["id"].clone();
    for token in items(&list) {
        run.same("user_id", &own, &token["user_id"]);
    }
    Ok(())
}

async fn token_config(run: &mut Run<'_>) -> Result<(), Stop> {
    run.ask(call("getTokenConfig", &["me"]), 200).await?;
    Ok(())
}

async fn key(run: &mut Run<'_>) -> Result<(), Stop> {
    let id = run.server.token_id().map(str::to_owned).ok_or_else(|| Stop::Skip("the token has no ID".to_owned()))?;
    let key = run.ask(call("getAPIKeyByID", &["me", &id]), 200).await?;
    run.same("id", &json!(id), &key["id"]);
    run.same("user_id", &run.targets.me["id"].clone(), &key["user_id"]);
    Ok(())
}

async fn absent_key(run: &mut Run<'_>) -> Result<(), Stop> {
    run.absent(call("getAPIKeyByID", &["me", "0000000000"])).await
}

async fn absent_name(run: &mut Run<'_>) -> Result<(), Stop> {
    let name = run.server.guard.new_name();
    run.absent(call("getAPIKeyByTokenName", &["me", &name])).await
}

async fn first_user(run: &mut Run<'_>) -> Result<(), Stop> {
    let asked = call("checkInitialUserCreated", &[]).by(crate::call::Caller::Nobody);
    run.ask(asked, 200).await?;
    Ok(())
}
