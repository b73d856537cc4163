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
        anyhow::ensure!(failed(&tree) == [DANGLING], "no answer from {:?}", failed(&tree));
        Ok(Some(tree))
    };
    let tree = cluster.wait_until("the shop to answer", NAMESPACE, PATIENCE, ask).await?;
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut pods: BTreeMap<String, String> = BTreeMap::new();
    walk(&tree, &mut edges, &mut pods);
    // The generator has no port that a Service leads to: it is asked in its pod.
    let api: Api<Pod> = Api::namespaced(client.clone(), NAMESPACE);
    let params = ListParams::default().labels("app.kubernetes.io/name=loadgenerator");
    let generator = api.list(&params).await?.items.into_iter().next().context("no load generator")?;
    let address = generator.status.and_then(|status| status.pod_ip).context("no address")?;
    let answer = Client::new((address.parse::<std::net::IpAddr>()?, 8080).into()).get("", "/call?depth=1").await?;
    let called: Call = answer.json()?;
    assert!(failed(&called).is_empty(), "{:?}", failed(&called));
    walk(&called, &mut edges, &mut pods);

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
    assert!(addresses(&tree).iter().all(|address| address.contains(".online-boutique.svc:")), "{:?}", addresses(&tree));

    // They are the pods of the API server, by name and uid.
    let running = api.list(&ListParams::default()).await?;
    let running: BTreeMap<String, String> =
        running.iter().filter_map(|pod| Some((pod.name_any(), pod.uid()?))).collect();
    for (pod, uid) in &pods {
        assert_eq!(running.get(pod), Some(uid), "{pod}");
    }
    Ok(())
}

/// The addresses that were called, below the first.
fn addresses(call: &Call) -> Vec<&str> {
    call.calls.iter().flat_map(|called| std::iter::once(called.address.as_str()).chain(addresses(called))).collect()
}

/// Who called whom, and which pods those were.
fn walk(call: &Call, edges: &mut BTreeMap<String, BTreeSet<String>>, pods: &mut BTreeMap<String, String>) {
    let Some(identity) = &call.identity else {
        return;
    };
    pods.insert(identity.pod.clone(), identity.uid.clone());
    for child in &call.calls {
        if let Some(to) = &child.identity {
            edges.entry(identity.stand_in_for.clone()).or_default().insert(to.stand_in_for.clone());
        }
        walk(child, edges, pods);
    }
}

/// Those from which there was no answer.
fn failed(call: &Call) -> Vec<&str> {
    let own = call.identity.is_none().then_some(call.address.as_str());
    own.into_iter().chain(call.calls.iter().flat_map(failed)).collect()
}
