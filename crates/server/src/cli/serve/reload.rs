//! Owns what SIGHUP does: the configuration is read again, and what of it can change while the server runs changes.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::{Config, ServeFlags};
use crate::telemetry::log::LogFilter;
use crate::tls::Certificate;

/// What SIGHUP reaches.
pub(super) struct Reload {
    /// Where the configuration was read from.
    pub(super) flags: ServeFlags,
    pub(super) environment: Vec<(String, String)>,
    /// What the server was started with.
    pub(super) config: Config,
    pub(super) log: LogFilter,
    pub(super) certificate: Option<Arc<Certificate>>,
}

impl Reload {
    /// From here on SIGHUP does not end the process. Await the result to do what it asks for.
    pub(super) fn on_signals(self) -> io::Result<impl Future<Output = ()> + 'static> {
        let hangup = signal(SignalKind::hangup())?;
        Ok(self.run(hangup))
    }

    async fn run(self, mut hangup: Signal) {
        while hangup.recv().await.is_some() {
            self.reload();
        }
    }

    /// What cannot be used is told, and leaves everything as it was.
    fn reload(&self) {
        let config = match Config::load(self.flags.clone(), self.environment.clone()) {
            Ok(config) => config,
            Err(error) => {
                tracing::error!(%error, "SIGHUP: the configuration cannot be used; nothing has changed");
                return;
            }
        };
        if let Err(error) = self.log.set(&config.log.filter) {
            tracing::error!(%error, "SIGHUP: the log stays as it was");
        }
        if let (Some(certificate), Some(files)) = (&self.certificate, &config.http.tls) {
            match certificate.reload(files) {
                Ok(()) => {
                    tracing::info!(file = %files.certificate.display(), "SIGHUP: new connections get this certificate")
                }
                Err(error) => tracing::error!(%error, "SIGHUP: the certificate stays as it was"),
            }
        }
        if self.needs_restart(&config) {
            tracing::warn!(
                "SIGHUP: keys other than log, tls_certificate and tls_key have changed; they need a restart"
            );
        }
        tracing::info!(log = config.log.filter, "SIGHUP: the configuration was read again");
    }

    /// True when something differs that was not just changed.
    fn needs_restart(&self, config: &Config) -> bool {
        let mut same = config.clone();
        same.log.filter.clone_from(&self.config.log.filter);
        if same.http.tls.is_some() && self.config.http.tls.is_some() {
            same.http.tls.clone_from(&self.config.http.tls);
        }
        same != self.config
    }
}
