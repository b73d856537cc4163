//! Helm 4 waits for Microservices by kstatus.

use std::path::Path;

use anyhow::Result;
use microservice_crds::Microservice;
use microservice_tests::{
    control_plane::{ControlPlane, Output},
    faults::Script,
    helm::Helm,
    history::{History, number},
    rig::{Rig, condition, observed},
};

use crate::docs;

/// How the command of the page installs the chart of this test into the namespace of this test.
async fn install(cluster: &ControlPlane, namespace: &str, values: &str) -> Result<Output> {
    // Built, if it is not there yet; the page only says its name.
    Helm::of(cluster).await?;
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("gitops/chart");
    let chart = format!("{} {values}", chart.display());
    let namespace = format!("-n {namespace} ");
    docs::attempt(cluster, "helm", &[("./shop", &chart), ("-n shop ", &namespace)]).await
}

async fn install_ok(rig: &Rig, values: &str) -> Result<()> {
    let output = install(rig.cluster, &rig.namespace, values).await?;
    anyhow::ensure!(output.success, "helm {values}: {}{}", output.stdout, output.stderr);
    Ok(())
}

#[tokio::test]
async fn an_upgrade_ends_well_when_the_services_are_ready() -> Result<()> {
    let rig = Rig::start("helm").await?;
    let history = History::<Microservice>::record(&rig);
    for tag in ["v1", "v2"] {
        install_ok(&rig, &format!("--set tag={tag}")).await?;
        // What was there when Helm stored that its release is deployed.
        let release: kube::Api<k8s_openapi::api::core::v1::Secret> = rig.api();
        let releases = release.list(&kube::api::ListParams::default().labels("owner=helm,status=deployed")).await?;
        assert_eq!(releases.items.len(), 1);
        let then = history.at(&rig, number(&releases.items[0])).await?;
        assert_eq!(then.len(), 2);
        for service in &then {
            assert!(service.spec.image.ends_with(tag));
            let ready = condition(service, "Ready").is_some_and(|c| c.status == "True");
            assert!(observed(service) && ready, "Helm calls the release deployed without {service:?}");
        }
    }

    // The same again is no change to anybody.
    rig.idle().await?;
    let mark = rig.mark().await?;
    install_ok(&rig, "--set tag=v2").await?;
    rig.idle().await?;
    let sent = rig.since(mark).await?;
    assert_eq!(sent.count(), 0, "{:?}", sent.summary());
    for service in rig.api::<Microservice>().list(&Default::default()).await?.items {
        assert_eq!(service.metadata.generation, Some(2), "{service:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_upgrade_fails_when_a_service_is_stalled() -> Result<()> {
    let rig = Rig::start("helm-stalled").await?;
    install_ok(&rig, "").await?;
    for (values, reason) in [
        ("--set 'hostnames={shop.example.com}'", "InvalidSpec"),
        ("--set tag=v2 --set behaviour=crash-loop --set progressDeadlineSeconds=2", "ProgressDeadlineExceeded"),
    ] {
        // Far before its own timeout, which is longer than a test waits.
        let output =
            tokio::time::timeout(microservice_tests::rig::PATIENCE, install(rig.cluster, &rig.namespace, values))
                .await??;
        assert!(!output.success, "helm {values} went well: {}", output.stdout);
        assert!(output.stderr.contains("Microservice") && output.stderr.contains("Failed"), "{}", output.stderr);
        rig.condition("web", "Stalled", "True", reason).await?;
    }
    install_ok(&rig, "--set tag=v3").await?;
    rig.ready("web").await?;
    Ok(())
}

#[tokio::test]
async fn an_upgrade_waits_for_the_operator() -> Result<()> {
    let mut rig = Rig::without_operator("helm-waits").await?;
    let cluster = rig.cluster;
    let namespace = rig.namespace.clone();
    let mut helm = Box::pin(install(cluster, &namespace, ""));
    tokio::select! {
        output = &mut helm => anyhow::bail!("nobody has looked at the services, and Helm is content: {output:?}"),
        service = rig.wait("the services", "web", |_: &Microservice| true) => { service?; }
    }
    rig.start_operator(&Script::record())?;
    let output = helm.await?;
    assert!(output.success, "{}", output.stderr);
    Ok(())
}
