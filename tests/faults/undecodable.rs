//! One stored object that does not fit its type stops nobody else.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::{
    api::events::v1::Event, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api,
    api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams, PostParams},
};
use microservice_tests::{
    control_plane::{ControlPlane, Options},
    faults::Script,
    operator::Operator,
};
use serde_json::{Value, json};

use crate::rest::at_rest;

const PATIENCE: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_an_old_schema_let_in_is_stalled_alone() -> Result<()> {
    let cluster = ControlPlane::start(Options::default()).await?;
    let client = cluster.client()?;
    let real = microservice_crds::schema::crd()?;
    let mut loose = real.clone();
    for version in &mut loose.spec.versions {
        version.schema = Some(serde_json::from_value(json!({"openAPIV3Schema": {
            "type": "object", "x-kubernetes-preserve-unknown-fields": true,
        }}))?);
    }
    cluster.install_definition(&loose).await?;
    let namespace = cluster.namespace("old").await?;
    let resource = ApiResource::erase::<microservice_crds::Microservice>(&());
    let services: Api<DynamicObject> = Api::namespaced_with(client, &namespace, &resource);
    let good = json!({"image": "registry.example/web:v1", "ports": [{"name": "http", "port": 80}]});
    // A rule of the schema looks at the ports, none looks at this one.
    let silent = json!({"image": "registry.example/web:v1", "ports": "eighty"});
    let broken = json!({"image": "registry.example/web:v1", "paused": "yes"});
    for (name, spec) in [("silent", &silent), ("broken", &broken), ("good", &good)] {
        services.create(&PostParams::default(), &object(&resource, name, spec)?).await?;
    }
    let definitions: Api<CustomResourceDefinition> = Api::all(cluster.client()?);
    let mut next = real;
    let name = next.metadata.name.clone().context("no name")?;
    next.metadata.resource_version = definitions.get(&name).await?.metadata.resource_version;
    definitions.replace(&name, &PostParams::default(), &next).await?;
    // The real schema is in force when it refuses what the loose one let in.
    let refused = || async {
        let dry = PostParams { dry_run: true, ..PostParams::default() };
        Ok(services.create(&dry, &object(&resource, "another", &silent)?).await.is_err().then_some(()))
    };
    cluster.wait_until("the schema to be in force", &namespace, PATIENCE, refused).await?;

    let script = Script::record();
    let operator = Operator::start(&cluster, None, "operator", &script)?;
    services.create(&PostParams::default(), &object(&resource, "later", &good)?).await?;
    for name in ["good", "later"] {
        wait(&cluster, &services, &namespace, name, "Ready", |_| true).await?;
    }
    let stalled = wait(&cluster, &services, &namespace, "broken", "Stalled", |_| true).await?;
    let message = stalled["message"].as_str().context("no message")?;
    ensure!(message.contains("spec") && message.contains("schema"), "{message}");
    // The server takes no status for an object whose rules it cannot evaluate: an event says the same.
    let events: Api<Event> = Api::namespaced(cluster.client()?, &namespace);
    let told = || async {
        let list = events.list(&ListParams::default().fields("regarding.name=silent")).await?;
        Ok(list.into_iter().find_map(|event| event.note).filter(|note| note.contains("schema")))
    };
    let note = cluster.wait_until("the event", &namespace, PATIENCE, told).await?;
    ensure!(note.contains("spec"), "{note}");
    at_rest(&[&script], Duration::from_secs(2)).await?;

    // Once they are written as they should be, they work, and nothing of the past is left in the status.
    for (name, patch) in [
        ("silent", json!({"spec": {"ports": [{"name": "http", "port": 80}]}})),
        ("broken", json!({"spec": {"paused": false}})),
    ] {
        services.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await?;
        wait(&cluster, &services, &namespace, name, "Ready", |live| {
            live["status"]["conditions"].as_array().is_some_and(|all| all.iter().all(|c| c["type"] != "Stalled"))
        })
        .await?;
    }
    at_rest(&[&script], Duration::from_secs(1)).await?;
    operator.stop().await;
    Ok(())
}

fn object(resource: &ApiResource, name: &str, spec: &Value) -> Result<DynamicObject> {
    Ok(serde_json::from_value(json!({
        "apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}, "spec": spec,
    }))?)
}

/// Waits until a condition is True at the present generation, and answers it.
async fn wait(
    cluster: &ControlPlane,
    services: &Api<DynamicObject>,
    namespace: &str,
    name: &str,
    type_: &str,
    also: impl Fn(&Value) -> bool,
) -> Result<Value> {
    let also = &also;
    let ask = || async move {
        let live = serde_json::to_value(services.get(name).await?)?;
        let conditions = live["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let current = live["status"]["observedGeneration"] == live["metadata"]["generation"] && also(&live);
        Ok(conditions.into_iter().find(|c| c["type"] == type_ && c["status"] == "True" && current))
    };
    cluster.wait_until(&format!("{name} to be {type_}"), namespace, PATIENCE, ask).await
}
