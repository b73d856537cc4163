//! The metrics that exist, held against what the operator tells.

use std::{collections::BTreeMap, convert::Infallible};

use kube::client::Body;
use microservice_operator::{Context, Options, telemetry::exposition};

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Gauge,
    Counter,
    Histogram,
}

/// A label, and the values that it can have; none listed: anything.
pub type Label = (&'static str, &'static [&'static str]);

/// One metric.
#[derive(Clone, Debug)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    pub labels: &'static [Label],
}

const STATUS: Label = ("status", &["True", "False", "Unknown"]);
const PRIORITY: Label = ("priority", &["user", "drift", "startup"]);
const RECONCILES: Label = ("result", &["done", "stalled", "failed", "panicked", "timed_out"]);
const WRITES: Label = ("result", &["applied", "repaired", "refused", "failed", "pruned"]);
const VERB: Label = ("verb", &[]);
const RESOURCE: Label = ("resource", &[]);

const METRICS: &[(&str, Kind, &[Label])] = &[
    ("microservice_operator_build_info", Kind::Gauge, &[("version", &[])]),
    ("microservice_operator_leader", Kind::Gauge, &[]),
    ("microservice_operator_services", Kind::Gauge, &[("condition", &[]), STATUS]),
    ("microservice_operator_queue_depth", Kind::Gauge, &[PRIORITY]),
    ("microservice_operator_queue_wait_seconds", Kind::Histogram, &[]),
    ("microservice_operator_reconcile_duration_seconds", Kind::Histogram, &[]),
    ("microservice_operator_reconciles_total", Kind::Counter, &[RECONCILES]),
    ("microservice_operator_time_to_ready_seconds", Kind::Histogram, &[]),
    ("microservice_operator_api_requests_total", Kind::Counter, &[VERB, RESOURCE, ("code", &[])]),
    ("microservice_operator_api_request_duration_seconds", Kind::Histogram, &[VERB]),
    ("microservice_operator_breaker_open", Kind::Gauge, &[]),
    ("microservice_operator_watch_restarts_total", Kind::Counter, &[RESOURCE]),
    ("microservice_operator_watch_up", Kind::Gauge, &[RESOURCE]),
    ("microservice_operator_child_writes_total", Kind::Counter, &[("kind", &[]), WRITES]),
    ("process_resident_memory_bytes", Kind::Gauge, &[]),
    ("process_cpu_seconds_total", Kind::Counter, &[]),
    ("process_start_time_seconds", Kind::Gauge, &[]),
    ("process_open_fds", Kind::Gauge, &[]),
];

/// All metrics of the operator, as its exposition names them.
pub fn metric_names() -> Vec<Metric> {
    METRICS.iter().map(|&(name, kind, labels)| Metric { name, kind, labels }).collect()
}

/// Names and types of a fresh operator's exposition. It needs no cluster for that.
fn told() -> BTreeMap<String, Kind> {
    let nobody = |_: http::Request<Body>| async { Ok::<_, Infallible>(http::Response::new(Body::empty())) };
    let context = Context::new(kube::Client::new(tower::service_fn(nobody), "default"), Options::default());
    let text = exposition(&context).expect("an exposition");
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types
        .map(|(name, kind)| match kind {
            "counter" => (format!("{name}_total"), Kind::Counter),
            "gauge" => (name.to_owned(), Kind::Gauge),
            "histogram" => (name.to_owned(), Kind::Histogram),
            other => panic!("{name} is a {other}"),
        })
        .collect()
}

#[tokio::test]
async fn the_list_is_what_the_operator_tells() {
    let known: BTreeMap<String, Kind> =
        metric_names().into_iter().map(|metric| (metric.name.to_owned(), metric.kind)).collect();
    assert_eq!(told(), known);
}
