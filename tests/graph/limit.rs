//! How many callers one NetworkPolicy holds: what docs/network.md states.

use anyhow::Result;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use microservice_core::{
    graph::{Graph, Id, Neighbourhood, Node},
    plan::{Class, ClassFact, Facts, Subject},
    render::render,
};
use microservice_crds::MicroserviceSpec;
use serde_json::Value;

use crate::World;

/// Stated, with names of twenty characters.
const HOLDS: usize = 40_000;
/// And what is too much.
const TOO_MANY: usize = 90_000;

/// The policy of a service that so many use.
fn policy(namespace: &str, callers: usize) -> Value {
    let spec = |text: &str| -> MicroserviceSpec { serde_saphyr::from_str(text).unwrap() };
    let used = spec("{image: 'a:1', uses: [{service: hub}]}");
    let hub = spec("{image: 'a:1', ports: [{name: http, port: 80}]}");
    let consumers = (0..callers).map(|n| Node::of(Id::new(namespace, format!("consumer-{n:011}")), &used, None, None));
    let node = Node::of(Id::new(namespace, "hub"), &hub, None, None);
    let graph = Graph::new(consumers.chain([node.clone()]));
    let class = Class { name: "c".into(), spec: serde_saphyr::from_str("network: {mode: Enforce}").unwrap() };
    let facts = Facts {
        class: ClassFact::Found(class.into()),
        neighbourhood: Neighbourhood::of(&graph, &node, |_| true),
        ..Facts::default()
    };
    let subject = Subject { name: "hub".into(), namespace: namespace.into(), spec: hub, ..Subject::default() };
    let rendered = render(&subject, &facts).unwrap();
    let policy = rendered.children.into_iter().find(|child| child.entry.kind == "NetworkPolicy").unwrap();
    let mut body = policy.body;
    // There is no Microservice whose object this would be.
    body["metadata"].as_object_mut().unwrap().remove("ownerReferences");
    body
}

#[tokio::test]
async fn one_policy_holds_tens_of_thousands_of_callers_and_there_is_an_end() -> Result<()> {
    let world = World::start("limit").await?;
    let namespace = world.cluster.namespace("limit").await?;
    let policies: Api<NetworkPolicy> = Api::namespaced(world.client.clone(), &namespace);
    let params = PatchParams::apply("test");
    policies.patch("hub", &params, &Patch::Apply(&policy(&namespace, HOLDS))).await?;
    let refused = policies.patch("hub", &params, &Patch::Apply(&policy(&namespace, TOO_MANY))).await.unwrap_err();
    assert!(refused.to_string().contains("too large"), "{refused}");
    // What stood before stands.
    let kept = serde_json::to_string(&policies.get("hub").await?)?;
    assert!(kept.contains("consumer-00000039999"));
    Ok(())
}
