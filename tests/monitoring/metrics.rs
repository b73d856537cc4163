//! The metrics that exist: those of the reference, which `make drift` holds against what the operator tells.

use microservice_core::status::TYPES;

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
    pub labels: Vec<Label>,
}

/// The reference, which is generated from what the operator answers.
const REFERENCE: &str = include_str!("../../docs/reference/metrics.md");

/// Labels whose values are known.
const VALUES: &[(&str, &str, &[&str])] = &[
    ("services", "status", &["True", "False", "Unknown"]),
    ("services", "condition", &TYPES),
    ("queue_depth", "priority", &["user", "drift", "startup"]),
    ("reconciles_total", "result", &["done", "stalled", "failed", "panicked", "timed_out"]),
    ("child_writes_total", "result", &["applied", "repaired", "refused", "failed", "pruned"]),
];

/// All metrics of the operator, as its exposition names them.
pub fn metric_names() -> Vec<Metric> {
    let metrics: Vec<_> = REFERENCE.lines().filter_map(|line| metric(line.strip_prefix("| `")?)).collect();
    assert!(metrics.len() > 10, "no table: {REFERENCE}");
    metrics
}

fn metric(row: &'static str) -> Option<Metric> {
    let mut cells = row.split(" | ");
    let name = cells.next()?.trim_end_matches('`');
    let kind = match cells.next()? {
        "gauge" => Kind::Gauge,
        "counter" => Kind::Counter,
        "histogram" => Kind::Histogram,
        other => panic!("{name} is a {other}"),
    };
    let labels =
        cells.next()?.split(", ").map(|label| label.trim().trim_matches('`')).filter(|label| !label.is_empty());
    let values = |label: &str| {
        let is_it =
            |(metric, known, _): &&(&str, &str, &[&str])| name.ends_with(&format!("_{metric}")) && *known == label;
        VALUES.iter().find(is_it).map_or(&[] as &[&str], |(_, _, values)| *values)
    };
    Some(Metric { name, kind, labels: labels.map(|label| (label, values(label))).collect() })
}
