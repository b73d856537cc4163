//! The pods of every sample in a namespace that enforces the restricted rules of Pod Security.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client, api::PostParams};
use microservice_core::{
    offline::{self, Manifests},
    render::render,
};
use serde_json::{Value, json};

use crate::stage::{installed, label};

fn samples() -> Vec<(String, Manifests)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests/samples");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
        .into_iter()
        .map(|folder| {
            // The files of a sample belong together: what its classes give to its pods counts.
            let mut manifests = Manifests::default();
            for file in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
                let text = std::fs::read_to_string(file).unwrap();
                for document in serde_saphyr::from_multiple::<Value>(&text).unwrap() {
                    manifests.add(document).unwrap();
                }
            }
            (folder.file_name().unwrap().to_string_lossy().into_owned(), manifests)
        })
        .collect()
}

/// Whether a pod would be admitted: everything is asked, nothing is kept.
async fn admit(pods: &Api<Pod>, name: &str, template: &Value) -> Result<(), kube::Error> {
    let mut pod = json!({"metadata": template["metadata"], "spec": template["spec"]});
    pod["metadata"]["name"] = json!(name);
    // An account that is not there yet is no matter of Pod Security.
    pod["spec"]["serviceAccountName"] = json!("default");
    let pod: Pod = serde_json::from_value(pod).expect("a pod");
    pods.create(&PostParams { dry_run: true, ..PostParams::default() }, &pod).await.map(|_| ())
}

#[tokio::test]
async fn every_sample_is_admitted() -> Result<()> {
    let server = installed().await?;
    let namespace = server.namespace("restricted").await?;
    let enforced = json!({
        "pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "latest",
    });
    label(server, &namespace, enforced).await?;
    let client: Client = server.client()?;
    let pods: Api<Pod> = Api::namespaced(client, &namespace);

    // The rules hold: a pod that says nothing about itself is refused. The server sees the label a moment later.
    let plain = json!({"metadata": {}, "spec": {"containers": [{"name": "web", "image": "registry.example/web:v1"}]}});
    let (asked, plain) = (&pods, &plain);
    let ask = || async move { Ok(admit(asked, "plain", plain).await.err()) };
    let refused = server.wait_until("the rules to hold", &namespace, crate::stage::PATIENCE, ask).await?;
    assert!(refused.to_string().contains("violates PodSecurity \"restricted:latest\""), "{refused}");

    let mut admitted = 0;
    for (sample, manifests) in samples() {
        let graph = manifests.graph("default");
        for service in manifests.services.clone() {
            let subject = offline::subject(service, "default");
            let rendered = render(&subject, &manifests.facts(&subject, &graph))
                .map_err(|problems| anyhow::anyhow!("{sample}/{}: {problems:?}", subject.name))?;
            let pod = rendered.children.iter().find_map(|child| child.body.pointer("/spec/template"));
            let pod = pod.with_context(|| format!("{sample}/{} has no pods", subject.name))?;
            let answer = admit(&pods, &subject.name, pod).await;
            answer.with_context(|| format!("{sample}/{} is refused", subject.name))?;
            admitted += 1;
        }
    }
    assert!(admitted >= 20, "only {admitted} samples");
    Ok(())
}
