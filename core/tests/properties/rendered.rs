//! What a set of manifests is rendered into, as far as the network sees it.

use std::net::IpAddr;

use k8s_openapi::api::{apps::v1::Deployment, networking::v1::NetworkPolicy};
use microservice_core::{
    graph::{NamespaceLabels, reach::Pod},
    offline::{self, Manifests},
    render::render,
};
use serde::{Deserialize as _, de::DeserializeOwned};
use serde_json::Value;

/// Pods, and the policies between them.
#[derive(Debug, Clone, Default)]
pub struct Cluster {
    pub namespaces: NamespaceLabels,
    /// Two of each Deployment, called as it with `-0` and `-1`.
    pub pods: Vec<Pod>,
    pub policies: Vec<NetworkPolicy>,
}

/// Renders all Microservices of these documents, each with all others around it.
pub fn rendered(documents: impl IntoIterator<Item = Value>, namespace: &str) -> Cluster {
    let (mut manifests, mut cluster) = (Manifests::default(), Cluster::default());
    for document in documents {
        if document["kind"] == "Namespace" {
            let metadata = &document["metadata"];
            let labels: NamespaceLabels = [(object(&metadata["name"]), object(&metadata["labels"]))].into();
            cluster.namespaces.extend(labels);
        }
        manifests.add(document).unwrap();
    }
    for (name, labels) in &mut cluster.namespaces {
        labels.insert("kubernetes.io/metadata.name".to_owned(), name.clone());
    }
    let graph = manifests.graph(namespace);
    for service in &manifests.services {
        let subject = offline::subject(service.clone(), namespace);
        let rendered = render(&subject, &manifests.facts(&subject, &graph)).unwrap();
        for child in rendered.children {
            match child.entry.kind {
                "NetworkPolicy" => cluster.policies.push(object(&child.body)),
                "Deployment" => {
                    let template = object::<Deployment>(&child.body).spec.unwrap().template;
                    for replica in 0..2 {
                        let name = format!("{}-{replica}", subject.name);
                        let address = address(cluster.pods.len());
                        let pod = Pod::of_template(&subject.namespace, &name, &template);
                        cluster.pods.push(Pod { address, ..pod });
                    }
                }
                _ => {}
            }
        }
    }
    cluster
}

fn object<T: DeserializeOwned + Default>(value: &Value) -> T {
    Option::<T>::deserialize(value).unwrap().unwrap_or_default()
}

/// Each pod has its own, as on a cluster of pods in 10.1.0.0/16.
fn address(place: usize) -> Option<IpAddr> {
    format!("10.1.{}.{}", place / 256, place % 256).parse().ok()
}
