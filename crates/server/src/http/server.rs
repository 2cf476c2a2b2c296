//! Puts the HTTP server together and runs it.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpServer};
use nix::sys::socket::{Backlog, listen};
#[cfg(target_os = "linux")]
use nix::sys::socket::{setsockopt, sockopt};

use super::connections::Connections;
use super::error::ApiError;
use super::middleware::{Around, Observation};
use super::published::Published;
use super::state::App;
use super::{health, open_files, pages, published, queue_page, routes};

/// How to serve.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Threads that serve requests.
    pub workers: usize,
    /// How long requests may take to end after the signal to stop.
    pub drain: Duration,
    /// What is recorded of each request.
    pub observation: Observation,
}

/// Starts serving on the socket, HTTPS with `tls` and HTTP without. Await the result to run until its handle stops it.
pub fn serve(
    app: Data<App>,
    listener: TcpListener,
    tls: Option<rustls::ServerConfig>,
    options: Options,
) -> std::io::Result<(Server, SocketAddr)> {
    let address = listener.local_addr()?;
    let limits = app.limits;
    // A crowd that comes at once waits to be let in; otherwise its members try again a second later, and then two, and four.
    listen(&listener, Backlog::MAXCONN)?;
    give_up_slow_readers(&listener, limits.answer_timeout)?;
    let connections = Connections::new(&limits, app.proxies.clone(), Arc::clone(&app.metrics));
    actix_web::rt::spawn(Arc::clone(&connections).watch());
    let most = open_files::connections(limits.max_connections, options.workers);
    let published = Published::default();
    let server = HttpServer::new(move || build(app.clone(), published.clone(), options.observation))
        .workers(options.workers)
        // Whoever starts the server stops it.
        .disable_signals()
        .shutdown_timeout(options.drain.as_secs())
        .client_request_timeout(limits.head_timeout)
        .keep_alive(limits.idle_timeout)
        .max_connections((most as usize).div_ceil(options.workers))
        .on_connect(move |socket, data| connections.arrive(socket, data))
        // A worker that goes away while it waits for a job must not be given one.
        .h1_allow_half_closed(false);
    // HTTP/1.1 is all that is offered: HTTP/2 is not built in.
    let server = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls)?,
        None => server.listen(listener)?,
    };
    Ok((server.run(), address))
}

/// Connections inherit this of their listener: what was sent and is not taken within the time, because the peer is gone or because
/// it does not read, ends the connection. Nothing in the process could tell: what the kernel has taken counts as written.
#[cfg(target_os = "linux")]
fn give_up_slow_readers(listener: &TcpListener, after: Duration) -> std::io::Result<()> {
    let millis = u32::try_from(after.as_millis()).unwrap_or(u32::MAX);
    Ok(setsockopt(listener, sockopt::TcpUserTimeout, &millis)?)
}

/// Other systems have no such option.
#[cfg(not(target_os = "linux"))]
fn give_up_slow_readers(_: &TcpListener, _: Duration) -> std::io::Result<()> {
    Ok(())
}

/// The application of one worker thread.
pub fn build(
    app: Data<App>,
    published: Published,
    observation: Observation,
) -> actix_web::App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<actix_web::body::BoxBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let has_swagger = app.has_swagger;
    let around = Around::new(app.clone(), observation);
    actix_web::App::new()
        .app_data(app)
        .configure(routes::configure)
        .configure(operator_routes)
        .configure(ceiling_routes)
        .configure(|config| published::configure(config, &published))
        .configure(if has_swagger { pages::configure } else { |_: &mut ServiceConfig| {} })
        .configure(queue_page::configure)
        .default_service(web::to(|| async { Err::<String, _>(ApiError::RouteNotFound) }))
        .wrap(around)
}

fn operator_routes(config: &mut ServiceConfig) {
    config
        .service(pages::reading("/healthz", web::get().to(health::healthz), web::head().to(health::healthz)))
        .service(pages::reading("/readyz", web::get().to(health::readyz), web::head().to(health::readyz)))
        .service(pages::reading("/metrics", web::get().to(health::metrics), web::head().to(health::metrics)));
}

/// Static answers of the size of real ones, which the benchmark takes for the ceiling.
#[cfg(feature = "bench")]
fn ceiling_routes(config: &mut ServiceConfig) {
    super::ceiling::configure(config);
}

#[cfg(not(feature = "bench"))]
fn ceiling_routes(_: &mut ServiceConfig) {}
