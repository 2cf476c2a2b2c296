//! What happens when a handler panics: an answer with an id, a count, a line, and a thread that goes on.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use actix_web::{HttpResponse, HttpServer, web};

use super::*;
use crate::auth::identities::Identities;
use crate::clock::{Clock, SystemClock};
use crate::config::{DatabaseUrl, QueueConfig};
use crate::db::{self, Database, Readers, Schema, Uncounted, bootstrap};
use crate::http::TrustedProxies;
use crate::model::ReadModel;
use crate::model::publisher::ModelPublisher;
use crate::ratelimit::RateLimiter;
use crate::service::Services;
use crate::telemetry::access::AccessLog;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::Traces;

fn app(folder: &Path, access_log: AccessLog) -> Data<App> {
    let url = DatabaseUrl::Sqlite { path: folder.join("orgd.db") };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let mut conn = db::prepare(&url, Schema::Migrate).unwrap();
    bootstrap::run(&mut conn, false, clock.now()).unwrap();
    let readers = Readers::open(&url, 1).unwrap();
    let (model, identities) = (Arc::new(ReadModel::default()), Arc::new(Identities::default()));
    let publisher = ModelPublisher::new(Arc::clone(&model), Arc::clone(&identities));
    let database = Database::serve(&url, conn, readers, Box::new(publisher), Arc::new(Uncounted)).unwrap();
    let services = Services::new(Arc::clone(&model), database.clone(), Arc::clone(&clock), QueueConfig::default());
    let labels: Vec<&'static str> = Operation::ALL.iter().map(|operation| operation.id()).collect();
    Data::new(App {
        services: Arc::new(services),
        model,
        database,
        identities,
        limiter: RateLimiter::new(0),
        login_limiter: RateLimiter::new(0),
        limits: crate::config::LimitsConfig::default(),
        proxies: TrustedProxies::default(),
        secure_cookies: false,
        insists_on_tls: false,
        has_swagger: false,
        cors: None,
        metrics: Arc::new(Metrics::new(labels.leak(), crate::telemetry::DroppedLines::default(), clock.now())),
        access_log,
        traces: Traces::default(),
        public_url: None,
        clock,
        is_stopping: AtomicBool::new(false),
        interference: None,
    })
}

async fn breaks() -> HttpResponse {
    panic!("the secret of src/breaks.rs")
}

/// Which thread answers.
async fn works() -> HttpResponse {
    HttpResponse::Ok().body(format!("{:?}", std::thread::current().id()))
}

/// The answers to requests for these paths, one after the other on one connection, which is closed with the last.
fn ask(address: SocketAddr, paths: &[&str]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    for (number, path) in paths.iter().enumerate() {
        let connection = if number + 1 == paths.len() { "close" } else { "keep-alive" };
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\n\r\n").unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_panic_is_a_500_with_an_id_and_the_thread_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (access_log, records) = AccessLog::kept();
    let app = app(folder.path(), access_log);
    let metrics = Arc::clone(&app.metrics);
    let (one, three) = actix_web::rt::System::new().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let factory = move || {
            let around = Around::new(app.clone(), Observation::On);
            let routes =
                actix_web::App::new().route("/breaks", web::get().to(breaks)).route("/works", web::get().to(works));
            routes.wrap(around)
        };
        let server = HttpServer::new(factory).workers(1).disable_signals().listen(listener).unwrap().run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let asking = web::block(move || (ask(address, &["/works"]), ask(address, &["/breaks", "/breaks", "/works"])));
        let answers = asking.await.unwrap();
        handle.stop(false).await;
        answers
    });
    let thread = |answer: &str| answer.rsplit("\r\n\r\n").next().unwrap().to_owned();
    assert_eq!(three.matches("HTTP/1.1 500 ").count(), 2, "{three}");
    assert!(thread(&one).contains("ThreadId"), "{one}");
    assert_eq!(thread(&one), thread(&three), "the same worker thread answers afterwards");

    let (head, rest) = three.split_once("\r\n\r\n").unwrap();
    let id = head.lines().find_map(|line| line.strip_prefix("x-coder-request-id: ")).unwrap();
    assert!(rest.contains(&format!("\"detail\":\"Request ID {id}\"")), "{three}");
    assert!(head.contains("content-type: application/json; charset=utf-8"), "{head}");
    assert!(!three.contains("secret") && !three.contains("breaks.rs"), "{three}");
    let text = metrics.render();
    assert!(text.contains("orgd_http_panics_total 2\n"), "{text}");
    assert!(text.contains("orgd_http_requests_in_flight 0\n"), "{text}");

    let records = records();
    let statuses: Vec<_> = records.iter().map(|record| record.status).collect();
    assert_eq!(statuses, [200, 500, 500, 200]);
    assert_eq!(records[1].request_id.to_string(), id);
    assert!(records[1].peer.is_some_and(|peer| peer.is_loopback()), "{records:?}");
}
