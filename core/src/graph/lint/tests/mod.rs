//! Lint, as somebody meets it who has written a few services.

mod growth;
mod links;
mod ownership;
mod paths;

use serde_json::json;

use super::{Code, Finding, lint};
use crate::{
    graph::{Scope, Survey},
    offline::Manifests,
};

/// Services as `namespace/name` with their `spec` (the image is added), and other documents.
pub(crate) fn manifests(services: &[(&str, &str)], others: &str) -> Manifests {
    let mut manifests = Manifests::default();
    for (id, spec) in services {
        let (namespace, name) = id.split_once('/').unwrap();
        let spec = format!("{{image: 'a:1', {spec}}}");
        let spec: serde_json::Value = serde_saphyr::from_str(&spec).unwrap_or_else(|e| panic!("{spec}: {e}"));
        let metadata = json!({"namespace": namespace, "name": name});
        let kind = json!({"apiVersion": "microservices.dev/v1alpha1", "kind": "Microservice"});
        let mut service = kind.as_object().unwrap().clone();
        service.extend([("metadata".to_owned(), metadata), ("spec".to_owned(), spec)]);
        manifests.add(service.into()).unwrap();
    }
    for document in serde_saphyr::from_multiple::<serde_json::Value>(others).unwrap() {
        if !document.is_null() {
            manifests.add(document).unwrap();
        }
    }
    manifests
}

/// All that is said of some services and other documents on the first of June 2027.
fn all(services: &[(&str, &str)], others: &str) -> Vec<Finding> {
    let manifests = manifests(services, others);
    lint(&Survey::of(&manifests, "shop", Scope::Present), "2027-06-01".parse().unwrap())
}

/// The findings of one kind: severity, objects, paths and message.
fn found(code: Code, services: &[(&str, &str)], others: &str) -> Vec<String> {
    let of = all(services, others).into_iter().filter(|finding| finding.code == code);
    of.map(|finding| {
        let objects: Vec<String> = finding.objects.iter().map(|object| object.name.clone()).collect();
        format!("{:?} {} {}: {}", finding.severity, objects.join("+"), finding.paths.join("+"), finding.message)
    })
    .collect()
}

#[test]
fn the_words_for_kinds_are_in_order_and_json_has_them() {
    let words: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let mut sorted = words.clone();
    sorted.sort_unstable();
    assert_eq!(words, sorted);
    let finding = &all(&[("shop/web", "uses: [{service: cart}]")], "")[0];
    let json = serde_json::to_value(finding).unwrap();
    assert_eq!(json["code"], "NoSuchService");
    assert_eq!(json["severity"], "Warning");
    assert_eq!(json["objects"][0], json!({"kind": "Microservice", "namespace": "shop", "name": "web"}));
    assert_eq!(json["paths"], json!(["uses[cart]"]));
}

#[test]
fn what_cannot_be_built_is_told_as_its_condition_would() {
    let found = all(&[("shop/web", "class: gold, ports: []"), ("shop/api", "scaling: {minReplicas: 2}")], "");
    let words: Vec<_> = found.iter().map(|f| (f.objects[0].name.as_str(), f.code, f.paths[0].as_str())).collect();
    assert_eq!(words, [("api", Code::InvalidSpec, "scaling.minReplicas"), ("web", Code::ClassNotFound, "class")]);
}
