//! The real kustomize-controller of Flux applies Microservices, and waits for them by kstatus.

use std::path::Path;

use anyhow::{Context as _, Result};
use kube::ResourceExt;
use microservice_crds::Microservice;
use microservice_tests::{
    control_plane::Load,
    faults::Script,
    flux::{File, Flux, Kustomization, Source, changes_something, files_of},
    history::{History, number},
    rig::{Rig, condition, observed},
};
use serde_json::{Value, json};

use crate::{docs, service};

/// The services of the shop that an autoscaler scales, and a load that keeps each where it is.
const SCALED: [(&str, u64); 4] =
    [("checkoutservice", 80), ("currencyservice", 70), ("frontend", 80), ("loadgenerator", 150)];

/// The spec of the Kustomization in the documentation.
fn documented(block: &str) -> Result<Value> {
    let object: Value = serde_saphyr::from_str(&docs::block(block)?)?;
    Ok(object["spec"].clone())
}

#[tokio::test]
async fn the_shop_is_ready_when_all_of_it_is_and_then_nobody_writes_anything() -> Result<()> {
    let mut rig = Rig::without_operator("flux-shop").await?;
    // The samples name their namespace themselves; what Flux is told stays in this one.
    let place = std::mem::replace(&mut rig.namespace, "online-boutique".into());
    rig.agent = "operator-of-online-boutique".into();
    rig.start_operator(&Script::record())?;
    Flux::shared(rig.cluster).await?;
    let source = Source::start(rig.cluster, &place, "shop").await?;
    let history = History::<Microservice>::record(&rig);
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests/samples/online-boutique");
    let revision = source.publish(&files_of(&samples)?).await?;
    let shop = Kustomization::apply(rig.cluster, &place, "shop", &documented("flux")?).await?;

    let ready = shop.says("True", "ReconciliationSucceeded", &revision).await?;
    let then = history.at(&rig, number(&ready)).await?;
    assert_eq!(then.len(), 12, "{:?}", then.iter().map(ResourceExt::name_any).collect::<Vec<_>>());
    for service in &then {
        let is_ready = condition(service, "Ready").is_some_and(|c| c.status == "True");
        assert!(observed(service) && is_ready, "Flux calls the shop ready without {service:?}");
    }

    // Autoscalers that have something to count, so that they are at rest as well.
    let loads = SCALED.map(|(name, load)| rig.load(name, Load::PerPod(load)));
    for (name, _) in SCALED {
        rig.condition(name, "Scalable", "True", "Active").await?;
    }
    rig.idle().await?;
    let mark = rig.mark().await?;
    for token in ["first", "second", "third"] {
        shop.reconcile(token).await?;
    }
    rig.idle().await?;
    let sent = rig.cluster.audit().since(mark).await?;
    let dry_runs = sent.clone().filter(|r| r.uri.contains("dryRun=All") && r.resource == "microservices");
    assert!(dry_runs.count() >= 36, "Flux has compared nothing: {:?}", sent.summary());
    let of_flux = sent.clone().filter(changes_something);
    assert_eq!(of_flux.count(), 0, "an endless diff: {:?}", of_flux.summary());
    let of_operator = sent.agent(&rig.agent);
    assert_eq!(of_operator.count(), 0, "{:?}", of_operator.summary());
    drop(loads);
    Ok(())
}

const GOOD: &str =
    "{image: 'registry.example/web:v1', ports: [{name: http, port: 80, targetPort: 8080, protocol: http}]}";

/// The schema takes it, and no operator can build it: the route names no gateway, and no class does.
fn bad() -> String {
    GOOD.replace("]}", "], routes: [{name: main, hostnames: [shop.example.com]}]}")
}

fn files(rig: &Rig, specs: &[(&str, &str)]) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for (name, spec) in specs {
        let mut object = service::plain(name, spec)?;
        object["metadata"]["namespace"] = json!(rig.namespace);
        files.push((format!("{name}.yaml"), object.to_string()));
    }
    Ok(files)
}

/// Long beside the patience of a test: that this passes shows that Flux does not wait for its own timeout.
const FOR_EVER: &str = "1h";

async fn fails_and_recovers(name: &str, block: &str) -> Result<()> {
    let rig = Rig::start(name).await?;
    Flux::shared(rig.cluster).await?;
    let source = Source::start(rig.cluster, &rig.namespace, "shop").await?;
    let mut spec = documented(block)?;
    spec["timeout"] = json!(FOR_EVER);
    let first = source.publish(&files(&rig, &[("web", GOOD), ("shop", GOOD)])?).await?;
    let shop = Kustomization::apply(rig.cluster, &rig.namespace, "shop", &spec).await?;
    shop.says("True", "ReconciliationSucceeded", &first).await?;

    let second = source.publish(&files(&rig, &[("web", &bad()), ("shop", GOOD)])?).await?;
    let failed = shop.says("False", "HealthCheckFailed", &second).await?;
    let conditions = failed.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let ready = conditions.iter().find(|c| c["type"] == "Ready").context("no Ready")?;
    let message = ready["message"].as_str().unwrap_or_default();
    assert!(message.contains(&format!("Microservice/{}/web", rig.namespace)), "{message}");
    assert!(condition(&rig.get("web").await?, "Stalled").is_some());

    // A service that is on its way is not ready, whoever asks.
    let third = source.publish(&files(&rig, &[("web", &GOOD.replace(":v1", ":v2")), ("shop", GOOD)])?).await?;
    shop.says("True", "ReconciliationSucceeded", &third).await?;
    let service: Microservice = rig.get("web").await?;
    assert_eq!(service.status.unwrap().image.as_deref(), Some("registry.example/web:v2"));

    // What is no longer in the repository goes, and takes what it was made into along: that is the garbage collector's.
    let fourth = source.publish(&files(&rig, &[("shop", GOOD)])?).await?;
    shop.says("True", "ReconciliationSucceeded", &fourth).await?;
    assert!(rig.find::<Microservice>("web").await?.is_none_or(|s| s.metadata.deletion_timestamp.is_some()));
    Ok(())
}

#[tokio::test]
async fn a_stalled_service_fails_its_kustomization_at_once() -> Result<()> {
    fails_and_recovers("flux-stalled", "flux").await
}

#[tokio::test]
async fn the_documented_expressions_say_the_same() -> Result<()> {
    fails_and_recovers("flux-cel", "flux-expressions").await
}
