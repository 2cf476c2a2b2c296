//! Owns the names and help texts of the metrics and their order. The text format itself is the `prometheus` crate's.

use prometheus::TextEncoder;
use prometheus::proto::{Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType};

use super::atoms::Reading;
use super::{Metrics, OperationMetrics, STATUSES, process};

/// Microseconds in a second.
const MICROS: f64 = 1_000_000.0;

/// All of it. Families without a single series are left out.
pub(super) fn text(metrics: &Metrics) -> String {
    let families: Vec<MetricFamily> = requests(metrics)
        .into_iter()
        .chain(connections(metrics))
        .chain(server(metrics))
        .chain(database(metrics))
        .chain(of_process(metrics))
        .filter(|family| !family.get_metric().is_empty())
        .collect();
    match TextEncoder::new().encode_to_string(&families) {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(%error, "failed to encode the metrics");
            String::new()
        }
    }
}

fn requests(metrics: &Metrics) -> Vec<MetricFamily> {
    let counted = metrics.operations.iter().flat_map(|operation| {
        let statuses = STATUSES.iter().map(ToString::to_string).chain(["other".to_owned()]);
        statuses
            .zip(&operation.statuses)
            .filter(|(_, count)| count.get() > 0)
            .map(|(status, count)| counter(&[("operation", operation.label), ("status", &status)], count.get() as f64))
    });
    let latencies = metrics.operations.iter().filter_map(latency);
    vec![
        family(
            "orgd_http_requests_total",
            "Requests answered, by operation (- where no route matched) and status.",
            MetricType::COUNTER,
            counted.collect(),
        ),
        family(
            "orgd_http_request_duration_seconds",
            "Time from a request's head to its answer's, by operation.",
            MetricType::HISTOGRAM,
            latencies.collect(),
        ),
        gauges("orgd_http_requests_in_flight", "Requests under way.", metrics.in_flight() as f64),
        gauges(
            "orgd_http_requests_waiting",
            "Those of them that wait for a job or for the rest of their body.",
            metrics.waiting.get() as f64,
        ),
        counters(
            "orgd_http_requests_shed_total",
            "Requests refused because too many were under way.",
            &[(&[], metrics.shed.get())],
        ),
    ]
}

fn latency(operation: &OperationMetrics) -> Option<Metric> {
    let reading = operation.latency.read();
    (reading.count > 0).then(|| histogram(&[("operation", operation.label)], &reading, MICROS))
}

fn connections(metrics: &Metrics) -> Vec<MetricFamily> {
    vec![
        gauges("orgd_http_connections", "Open connections.", metrics.connections.get() as f64),
        counters(
            "orgd_http_connections_refused_total",
            "Connections refused because their address had too many.",
            &[(&[], metrics.connections_refused.get())],
        ),
        counters(
            "orgd_http_connections_given_up_total",
            "Connections closed because no whole request came, or the rest of a body that nobody wanted.",
            &[(&[], metrics.connections_given_up.get())],
        ),
    ]
}

fn server(metrics: &Metrics) -> Vec<MetricFamily> {
    let dropped = &metrics.dropped;
    vec![
        counters(
            "orgd_http_panics_total",
            "Panics caught while a request was handled.",
            &[(&[], metrics.panics.get())],
        ),
        counters(
            "orgd_http_rate_limited_total",
            "Requests refused by the rate limit.",
            &[(&[], metrics.rate_limited.get())],
        ),
        counters(
            "orgd_auth_cache_lookups_total",
            "Session tokens looked up in the cache, by result.",
            &[
                (&[("result", "hit")], metrics.auth_cache_hits.get()),
                (&[("result", "miss")], metrics.auth_cache_misses.get()),
            ],
        ),
        gauges("orgd_writer_queue_depth", "Writes that wait for the writer.", metrics.writer_queue.get() as f64),
        counters(
            "orgd_writer_rejected_total",
            "Writes refused because the writer's queue was full or no turn came in time.",
            &[(&[], metrics.writer_rejected.get())],
        ),
        family(
            "orgd_writer_batch_size",
            "Writes in one commit; the count is the number of commits.",
            MetricType::HISTOGRAM,
            vec![histogram(&[], &metrics.writer_batches.read(), 1.0)],
        ),
        counters(
            "orgd_log_lines_dropped_total",
            "Log lines given up so that no request had to wait, by reason.",
            &[
                (&[("reason", "access_queue_full")], dropped.access_queue_full()),
                (&[("reason", "log_queue_full")], dropped.log_queue_full()),
                (&[("reason", "write_failed")], dropped.write_failed()),
            ],
        ),
        family(
            "orgd_build_info",
            "Always 1; the label tells the version.",
            MetricType::GAUGE,
            vec![gauge(&[("version", env!("CARGO_PKG_VERSION"))], 1.0)],
        ),
    ]
}

fn database(metrics: &Metrics) -> Vec<MetricFamily> {
    let mut families = vec![family(
        "orgd_read_connections",
        "Database connections for reading, by whether a read uses them.",
        MetricType::GAUGE,
        vec![
            gauge(&[("state", "open")], metrics.read_connections.get() as f64),
            gauge(&[("state", "used")], metrics.read_connections_used.get() as f64),
        ],
    )];
    let reads = u64::try_from(metrics.database_reads.get()).unwrap_or_default();
    families.extend([
        counters("orgd_database_reads_total", "How often the database was read.", &[(&[], reads)]),
        gauges("orgd_workers_waiting", "Workers that wait for a job.", metrics.workers_waiting.get() as f64),
        gauges("orgd_jobs_pending", "Provisioner jobs that wait for a worker.", metrics.jobs_pending.get() as f64),
    ]);
    if let Some(following) = metrics.following.get() {
        families.push(gauges(
            "orgd_change_notifications_up",
            "1 while the connection that tells of other servers' writes is up; 0 while every request asks the database.",
            following.is_notified.get() as f64,
        ));
        families.push(gauges(
            "orgd_change_feed_age_seconds",
            "How long ago memory was last brought up to date with all servers' writes.",
            following.age.get() as f64 / MICROS,
        ));
    }
    families
}

fn of_process(metrics: &Metrics) -> Vec<MetricFamily> {
    let usage = process::usage();
    let known = |name, help, value: Option<u64>| value.map(|value| gauges(name, help, value as f64));
    let cpu = usage.cpu_seconds.map(|seconds| {
        let help = "Processor time used, user and system, in seconds.";
        family("process_cpu_seconds_total", help, MetricType::COUNTER, vec![counter(&[], seconds)])
    });
    let started = metrics.started.micros() as f64 / MICROS;
    [
        cpu,
        known("process_resident_memory_bytes", "Memory in use, in bytes.", usage.resident_bytes),
        known("process_open_fds", "Open files, among them each connection.", usage.open_files),
        known("process_max_fds", "How many files may be open.", usage.most_files),
        known("process_threads", "Threads.", usage.threads),
        Some(gauges("process_start_time_seconds", "When the process began, in Unix seconds.", started)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

type Labels<'label> = [(&'label str, &'label str)];

fn family(name: &str, help: &str, kind: MetricType, series: Vec<Metric>) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_field_type(kind);
    family.set_metric(series);
    family
}

fn counters(name: &str, help: &str, series: &[(&Labels<'_>, u64)]) -> MetricFamily {
    let series = series.iter().map(|(labels, count)| counter(labels, *count as f64)).collect();
    family(name, help, MetricType::COUNTER, series)
}

fn gauges(name: &str, help: &str, value: f64) -> MetricFamily {
    family(name, help, MetricType::GAUGE, vec![gauge(&[], value)])
}

fn counter(labels: &Labels<'_>, count: f64) -> Metric {
    let mut value = Counter::default();
    value.set_value(count);
    let mut metric = labelled(labels);
    metric.set_counter(value);
    metric
}

fn gauge(labels: &Labels<'_>, value: f64) -> Metric {
    let mut number = Gauge::default();
    number.set_value(value);
    let mut metric = labelled(labels);
    metric.set_gauge(number);
    metric
}

/// `unit` is how many of the counted make one of the printed.
fn histogram(labels: &Labels<'_>, reading: &Reading, unit: f64) -> Metric {
    let buckets = reading.cumulative.iter().map(|(bound, count)| {
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(*bound as f64 / unit);
        bucket.set_cumulative_count(*count);
        bucket
    });
    let mut value = Histogram::default();
    value.set_bucket(buckets.collect());
    value.set_sample_count(reading.count);
    value.set_sample_sum(reading.sum as f64 / unit);
    let mut metric = labelled(labels);
    metric.set_histogram(value);
    metric
}

fn labelled(labels: &Labels<'_>) -> Metric {
    let pairs = labels.iter().map(|(name, value)| {
        let mut pair = LabelPair::default();
        pair.set_name((*name).to_owned());
        pair.set_value((*value).to_owned());
        pair
    });
    Metric::from_label(pairs.collect())
}
