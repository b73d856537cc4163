//! Online Boutique, unchanged, with a stand-in under the name of each of its images.

use std::{collections::BTreeMap, collections::BTreeSet, path::Path};

use ::stand_in::calls::Call;
use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, ResourceExt as _, api::ListParams};
use microservice_crds::Microservice;
use microservice_tests::{
    faults::Script,
    gateway::Gateway,
    operator::Operator,
    rig::{PATIENCE, condition, observed},
    stand_in,
    traffic::Client,
};

use crate::real;

const NAMESPACE: &str = "online-boutique";

/// Who calls whom, as it is known of the original; what frontend names besides is not deployed.
const EDGES: [(&str, &[&str]); 5] = [
    ("cartservice", &["redis-cart"]),
    (
        "checkoutservice",
        &[
            "cartservice",
            "currencyservice",
            "emailservice",
            "paymentservice",
            "productcatalogservice",
            "shippingservice",
        ],
    ),
    (
        "frontend",
        &[
            "adservice",
            "cartservice",
            "checkoutservice",
            "currencyservice",
            "productcatalogservice",
            "recommendationservice",
            "shippingservice",
        ],
    ),
    ("loadgenerator", &["frontend"]),
    ("recommendationservice", &["productcatalogservice"]),
];

/// What the sample names and does not have.
const DANGLING: &str = "shoppingassistantservice.online-boutique.svc:80";

#[tokio::test]
async fn online_boutique_becomes_ready_and_calls_along_its_edges() -> Result<()> {
    let cluster = real::cluster().await?;
    let client = cluster.client()?;
    let gateway = Gateway::shared(cluster).await?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests/samples/online-boutique");
    let images = stand_in::images_of(&folder)?;
    stand_in::import(cluster, images.iter().map(String::as_str)).await?;
    stand_in::make_room(cluster, NAMESPACE).await?;
    let _operator = Operator::start(cluster, Some(NAMESPACE), "operator-of-online-boutique", &Script::record())?;
    cluster.kubectl_ok(&["apply", "--server-side", "-k", &folder.to_string_lossy()]).await?;

    let services: Api<Microservice> = Api::namespaced(client.clone(), NAMESPACE);
    let all_ready = || async {
        let all = services.list(&ListParams::default()).await?.items;
        let ready = |s: &&Microservice| observed(s) && condition(s, "Ready").is_some_and(|c| c.status == "True");
        Ok((all.iter().filter(ready).count() == 12).then_some(()))
    };
    cluster.wait_until("twelve services to be Ready", NAMESPACE, 3 * PATIENCE, all_ready).await?;

    // Through the gateway, from the frontend to all. Ready is what the pods are; kube-proxy hears of them a moment later.
    let outside = Client::new(gateway.http);
    let ask = || async {
        let tree: Call = outside.get("shop.example.com", "/call").await?.json()?;
        let late: Vec<&str> = tree.unanswered().filter(|address| *address != DANGLING).collect();
        anyhow::ensure!(late.is_empty(), "no answer from {late:?}");
        Ok(Some(tree))
    };
    let tree = cluster.wait_until("the shop to answer", NAMESPACE, PATIENCE, ask).await?;
    // The generator has no port that a Service leads to: it is asked in its pod.
    let api: Api<Pod> = Api::namespaced(client.clone(), NAMESPACE);
    let params = ListParams::default().labels("app.kubernetes.io/name=loadgenerator");
    let generator = api.list(&params).await?.items.into_iter().next().context("no load generator")?;
    let address = generator.status.and_then(|status| status.pod_ip).context("no address")?;
    let answer = Client::new((address.parse::<std::net::IpAddr>()?, 8080).into()).get("", "/call?depth=1").await?;
    let called: Call = answer.json()?;
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut pods: BTreeMap<String, String> = BTreeMap::new();
    for call in tree.all().chain(called.all()) {
        let Some(identity) = &call.identity else { continue };
        pods.insert(identity.pod.clone(), identity.uid.clone());
        for to in call.calls.iter().filter_map(|child| child.identity.as_ref()) {
            edges.entry(identity.stand_in_for.clone()).or_default().insert(to.stand_in_for.clone());
        }
    }

    let expected: BTreeMap<String, BTreeSet<String>> = EDGES
        .iter()
        .map(|(from, to)| ((*from).to_owned(), to.iter().map(|name| (*name).to_owned()).collect()))
        .collect();
    assert_eq!(edges, expected);
    // That is what is declared, and nothing else; each was called at the address that it was given.
    let mut declared: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for service in services.list(&ListParams::default()).await?.items {
        let uses = service.spec.uses.iter().filter(|used| !used.optional);
        let uses: BTreeSet<String> = uses.map(|used| used.service.clone()).collect();
        if !uses.is_empty() {
            declared.insert(service.name_any(), uses);
        }
    }
    assert_eq!(edges, declared);
    // The first of all was called by the gateway.
    let addresses: Vec<&str> = tree.all().skip(1).map(|call| call.address.as_str()).collect();
    assert!(addresses.iter().all(|address| address.contains(".online-boutique.svc:")), "{addresses:?}");
    let failed: Vec<&str> = tree.unanswered().chain(called.unanswered()).collect();
    assert_eq!(failed, [DANGLING]);

    // They are the pods of the API server, by name and uid.
    let running = api.list(&ListParams::default()).await?;
    let running: BTreeMap<String, String> =
        running.iter().filter_map(|pod| Some((pod.name_any(), pod.uid()?))).collect();
    for (pod, uid) in &pods {
        assert_eq!(running.get(pod), Some(uid), "{pod}");
    }
    Ok(())
}
