//! `orgd token`: session tokens.

use std::time::Duration;

use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};
use orgd_api_types::LoginType;
use serde::Serialize;

use super::access::Access;
use super::named;
use super::output::{self, ListFlags, Output};
use crate::audit::Action;
use crate::auth::token::{KeyScope, NewToken, TokenPurpose, TokenText};
use crate::clock::{Clock, SystemClock};
use crate::config::CommonFlags;
use crate::db::api_keys::{OwnedToken, TokenFilter};
use crate::db::{Constraint, Database, DbError};

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a session token and print it; it cannot be shown again
    Create(Create),
    /// List session tokens, without their secrets
    List(ListFlags),
    /// Revoke a session token for good
    Revoke(Revoke),
}

/// What to make.
#[derive(Debug, Args)]
pub struct Create {
    /// Whose token: a user name or ID
    #[arg(long, value_name = "USER")]
    user: String,
    /// A name to know the token by; unique among the user's tokens
    #[arg(long, value_name = "NAME", default_value = "")]
    name: String,
    /// How long it lasts, such as 12h or 30d
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = lifetime)]
    lifetime: Duration,
    /// What it can be used for
    #[arg(long, value_enum, default_value = "all")]
    scope: Scope,
    #[command(flatten)]
    common: CommonFlags,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Scope {
    /// Everything that the user may do
    All,
    /// Connecting to applications only, which is nothing here
    #[value(name = "application_connect")]
    ApplicationConnect,
}

/// What to revoke.
#[derive(Debug, Args)]
pub struct Revoke {
    /// The token's id (the part before the hyphen), or the whole token
    #[arg(value_name = "TOKEN")]
    token: String,
    #[command(flatten)]
    common: CommonFlags,
}

/// Runs the command.
pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create(create) => {
            let access = Access::new(create.common.clone())?;
            let text = access.with_database(|database| make(database, create))?;
            output::print(&text)
        }
        Command::List(list) => {
            let tokens = Access::new(list.common)?
                .look_into(|database| async move { Ok(database.list_session_tokens(TokenFilter::ALL).await?) })?;
            print_tokens(list.output, &tokens)
        }
        Command::Revoke(revoke) => {
            let id = TokenText::parse(&revoke.token).map_or(revoke.token.as_str(), |token| token.id).to_owned();
            let shown = id.clone();
            let found = Access::new(revoke.common)?.with_database(|database| async move {
                Ok(database.revoke_session_token(id, None, Action::Delete, SystemClock::new().now()).await?)
            })?;
            if !found {
                bail!("there is no session token {shown:?}; `orgd token list` shows them");
            }
            output::say(&format!("Revoked {shown}."));
            Ok(())
        }
    }
}

async fn make(database: Database, create: Create) -> anyhow::Result<String> {
    let Create { user, name, lifetime, scope, common: _ } = create;
    let user = named::user(&database, &user).await?;
    let scope = match scope {
        Scope::All => KeyScope::All,
        Scope::ApplicationConnect => KeyScope::ApplicationConnect,
    };
    let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
    let purpose = TokenPurpose {
        login_type: LoginType::Token,
        name: name.clone(),
        scope,
        lifetime_seconds: seconds,
        address: String::new(),
    };
    let token = NewToken::generate(user.id, purpose, SystemClock::new().now())?;
    match database.create_session_token(token.record.clone(), None).await {
        Ok(_) => Ok(token.reveal().to_owned()),
        Err(DbError::Conflict(Constraint::TokenName)) => {
            bail!("{} has a session token named {name:?} already", user.username)
        }
        Err(error) => Err(error.into()),
    }
}

fn lifetime(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(lifetime) if lifetime.as_secs() > 0 => Ok(lifetime),
        Ok(_) => Err("must be at least a second".to_owned()),
        Err(error) => Err(format!("{error}; write a duration such as 12h or 30d")),
    }
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    name: &'a str,
    user: &'a str,
    #[serde(rename = "login_type")]
    kind: &'a str,
    scope: &'a str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    expires_at: String,
}

fn print_tokens(format: Output, tokens: &[OwnedToken]) -> anyhow::Result<()> {
    let rows: Vec<_> = tokens
        .iter()
        .map(|OwnedToken { token, username }| Row {
            id: &token.id,
            name: &token.name,
            user: username,
            kind: token.login_type.as_str(),
            scope: token.scope.as_str(),
            created_at: token.created_at.to_string(),
            last_used_at: token.last_used_at.map(|at| at.to_string()),
            expires_at: token.expires_at.to_string(),
        })
        .collect();
    output::print_list(format, &rows, &["id", "name", "user", "scope", "created at", "expires at"], |row| {
        [row.id, row.name, row.user, row.scope, &row.created_at, &row.expires_at].map(str::to_owned).into()
    })
}
