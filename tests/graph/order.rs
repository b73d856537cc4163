//! In whatever order twelve services are applied, the same objects come to be, and no pod is started twice.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::api::{
    apps::v1::{Deployment, ReplicaSet},
    networking::v1::NetworkPolicy,
};
use kube::{Api, ResourceExt, api::ListParams};
use microservice_crds::MicroserviceClass;
use microservice_tests::rig::PATIENCE;
use serde_json::{Value, json};

use crate::{World, shop};

/// How many orders are tried.
const ORDERS: usize = 100;
/// How many namespaces at a time.
const AT_ONCE: usize = 8;

/// A sequence of numbers without a pattern, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    /// The same things in another order.
    fn shuffle<T>(&mut self, mut things: Vec<T>) -> Vec<T> {
        for last in (1..things.len()).rev() {
            things.swap(last, self.below(last + 1));
        }
        things
    }
}

#[tokio::test]
async fn any_order_ends_in_the_same_objects_and_every_pod_is_started_once() -> Result<()> {
    let world = World::start("order").await?;
    let classes: Api<MicroserviceClass> = Api::all(world.client.clone());
    let class = json!({"apiVersion": "microservices.dev/v1alpha1", "kind": "MicroserviceClass",
        "metadata": {"name": "order"}, "spec": {"network": {"mode": "Enforce"}}});
    let params = kube::api::PatchParams::apply("test").force();
    classes.patch("order", &params, &kube::api::Patch::Apply(&class)).await?;

    let mut dice = Dice(6);
    let orders: Vec<Vec<Value>> = (0..ORDERS).map(|_| dice.shuffle(shop::services())).collect();
    let world = &world;
    let results: Vec<(Vec<String>, BTreeMap<String, Value>)> = stream::iter(orders)
        .map(|order| async move {
            let names: Vec<String> = order.iter().map(|service| shop::name(service).to_owned()).collect();
            Ok::<_, anyhow::Error>((names, come_to_be(world, &order).await?))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let (_, first) = &results[0];
    assert_eq!(first.len(), 24, "{:?}", first.keys());
    for (order, objects) in &results {
        for (name, object) in first {
            assert_eq!(objects.get(name), Some(object), "{name} of {order:?}");
        }
        assert_eq!(objects.len(), first.len(), "{order:?}");
    }
    Ok(())
}

/// Applies the services one after the other and answers with what stands in the end, without what is the namespace's.
async fn come_to_be(world: &World, order: &[Value]) -> Result<BTreeMap<String, Value>> {
    let namespace = world.cluster.namespace("order").await?;
    for service in order {
        let mut service = service.clone();
        // A ReplicaSet tells of each template that there ever was; pods would only take time.
        service["spec"]["scaling"] = json!({"replicas": 0});
        shop::apply(&world.client, &namespace, &service, Some("order")).await?;
    }
    let deployments: &Api<Deployment> = &Api::namespaced(world.client.clone(), &namespace);
    let policies: &Api<NetworkPolicy> = &Api::namespaced(world.client.clone(), &namespace);
    let sets: &Api<ReplicaSet> = &Api::namespaced(world.client.clone(), &namespace);
    let all = &ListParams::default();
    let wanted = order.len();
    // Every Deployment is seen by its controller at its last word, and what is asked of the policies is there.
    let ask = || async move {
        let deployments = deployments.list(all).await?.items;
        let seen = deployments
            .iter()
            .filter(|d| d.status.as_ref().and_then(|status| status.observed_generation) == d.metadata.generation);
        let policies = policies.list(all).await?.items;
        let callers: usize = policies.iter().map(callers).sum();
        let complete = seen.count() == wanted && policies.len() == wanted && callers == shop::CALLS.len() + 1;
        Ok((complete && world.operator.idle()).then_some((deployments, policies)))
    };
    let (deployments, policies) = world.cluster.wait_until("the shop to be made", &namespace, PATIENCE, ask).await?;
    let sets = sets.list(all).await?.items;
    ensure!(sets.len() == wanted, "{} ReplicaSets for {wanted} Deployments in {namespace}", sets.len());

    let mut objects = BTreeMap::new();
    for deployment in deployments {
        let template = serde_json::to_value(deployment.spec.as_ref().map(|spec| &spec.template))?;
        objects.insert(format!("Deployment {}", deployment.name_any()), anonymous(&template, &namespace));
    }
    for policy in policies {
        let spec = serde_json::to_value(&policy.spec)?;
        objects.insert(format!("NetworkPolicy {}", policy.name_any()), anonymous(&spec, &namespace));
    }
    // Hundreds of services of no use would slow the others.
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(world.client.clone());
    namespaces.delete(&namespace, &Default::default()).await?;
    Ok(objects)
}

/// How many services a policy lets in.
fn callers(policy: &NetworkPolicy) -> usize {
    let rules = policy.spec.iter().flat_map(|spec| spec.ingress.iter().flatten());
    let selectors = rules.flat_map(|rule| rule.from.iter().flatten()).filter_map(|peer| peer.pod_selector.as_ref());
    let parts = selectors.flat_map(|selector| selector.match_expressions.iter().flatten());
    parts.map(|part| part.values.as_ref().map_or(0, Vec::len)).sum()
}

/// An object whose namespace is not told.
fn anonymous(object: &Value, namespace: &str) -> Value {
    serde_json::from_str(&object.to_string().replace(namespace, "NAMESPACE")).unwrap()
}
