//! The stand-in in the place of other services, on the real node: their images have the names that somebody wrote, and
//! are not theirs.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context as _, Result};
use microservice_crds::Microservice;

use crate::{
    control_plane::ControlPlane,
    image::{ImageOptions, static_binary},
};

/// On a machine of two cores there is no room for the requests of a whole system, of which stand-ins use next to nothing.
/// So each pod asks for a tenth of the CPU that its Deployment says; the Deployments stay as they are.
const SMALL_REQUESTS: &str = r#"
apiVersion: VERSION
kind: MutatingAdmissionPolicy
metadata: {name: small-requests-NAMESPACE}
spec:
  failurePolicy: Fail
  reinvocationPolicy: Never
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: NAMESPACE}}
    resourceRules:
    - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}
  mutations:
  - patchType: ApplyConfiguration
    applyConfiguration:
      expression: >-
        Object{spec: Object.spec{containers: object.spec.containers
        .filter(c, has(c.resources) && has(c.resources.requests) && 'cpu' in c.resources.requests)
        .map(c, Object.spec.containers{name: c.name, resources: Object.spec.containers.resources{requests: {
        'cpu': string(int(quantity(c.resources.requests['cpu']).asApproximateFloat() * 100.0)) + 'm'}}})}}
---
apiVersion: VERSION
kind: MutatingAdmissionPolicyBinding
metadata: {name: small-requests-NAMESPACE}
spec: {policyName: small-requests-NAMESPACE}
"#;

/// Makes the stand-in's images for the real node, under these names. It is built first, which takes a minute, once.
///
/// # Errors
/// When it cannot be built, or there is no real node.
pub async fn import<'a>(cluster: &ControlPlane, names: impl IntoIterator<Item = &'a str>) -> Result<()> {
    let program = tokio::task::spawn_blocking(|| static_binary("stand-in", "stand-in")).await??;
    for name in names {
        let options = ImageOptions {
            entrypoint: "/stand-in".into(),
            // What the scripts of init containers find.
            links: vec!["/bin/sh".into()],
            env: vec![("PATH".into(), "/bin".into()), ("STAND_IN_IMAGE".into(), name.into())],
            ..ImageOptions::default()
        };
        cluster.import_image(&[name], &program, &options).await.with_context(|| format!("the image {name}"))?;
    }
    Ok(())
}

/// Lets the pods of a namespace ask for a tenth of the CPU, so that a whole system has room on a small machine.
///
/// # Errors
/// When the server refuses it.
pub async fn make_room(cluster: &ControlPlane, namespace: &str) -> Result<()> {
    let version = cluster.binaries().kubernetes().mutating_policies;
    cluster.apply(&SMALL_REQUESTS.replace("VERSION", version).replace("NAMESPACE", namespace)).await
}

/// All images that the Microservices in a folder name.
///
/// # Errors
/// When a file cannot be read.
pub fn images_of(folder: &Path) -> Result<BTreeSet<String>> {
    let mut images = BTreeSet::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        for document in serde_saphyr::from_multiple::<serde_json::Value>(&fs::read_to_string(&path)?)? {
            if document["kind"] != "Microservice" {
                continue;
            }
            let service: Microservice = serde_json::from_value(document).with_context(|| path.display().to_string())?;
            let spec = service.spec;
            let more = spec.init_containers.into_iter().chain(spec.sidecars).map(|container| container.image);
            images.extend(std::iter::once(spec.image).chain(more));
        }
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_images_of_the_sample_are_found() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests/samples/online-boutique");
        let images = images_of(&folder).unwrap();
        assert_eq!(images.len(), 13);
        assert!(images.contains("redis:alpine") && images.iter().any(|image| image.starts_with("busybox:")));
    }
}
