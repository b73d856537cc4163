//! The services of the benchmark: as Microservices, and as the objects that they stand for.

use anyhow::{Result, anyhow};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use kube::{
    Api, Client, CustomResourceExt as _,
    api::{ApiResource, Patch, PatchParams},
};
use microservice_core::{
    plan::{Facts, Subject},
    render::render,
};
use microservice_crds::Microservice;
use microservice_operator::{cluster::api_resource, object::LeanObject};
use serde_json::{Value, json};

/// Requests in flight, for the raw client as for the operator.
pub const IN_FLIGHT: usize = 8;
/// Children of each service.
pub const CHILDREN: usize = 7;

/// One object to apply.
pub struct Document {
    resource: ApiResource,
    name: String,
    body: Value,
}

/// Name of a service.
pub fn name(number: usize) -> String {
    format!("svc-{number:04}")
}

/// Image of all services in this version.
pub fn image(version: u32) -> String {
    format!("registry.example/team/service:v{version}")
}

fn spec(name: &str, version: u32, routes: bool) -> Value {
    let mut spec = json!({
        "image": image(version),
        "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "http"}],
        "env": [
            {"name": "LOG_LEVEL", "value": "info"},
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        ],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "probes": {"readiness": {"httpGet": {"path": "/ready"}}, "liveness": {"httpGet": {"path": "/live"}}},
        // One pod each: what is compared are requests, not the scheduler.
        "scaling": {"minReplicas": 1, "maxReplicas": 4, "cpu": 80},
        "disruptionBudget": {"maxUnavailable": 1},
        "config": {"mountPath": "/etc/service", "files": {"service.yaml": "level: info\nworkers: 4\n"}},
    });
    if let Some(spec) = spec.as_object_mut().filter(|_| routes) {
        let route = json!({"hostnames": [format!("{name}.example.com")], "gateway": {"name": "public"}});
        spec.insert("routes".to_owned(), json!([route]));
    }
    spec
}

/// One service as its team writes it.
pub fn microservice(name: &str, version: u32, routes: bool) -> Document {
    let resource = Microservice::api_resource();
    let body = json!({
        "apiVersion": resource.api_version, "kind": resource.kind,
        "metadata": {"name": name}, "spec": spec(name, version, routes),
    });
    Document { resource, name: name.to_owned(), body }
}

/// All services as their teams write them.
pub fn microservices(count: usize, version: u32, routes: bool) -> Vec<Document> {
    (0..count).map(|number| microservice(&name(number), version, routes)).collect()
}

/// All services as the objects that they stand for.
pub fn rendered(count: usize, version: u32, namespace: &str) -> Result<Vec<Document>> {
    let mut documents = Vec::with_capacity(count * CHILDREN);
    for number in 0..count {
        let name = name(number);
        let subject = Subject {
            spec: serde_json::from_value(spec(&name, version, true))?,
            name,
            namespace: namespace.to_owned(),
            uid: "00000000-0000-4000-8000-000000000000".to_owned(),
            generation: 1,
        };
        let rendered = render(&subject, &Facts::default()).map_err(|invalid| anyhow!("{invalid:?}"))?;
        for child in rendered.children {
            let mut body = child.body;
            // Nobody owns them here: the garbage collector would remove what an object that is not there owns.
            if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.remove("ownerReferences");
            }
            documents.push(Document { resource: api_resource(child.entry), name: child.name, body });
        }
    }
    anyhow::ensure!(documents.len() == count * CHILDREN, "{} children of {count} services", documents.len());
    Ok(documents)
}

/// Only the objects of a kind.
pub fn of_kind(documents: Vec<Document>, kind: &str) -> Vec<Document> {
    documents.into_iter().filter(|document| document.resource.kind == kind).collect()
}

/// Applies documents, [`IN_FLIGHT`] at a time.
pub async fn apply(client: &Client, namespace: &str, documents: &[Document]) -> Result<()> {
    let params = &PatchParams::apply("bench").force();
    let requests = stream::iter(documents).map(|document| async move {
        let api: Api<LeanObject> = Api::namespaced_with(client.clone(), namespace, &document.resource);
        api.patch(&document.name, params, &Patch::Apply(&document.body)).await.map(drop)
    });
    requests.buffer_unordered(IN_FLIGHT).try_collect::<()>().await?;
    Ok(())
}
