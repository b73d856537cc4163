//! How many requests each thing costs, by the API server's audit log, in a golden file: a request more is seen in review.
//!
//! `UPDATE_GOLDEN=1` rewrites the file (`make golden`). Counts are for one service; where they are for all, the line says
//! so.

#![allow(clippy::unwrap_used)]

mod scenes;

use std::path::Path;

use anyhow::Result;
use k8s_openapi::api::core::v1::Service;
use kube::api::{Patch, PatchParams};
use microservice_crds::Microservice;
use microservice_tests::{
    faults::Script,
    rig::{Rig, status},
};
use serde_json::{Value, json};

use scenes::{NAMES, SPEC, Scenes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_thing_costs_as_many_requests_as_the_golden_file_says() -> Result<()> {
    let mut scenes = Scenes::start().await?;
    lives(&mut scenes).await?;
    suffers(&mut scenes).await?;
    ends(&mut scenes).await?;

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/requests.txt");
    let text = scenes.lines.join("\n") + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text)?;
        return Ok(());
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let missing = golden.lines().filter(|line| !scenes.lines.iter().any(|l| l == line)).map(|line| format!("- {line}"));
    let added = scenes.lines.iter().filter(|line| !golden.lines().any(|l| l == *line)).map(|line| format!("+ {line}"));
    let changes: Vec<String> = missing.chain(added).collect();
    assert!(golden == text, "run `make golden` and look at the changes:\n{}", changes.join("\n"));
    Ok(())
}

/// What the owner of a service does to it.
async fn lives(scenes: &mut Scenes) -> Result<()> {
    scenes
        .scene("create", async |rig| {
            for name in NAMES {
                rig.apply(name, &SPEC.replace("NAME", name)).await?;
            }
            ready(rig).await
        })
        .await?;
    for (scene, spec) in [
        ("new image", json!({"image": "registry.example/web:v2"})),
        ("new config", json!({"config": {"files": {"web.yaml": "level: debug"}}})),
        // The predecessor of the predecessor goes.
        ("new config again", json!({"config": {"files": {"web.yaml": "level: warn"}}})),
        ("autoscaler off", json!({"scaling": {"replicas": 2, "minReplicas": null, "maxReplicas": null}})),
        ("more replicas", json!({"scaling": {"replicas": 3}})),
        ("autoscaler on", json!({"scaling": {"replicas": null, "minReplicas": 2, "maxReplicas": 4}})),
        ("route away", json!({"routes": null})),
        ("route back", json!({"routes": [{"hostnames": ["NAME.example.com"], "gateway": {"name": "public"}}]})),
        ("label on all children", json!({"labels": {"team": "shop"}})),
        ("pause", json!({"paused": true})),
        ("unpause", json!({"paused": false})),
    ] {
        scenes
            .scene(scene, async |rig| {
                for name in NAMES {
                    rig.edit::<Microservice>(name, named(&json!({"spec": spec}), name)?).await?;
                }
                ready(rig).await
            })
            .await?;
    }
    Ok(())
}

/// What others do to what belongs to it.
async fn suffers(scenes: &mut Scenes) -> Result<()> {
    scenes
        .scene("child deleted", async |rig| {
            for name in NAMES {
                let uid = rig.get::<Service>(name).await?.metadata.uid.unwrap();
                rig.delete::<Service>(name).await?;
                rig.wait("the Service to come back", name, |s: &Service| s.metadata.uid.as_ref() != Some(&uid)).await?;
            }
            Ok(())
        })
        .await?;
    scenes
        .scene("child edited", async |rig| {
            for name in NAMES {
                rig.edit::<Service>(name, json!({"spec": {"type": "NodePort"}})).await?;
                let right = |s: &Service| s.spec.as_ref().and_then(|s| s.type_.as_deref()) == Some("ClusterIP");
                rig.wait("the Service to be right again", name, right).await?;
            }
            Ok(())
        })
        .await?;
    scenes.scene("status of children written by others", async |rig| storm(rig).await).await?;
    scenes
        .scene("spec that cannot be built", async |rig| {
            for name in NAMES {
                // A route without a Gateway: there is no class to take it from.
                rig.edit::<Microservice>(name, json!({"spec": {"routes": [{"name": "main"}]}})).await?;
                rig.condition(name, "Stalled", "True", "InvalidSpec").await?;
            }
            Ok(())
        })
        .await?;
    scenes
        .scene("spec put right", async |rig| {
            let routes = json!([{"hostnames": ["NAME.example.com"], "gateway": {"name": "public"}}]);
            for name in NAMES {
                rig.edit::<Microservice>(name, named(&json!({"spec": {"routes": routes}}), name)?).await?;
            }
            ready(rig).await
        })
        .await
}

/// Rest, restart and removal.
async fn ends(scenes: &mut Scenes) -> Result<()> {
    scenes
        .scene("10 s at rest", async |_| {
            tokio::time::sleep(std::time::Duration::from_secs(10)).await;
            Ok(())
        })
        .await?;
    scenes.rig.stop_operator().await;
    scenes.watches_too = true;
    scenes
        .scene("restart", async |rig| {
            rig.start_operator(&Script::record())?;
            Ok(())
        })
        .await?;
    scenes.watches_too = false;
    scenes
        .scene("delete", async |rig| {
            for name in NAMES {
                rig.delete::<Microservice>(name).await?;
            }
            let namespace = rig.namespace.clone();
            let client = rig.client.clone();
            let children = || async {
                let api: kube::Api<Service> = kube::Api::namespaced(client.clone(), &namespace);
                Ok(api.list(&Default::default()).await?.items.is_empty().then_some(()))
            };
            rig.cluster.wait_until("the children to go", &namespace, microservice_tests::rig::PATIENCE, children).await
        })
        .await
}

/// What stands for the name of the service replaced: no two may have one host.
fn named(spec: &Value, name: &str) -> Result<Value> {
    Ok(serde_json::from_str(&spec.to_string().replace("NAME", name))?)
}

/// Waits until all are Ready, or paused, at their present generation.
async fn ready(rig: &Rig) -> Result<()> {
    for name in NAMES {
        rig.wait("Ready or Paused", name, |service: &Microservice| {
            let status = status(service);
            let ready = status.conditions.iter().find(|c| c.type_ == "Ready");
            let done = ready.is_some_and(|c| c.status == "True" || c.reason == "Paused");
            done && Some(status.observed_generation) == service.metadata.generation
        })
        .await?;
    }
    Ok(())
}

/// Counters of Deployments and autoscalers that say nothing new.
async fn storm(rig: &Rig) -> Result<()> {
    use k8s_openapi::api::{apps::v1::Deployment, autoscaling::v2::HorizontalPodAutoscaler};
    let params = PatchParams::default();
    let status = |value: Value| Patch::Merge(json!({"status": value}));
    for round in 0..5 {
        for name in NAMES {
            let time = format!("2026-01-01T00:00:{round:02}Z");
            let scaler = rig.api::<HorizontalPodAutoscaler>();
            scaler.patch_status(name, &params, &status(json!({"lastScaleTime": time}))).await?;
            let deployments = rig.api::<Deployment>();
            deployments.patch_status(name, &params, &status(json!({"collisionCount": round}))).await?;
        }
    }
    Ok(())
}
