//! The control plane with our definitions and the policies, installed as one does without Helm.

use std::{path::Path, time::Duration};

use anyhow::{Result, ensure};
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use microservice_tests::{
    control_plane::{ControlPlane, Options},
    rig,
};
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};

use crate::people::Person;

/// Long, because it is no measure of speed.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Held by who works with the class `image-rules`, which is of the whole cluster.
pub static IMAGE_RULES: Mutex<()> = Mutex::const_new(());

/// The folder of the policies.
pub const POLICIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../charts/microservice-operator/policies");

/// The shared control plane, once the policies are in force.
pub async fn installed() -> Result<&'static ControlPlane> {
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    let server = ControlPlane::shared(Options::default()).await?;
    INSTALLED.get_or_try_init(|| install(server)).await?;
    Ok(server)
}

async fn install(server: &'static ControlPlane) -> Result<()> {
    rig::install(server).await?;
    ensure!(Path::new(POLICIES).is_dir(), "there are no policies in {POLICIES}");
    server.kubectl_ok(&["apply", "-f", POLICIES]).await?;
    // The server learns of a policy a moment after it was stored: it is in force once it refuses.
    let (plain, ruled) = (server.namespace("in-force").await?, server.namespace("in-force-ruled").await?);
    label(server, &ruled, json!({"microservices.dev/image-rules": "image-rules"})).await?;
    // A refusal tells of one policy only: each is asked where no other would refuse.
    for (namespace, spec, policy) in [
        (&plain, "serviceAccount: {name: other}", "'service-accounts.microservices.dev'"),
        (&plain, "overrides: {Deployment: {}}", "'overrides.microservices.dev'"),
        (&ruled, "", "'image-rules.microservices.dev'"),
    ] {
        let nobody = &Person::with(server, namespace, "nobody", json!([])).await?;
        let ask = || async move {
            let words = nobody.would_create("probe", spec).await.err().unwrap_or_default();
            Ok(words.contains(policy).then_some(()))
        };
        server.wait_until(policy, namespace, PATIENCE, ask).await?;
    }
    Ok(())
}

/// Gives labels to a namespace.
pub async fn label(server: &ControlPlane, namespace: &str, labels: Value) -> Result<()> {
    let body = json!({"metadata": {"labels": labels}});
    Api::<k8s_openapi::api::core::v1::Namespace>::all(server.client()?)
        .patch(namespace, &PatchParams::default(), &Patch::Merge(body))
        .await?;
    Ok(())
}
