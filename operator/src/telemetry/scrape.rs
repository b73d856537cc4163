//! What `/metrics` answers: the counters, and what is read from the operator's knowledge at the moment of the scrape.

use std::{
    collections::BTreeMap,
    fmt::{Debug, Error, Formatter},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text},
    metrics::{MetricType, gauge::ConstGauge},
    registry::Registry,
};

use super::{PREFIX, process::Process};
use crate::{
    context::Context,
    store::{Served, resource_of},
};

/// The media type of the answer.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics, as OpenMetrics text.
///
/// # Errors
/// When a metric cannot be written, which would be a bug.
pub fn exposition(ctx: &Context) -> Result<String, Error> {
    let mut registry = Registry::with_prefix(PREFIX);
    ctx.metrics.register(&mut registry);
    registry.register_collector(Box::new(Knowledge(ctx.clone())));
    let mut process = Registry::default();
    process.register_collector(Box::new(Process));
    let mut answer = String::new();
    text::encode_registry(&mut answer, &registry)?;
    text::encode_registry(&mut answer, &process)?;
    text::encode_eof(&mut answer)?;
    Ok(answer)
}

/// Every metric with its type and meaning, as a table in Markdown, from an exposition: the reference in the docs.
pub fn reference(exposition: &str) -> String {
    let mut metrics: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for line in exposition.lines() {
        let Some((keyword, (name, text))) = line
            .strip_prefix("# ")
            .and_then(|line| line.split_once(' '))
            .and_then(|(keyword, rest)| Some((keyword, rest.split_once(' ')?)))
        else {
            continue;
        };
        let metric = metrics.entry(name).or_default();
        match keyword {
            "TYPE" => metric.0 = text,
            "HELP" => metric.1 = text,
            _ => {}
        }
    }
    let row = |(name, (kind, help)): (&&str, &(&str, &str))| {
        let suffix = if *kind == "counter" { "_total" } else { "" };
        format!("| `{name}{suffix}` | {kind} | {help} |\n")
    };
    let rows: String = metrics.iter().map(row).collect();
    format!("| metric | type | what it says |\n|---|---|---|\n{rows}")
}

/// Gauges over what the operator knows.
struct Knowledge(Context);

impl Debug for Knowledge {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("Knowledge")
    }
}

/// Writes one metric with its samples.
fn gauge<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    samples: impl IntoIterator<Item = (L, u64)>,
) -> Result<(), Error> {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in samples {
        // Counts of objects: far below what a float holds exactly.
        ConstGauge::new(value as f64).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}

impl Collector for Knowledge {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let ctx = &self.0;
        let encoder = &mut encoder;
        let none: [(&str, &str); 0] = [];
        gauge(
            encoder,
            "build_info",
            "The version that runs, always 1",
            [([("version", env!("CARGO_PKG_VERSION"))], 1)],
        )?;
        gauge(encoder, "leader", "Whether this operator leads, and so writes", [(none, u64::from(ctx.leads()))])?;
        gauge(
            encoder,
            "breaker_open",
            "Whether all requests are held back because the API server is overloaded or gone",
            [(none, u64::from(ctx.cluster.is_held_back()))],
        )?;
        let depth = ctx.queue.depths().map(|(priority, depth)| ([("priority", priority)], depth));
        gauge(encoder, "queue_depth", "Microservices that wait for a reconcile", depth)?;
        let conditions = ctx.store.conditions();
        let services = conditions
            .iter()
            .map(|((condition, status), count)| ([("condition", &**condition), ("status", &**status)], *count));
        gauge(encoder, "services", "Microservices by the status of their conditions", services)?;
        let served = ctx.store.served();
        let up = served.iter().enumerate().filter(|(_, served)| **served != Served::Absent);
        let up = up.map(|(kind, served)| ([("resource", resource_of(kind))], u64::from(*served == Served::Synced)));
        gauge(encoder, "watch_up", "Whether the objects of a kind are known and watched", up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_a_table() {
        let text = "# HELP a_reconciles How many.\n# TYPE a_reconciles counter\na_reconciles_total{result=\"done\"} 1\n\
            # HELP a_leader Who.\n# TYPE a_leader gauge\na_leader 1\n# EOF\n";
        let table = reference(text);
        assert!(table.ends_with("| `a_leader` | gauge | Who. |\n| `a_reconciles_total` | counter | How many. |\n"));
    }
}
