//! Puts the HTTP server together and runs it.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpServer};

use super::error::ApiError;
use super::middleware::{Around, Observation};
use super::published::Published;
use super::state::App;
use super::{health, pages, published, queue_page, routes};

/// How long a caller may take to send the head of a request.
const HEAD_DEADLINE: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

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
    let published = Published::default();
    let server = HttpServer::new(move || build(app.clone(), published.clone(), options.observation))
        .workers(options.workers)
        // Whoever starts the server stops it.
        .disable_signals()
        .shutdown_timeout(options.drain.as_secs())
        .client_request_timeout(HEAD_DEADLINE)
        .keep_alive(KEEP_ALIVE)
        // A worker that goes away while it waits for a job must not be given one.
        .h1_allow_half_closed(false);
    // HTTP/1.1 is all that is offered: HTTP/2 is not built in.
    let server = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls)?,
        None => server.listen(listener)?,
    };
    Ok((server.run(), address))
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
