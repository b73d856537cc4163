//! An operator that has rights in its own namespace and nowhere else: no classes, no definitions, no Gateways.

use anyhow::Result;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::{
    Api, ResourceExt as _,
    api::{DynamicObject, Patch, PatchParams},
    core::{ApiResource, GroupVersionKind},
};
use microservice_operator::rights;
use serde_json::json;

use crate::stand::Stand;

const WEB: &str = "{image: 'web:1', ports: [{name: http, port: 80, protocol: http}], scaling: {minReplicas: 1, maxReplicas: 2, cpu: 80}, \
    resources: {requests: {cpu: 10m}}, routes: [{name: main, hostnames: [scoped.example.com], \
    gateway: {name: public, namespace: gateways}}]}";

#[tokio::test]
async fn without_any_right_outside_it_does_what_can_be_done_inside() -> Result<()> {
    let stand = Stand::new("scoped").await?;
    let (cluster, namespace) = (stand.rig.cluster, stand.rig.namespace.clone());
    let role = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "scoped", "namespace": namespace}},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "scoped", "namespace": namespace},
         "rules": rights::in_namespaces()},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
         "metadata": {"name": "scoped", "namespace": namespace},
         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "scoped"},
         "subjects": [{"kind": "ServiceAccount", "name": "scoped", "namespace": namespace}]},
    ]});
    cluster.apply(&role.to_string()).await?;
    let kubeconfig = cluster.kubeconfig_of_account(&namespace, "scoped").await?;
    let operator = stand.start_as("operator", &[], &kubeconfig).await?;
    stand.rig.apply("web", WEB).await?;
    stand.rig.ready("web").await?;
    assert!(stand.rig.find::<HorizontalPodAutoscaler>("web").await?.is_some());

    // The definition of routes cannot be seen, but the kind is there all the same. Of the Gateway nothing is known: what
    // its controller writes into the route is all there is.
    let kind = GroupVersionKind::gvk("gateway.networking.k8s.io", "v1", "HTTPRoute");
    let resource = ApiResource::from_gvk(&kind);
    let routes: Api<DynamicObject> = Api::namespaced_with(stand.rig.client.clone(), &namespace, &resource);
    let route = routes.get("web").await?;
    let condition = |type_: &str| {
        json!({"type": type_, "status": "True", "reason": type_, "message": "",
        "observedGeneration": route.metadata.generation, "lastTransitionTime": "2026-01-01T00:00:00Z"})
    };
    let status = json!({"status": {"parents": [{"controllerName": "example.com/gateway",
        "parentRef": {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "public", "namespace": "gateways"},
        "conditions": [condition("Accepted"), condition("ResolvedRefs")]}]}});
    routes.patch_status(&route.name_any(), &PatchParams::default(), &Patch::Merge(status)).await?;
    stand.rig.condition("web", "Exposed", "True", "Accepted").await?;

    // A class that a service names decides how it is rendered, so it is not guessed.
    stand.rig.apply("classed", "{image: 'web:1', class: gold}").await?;
    let stalled = stand.rig.condition("classed", "Stalled", "True", "ClassNotFound").await?;
    assert!(
        stalled.message.contains("let its ServiceAccount list and watch microserviceclasses"),
        "{}",
        stalled.message
    );
    operator.process.check()
}
