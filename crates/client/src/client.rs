//! One server and one way in: the generated client with the right header and the right patience for each kind of call.

use std::time::Duration;

use reqwest::header::{HeaderMap, InvalidHeaderValue};
use reqwest::redirect::Policy;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::credential::Credential;
use crate::error::{self, CallError};
use crate::follow::Follow;
use crate::generated;

/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take that the server does not hold back.
const ANSWER: Duration = Duration::from_secs(30);
/// The longest time for which the server holds an answer back until there is a job.
const LONGEST_POLL: Duration = Duration::from_secs(60);
/// How long a stream may be silent before it is taken for lost.
const SILENCE: Duration = Duration::from_secs(90);
/// Servers close connections that nobody uses, orgd after 5 s; a request on one that is being closed would be lost.
const IDLE: Duration = Duration::from_secs(3);

/// A client of one server, with one credential. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    prompt: generated::Client,
    patient: generated::Client,
    streams: reqwest::Client,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The URL is none, or cannot be a server's.
    #[error("{url:?} is not the URL of a server: {why}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The credential has characters that no header can have. They are not shown.
    #[error("the secret has characters that no secret of orgd has")]
    Secret(#[from] InvalidHeaderValue),
    /// TLS cannot be set up, for example because the system has no certificates.
    #[error("cannot set up HTTP")]
    Http(#[from] reqwest::Error),
}

impl Client {
    /// A client of the server at this URL, for example `https://orgd.example.com`. Nothing is sent yet.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn new(url: &str, credential: &Credential) -> Result<Self, BuildError> {
        let base = base_of(url)?;
        let (name, value) = credential.header()?;
        let headers = HeaderMap::from_iter([(name, value)]);
        // A second installation fails, and then another part of the process has chosen.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = || {
            let http = reqwest::Client::builder();
            // Without TLS no certificates are needed, and a small container has none.
            let http = if base.starts_with("http://") { http.tls_certs_only([]) } else { http };
            http.default_headers(headers.clone())
                .user_agent(concat!("orgd-client/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT)
                .pool_idle_timeout(IDLE)
                // The secret must not follow a redirection to another host.
                .redirect(Policy::none())
        };
        let prompt = http().timeout(ANSWER).build()?;
        let patient = http().timeout(LONGEST_POLL + ANSWER).build()?;
        Ok(Self {
            prompt: generated::Client::new_with_client(&base, prompt),
            patient: generated::Client::new_with_client(&base, patient),
            streams: http().read_timeout(SILENCE).build()?,
        })
    }

    /// Every operation, for calls that are answered at once.
    #[must_use]
    pub fn api(&self) -> &generated::Client {
        &self.prompt
    }

    /// Every operation, for calls that the server may hold back for a minute.
    #[must_use]
    pub fn patient(&self) -> &generated::Client {
        &self.patient
    }

    /// The jobs of an organization as the server wrote them, with keys that this client does not know. `query` has the
    /// parameters of `getProvisionerJobs`.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn jobs_as_written(&self, organization: &str, query: &[(&str, String)]) -> Result<Vec<Value>, CallError> {
        let url = self.url(&["organizations", organization, "provisionerjobs"]);
        let sent = generated_http(&self.prompt).get(url).query(query).send().await;
        let answer = error::succeeded(sent.map_err(CallError::from)?).await?;
        answer.json().await.map_err(CallError::from)
    }

    /// Follows the log of a job from its first line, or from the one after `after`, to the end of the job.
    #[must_use]
    pub fn follow(&self, organization: &str, job: Uuid, after: Option<i64>) -> Follow {
        let job = job.to_string();
        Follow::new(
            self.streams.clone(),
            self.url(&["organizations", organization, "provisionerjobs", &job, "logs"]),
            after,
        )
    }

    /// The URL of a path below the API.
    fn url(&self, segments: &[&str]) -> String {
        use progenitor_client::{ClientInfo, encode_path};
        let mut url = self.prompt.baseurl().to_owned();
        for segment in segments {
            url.push('/');
            url.push_str(&encode_path(segment));
        }
        url
    }
}

fn generated_http(api: &generated::Client) -> &reqwest::Client {
    use progenitor_client::ClientInfo;
    api.client()
}

/// The URL under which the operations are.
fn base_of(url: &str) -> Result<String, BuildError> {
    let refused = |why: &str| BuildError::Url { url: without_password(url), why: why.to_owned() };
    let parsed = Url::parse(url).map_err(|error| refused(&error.to_string()))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(refused("must begin with http:// or https://"));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(refused("must not have a user name or a password"));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(refused("must end with its host or a path"));
    }
    Ok(format!("{}/api/v2", parsed.as_str().trim_end_matches('/')))
}

/// What may be shown of a URL that was refused.
fn without_password(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_of_a_server_may_have_a_path_and_a_slash_at_its_end() {
        for (url, base) in [
            ("http://localhost:8080", "http://localhost:8080/api/v2"),
            ("https://orgd.example.com/", "https://orgd.example.com/api/v2"),
            ("https://example.com/orgd/", "https://example.com/orgd/api/v2"),
        ] {
            assert_eq!(base_of(url).unwrap(), base);
        }
    }

    #[test]
    fn other_urls_are_refused_and_show_no_secret() {
        for (url, why) in [
            ("localhost:8080", "\"localhost:8080\" is not the URL of a server: must begin with http:// or https://"),
            ("orgd", "\"orgd\" is not the URL of a server: relative URL without a base"),
            ("http://h/?a", "\"http://h/?a\" is not the URL of a server: must end with its host or a path"),
            ("http://me:pw@h", "\"…@h\" is not the URL of a server: must not have a user name or a password"),
        ] {
            let secret = Credential::SessionToken("t".to_owned());
            assert_eq!(Client::new(url, &secret).unwrap_err().to_string(), why);
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let credential = Credential::ProvisionerKey("hunter2".to_owned());
        let client = Client::new("http://h", &credential).unwrap();
        assert!(!format!("{credential:?} {client:?}").contains("hunter2"));
        let broken = Client::new("http://h", &Credential::SessionToken("hunter2\n".to_owned())).unwrap_err();
        assert!(!format!("{broken} {broken:?}").contains("hunter2"));
    }
}
