//! Owns what commands that call a server are told: where it is, and with which secret. Secrets come from files and variables only:
//! the arguments of a process can be read by everybody on the machine.

use std::path::{Path, PathBuf};

use super::error::ConfigError;

/// Where a server is when nobody says.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";
const URL: &str = "ORGD_URL";
const TOKEN: &str = "ORGD_TOKEN";
const PROVISIONER_KEY: &str = "ORGD_PROVISIONER_KEY";

const OTHER_TOKEN: &str = "ORGD_OTHER_TOKEN";

/// Variables of these commands. Others leave them alone, so that a shell can have them set.
pub(super) const VARIABLES: [&str; 4] = [URL, TOKEN, PROVISIONER_KEY, OTHER_TOKEN];

/// Flags of every command that calls a server.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ClientFlags {
    /// URL of the server [default: http://127.0.0.1:8080] [env: ORGD_URL]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,

    /// File with a session token; the token itself can be in the variable [env: ORGD_TOKEN]
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// Flags of a worker.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct WorkerFlags {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print a comment here as the description of the whole command")]
    pub client: ClientFlags,

    /// File with the secret of a provisioner key, which counts more than a session token; the secret itself can be in the variable [env: ORGD_PROVISIONER_KEY]
    #[arg(long, value_name = "FILE", conflicts_with = "token_file")]
    pub key_file: Option<PathBuf>,
}

/// A way to a server. There is no `Debug`, which would show the secret.
pub struct ServerAccess {
    /// Its URL.
    pub url: String,
    /// What it is shown.
    pub secret: Secret,
}

/// What a caller shows to be let in.
pub enum Secret {
    /// A session token.
    Token(String),
    /// The secret of a provisioner key.
    Key(String),
}

impl ServerAccess {
    /// What a user's command is told.
    ///
    /// # Errors
    /// A file that cannot be used, or no token.
    pub fn of_user(
        flags: ClientFlags,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let given = Given::read(environment);
        let token = read_secret(flags.token_file.as_deref())?.or(given.token);
        let token = token.ok_or(ConfigError::NoSecret { flags: "--token-file", variables: TOKEN })?;
        Ok(Self { url: url(flags.url, given.url), secret: Secret::Token(token) })
    }

    /// What a worker is told. Flags win over variables, and a provisioner key over a session token.
    ///
    /// # Errors
    /// A file that cannot be used, or neither key nor token.
    pub fn of_worker(
        flags: WorkerFlags,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let given = Given::read(environment);
        let by_flag = match read_secret(flags.key_file.as_deref())? {
            Some(key) => Some(Secret::Key(key)),
            None => read_secret(flags.client.token_file.as_deref())?.map(Secret::Token),
        };
        let secret =
            by_flag.or(given.key.map(Secret::Key)).or(given.token.map(Secret::Token)).ok_or(ConfigError::NoSecret {
                flags: "--key-file or --token-file",
                variables: "ORGD_PROVISIONER_KEY or ORGD_TOKEN",
            })?;
        Ok(Self { url: url(flags.client.url, given.url), secret })
    }
}

/// The session token of a second user, for a command that can do with one. The file counts more than the variable.
///
/// # Errors
/// The file cannot be used.
pub fn second_token(file: Option<&Path>, environment: &[(String, String)]) -> Result<Option<String>, ConfigError> {
    let given = environment.iter().find(|(name, text)| name == OTHER_TOKEN && !text.is_empty());
    Ok(read_secret(file)?.or_else(|| given.map(|(_, text)| text.clone())))
}

/// What the environment says. An empty variable counts as not set.
#[derive(Default)]
struct Given {
    url: Option<String>,
    token: Option<String>,
    key: Option<String>,
}

impl Given {
    fn read(environment: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut given = Self::default();
        for (name, text) in environment.into_iter().filter(|(_, text)| !text.is_empty()) {
            match name.as_str() {
                URL => given.url = Some(text),
                TOKEN => given.token = Some(text),
                PROVISIONER_KEY => given.key = Some(text),
                _ => {}
            }
        }
        given
    }
}

fn url(flag: Option<String>, variable: Option<String>) -> String {
    flag.or(variable).unwrap_or_else(|| DEFAULT_URL.to_owned())
}

/// The secret in a file, without the line end that editors add.
fn read_secret(file: Option<&Path>) -> Result<Option<String>, ConfigError> {
    let Some(path) = file else { return Ok(None) };
    let text = std::fs::read_to_string(path)
        .map_err(|cause| ConfigError::UnreadableSecret { path: path.to_owned(), cause })?;
    match text.trim() {
        "" => Err(ConfigError::EmptySecret { path: path.to_owned() }),
        secret => Ok(Some(secret.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Vec<(String, String)> {
        variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    fn shown(access: Result<ServerAccess, ConfigError>) -> String {
        match access {
            Ok(ServerAccess { url, secret: Secret::Token(token) }) => format!("{url} token {token}"),
            Ok(ServerAccess { url, secret: Secret::Key(key) }) => format!("{url} key {key}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn flags_win_over_variables_and_keys_over_tokens() {
        let (token, key) = (file("t1\n"), file(" k1 \r\n"));
        let all = [("ORGD_URL", "http://e"), ("ORGD_TOKEN", "t2"), ("ORGD_PROVISIONER_KEY", "k2")];
        let user = |flags: ClientFlags, variables: &[(&str, &str)]| {
            shown(ServerAccess::of_user(flags, environment(variables)))
        };
        let worker = |flags: WorkerFlags, variables: &[(&str, &str)]| {
            shown(ServerAccess::of_worker(flags, environment(variables)))
        };
        let with_token = ClientFlags { url: Some("http://f".to_owned()), token_file: Some(token.path().to_owned()) };
        let with_key = WorkerFlags { key_file: Some(key.path().to_owned()), ..WorkerFlags::default() };

        assert_eq!(user(ClientFlags::default(), &[("ORGD_TOKEN", "t2")]), "http://127.0.0.1:8080 token t2");
        assert_eq!(user(ClientFlags::default(), &all), "http://e token t2");
        assert_eq!(user(with_token.clone(), &all), "http://f token t1");
        assert_eq!(worker(WorkerFlags::default(), &all), "http://e key k2");
        assert_eq!(worker(WorkerFlags::default(), &all[..2]), "http://e token t2");
        assert_eq!(worker(with_key, &all), "http://e key k1");
        let with_token = WorkerFlags { client: with_token, key_file: None };
        assert_eq!(worker(with_token, &all), "http://f token t1");
    }

    #[test]
    fn a_secret_that_is_missing_says_where_it_can_be() {
        let variables = [("ORGD_PROVISIONER_KEY", "k"), ("ORGD_TOKEN", "")];
        assert_eq!(
            shown(ServerAccess::of_user(ClientFlags::default(), environment(&variables))),
            "no secret to show the server: give --token-file, or set ORGD_TOKEN"
        );
        assert_eq!(
            shown(ServerAccess::of_worker(WorkerFlags::default(), environment(&[]))),
            "no secret to show the server: give --key-file or --token-file, or set ORGD_PROVISIONER_KEY or ORGD_TOKEN"
        );
        let empty = file("\n");
        let flags = ClientFlags { token_file: Some(empty.path().to_owned()), ..ClientFlags::default() };
        let why = shown(ServerAccess::of_user(flags, environment(&[])));
        assert_eq!(why, format!("the secret file {} is empty", empty.path().display()));
    }
}
