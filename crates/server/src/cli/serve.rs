//! `orgd serve`: puts the parts together and runs them.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::web::Data;
use anyhow::Context;

use super::output;
use crate::auth::identities::Identities;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, DatabaseUrl, ServeFlags, process_environment};
use crate::db::bootstrap::{self, FirstOwner, FirstStart};
use crate::db::{self, Database, Readers, Schema, ServerLock, WriterObserver};
use crate::http::App;
use crate::http::middleware::Observation;
use crate::http::server::{self, Options};
use crate::model::ReadModel;
use crate::model::publisher::ModelPublisher;
use crate::operations::Operation;
use crate::ratelimit::RateLimiter;
use crate::service::{Reaper, Services};
use crate::telemetry::access::AccessLog;
use crate::telemetry::log;
use crate::telemetry::metrics::Metrics;

/// How often one address may try to log in; less often where the rate limit is lower, and without a limit where there is none.
const LOGINS_PER_MINUTE: u32 = 60;

/// Serves until a signal stops it.
pub fn run(flags: ServeFlags) -> anyhow::Result<()> {
    run_observed(flags, Observation::On)
}

/// Serves, and records of each request what `observation` says.
pub(super) fn run_observed(flags: ServeFlags, observation: Observation) -> anyhow::Result<()> {
    let config = Config::load(flags, process_environment())?;
    let log_guard = log::init(&config)?;
    let (access_log, _access_guard) = AccessLog::start(&config.log, &log_guard)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let _lock = match &config.database.url {
        DatabaseUrl::Sqlite { path } => Some(ServerLock::acquire(path)?),
        DatabaseUrl::Postgres(_) => None,
    };
    let metrics = Arc::new(Metrics::new(operation_labels(), log_guard.dropped(), clock.now()));
    // Before the database is filled: a first start that cannot listen must not use up the one time that the token is shown.
    let listener =
        TcpListener::bind(config.http.listen).with_context(|| format!("cannot listen on {}", config.http.listen))?;
    let (app, first_start) = assemble(&config, clock, metrics, access_log)?;
    let options = Options { workers: config.http.workers(), drain: config.http.drain, observation };
    let services = Arc::clone(&app.services);
    actix_web::rt::System::new().block_on(async {
        accompany(services);
        let (server, address) = server::serve(app, listener, options)?;
        announce(&config, address, first_start.as_ref())?;
        server.await.context("the server failed")
    })
}

/// Starts what goes on beside the requests.
fn accompany(services: Arc<Services>) {
    actix_web::rt::spawn(Reaper::new(Arc::clone(&services)).run());
    let present = Arc::clone(&services);
    actix_web::rt::spawn(async move { present.keep_presence().await });
    let used = Arc::clone(&services);
    actix_web::rt::spawn(async move { used.keep_uses().await });
    actix_web::rt::spawn(async move {
        // The server itself stops on the same signals; whoever waits for a job or a log line is let go then.
        stop_signal().await;
        services.stop_waiting();
    });
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut quit)) = (signal(SignalKind::terminate()), signal(SignalKind::quit())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = quit.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// Opens the database, reads what requests need first, and starts the writer.
fn assemble(
    config: &Config,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    access_log: AccessLog,
) -> anyhow::Result<(Data<App>, Option<FirstStart>)> {
    let url = &config.database.url;
    let mut conn = db::prepare(url, if config.database.migrate { Schema::Migrate } else { Schema::Require })?;
    let first_start = bootstrap::run(&mut conn, config.database.first_owner, clock.now())?;
    let readers = Readers::open(url, config.read_connections())?;
    let model = Arc::new(ReadModel::default());
    let identities = Arc::new(Identities::default());
    let publisher = ModelPublisher::new(Arc::clone(&model), Arc::clone(&identities));
    let observer = Arc::new(CountCommits(Arc::clone(&metrics)));
    let database = Database::serve(url, conn, readers, Box::new(publisher), observer)?;
    let services =
        Arc::new(Services::new(Arc::clone(&model), database.clone(), Arc::clone(&clock), config.queue.clone()));
    let limiter = RateLimiter::new(config.http.rate_limit);
    let login_limiter = RateLimiter::new(config.http.rate_limit.min(LOGINS_PER_MINUTE));
    let public_url = config.http.public_url.clone();
    let secure_cookies = public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
    let app = App {
        services,
        model,
        database,
        identities,
        limiter,
        login_limiter,
        secure_cookies,
        metrics,
        access_log,
        public_url,
        clock,
    };
    Ok((Data::new(app), first_start))
}

struct CountCommits(Arc<Metrics>);

impl WriterObserver for CountCommits {
    fn waiting(&self, change: i64) {
        self.0.writer_queue.add(change);
    }

    fn refused(&self) {
        self.0.writer_rejected.inc();
    }

    fn committed(&self, units: usize) {
        self.0.record_writer_batch(units as u64);
    }
}

/// The operation ids in the order of their index. Leaked: there is one list for the life of the process.
fn operation_labels() -> &'static [&'static str] {
    Operation::ALL.iter().map(|operation| operation.id()).collect::<Vec<_>>().leak()
}

fn announce(config: &Config, address: SocketAddr, first_start: Option<&FirstStart>) -> anyhow::Result<()> {
    let url = config.http.public_url(address);
    tracing::info!(%address, swagger = %format!("{url}/swagger/"), "serving");
    let Some(FirstStart { organization, owner }) = first_start else { return Ok(()) };
    let organization = &organization.name;
    let Some(FirstOwner { user, token }) = owner else {
        return output::print(&format!(
            "\
This database is new: it has the organization \"{organization}\".

If it has no user yet, whoever logs in first becomes the owner: coder login {url}
"
        ));
    };
    let token = token.reveal();
    output::print(&format!(
        "\
This database is new: it has the organization \"{organization}\" and the user \"{owner}\".

Session token of {owner}, shown this once:

    {token}

Swagger UI: {url}/swagger/
Queue page: {url}/queue
First call: curl -H 'Coder-Session-Token: {token}' {url}/api/v2/organizations
",
        owner = user.username,
    ))
}
