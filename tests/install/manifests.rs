//! install.yaml and the generated parts of the kustomizations: what the chart makes, without Helm's own marks.
//! `make golden` writes them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use microservice_tests::helm::chart;
use serde_json::{Value, json};

use crate::stage::{SYSTEM, Stage, path};

const HEAD: &str = "# Written from the chart by `make golden`. Do not edit.\n";
const OVERLAYS: [&str; 3] = ["cluster-wide", "namespaced", "high-availability"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests")
}

/// Compares a file with what it should hold, or writes it where `UPDATE_GOLDEN` is set.
pub fn check_or_write(path: &Path, fresh: &str) -> Result<()> {
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    if kept == fresh {
        return Ok(());
    }
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    ensure!(update, "{} is not what the chart says: run `make golden`, and read the diff", path.display());
    Ok(std::fs::write(path, fresh)?)
}

/// The objects that a chart makes of values, as somebody applies them who does not use Helm.
async fn objects(stage: &Stage, name: &str, values: &[&str]) -> Result<Vec<Value>> {
    let chart = chart(name);
    let mut args = vec!["template", "microservice-operator", path(&chart), "--namespace", SYSTEM, "--skip-tests"];
    for value in values {
        args.extend(["--set", value]);
    }
    let text = stage.helm.ok(&args).await?;
    let mut objects: Vec<Value> = serde_saphyr::from_multiple(&text)?;
    objects.retain(|object| !object.is_null());
    for object in &mut objects {
        unmark(object);
    }
    Ok(objects)
}

/// Takes out what only Helm reads, at every depth.
fn unmark(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for key in ["labels", "annotations"] {
                let Some(Value::Object(marks)) = fields.get_mut(key) else { continue };
                marks.retain(|key, value| !key.starts_with("helm.sh/") && *value != "Helm");
                if marks.is_empty() {
                    fields.remove(key);
                }
            }
            fields.values_mut().for_each(unmark);
        }
        Value::Array(items) => items.iter_mut().for_each(unmark),
        _ => {}
    }
}

fn yaml<'a>(objects: impl IntoIterator<Item = &'a Value>) -> Result<String> {
    let mut text = String::from(HEAD);
    for object in objects {
        text.push_str("---\n");
        text.push_str(&serde_saphyr::to_string(object)?);
    }
    Ok(text)
}

#[tokio::test]
async fn they_are_what_the_chart_says() -> Result<()> {
    let stage = Stage::open().await?;
    let operator = |values: &'static [&'static str]| objects(&stage, "microservice-operator", values);
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": SYSTEM, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    });
    let all = operator(&[]).await?;
    let definitions = objects(&stage, "microservice-operator-crds", &[]).await?;
    let install = std::iter::once(&namespace).chain(&definitions).chain(&all);
    check_or_write(&folder().join("install.yaml"), &yaml(install)?)?;

    // Who may do what is the overlays' part; the rest is the base.
    let without = operator(&["rbac.create=false"]).await?;
    let kustomize = folder().join("kustomize");
    check_or_write(&kustomize.join("base/operator.yaml"), &yaml(&without)?)?;
    let rights = all.iter().filter(|object| !without.contains(object));
    check_or_write(&kustomize.join("overlays/cluster-wide/rbac.yaml"), &yaml(rights)?)?;
    let namespaced = operator(&["rbac.scope=namespaced"]).await?;
    let of_rights = |object: &&Value| object["apiVersion"] == "rbac.authorization.k8s.io/v1";
    let of_cluster = |object: &&Value| object["kind"].as_str().is_some_and(|kind| kind.starts_with("Cluster"));
    let (cluster, own): (Vec<&Value>, Vec<&Value>) = namespaced.iter().filter(of_rights).partition(of_cluster);
    check_or_write(&kustomize.join("overlays/namespaced/rbac.yaml"), &yaml(own)?)?;
    check_or_write(&kustomize.join("overlays/namespaced/rbac-cluster.yaml"), &yaml(cluster)?)?;
    Ok(())
}

#[tokio::test]
async fn the_server_takes_them() -> Result<()> {
    let stage = Stage::open().await?;
    stage.dry_run("install.yaml", &std::fs::read_to_string(folder().join("install.yaml"))?).await?;
    for overlay in OVERLAYS {
        let folder = folder().join("kustomize/overlays").join(overlay);
        let text = stage.cluster.kubectl_ok(&["kustomize", path(&folder)]).await?;
        stage.dry_run(overlay, &text).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_overlays_differ_where_they_should() -> Result<()> {
    let stage = Stage::open().await?;
    let build = async |overlay: &str| -> Result<Vec<Value>> {
        let folder = folder().join("kustomize/overlays").join(overlay);
        let text = stage.cluster.kubectl_ok(&["kustomize", path(&folder)]).await?;
        Ok(serde_saphyr::from_multiple(&text)?)
    };
    let pod_of = |all: &[Value]| {
        let deployment = all.iter().find(|object| object["kind"] == "Deployment").cloned();
        deployment.context("no Deployment")
    };

    let wide = build("cluster-wide").await?;
    // The same as install.yaml, whoever applied it.
    let install: Vec<Value> = serde_saphyr::from_multiple(&std::fs::read_to_string(folder().join("install.yaml"))?)?;
    let name = |object: &Value| format!("{} {}", object["kind"], object["metadata"]["name"]);
    for object in &install {
        let other = wide.iter().find(|other| name(other) == name(object));
        assert_eq!(other, Some(object), "{}", name(object));
    }
    assert_eq!(wide.len(), install.len());

    let namespaced = build("namespaced").await?;
    let env = pod_of(&namespaced)?["spec"]["template"]["spec"]["containers"][0]["env"].clone();
    assert!(env.as_array().unwrap().iter().any(|variable| variable["name"] == "WATCH_NAMESPACE"), "{env}");
    for object in namespaced.iter().filter(|object| object["kind"].as_str().unwrap().ends_with("Binding")) {
        assert_eq!(object["subjects"][0]["namespace"], SYSTEM, "{object}");
    }

    let available = build("high-availability").await?;
    assert_eq!(available.len(), wide.len());
    let deployment = pod_of(&available)?;
    assert_eq!(deployment["spec"]["replicas"], 3);
    assert_eq!(deployment["spec"]["template"]["spec"]["priorityClassName"], "system-cluster-critical");
    Ok(())
}
