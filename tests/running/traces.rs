//! Traces, as a collector gets them.

use std::sync::{Arc, Mutex};

use anyhow::Result;
use microservice_tests::rig::PATIENCE;
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use tokio_util::task::AbortOnDropHandle;
use tonic::{Request, Response, Status, transport::Server};

use crate::stand::Stand;

/// Keeps what it gets.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let scopes = request.into_inner().resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        self.0.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    let value = attributes.iter().find(|attribute| attribute.key == key)?.value.as_ref()?.value.as_ref()?;
    match value {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

#[tokio::test]
async fn a_span_for_each_reconcile_and_one_below_for_each_request() -> Result<()> {
    let stand = Stand::new("traces").await?;
    let collector = Collector::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let incoming = tonic::transport::server::TcpIncoming::from(listener);
    let server = Server::builder().add_service(TraceServiceServer::new(collector.clone()));
    let _server = AbortOnDropHandle::new(tokio::spawn(server.serve_with_incoming(incoming)));
    let operator = stand.start_with("operator", &["--otlp-endpoint", &endpoint]).await?;
    let service = stand.rig.apply("web", "{image: 'web:1'}").await?;
    stand.rig.ready("web").await?;

    let ask = || async {
        let spans = collector.0.lock().unwrap().clone();
        let named = |name: &str| {
            spans
                .iter()
                .find(|span| {
                    span.name == name
                        && text(&span.attributes, "k8s.resource").is_none_or(|resource| resource == "deployments")
                })
                .cloned()
        };
        Ok(named("reconcile").zip(named("apply")))
    };
    let (_, apply) = stand.rig.cluster.wait_until("spans", &stand.rig.namespace, PATIENCE, ask).await?;
    assert_eq!(text(&apply.attributes, "k8s.name"), Some("web"));
    let ask = || async {
        let spans = collector.0.lock().unwrap();
        Ok(spans.iter().find(|span| span.span_id == apply.parent_span_id).cloned())
    };
    let reconcile = stand.rig.cluster.wait_until("its reconcile", &stand.rig.namespace, PATIENCE, ask).await?;
    assert_eq!(reconcile.name, "reconcile");
    assert_eq!(reconcile.trace_id, apply.trace_id);
    assert_eq!(text(&reconcile.attributes, "microservice"), Some("web"));
    assert_eq!(text(&reconcile.attributes, "k8s.namespace.name"), Some(stand.rig.namespace.as_str()));
    assert_eq!(text(&reconcile.attributes, "microservice.uid"), service.metadata.uid.as_deref());
    assert_eq!(text(&reconcile.attributes, "result"), Some("done"));
    operator.process.check()
}
