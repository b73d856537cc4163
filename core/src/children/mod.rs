//! The child kinds, as data: apply, prune, watches, health, discovery and the ClusterRole are loops over [`CHILDREN`].
//!
//! A new kind is one file here and one line in the list.

mod config_map;
mod containers;
mod deployment;
mod grpc_route;
mod horizontal_pod_autoscaler;
mod http_route;
mod network_policy;
mod object;
mod pod;
mod pod_disruption_budget;
mod service;
mod service_account;

use microservice_crds::annotations;
use serde_json::Value;

pub use network_policy::policy as network_policy;

use crate::{compare, outcome::Health, plan::Plan};

/// Which objects of a kind are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// Those that carry the label of the operator.
    Labelled,
    /// All: those of others matter too.
    All,
}

/// One kind of child.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Kind. Example: `Deployment`.
    pub kind: &'static str,
    /// API group; empty for the core group.
    pub group: &'static str,
    /// API version. Example: `v1`.
    pub version: &'static str,
    /// Name in URLs. Example: `deployments`.
    pub plural: &'static str,
    /// When it is applied: a wave starts after the one before it.
    pub wave: u8,
    /// The CustomResourceDefinition of an optional kind.
    pub crd: Option<&'static str>,
    /// Which objects are watched.
    pub watch: Watch,
    /// The objects of this kind that a plan wants, without overrides and digest.
    pub desired: fn(&Plan) -> Vec<Value>,
    /// What a live object says of itself.
    pub health: fn(&Value) -> Health,
}

impl Entry {
    /// `apiVersion` of the kind.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// What a kind of child brings to the registry.
trait Child {
    const KIND: &'static str;
    const GROUP: &'static str;
    const VERSION: &'static str = "v1";
    const PLURAL: &'static str;
    const WAVE: u8;
    const CRD: Option<&'static str> = None;
    const WATCH: Watch = Watch::Labelled;

    fn desired(plan: &Plan) -> Vec<Value>;

    fn health(_live: &Value) -> Health {
        Health::Silent
    }
}

const fn entry<C: Child>() -> Entry {
    Entry {
        kind: C::KIND,
        group: C::GROUP,
        version: C::VERSION,
        plural: C::PLURAL,
        wave: C::WAVE,
        crd: C::CRD,
        watch: C::WATCH,
        desired: C::desired,
        health: C::health,
    }
}

/// What pods need before they start.
const BEFORE_PODS: u8 = 0;
/// The pods. Number 1 is free for what guards them.
const PODS: u8 = 2;
/// What leads to pods, counts them or keeps them.
const AROUND_PODS: u8 = 3;
/// What leads to Services: a route to one that is not there answers requests with errors.
const ROUTES: u8 = 4;

/// All kinds of children, in the order in which they are applied.
pub static CHILDREN: &[Entry] = &[
    entry::<service_account::ServiceAccountChild>(),
    entry::<config_map::ConfigMapChild>(),
    entry::<network_policy::NetworkPolicyChild>(),
    entry::<deployment::DeploymentChild>(),
    entry::<service::ServiceChild>(),
    entry::<horizontal_pod_autoscaler::AutoscalerChild>(),
    entry::<pod_disruption_budget::DisruptionBudgetChild>(),
    entry::<http_route::HttpRouteChild>(),
    entry::<grpc_route::GrpcRouteChild>(),
];

/// One object that shall stand in the cluster.
#[derive(Clone, Debug)]
pub struct Desired {
    /// Its kind.
    pub entry: &'static Entry,
    /// Its name.
    pub name: String,
    /// The whole document for a server-side apply, with the digest among its annotations.
    pub body: Value,
    /// Digest of the document without that annotation.
    pub digest: String,
}

/// All objects that a plan wants, in the order of the registry, before overrides and without their digests: what
/// [`crate::render`] starts from.
pub(crate) fn bodies(plan: &Plan) -> Vec<(&'static Entry, Value)> {
    CHILDREN.iter().flat_map(|entry| (entry.desired)(plan).into_iter().map(move |body| (entry, body))).collect()
}

/// The document with the digest of its content.
pub(crate) fn seal(entry: &'static Entry, mut body: Value) -> Desired {
    let digest = compare::digest(&body);
    let name = body.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(Value::Object(metadata)) = body.get_mut("metadata") {
        let annotations = metadata.entry("annotations").or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Value::Object(annotations) = annotations {
            annotations.insert(annotations::DIGEST.to_owned(), Value::String(digest.clone()));
        }
    }
    Desired { entry, name, body, digest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::{Facts, tests::subject},
        render::render,
    };

    fn desired(spec: &str) -> Vec<Desired> {
        render(&subject(spec), &Facts::default()).unwrap().children
    }

    /// The desired object of a kind, from the YAML of a `spec`.
    pub(crate) fn child(kind: &str, spec: &str) -> Option<Value> {
        desired(spec).into_iter().find(|d| d.entry.kind == kind).map(|d| d.body)
    }

    #[test]
    fn the_registry_is_in_order_and_names_each_kind_once() {
        assert!(CHILDREN.is_sorted_by_key(|e| e.wave));
        let kinds: std::collections::BTreeSet<_> = CHILDREN.iter().map(|e| (e.group, e.kind)).collect();
        assert_eq!(kinds.len(), CHILDREN.len());
    }

    #[test]
    fn every_document_is_whole_and_carries_its_digest() {
        let all = desired(
            "{image: a:1, ports: [{name: http, port: 80, protocol: http}, {name: grpc, port: 81, protocol: grpc}], \
             scaling: {minReplicas: 2, maxReplicas: 3}, \
             routes: [{gateway: {name: g}}, {name: grpc, gateway: {name: g}, port: grpc}], config: {mountPath: /etc/a, files: {a: x}}}",
        );
        // The class decides whether there is a NetworkPolicy.
        assert_eq!(
            all.iter().map(|d| d.entry.kind).collect::<Vec<_>>(),
            CHILDREN.iter().map(|e| e.kind).filter(|kind| *kind != "NetworkPolicy").collect::<Vec<_>>()
        );
        for child in all {
            let text = |path: &str| child.body.pointer(path).and_then(Value::as_str);
            assert_eq!(text("/kind"), Some(child.entry.kind));
            assert_eq!(text("/apiVersion"), Some(child.entry.api_version().as_str()));
            assert_eq!(text("/metadata/name"), Some(child.name.as_str()));
            assert_eq!(text("/metadata/namespace"), Some("shop"));
            assert_eq!(text("/metadata/labels/app.kubernetes.io~1managed-by"), Some("microservice-operator"));
            assert_eq!(text("/metadata/annotations/microservices.dev~1digest"), Some(child.digest.as_str()));
            assert_eq!(child.body.pointer("/metadata/ownerReferences/0/controller"), Some(&Value::Bool(true)));
            assert!(!child.body.to_string().contains("null"), "{}", child.body);
        }
    }

    #[test]
    fn the_digest_follows_the_content() {
        let digest = |spec: &str| desired(spec).into_iter().map(|d| d.digest).collect::<Vec<_>>();
        assert_eq!(digest("image: a:1"), digest("image: a:1"));
        assert_ne!(digest("image: a:1"), digest("image: a:2"));
    }
}
