//! `orgd serve`: puts the parts together and runs them.

mod double;
mod reload;
mod stop;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use anyhow::Context;
use clap::Args;

use super::output;
use crate::auth::identities::Identities;
use crate::clock::Clock;
use crate::config::{Config, ServeFlags, process_environment};
use crate::db::bootstrap::{self, FirstOwner, FirstStart};
use crate::db::seed;
use crate::db::{self, Database, Readers, Schema, ServerLock, WriterObserver};
use crate::fixture::State;
use crate::http::middleware::Observation;
use crate::http::server::{self, Options};
use crate::http::{App, Origins, TrustedProxies, control};
use crate::model::ReadModel;
use crate::model::publisher::ModelPublisher;
use crate::operations::Operation;
use crate::ratelimit::RateLimiter;
use crate::service::{Reaper, Services};
use crate::telemetry::access::{AccessLog, AccessLogGuard};
use crate::telemetry::log::{self, LogGuard};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::{Traces, TracesGuard};
use crate::test_double::TestDouble;
use crate::tls::Certificate;
use double::{Ephemeral, Ready, TestFlags};
use reload::Reload;
use stop::{Asked, Parts};

/// How often one address may try to log in; less often where the rate limit is lower, and without a limit where there is none.
const LOGINS_PER_MINUTE: u32 = 60;

/// How long connections that have just been accepted have to say what they want, once no more are accepted.
const LAST_HEADS: Duration = Duration::from_millis(100);

/// Flags of `orgd serve`.
#[derive(Debug, Clone, Default, Args)]
pub struct Flags {
    #[command(flatten)]
    serve: ServeFlags,
    #[command(flatten)]
    test: TestFlags,
}

impl From<ServeFlags> for Flags {
    fn from(serve: ServeFlags) -> Self {
        Self { serve, test: TestFlags::default() }
    }
}

/// Serves until a signal stops it.
pub fn run(flags: Flags) -> anyhow::Result<()> {
    run_observed(flags, Observation::On)
}

/// Serves, and records of each request what `observation` says.
pub(super) fn run_observed(flags: Flags, observation: Observation) -> anyhow::Result<()> {
    let Flags { serve, test } = flags;
    let environment = process_environment();
    let (mut ephemeral, config) = if test.ephemeral {
        let (ephemeral, config) = Ephemeral::prepare(&test, serve.clone(), environment.clone())?;
        (Some(ephemeral), config)
    } else {
        (None, Config::load(serve.clone(), environment.clone())?)
    };
    // Before the database is touched, like everything that a start may fail at.
    config.http.check_exposure()?;
    let log_guard = log::init(&config)?;
    let certificate = config.http.tls.as_ref().map(Certificate::load).transpose()?;
    let tls = certificate.as_ref().map(Certificate::server_config).transpose()?;
    let (observers, _observing) = observers(&config, &log_guard)?;
    let clock = double::clock_of(ephemeral.as_ref());
    let _lock = double::file_of(&config.database.url).map(ServerLock::acquire).transpose()?;
    let metrics = Arc::new(Metrics::new(operation_labels(), log_guard.dropped(), clock.now()));
    // Before the database is filled: a first start that cannot listen must not use up the one time that the token is shown.
    let listener =
        TcpListener::bind(config.http.listen).with_context(|| format!("cannot listen on {}", config.http.listen))?;
    let (app, first_start) = assemble(&config, clock, metrics, observers, ephemeral.as_ref())?;
    let options = Options { workers: config.http.workers(), drain: config.http.drain, observation };
    let control = ephemeral.as_mut().and_then(|ephemeral| ephemeral.control.take());
    let ready = ephemeral.as_ref().map(|ephemeral| ephemeral.state.clone());
    let double = ephemeral.map(|ephemeral| double_of(&app, ephemeral));
    actix_web::rt::System::new().block_on(async {
        accompany(&app, double.as_ref().map(|(double, _)| Arc::clone(double)));
        let control_url = match (control, &double) {
            (Some((listener, secret)), Some((double, _))) => {
                let (server, address) = control::serve(Arc::clone(double), listener, secret)?;
                actix_web::rt::spawn(server);
                Some(format!("http://{address}"))
            }
            _ => None,
        };
        if double.is_none() {
            let (config, log) = (config.clone(), log_guard.filter());
            let reload = Reload { flags: serve, environment, config, log, certificate };
            actix_web::rt::spawn(reload.on_signals().context("cannot listen for SIGHUP")?);
        }
        let asked = Asked::listen().context("cannot listen for signals")?;
        let other = asked.other();
        let (server, address) = server::serve(app.clone(), listener, tls, options)?;
        let parts = parts_of(&app, server.handle(), config.http.drain_delay);
        actix_web::rt::spawn(stop::when_asked(asked, parts));
        let running = actix_web::rt::spawn(server);
        let url = config.http.public_url(address);
        let has_swagger = config.http.swagger_ui;
        announce(address, Told { url, has_swagger, state: ready, first_start, control_url, file: test.ready_file })?;
        if test.exit_with_stdin {
            double::when_stdin_ends(move || other.notify_one());
        }
        running.await.context("the server was given up")?.context("the server failed")?;
        stop::settle(&app.database, &config.database.url).await;
        Ok(())
    })
}

/// Who is told of each request, and what must live as long as they are.
fn observers(config: &Config, log: &LogGuard) -> anyhow::Result<((AccessLog, Traces), (AccessLogGuard, TracesGuard))> {
    let (access_log, access_guard) = AccessLog::start(&config.log, log)?;
    let endpoint = config.log.otlp_endpoint.as_deref();
    let (traces, traces_guard) = Traces::start(endpoint).context("traces cannot be sent")?;
    Ok(((access_log, traces), (access_guard, traces_guard)))
}

/// What the control routes work on, and what must live as long as the server.
fn double_of(app: &Data<App>, ephemeral: Ephemeral) -> (Arc<TestDouble>, Ephemeral) {
    let forgetting = app.clone();
    let forget = move || {
        forgetting.limiter.forget();
        forgetting.login_limiter.forget();
    };
    let (states, state) = (ephemeral.states.clone(), ephemeral.state.clone());
    let double = TestDouble::new(
        Arc::clone(&app.services),
        Arc::clone(&ephemeral.clock),
        Arc::clone(&ephemeral.interference),
        states,
        state,
        Box::new(forget),
    );
    (Arc::new(double), ephemeral)
}

/// Starts what goes on beside the requests.
fn accompany(app: &Data<App>, double: Option<Arc<TestDouble>>) {
    let services = Arc::clone(&app.services);
    match double {
        Some(double) => drop(actix_web::rt::spawn(double.accompany())),
        None => drop(actix_web::rt::spawn(Reaper::new(Arc::clone(&services)).run())),
    }
    let present = Arc::clone(&services);
    actix_web::rt::spawn(async move { present.keep_presence().await });
    let used = Arc::clone(&services);
    actix_web::rt::spawn(async move { used.keep_uses().await });
}

/// What ends one after the other when the server is asked to stop.
fn parts_of(
    app: &Data<App>,
    server: ServerHandle,
    delay: Duration,
) -> Parts<impl FnOnce() + 'static, impl FnOnce() + 'static, impl Future<Output = ()> + 'static> {
    let (stopping, waiting) = (app.clone(), app.clone());
    Parts {
        not_ready: move || stopping.is_stopping.store(true, Ordering::Release),
        delay,
        stop_waiting: move || waiting.services.stop_waiting(),
        finish: async move {
            // A connection whose request was not read yet would be closed without an answer.
            server.pause().await;
            tokio::time::sleep(LAST_HEADS).await;
            server.stop(true).await;
        },
    }
}

/// Opens the database, reads what requests need first, and starts the writer.
fn assemble(
    config: &Config,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    (access_log, traces): (AccessLog, Traces),
    ephemeral: Option<&Ephemeral>,
) -> anyhow::Result<(Data<App>, Option<FirstStart>)> {
    let url = &config.database.url;
    let mut conn = db::prepare(url, if config.database.migrate { Schema::Migrate } else { Schema::Require })?;
    let first_start = match ephemeral {
        Some(ephemeral) => {
            seed::fill(&mut conn, &ephemeral.state.contents, clock.now())?;
            None
        }
        None => bootstrap::run(&mut conn, config.database.first_owner, clock.now())
            .map_err(|error| db::name_file(url, error))?,
    };
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
    let app = App {
        services,
        model,
        database,
        identities,
        limiter,
        login_limiter,
        secure_cookies: config.http.is_secure(),
        has_swagger: config.http.swagger_ui,
        cors: Origins::new(&config.http.cors_origins),
        insists_on_tls: config.http.insists_on_tls(),
        limits: config.limits,
        proxies: TrustedProxies::new(&config.http.trusted_proxies),
        metrics,
        access_log,
        traces,
        public_url: config.http.public_url.clone(),
        clock,
        is_stopping: AtomicBool::new(false),
        interference: ephemeral.filter(|one| one.control.is_some()).map(|one| Arc::clone(&one.interference)),
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

/// What is told once the server is ready.
struct Told {
    url: String,
    has_swagger: bool,
    state: Option<State>,
    first_start: Option<FirstStart>,
    control_url: Option<String>,
    file: Option<PathBuf>,
}

fn announce(address: SocketAddr, told: Told) -> anyhow::Result<()> {
    let Told { url, has_swagger, state, first_start, control_url, file } = told;
    let swagger = has_swagger.then(|| format!("{url}/swagger/"));
    tracing::info!(%address, swagger, "serving");
    let owner = first_start.as_ref().and_then(|first| first.owner.as_ref());
    let access = match (&state, owner) {
        (Some(state), _) => Some((state.contents.access.username.clone(), state.contents.access.token.clone())),
        (None, Some(owner)) => Some((owner.user.username.clone(), owner.token.reveal().to_owned())),
        (None, None) => None,
    };
    let (user, token) = access.unzip();
    let is_ephemeral = state.is_some();
    let state = state.map(|state| state.name.to_string());
    let ready = Ready { url: url.clone(), token, user, state, control_url, pid: std::process::id() };
    ready.tell(is_ephemeral, file.as_deref())?;
    first_start.map_or(Ok(()), |first_start| greet(&url, has_swagger, &first_start))
}

/// What a first start prints for people.
fn greet(url: &str, has_swagger: bool, first_start: &FirstStart) -> anyhow::Result<()> {
    let FirstStart { organization, owner } = first_start;
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
    let swagger = if has_swagger { format!("Swagger UI: {url}/swagger/\n") } else { String::new() };
    output::print(&format!(
        "\
This database is new: it has the organization \"{organization}\" and the user \"{owner}\".

Session token of {owner}, shown this once:

    {token}

{swagger}Queue page: {url}/queue
First call: curl -H 'Coder-Session-Token: {token}' {url}/api/v2/organizations
",
        owner = user.username,
    ))
}
