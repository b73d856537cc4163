//! The chart installs the same policies as the plain files, with its labels, and more bindings where more classes are named.

use std::collections::BTreeMap;

use anyhow::Result;
use microservice_tests::{
    control_plane::ControlPlane,
    helm::{Helm, chart},
};
use serde_json::{Value, json};

use crate::stage::{POLICIES, installed};

/// Policies and bindings of a text, by kind and name.
fn policies(yaml: &str) -> BTreeMap<(String, String), Value> {
    let all: Vec<Value> = serde_saphyr::from_multiple(yaml).expect("YAML");
    let ours = |object: &Value| object["apiVersion"] == "admissionregistration.k8s.io/v1";
    let text = |object: &Value, at: &str| object.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    all.into_iter().filter(ours).map(|o| ((text(&o, "/kind"), text(&o, "/metadata/name")), o)).collect()
}

fn plain() -> BTreeMap<(String, String), Value> {
    let files = std::fs::read_dir(POLICIES).unwrap().map(|entry| entry.unwrap().path());
    files.flat_map(|file| policies(&std::fs::read_to_string(file).unwrap())).collect()
}

pub async fn rendered(server: &ControlPlane, values: &[&str]) -> Result<String> {
    let folder = chart("microservice-operator");
    let folder = folder.to_string_lossy();
    let mut args = vec!["template", "microservice-operator", &folder, "--namespace", "default"];
    args.extend(values);
    Helm::of(server).await?.ok(&args).await
}

#[tokio::test]
async fn the_chart_brings_the_same_policies() -> Result<()> {
    let server = installed().await?;
    assert!(policies(&rendered(server, &[]).await?).is_empty(), "they are off unless asked for");
    let yaml = rendered(server, &["--set", "admissionPolicies.enabled=true"]).await?;
    let (found, plain) = (policies(&yaml), plain());
    assert_eq!(found.keys().collect::<Vec<_>>(), plain.keys().collect::<Vec<_>>());
    assert_eq!(plain.len(), 6);
    for (name, object) in &found {
        assert_eq!(object["spec"], plain[name]["spec"], "{name:?}");
        assert_eq!(object["metadata"]["labels"]["app.kubernetes.io/instance"], "microservice-operator", "{name:?}");
    }
    let args = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-"];
    let mine: Vec<String> = found.values().map(Value::to_string).collect();
    let output = server.kubectl_with_input(&args, &mine.join("\n---\n")).await?;
    assert!(output.success, "{}", output.stderr);
    Ok(())
}

#[tokio::test]
async fn more_classes_are_more_bindings_and_actions_can_be_chosen() -> Result<()> {
    let server = installed().await?;
    let values = [
        "--set",
        "admissionPolicies.enabled=true",
        "--set",
        "admissionPolicies.imageRules={image-rules,strict}",
        "--set",
        "admissionPolicies.validationActions={Warn,Audit}",
    ];
    let found = policies(&rendered(server, &values).await?);
    let bindings: Vec<_> = found.iter().filter(|((kind, _), _)| kind.ends_with("Binding")).collect();
    assert_eq!(bindings.len(), 4, "{:?}", found.keys());
    for (name, binding) in &bindings {
        assert_eq!(binding["spec"]["validationActions"], json!(["Warn", "Audit"]), "{name:?}");
    }
    let key = ("ValidatingAdmissionPolicyBinding".to_owned(), "strict.image-rules.microservices.dev".to_owned());
    let strict = &found[&key]["spec"];
    assert_eq!(strict["paramRef"], json!({"name": "strict", "parameterNotFoundAction": "Deny"}));
    let selector = json!({"matchLabels": {"microservices.dev/image-rules": "strict"}});
    assert_eq!(strict["matchResources"]["namespaceSelector"], selector);
    Ok(())
}
