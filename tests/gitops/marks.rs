//! What tools write on the objects that they apply, to find them again. On a child it would make the tool believe that the
//! child is one of them: Argo CD and Flux prune such objects.

use std::collections::BTreeMap;

use anyhow::Result;
use k8s_openapi::api::{apps::v1::ReplicaSet, core::v1::Pod};
use kube::{
    Api, ResourceExt,
    api::{ApiResource, DynamicObject, ListParams},
};
use microservice_core::children::CHILDREN;
use microservice_tests::rig::Rig;

use crate::service;

/// Labels and annotations.
#[derive(Default)]
pub struct Marks {
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
}

/// Those of Argo CD (by annotation and by label), Flux, Helm and people, of an application that is called `shop`.
pub fn all(namespace: &str) -> Marks {
    let map = |all: &[(&str, &str)]| all.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let id = format!("shop:microservices.dev/Microservice:{namespace}/web");
    Marks {
        labels: map(&[
            ("app.kubernetes.io/instance", "shop"),
            ("app.kubernetes.io/name", "shop"),
            ("app.kubernetes.io/managed-by", "Helm"),
            ("app.kubernetes.io/part-of", "shop"),
            ("argocd.argoproj.io/instance", "shop"),
            ("kustomize.toolkit.fluxcd.io/name", "shop"),
            ("kustomize.toolkit.fluxcd.io/namespace", "flux-system"),
            ("helm.toolkit.fluxcd.io/name", "shop"),
            ("helm.toolkit.fluxcd.io/namespace", "flux-system"),
            ("helm.sh/chart", "shop-1.0.0"),
            ("team", "checkout"),
        ]),
        annotations: map(&[
            ("argocd.argoproj.io/tracking-id", &id),
            ("argocd.argoproj.io/sync-wave", "3"),
            ("argocd.argoproj.io/sync-options", "Prune=false"),
            ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
            ("kustomize.toolkit.fluxcd.io/ssa", "Merge"),
            ("meta.helm.sh/release-name", "shop"),
            ("meta.helm.sh/release-namespace", namespace),
            ("helm.sh/resource-policy", "keep"),
            ("example.com/note", "of the owner"),
        ]),
    }
}

/// Every object that a service was made into, pods and ReplicaSets included.
async fn made(rig: &Rig, name: &str) -> Result<Vec<DynamicObject>> {
    let children = CHILDREN.iter().map(|entry| ApiResource {
        group: entry.group.into(),
        version: entry.version.into(),
        api_version: entry.api_version(),
        kind: entry.kind.into(),
        plural: entry.plural.into(),
    });
    let below = [ApiResource::erase::<ReplicaSet>(&()), ApiResource::erase::<Pod>(&())];
    let mut all = Vec::new();
    for kind in children.chain(below) {
        let api: Api<DynamicObject> = Api::namespaced_with(rig.client.clone(), &rig.namespace, &kind);
        let found = api.list(&ListParams::default().labels(&format!("app.kubernetes.io/name={name}"))).await?;
        anyhow::ensure!(!found.items.is_empty() || kind.kind == "GRPCRoute", "no {}", kind.kind);
        all.extend(found.items);
    }
    Ok(all)
}

#[tokio::test]
async fn what_a_tool_writes_on_a_service_is_on_none_of_its_children() -> Result<()> {
    let rig = Rig::start("marks").await?;
    let marks = all(&rig.namespace);
    // Closed, so that there is a NetworkPolicy, too.
    rig.apply_class(&rig.namespace, "{network: {mode: Enforce}}").await?;
    let class = &rig.namespace;
    let spec = &format!(
        "
        class: {class}
        image: registry.example/web:v1
        ports: [{{name: http, port: 80, targetPort: 8080, protocol: http}}]
        scaling: {{minReplicas: 2, maxReplicas: 5, cpu: 50}}
        resources: {{requests: {{cpu: 100m}}}}
        config: {{mountPath: /etc/web, files: {{web.yaml: 'level: info'}}}}
        routes: [{{name: main, hostnames: [shop.example.com], gateway: {{name: public}}}}]"
    );
    let object = service::marked("web", spec, &marks)?.to_string();
    // Client-side: so the last applied configuration is there, too.
    let output = rig.cluster.kubectl_with_input(&["apply", "-n", &rig.namespace, "-f", "-"], &object).await?;
    assert!(output.success, "{}", output.stderr);
    let service = rig.ready("web").await?;
    let last = "kubectl.kubernetes.io/last-applied-configuration";
    assert!(service.annotations().contains_key(last));

    for child in made(&rig, "web").await? {
        let what = format!("{} {}", child.types.as_ref().map_or("", |t| t.kind.as_str()), child.name_any());
        for (key, value) in child.labels() {
            assert_ne!(marks.labels.get(key), Some(value), "{what}: label {key}");
        }
        for key in marks.labels.keys().filter(|key| !key.starts_with("app.kubernetes.io/")) {
            assert!(!child.labels().contains_key(key), "{what}: label {key}");
        }
        for key in marks.annotations.keys().map(String::as_str).chain([last]) {
            assert!(!child.annotations().contains_key(key), "{what}: annotation {key}");
        }
    }
    rig.delete_class(&rig.namespace).await
}
