//! The operator with the rights, arguments and environment that the chart gives: it does all its work, and nothing of it
//! is denied.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::{
    apps::v1::Deployment,
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::{ConfigMap, Service},
};
use kube::{Api, ResourceExt as _, api::ListParams};
use microservice_tests::{
    chart_pod::ChartPod,
    control_plane::{Mark, Requests},
    helm::chart,
    rig::Rig,
};

use crate::stage::{Stage, path};

/// An operator that Helm installed, and that runs as a process.
pub struct Installed {
    pub pod: ChartPod,
    mark: Mark,
}

impl Installed {
    /// Installs the chart in a namespace that admits only restricted pods, and starts its pod.
    pub async fn start(stage: &Stage, namespace: &str, release: &str, values: &[&str]) -> Result<Self> {
        let (chart, ports) = (chart("microservice-operator"), (free_port()?, free_port()?));
        let mut args = vec!["install", release, path(&chart), "--namespace", namespace, "--wait", "--timeout=120s"];
        let own = [
            "listenAddress=127.0.0.1".to_owned(),
            format!("health.port={}", ports.0),
            format!("metrics.port={}", ports.1),
            format!("fullnameOverride={release}"),
        ];
        for value in own.iter().map(String::as_str).chain(values.iter().copied()) {
            args.extend(["--set", value]);
        }
        let mark = stage.cluster.audit().mark().await?;
        stage.helm.ok(&args).await?;
        let pod = ChartPod::start(stage.cluster, namespace, release, &format!("{release}-process")).await?;
        Ok(Self { pod, mark })
    }

    /// What it has asked for up to now.
    pub async fn requests(&self, stage: &Stage) -> Result<Requests> {
        Ok(stage.cluster.audit().since(self.mark).await?.user(&self.pod.user))
    }

    /// Its requests that the server denied.
    async fn denied(&self, stage: &Stage) -> Result<Vec<String>> {
        let requests = self.requests(stage).await?;
        ensure!(requests.count() > 0, "{} asked for nothing", self.pod.user);
        let denied: BTreeSet<String> = requests
            .filter(|request| request.code == 403)
            .0
            .iter()
            .map(|r| format!("{} {}", r.kind(), r.namespace))
            .collect();
        Ok(denied.into_iter().collect())
    }
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A service with a child of every kind.
const WHOLE: &str = "{image: registry.example/web:v1, ports: [{name: http, port: 80, protocol: http}, \
    {name: grpc, port: 81, protocol: grpc}], resources: {requests: {cpu: 100m}}, \
    scaling: {minReplicas: 2, maxReplicas: 3, cpu: 80}, config: {mountPath: /etc/web, files: {a: '1'}}, \
    routes: [{name: main, gateway: {name: none}}, {name: grpc, gateway: {name: none}, port: grpc}]}";

/// The same without what can be left out.
const LITTLE: &str = "{image: registry.example/web:v1, scaling: {replicas: 1}, ports: [{name: http, port: 80, protocol: http}], \
    serviceAccount: {create: false, name: default}, config: {mountPath: /etc/web, files: {a: '2'}}}";

#[tokio::test]
async fn for_all_namespaces_nothing_is_denied() -> Result<()> {
    let stage = Stage::open().await?;
    let system = stage.namespace("operator").await?;
    let installed = Installed::start(&stage, &system, "everywhere", &[]).await?;
    // Two of them in the cluster, which the server admitted under the restricted rules.
    let deployment: Deployment = Api::namespaced(stage.cluster.client()?, &system).get("everywhere").await?;
    assert_eq!(deployment.status.context("no status")?.ready_replicas, Some(2));

    let rig = Rig::in_namespace(stage.cluster, "everywhere").await?;
    rig.apply_class("everywhere", "{defaults: {env: [{name: A, value: b}]}}").await?;
    rig.apply("web", WHOLE).await?;
    rig.ready("web").await?;
    // Something of somebody else's has a name that is wanted.
    stage.cluster.kubectl_ok(&["create", "service", "clusterip", "taken", "--tcp=80", "-n", &rig.namespace]).await?;
    rig.apply("taken", "{image: registry.example/web:v1, ports: [{name: http, port: 80, protocol: http}]}").await?;
    rig.condition("taken", "Stalled", "True", "NameClash").await?;
    // What is changed by others is repaired, and what is no longer wanted goes.
    let service: Service = rig.get("web").await?;
    rig.delete::<Service>("web").await?;
    rig.wait("the Service to be back", "web", |other: &Service| other.uid() != service.uid()).await?;
    let autoscaler: HorizontalPodAutoscaler = rig.get("web").await?;
    rig.apply("web", LITTLE).await?;
    rig.ready("web").await?;
    rig.wait_gone::<HorizontalPodAutoscaler>("web", &autoscaler.uid().unwrap_or_default()).await?;
    rig.apply("web", &LITTLE.replace("'2'", "'3'")).await?;
    let maps: Api<ConfigMap> = rig.api();
    let two = || async {
        let labelled = ListParams::default().labels("app.kubernetes.io/instance=web");
        Ok((maps.list(&labelled).await?.items.len() == 2).then_some(()))
    };
    stage.cluster.wait_until("the oldest files to go", &rig.namespace, microservice_tests::rig::PATIENCE, two).await?;

    installed.pod.process.check()?;
    assert_eq!(installed.denied(&stage).await?, Vec::<String>::new());
    rig.delete_class("everywhere").await?;
    installed.pod.process.kill();
    Ok(())
}

#[tokio::test]
async fn for_one_namespace_a_role_is_enough() -> Result<()> {
    let stage = Stage::open().await?;
    let team = stage.namespace("team").await?;
    let installed = Installed::start(&stage, &team, "of-a-team", &["rbac.scope=namespaced"]).await?;
    let rig = stage.rig(&team)?;
    rig.apply("web", WHOLE).await?;
    rig.ready("web").await?;

    installed.pod.process.check()?;
    assert_eq!(installed.denied(&stage).await?, Vec::<String>::new());
    let writes = installed.requests(&stage).await?.writes();
    let elsewhere: Vec<_> = writes.0.iter().filter(|request| request.namespace != team).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    installed.pod.process.kill();
    Ok(())
}

#[tokio::test]
async fn without_any_right_in_the_cluster_it_still_works() -> Result<()> {
    let stage = Stage::open().await?;
    let team = stage.namespace("alone").await?;
    let values = ["rbac.scope=namespaced", "rbac.clusterReader=false", "rbac.aggregateRoles=false"];
    let installed = Installed::start(&stage, &team, "alone", &values).await?;
    let rig = stage.rig(&team)?;
    rig.apply("web", WHOLE).await?;
    rig.ready("web").await?;

    installed.pod.process.check()?;
    // Only what it tries to read of the cluster.
    for denied in installed.denied(&stage).await? {
        let what = denied.split(' ').nth(1).unwrap_or_default();
        let known = [
            "namespaces",
            "customresourcedefinitions",
            "microserviceclasses",
            "gateways",
            "gatewayclasses",
            "listenersets",
        ];
        assert!(known.contains(&what) && !denied.starts_with("patch"), "{denied}");
    }
    installed.pod.process.kill();
    Ok(())
}

#[tokio::test]
async fn people_get_their_rights_by_the_roles_that_they_have() -> Result<()> {
    let stage = Stage::open().await?;
    let namespace = stage.namespace("people").await?;
    let chart = chart("microservice-operator");
    let args = ["install", "people", path(&chart), "--namespace", &namespace, "--set", "rbac.scope=namespaced"];
    stage.helm.ok(&args).await?;
    for role in ["view", "edit", "admin"] {
        let name = format!("--user={role}er");
        stage
            .cluster
            .kubectl_ok(&["create", "rolebinding", role, "--clusterrole", role, &name, "-n", &namespace])
            .await?;
    }
    let may = async |user: &str, verb: &str, what: &str| -> Result<bool> {
        let (resource, subresource) = what.split_once('/').unwrap_or((what, ""));
        let subresource = format!("--subresource={subresource}");
        let args = ["auth", "can-i", verb, resource, &subresource, "--as", user, "-n", &namespace];
        Ok(stage.cluster.kubectl(&args).await?.success)
    };
    // The cluster adds the rights to its roles a moment later.
    let added = || async { Ok(may("adminer", "create", "microservices").await?.then_some(())) };
    let patience = microservice_tests::rig::PATIENCE;
    stage.cluster.wait_until("the roles to be added up", &namespace, patience, added).await?;
    for (user, verb, what, expected) in [
        ("viewer", "list", "microservices", true),
        ("viewer", "create", "microservices", false),
        ("viewer", "get", "microservices/scale", true),
        ("editer", "create", "microservices", true),
        ("editer", "patch", "microservices/scale", true),
        ("editer", "patch", "microservices/status", false),
        ("editer", "update", "microserviceclasses", false),
        ("viewer", "watch", "microservicesystems", true),
        ("viewer", "create", "microservicesystems", false),
        ("editer", "create", "microservicesystems", true),
        ("editer", "patch", "microservicesystems/status", false),
        ("adminer", "deletecollection", "microservices", true),
    ] {
        assert_eq!(may(user, verb, what).await?, expected, "{user} {verb} {what}");
    }
    Ok(())
}
