//! Owns traces: a span for each request, sent by OpenTelemetry's exporter over OTLP (HTTP, protobuf), from a thread of its own. Nothing is sent, and a
//! request pays a look at one pointer, unless an endpoint is configured.
//!
//! A span is made when its request has been answered, of what the access log is told too. It continues the trace of the `traceparent` that the request
//! came with. Like the access log it holds no path and no query.

use std::time::SystemTime;

use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{Span, SpanKind, Status, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use super::access::AccessRecord;

/// What spans of this server are from.
const SERVICE: &str = "orgd";

/// Takes spans of requests. Clones feed the same thread.
#[derive(Debug, Clone, Default)]
pub struct Traces(Option<SdkTracer>);

/// Keeps the thread that sends. When dropped it sends what is left, for a few seconds at most.
#[derive(Debug, Default)]
#[must_use = "traces end when this is dropped"]
pub struct TracesGuard(Option<SdkTracerProvider>);

/// What a request came with, or the empty text, by the name of a header.
pub type Header<'a> = &'a dyn Fn(&str) -> Option<&'a str>;

impl Traces {
    /// Starts to send to a collector; the URL is that of its OTLP receiver without a path, such as `http://localhost:4318`. Without one nothing is sent.
    ///
    /// # Errors
    /// The URL or the environment's `OTEL_*` variables cannot be used.
    pub fn start(endpoint: Option<&str>) -> Result<(Self, TracesGuard), ExporterBuildError> {
        let Some(endpoint) = endpoint else { return Ok((Self::default(), TracesGuard::default())) };
        // The exporter's HTTP client insists on knowing how to do TLS. Another part of the process may have said so before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let exporter = SpanExporter::builder().with_http().with_endpoint(url).build()?;
        let resource = Resource::builder()
            .with_attribute(KeyValue::new("service.name", SERVICE))
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        Ok((Self(Some(provider.tracer(SERVICE))), TracesGuard(Some(provider))))
    }

    /// Whether spans are taken; a caller may save itself the making of one.
    pub fn is_enabled(&self) -> bool {
        self.0.is_some()
    }

    /// Hands over the span of a request that was just answered. It never waits: what finds no room is dropped.
    pub fn send(&self, record: &AccessRecord, header: Header<'_>) {
        let Some(tracer) = &self.0 else { return };
        let ended = SystemTime::now();
        let begun = ended.checked_sub(record.duration).unwrap_or(ended);
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(header));
        let mut attributes = vec![
            KeyValue::new("http.request.method", record.method),
            KeyValue::new("http.response.status_code", i64::from(record.status)),
            KeyValue::new("orgd.operation", record.operation),
            KeyValue::new("orgd.request_id", record.request_id.to_string()),
        ];
        attributes.extend(record.user.map(|user| KeyValue::new("enduser.id", user.to_string())));
        let builder = tracer.span_builder(record.operation).with_kind(SpanKind::Server).with_start_time(begun);
        let mut span = builder.with_attributes(attributes).start_with_context(tracer, &parent);
        if record.status >= 500 {
            span.set_status(Status::error(""));
        }
        span.end_with_timestamp(ended);
    }
}

impl Drop for TracesGuard {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.take().map(|provider| provider.shutdown()) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// The two headers of a trace context.
struct Headers<'h>(Header<'h>);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (self.0)(key)
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}
