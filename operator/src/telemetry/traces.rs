//! Traces: a span for each reconcile, and below it one for each request, sent by OTLP over gRPC where an endpoint is given.
//! Without one no span is made.

use std::time::Duration;

use anyhow::Context as _;
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing_subscriber::{Layer as _, filter::filter_fn};

use super::TRACES;
use crate::logging::BoxLayer;

/// Time that the last spans may take at the end.
const FAREWELL: Duration = Duration::from_secs(1);

/// Sends traces until it is dropped.
pub struct Traces(SdkTracerProvider);

/// The layer that takes spans, and what sends them.
///
/// # Errors
/// When the endpoint is no URL.
pub fn start(endpoint: &str, instance: Option<&str>) -> anyhow::Result<(BoxLayer, Traces)> {
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build();
    let exporter = exporter.context("--otlp-endpoint")?;
    let resource = Resource::builder()
        .with_service_name("microservice-operator")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attributes(instance.map(|name| KeyValue::new("service.instance.id", name.to_owned())))
        .build();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("microservice-operator"))
        // Neither the place in our source nor the thread is anybody's business.
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(|metadata| metadata.target() == TRACES));
    Ok((layer.boxed(), Traces(provider)))
}

impl Drop for Traces {
    fn drop(&mut self) {
        // A collector that is away must not keep the process.
        let _ = self.0.shutdown_with_timeout(FAREWELL);
    }
}
