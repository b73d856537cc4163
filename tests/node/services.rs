//! Services that carry traffic, and names that lead to them.

use std::{collections::BTreeSet, net::SocketAddr};

use ::stand_in::calls::Call;
use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::{
    ResourceExt,
    api::{ListParams, LogParams},
};
use microservice_tests::{
    rig::{PATIENCE, Rig, condition},
    traffic::Client,
};

use crate::real::{IMAGE, start, web};

/// Enough that both of two pods are asked, unless the Service leads to one of them only.
const REQUESTS: usize = 50;

#[tokio::test]
async fn a_microservice_becomes_ready_and_its_service_balances_over_its_pods() -> Result<()> {
    let rig = start("balance").await?;
    let more = ", scaling: {replicas: 2}, probes: {readiness: {httpGet: {path: /_healthz}, periodSeconds: 1}}";
    rig.apply("web", &web(IMAGE, more)).await?;
    let service = rig.ready("web").await?;
    assert_eq!(condition(&service, "Available").unwrap().status, "True");
    let pods = rig.api::<Pod>().list(&ListParams::default()).await?;
    let pods: BTreeSet<(String, String)> =
        pods.iter().map(|pod| (pod.name_any(), pod.uid().unwrap_or_default())).collect();
    assert_eq!(pods.len(), 2);
    let client = Client::new(address(&rig, "web").await?);
    // Ready is what the pods are; kube-proxy hears of it a moment later.
    rig.cluster
        .wait_until("both pods to answer", &rig.namespace, PATIENCE, || async {
            Ok((answering(&client).await? == pods).then_some(()))
        })
        .await?;
    assert_eq!(answering(&client).await?, pods);
    Ok(())
}

/// The pods that answer to a few dozen requests, by name and uid.
async fn answering(client: &Client) -> Result<BTreeSet<(String, String)>> {
    let mut answered = BTreeSet::new();
    for _ in 0..REQUESTS {
        let who = client.get("web", "/").await?.who()?;
        anyhow::ensure!(who.stand_in_for == "web", "{who:?}");
        answered.insert((who.pod, who.uid));
    }
    Ok(answered)
}

#[tokio::test]
async fn a_pod_finds_a_service_by_its_name_and_the_api_server_finds_its_log() -> Result<()> {
    let rig = start("names").await?;
    rig.apply("backend", &web(IMAGE, "")).await?;
    let address = format!("backend.{}:80", rig.namespace);
    let more = format!(", env: [{{name: NEAR_ADDR, value: 'backend:80'}}, {{name: FAR_ADDR, value: '{address}'}}]");
    rig.apply("web", &web(IMAGE, &more)).await?;
    rig.ready("backend").await?;
    rig.ready("web").await?;
    let client = Client::new(self::address(&rig, "web").await?);
    // Ready is what the pods are; kube-proxy hears of it a moment later, for each of the two Services.
    let ask = || async {
        let tree: Call = client.get("web", "/call").await?.json()?;
        let late: Vec<&str> = tree.unanswered().collect();
        anyhow::ensure!(late.is_empty(), "no answer from {late:?}");
        Ok(Some(tree))
    };
    let tree = rig.cluster.wait_until("both names to lead to a service", &rig.namespace, PATIENCE, ask).await?;
    assert_eq!(tree.calls.len(), 2, "{tree:?}");
    for call in &tree.calls {
        assert_eq!(call.identity.as_ref().unwrap().stand_in_for, "backend", "{tree:?}");
    }
    let pods = rig.api::<Pod>().list(&ListParams::default().labels("app.kubernetes.io/name=web")).await?;
    let log = rig.api::<Pod>().logs(&pods.items[0].name_any(), &LogParams::default()).await?;
    assert!(log.contains("8080"), "{log}");
    Ok(())
}

/// The address of a Service, on its first port.
async fn address(rig: &Rig, name: &str) -> Result<SocketAddr> {
    let spec = rig.get::<Service>(name).await?.spec.context("no spec")?;
    let port = spec.ports.unwrap_or_default().first().context("no port")?.port;
    Ok(SocketAddr::new(spec.cluster_ip.context("no address")?.parse()?, port.try_into()?))
}
