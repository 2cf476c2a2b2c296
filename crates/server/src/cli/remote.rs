//! How a command gets at a server, wherever it is.

use std::future::Future;

use anyhow::{Context, anyhow};
use orgd_client::{CallError, Client, Credential};

use super::output;
use crate::config::{ClientFlags, Secret, ServerAccess, process_environment};

/// A client with a user's session token.
pub fn user(flags: ClientFlags) -> anyhow::Result<Client> {
    client(ServerAccess::of_user(flags, process_environment())?)
}

/// A client of this server, with this secret.
pub fn client(access: ServerAccess) -> anyhow::Result<Client> {
    let credential = match access.secret {
        Secret::Token(token) => Credential::SessionToken(token),
        Secret::Key(key) => Credential::ProvisionerKey(key),
    };
    Ok(Client::new(&access.url, &credential)?)
}

/// Runs calls on this thread.
pub fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(work)
}

/// Why a call failed, fit for a terminal: the words are the server's.
pub fn failed(error: impl Into<CallError>) -> anyhow::Error {
    anyhow!(output::plain(&error.into().to_string()))
}
