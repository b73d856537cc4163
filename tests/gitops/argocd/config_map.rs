//! `manifests/argocd/argocd-cm.yaml` holds the same scripts, for Argo CD's ConfigMap. `UPDATE_GOLDEN=1` writes it anew.

use std::path::Path;

use anyhow::Result;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use microservice_tests::rig::Rig;
use serde_json::Value;

use super::lua;
use crate::docs;

const HEADER: &str = "\
# Health and actions of Microservices for Argo CD. Generated from the files in resource_customizations: do not edit.
# Argo CD reads its ConfigMap argocd-cm; this adds keys to it, and leaves the others alone:
# kubectl apply --server-side -n argocd -f manifests/argocd/argocd-cm.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: argocd-cm
data:
";

/// A literal block of YAML.
fn block(text: &str, indent: usize) -> String {
    let line = |line: &str| if line.is_empty() { "\n".into() } else { format!("{:indent$}{line}\n", "") };
    text.lines().map(line).collect()
}

fn text() -> String {
    let mut actions =
        format!("discovery.lua: |\n{}definitions:\n", block(&lua::read("Microservice/actions/discovery.lua"), 2));
    for name in ["pause", "restart", "resume"] {
        let script = lua::read(&format!("Microservice/actions/{name}/action.lua"));
        actions += &format!("- name: {name}\n  action.lua: |\n{}", block(&script, 4));
    }
    let mut text = HEADER.to_owned();
    text += &format!("  resource.customizations.actions.microservices.dev_Microservice: |\n{}", block(&actions, 4));
    for kind in ["Microservice", "MicroserviceClass", "MicroserviceSystem"] {
        let script = lua::read(&format!("{kind}/health.lua"));
        text += &format!("  resource.customizations.health.microservices.dev_{kind}: |\n{}", block(&script, 4));
    }
    text
}

#[test]
fn the_config_map_is_made_of_the_same_files() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests/argocd/argocd-cm.yaml");
    let wanted = text();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, wanted).unwrap();
        return;
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), wanted, "run `make golden`");
}

#[tokio::test]
async fn it_adds_keys_to_the_config_map_of_argo_cd_and_leaves_the_others() -> Result<()> {
    let rig = Rig::without_operator("argo-cm").await?;
    let there = "{apiVersion: v1, kind: ConfigMap, metadata: {name: argocd-cm, labels: {app.kubernetes.io/part-of: argocd}}, data: {url: 'https://argocd.example'}}";
    let output = rig.cluster.kubectl_with_input(&["create", "-n", &rig.namespace, "-f", "-"], there).await?;
    assert!(output.success, "{}", output.stderr);
    docs::run(rig.cluster, "argocd-install", &[("-n argocd", &format!("-n {}", rig.namespace))]).await?;

    let map = Api::<ConfigMap>::namespaced(rig.client.clone(), &rig.namespace).get("argocd-cm").await?;
    let data = map.data.unwrap_or_default();
    assert_eq!(data["url"], "https://argocd.example");
    assert_eq!(map.metadata.labels.unwrap_or_default()["app.kubernetes.io/part-of"], "argocd");
    for kind in ["Microservice", "MicroserviceClass", "MicroserviceSystem"] {
        let health = &data[&format!("resource.customizations.health.microservices.dev_{kind}")];
        assert_eq!(*health, lua::read(&format!("{kind}/health.lua")));
    }
    let actions = &data["resource.customizations.actions.microservices.dev_Microservice"];
    let actions: Value = serde_saphyr::from_str(actions)?;
    assert_eq!(actions["discovery.lua"], lua::read("Microservice/actions/discovery.lua"));
    for definition in actions["definitions"].as_array().unwrap() {
        let file = format!("Microservice/actions/{}/action.lua", definition["name"].as_str().unwrap());
        assert_eq!(definition["action.lua"], lua::read(&file));
    }
    Ok(())
}
