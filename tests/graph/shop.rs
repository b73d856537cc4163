//! Online Boutique: the sample, and who calls whom in it.

use std::path::Path;

use anyhow::Result;
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use microservice_crds::Microservice;
use serde_json::{Value, json};

/// Consumers and providers, read from the configuration of the original: a fact about that system. Its load generator,
/// which calls the frontend, is not among them.
pub const CALLS: [(&str, &str); 15] = [
    ("cartservice", "redis-cart"),
    ("checkoutservice", "cartservice"),
    ("checkoutservice", "currencyservice"),
    ("checkoutservice", "emailservice"),
    ("checkoutservice", "paymentservice"),
    ("checkoutservice", "productcatalogservice"),
    ("checkoutservice", "shippingservice"),
    ("frontend", "adservice"),
    ("frontend", "cartservice"),
    ("frontend", "checkoutservice"),
    ("frontend", "currencyservice"),
    ("frontend", "productcatalogservice"),
    ("frontend", "recommendationservice"),
    ("frontend", "shippingservice"),
    ("recommendationservice", "productcatalogservice"),
];

/// The Microservices of the sample, as they are written there.
pub fn services() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests/samples/online-boutique");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let documents = files.iter().flat_map(|file| {
        let text = std::fs::read_to_string(file).unwrap();
        serde_saphyr::from_multiple::<Value>(&text).unwrap()
    });
    let services: Vec<Value> = documents.filter(|document| document["kind"] == "Microservice").collect();
    assert_eq!(services.len(), 12);
    services
}

/// The name of a service.
pub fn name(service: &Value) -> &str {
    service["metadata"]["name"].as_str().unwrap()
}

/// Applies a service of the sample in a namespace, under a class.
pub async fn apply(client: &Client, namespace: &str, service: &Value, class: Option<&str>) -> Result<()> {
    let mut body = service.clone();
    body["metadata"]["namespace"] = json!(namespace);
    if let Some(class) = class {
        body["spec"]["class"] = json!(class);
    }
    let api: Api<Microservice> = Api::namespaced(client.clone(), namespace);
    api.patch(name(service), &PatchParams::apply("test").force(), &Patch::Apply(&body)).await?;
    Ok(())
}
