//! Traces: what a collector gets, told by one that is written here and decodes the protobuf of OTLP.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::json;

use crate::harness::{TestServer, eventually};

/// Takes spans and keeps them.
#[derive(Clone)]
struct Collector {
    url: String,
    spans: Arc<Mutex<Vec<Span>>>,
    services: Arc<Mutex<Vec<String>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let collector = Self { url, spans: Arc::default(), services: Arc::default() };
        let kept = collector.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let kept = kept.clone();
                std::thread::spawn(move || while kept.take(&mut BufReader::new(stream.as_ref().unwrap())).is_some() {});
            }
        });
        collector
    }

    /// Reads one request; `None` at the end of the connection.
    fn take(&self, stream: &mut BufReader<&TcpStream>) -> Option<()> {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_ascii_lowercase()),
            }
        }
        assert_eq!(head[0], "post /v1/traces http/1.1");
        assert!(head.contains(&"content-type: application/x-protobuf".to_owned()), "{head:?}");
        let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap();
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        let request = ExportTraceServiceRequest::decode(&*body).unwrap();
        for of_resource in request.resource_spans {
            let attributes = of_resource.resource.unwrap().attributes;
            let name = attributes.iter().find(|attribute| attribute.key == "service.name").unwrap();
            self.services.lock().unwrap().push(format!("{:?}", name.value));
            let spans = of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            self.spans.lock().unwrap().extend(spans);
        }
        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        Some(())
    }

    /// The spans of an operation, once there are so many.
    fn of(&self, operation: &str, count: usize) -> Vec<Span> {
        let found = || {
            let spans = self.spans.lock().unwrap();
            spans.iter().filter(|span| span.name == operation).cloned().collect::<Vec<_>>()
        };
        eventually(|| found().len() >= count);
        found()
    }
}

fn attributes(span: &Span) -> BTreeMap<String, String> {
    let text = |value: Value| match value {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    let pair = |attribute: &opentelemetry_proto::tonic::common::v1::KeyValue| {
        (attribute.key.clone(), text(attribute.value.clone().unwrap().value.unwrap()))
    };
    span.attributes.iter().map(pair).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Both names of the variable, of which ours wins, and a batch at once.
fn traced(collector: &Collector) -> TestServer {
    TestServer::with(&[
        ("ORGD_OTLP_ENDPOINT", &collector.url),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ])
}

#[test]
fn every_request_is_a_span_that_continues_its_callers_trace() {
    let collector = Collector::start();
    let server = traced(&collector);
    let owner = server.owner();
    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let made = owner.request("POST", "/organizations").header("traceparent", format!("00-{trace}-{parent}-01"));
    let made = made.json(&json!({"name": "acme"})).send();
    assert_eq!(made.status, 201);

    let span = collector.of("createOrganization", 1).remove(0);
    assert_eq!((hexadecimal(&span.trace_id), hexadecimal(&span.parent_span_id)), (trace.into(), parent.into()));
    assert_eq!(span.kind, 2, "a server's");
    assert!(span.end_time_unix_nano > span.start_time_unix_nano);
    let attributes = attributes(&span);
    assert_eq!(attributes["http.request.method"], "POST");
    assert_eq!(attributes["http.response.status_code"], "201");
    assert_eq!(attributes["orgd.operation"], "createOrganization");
    assert_eq!(Some(&*attributes["orgd.request_id"]), made.header("x-coder-request-id"));
    assert!(attributes.contains_key("enduser.id"));
    assert!(!attributes.values().any(|value| value.contains("/api/")), "{attributes:?}");
    assert!(collector.services.lock().unwrap().iter().all(|name| name.contains("orgd")));
}

#[test]
fn what_is_no_trace_context_begins_a_trace_and_one_that_is_not_recorded_is_not_sent() {
    let collector = Collector::start();
    let server = traced(&collector);
    let send = |context: &str| server.owner().request("GET", "/organizations").header("traceparent", context).send();
    for context in ["", "nonsense", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "ff-\u{e4}"] {
        assert_eq!(send(context).status, 200);
    }
    // The caller has decided not to record this one.
    assert_eq!(send("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00").status, 200);
    assert_eq!(server.owner().get("/organizations/nowhere").status, 404);
    let spans = collector.of("getOrganizations", 4);
    assert!(spans.iter().all(|span| span.parent_span_id.is_empty()), "{spans:?}");
    let traces: std::collections::BTreeSet<_> = spans.iter().map(|span| span.trace_id.clone()).collect();
    assert_eq!((spans.len(), traces.len()), (4, 4));
    assert_eq!(attributes(&collector.of("getOrganizationByID", 1)[0])["http.response.status_code"], "404");
}

#[test]
fn a_collector_that_is_gone_costs_no_request() {
    let mut server =
        TestServer::with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"), ("OTEL_BSP_SCHEDULE_DELAY", "20")]);
    for _ in 0..50 {
        assert_eq!(server.owner().get("/organizations").status, 200);
    }
    server.signal("TERM");
    assert!(server.ends_well());
}
