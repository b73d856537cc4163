//! `kubectl apply`, server-side and client-side, and from one to the other: what leaves the file leaves the spec, by kubectl's
//! own rules, and nobody's pods are touched because a file was applied in another way.

use std::path::PathBuf;

use anyhow::Result;
use kube::{
    Api,
    api::{ApiResource, DynamicObject},
};
use microservice_crds::Microservice;
use microservice_tests::rig::Rig;
use serde_json::Value;

use crate::{docs, service};

const FULL: &str = "
image: registry.example/web:v1
ports: [{name: http, port: 80, targetPort: 8080, protocol: http}, {name: admin, port: 81, protocol: http}]
env: [{name: A, value: '1'}, {name: B, value: '2'}]
scaling: {replicas: 2}
podLabels: {tier: front, zone: a}
";
/// Without a port, a variable and a label.
const LESS: &str = "
image: registry.example/web:v1
ports: [{name: http, port: 80, targetPort: 8080, protocol: http}]
env: [{name: A, value: '1'}]
scaling: {replicas: 2}
podLabels: {tier: front}
";
/// Without the lists and maps themselves.
const LEAST: &str = "
image: registry.example/web:v1
scaling: {replicas: 2}
";

const SERVER_SIDE: &str = "kubectl-server-side";
const CLIENT_SIDE: &str = "kubectl-client-side";

/// A file of one Microservice, and the commands of the page on it.
struct File<'a> {
    rig: &'a Rig,
    path: PathBuf,
}

impl<'a> File<'a> {
    fn new(rig: &'a Rig) -> Self {
        Self { rig, path: rig.cluster.folder().join(format!("{}.yaml", rig.namespace)) }
    }

    fn write(&self, spec: &str) -> Result<()> {
        Ok(std::fs::write(&self.path, service::plain("web", spec)?.to_string())?)
    }

    async fn run(&self, block: &str) -> Result<String> {
        let (namespace, path) = (format!("-n {} ", self.rig.namespace), self.path.to_string_lossy().into_owned());
        docs::run(self.rig.cluster, block, &[("-n shop ", &namespace), ("web.yaml", &path)]).await
    }

    /// Applies a spec, and says whether the spec in the cluster is that of a service that never had another one.
    async fn apply(&self, block: &str, spec: &str) -> Result<bool> {
        self.write(spec)?;
        self.run(block).await?;
        let mut fresh = service::plain("fresh", spec)?;
        fresh["metadata"]["namespace"] = self.rig.namespace.clone().into();
        let params = kube::api::PostParams { dry_run: true, ..Default::default() };
        let fresh = api(self.rig).create(&params, &serde_json::from_value(fresh)?).await?;
        Ok(spec_of(self.rig).await? == fresh.data["spec"])
    }
}

fn api(rig: &Rig) -> Api<DynamicObject> {
    let kind = ApiResource::erase::<Microservice>(&());
    Api::namespaced_with(rig.client.clone(), &rig.namespace, &kind)
}

async fn spec_of(rig: &Rig) -> Result<Value> {
    Ok(api(rig).get("web").await?.data["spec"].clone())
}

#[tokio::test]
async fn what_leaves_the_file_leaves_the_spec_on_both_sides_of_a_switch() -> Result<()> {
    let rig = Rig::start("kubectl-switch").await?;
    let file = File::new(&rig);
    for (way, spec) in [
        (CLIENT_SIDE, FULL),
        (SERVER_SIDE, LESS),
        (CLIENT_SIDE, LEAST),
        (SERVER_SIDE, FULL),
        (SERVER_SIDE, LESS),
        (CLIENT_SIDE, FULL),
        (SERVER_SIDE, LEAST),
    ] {
        assert!(file.apply(way, spec).await?, "{way} of {spec}: {}", spec_of(&rig).await?);
        rig.ready("web").await?;
        // Applied in the other way it is the same object, for the operator as well.
        rig.idle().await?;
        let mark = rig.mark().await?;
        for way in [CLIENT_SIDE, SERVER_SIDE, way] {
            assert!(file.apply(way, spec).await?, "{way} after the other way");
        }
        assert_eq!(file.run("kubectl-diff").await?, "");
        rig.idle().await?;
        let sent = rig.since(mark).await?;
        assert_eq!(sent.count(), 0, "{way}: {:?}", sent.summary());
    }
    Ok(())
}

#[tokio::test]
async fn a_first_client_side_apply_removes_what_it_is_told_of() -> Result<()> {
    let rig = Rig::start("kubectl-back").await?;
    let file = File::new(&rig);
    assert!(file.apply(SERVER_SIDE, FULL).await?);
    // kubectl's own rule: client-side it compares with what it applied client-side before, and that is nothing.
    assert!(!file.apply(CLIENT_SIDE, LESS).await?);
    assert_eq!(spec_of(&rig).await?["podLabels"]["zone"], "a");
    assert!(file.apply(SERVER_SIDE, LESS).await?, "server-side it is put right: {}", spec_of(&rig).await?);
    rig.delete::<Microservice>("web").await?;

    file.write(FULL)?;
    file.run(SERVER_SIDE).await?;
    file.run("kubectl-switch").await?;
    assert!(file.apply(CLIENT_SIDE, LESS).await?, "{}", spec_of(&rig).await?);
    let waited = docs::run(rig.cluster, "kubectl-wait", &[("-n shop ", &format!("-n {} ", rig.namespace))]).await?;
    assert!(waited.contains("microservice.microservices.dev/web condition met"), "{waited}");
    Ok(())
}
