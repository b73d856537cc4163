//! The fake nodes that kwok looks after, and whether all nodes are ready.

use anyhow::Result;
use k8s_openapi::api::core::v1::Node;
use kube::{
    Api, Client,
    api::{ListParams, PostParams},
};
use serde_json::json;

use super::options::Options;

/// Creates the nodes; they become ready a moment later.
pub(super) async fn create(client: &Client, options: &Options) -> Result<()> {
    let api: Api<Node> = Api::all(client.clone());
    let offer = json!({
        "cpu": options.node_cpu,
        "memory": options.node_memory,
        "pods": options.node_pods,
        "ephemeral-storage": options.node_memory,
    });
    for index in 0..options.nodes {
        let name = format!("node-{index}");
        let node = serde_json::from_value(json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": name,
                "annotations": {"kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0"},
                "labels": {
                    "kubernetes.io/hostname": name,
                    "kubernetes.io/os": "linux",
                    "kubernetes.io/arch": "amd64",
                    "topology.kubernetes.io/zone": format!("zone-{}", index % 3),
                    "type": "kwok",
                },
            },
            "status": {"capacity": offer, "allocatable": offer, "phase": "Running"},
        }))?;
        api.create(&PostParams::default(), &node).await?;
    }
    Ok(())
}

/// Whether all nodes take pods.
pub(super) async fn ready(client: &Client, options: &Options) -> Result<bool> {
    let api: Api<Node> = Api::all(client.clone());
    let nodes = api.list(&ListParams::default()).await?.items;
    let ready = |node: &Node| {
        let conditions = node.status.as_ref().and_then(|s| s.conditions.as_ref());
        let tainted = node.spec.as_ref().and_then(|s| s.taints.as_ref()).is_some_and(|taints| !taints.is_empty());
        !tainted && conditions.is_some_and(|all| all.iter().any(|c| c.type_ == "Ready" && c.status == "True"))
    };
    let wanted = if options.real_node { 1 } else { options.nodes };
    Ok(nodes.len() >= wanted && nodes.iter().all(ready))
}
