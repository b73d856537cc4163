//! The operator as users run it: installed by Helm, as pods of our own image, two of them, under the restricted rules.
//! Whoever of them works, and whichever version: children are not written. Without it everything runs on.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::{apps::v1::Deployment, coordination::v1::Lease, core::v1::Pod};
use kube::{
    Api, ResourceExt as _,
    api::{DeleteParams, EvictParams, ListParams},
};
use microservice_core::children::CHILDREN;
use microservice_crds::Microservice;
use microservice_release::pack;
use microservice_tests::{
    control_plane::ControlPlane,
    helm::{Helm, chart},
    image::{program, static_binary},
    rig::{PATIENCE, Rig, condition, observed},
    stand_in,
};

use crate::real;

const SYSTEM: &str = "operator-by-helm";
const SHOP: &str = "shop-by-helm";
const RELEASE: &str = "microservice-operator";

/// The charts as they were in the version before: `helm package` made them.
const BEFORE: &str = "0.1.0";

struct Installed {
    cluster: &'static ControlPlane,
    helm: Helm,
    rig: Rig,
}

/// The pod that holds the lease; behind its name stands which of its incarnations does.
fn holder(lease: Lease) -> String {
    let identity = lease.spec.and_then(|spec| spec.holder_identity).unwrap_or_default();
    identity.split('_').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn whoever_works_children_are_not_written_and_nothing_ends_with_the_operator() -> Result<()> {
    let installed = Installed::start().await?;
    installed.open_the_shop().await?;
    let shop = installed.deployments().await?;
    let mark = installed.cluster.audit().mark().await?;

    installed.upgrade().await?;
    installed.helm.ok(&["rollback", RELEASE, "1", "--namespace", SYSTEM, "--wait", "--timeout=180s"]).await?;
    installed.upgrade().await?;
    let leader = installed.leader().await?;
    installed.pods().delete(&leader, &DeleteParams::default().grace_period(0)).await?;
    installed.another_than(&leader).await?;
    let leader = installed.leader().await?;
    installed.pods().evict(&leader, &EvictParams::default()).await?;
    installed.another_than(&leader).await?;
    let leader = installed.leader().await?;
    installed.speak("debug").await?;
    assert_eq!(installed.leader().await?, leader);
    installed.helm.ok(&["test", RELEASE, "--namespace", SYSTEM, "--timeout=180s"]).await?;

    let requests = installed.cluster.audit().since(mark).await?;
    let user = format!("system:serviceaccount:{SYSTEM}:{RELEASE}");
    let requests = requests.user(&user);
    ensure!(requests.count() > 0, "{user} asked for nothing");
    let denied = requests.clone().filter(|request| request.code == 403);
    assert_eq!(denied.summary(), BTreeMap::new());
    let children = |resource: &str| CHILDREN.iter().any(|entry| entry.plural == resource);
    assert_eq!(requests.writes().filter(|request| children(&request.resource)).summary(), BTreeMap::new());
    assert_eq!(installed.deployments().await?, shop);

    // Who works now works.
    let yaml = std::fs::read_to_string(sample("redis-cart.yaml"))?;
    installed.apply(&yaml.replace("  image: ", "  podLabels: {moved: here}\n  image: ")).await?;
    let moved = |deployment: &Deployment| {
        let template = deployment.spec.as_ref().and_then(|spec| spec.template.metadata.as_ref());
        template.and_then(|metadata| metadata.labels.as_ref()).is_some_and(|labels| labels.contains_key("moved"))
    };
    installed.rig.wait("the label to reach the pods", "redis-cart", moved).await?;
    installed.rig.ready("redis-cart").await?;

    installed.leave(&shop).await
}

/// The operator's image: the archive that the variable IMAGE names, such as one of `make image`; otherwise one that the
/// same code makes of the same sources, which are built faster than for a release.
fn image() -> Result<PathBuf> {
    if let Some(archive) = std::env::var_os("IMAGE").filter(|archive| !archive.is_empty()) {
        return Ok(archive.into());
    }
    let path = static_binary(RELEASE, RELEASE)?;
    let name = format!("registry.example/{RELEASE}:{BEFORE}");
    let bytes = pack::operator_archive(&name, &[program(&path)?], BTreeMap::new())?;
    let archive = path.with_extension("oci.tar");
    std::fs::write(&archive, bytes)?;
    Ok(archive)
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests/samples/online-boutique").join(name)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}

impl Installed {
    /// The charts of the version before, in namespaces that admit only restricted pods.
    async fn start() -> Result<Self> {
        let cluster = real::cluster().await?;
        cluster.node()?.import_archive(&tokio::task::spawn_blocking(image).await??).await?;
        for namespace in [SYSTEM, SHOP] {
            cluster.create_namespace(namespace).await?;
            let label = "pod-security.kubernetes.io/enforce=restricted";
            cluster.kubectl_ok(&["label", "namespace", namespace, label]).await?;
        }
        let (helm, client) = (Helm::of(cluster).await?, cluster.client()?);
        let rig = Rig { cluster, namespace: SHOP.into(), client, agent: String::new(), operator: None };
        let installed = Self { cluster, helm, rig };

        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("install/fixtures");
        // The other tests have put the definitions here already.
        let definitions = fixtures.join(format!("microservice-operator-crds-{BEFORE}.tgz"));
        let owned = ["--take-ownership", "--force-conflicts"];
        let args = ["install", "microservice-operator-crds", text(&definitions)?, "--namespace", SYSTEM, "--wait"];
        installed.helm.ok(&[&args[..], &owned].concat()).await?;
        let operator = fixtures.join(format!("{RELEASE}-{BEFORE}.tgz"));
        installed.helm_with_values("install", text(&operator)?, &[]).await?;
        Ok(installed)
    }

    /// One namespace, for operators of other tests work in the others.
    async fn helm_with_values(&self, verb: &str, chart: &str, more: &[&str]) -> Result<()> {
        let watched = format!("watchNamespace={SHOP}");
        let args = [verb, RELEASE, chart, "--namespace", SYSTEM, "--wait", "--timeout=180s"];
        let values = ["--set", "rbac.scope=namespaced", "--set", &watched];
        self.helm.ok(&[&args[..], &values, more].concat()).await.map(drop)
    }

    /// Another log level, which both pods take without being replaced.
    async fn speak(&self, level: &str) -> Result<()> {
        let names = async || -> Result<BTreeSet<String>> {
            Ok(self.pods().list(&ListParams::default()).await?.iter().map(|pod| pod.name_any()).collect())
        };
        let before = names().await?;
        let level = format!("log.level={level}");
        self.helm_with_values("upgrade", text(&chart(RELEASE))?, &["--set", &level]).await?;
        // The kubelet writes the files of a ConfigMap within two minutes, and at once when the pod changes.
        let args = ["annotate", "pods", "--all", "--namespace", SYSTEM, "log-level=changed"];
        self.cluster.kubectl_ok(&args).await?;
        for pod in &before {
            let ask = || async {
                let said = self.cluster.kubectl_ok(&["logs", pod, "--namespace", SYSTEM]).await?;
                Ok(said.contains("log level changed").then_some(()))
            };
            self.cluster.wait_until(&format!("{pod} to change its log level"), SYSTEM, PATIENCE, ask).await?;
        }
        assert_eq!(names().await?, before);
        Ok(())
    }

    async fn upgrade(&self) -> Result<()> {
        let definitions = chart("microservice-operator-crds");
        let args = ["upgrade", "microservice-operator-crds", text(&definitions)?, "--namespace", SYSTEM, "--wait"];
        self.helm.ok(&args).await?;
        self.helm_with_values("upgrade", text(&chart(RELEASE))?, &[]).await
    }

    async fn apply(&self, yaml: &str) -> Result<()> {
        let args = ["apply", "--server-side", "--force-conflicts", "--namespace", SHOP, "-f", "-"];
        let output = self.cluster.kubectl_with_input(&args, yaml).await?;
        ensure!(output.success, "{}", output.stderr);
        Ok(())
    }

    /// Online Boutique, under another host name than that of the test beside this one.
    async fn open_the_shop(&self) -> Result<()> {
        let folder = sample("");
        let images = stand_in::images_of(&folder)?;
        stand_in::import(self.cluster, images.iter().map(String::as_str)).await?;
        stand_in::make_room(self.cluster, SHOP).await?;
        for entry in std::fs::read_dir(&folder)? {
            let yaml = std::fs::read_to_string(entry?.path())?;
            if yaml.contains("kind: Microservice") {
                self.apply(&yaml.replace("shop.example.com", "helm.example.com")).await?;
            }
        }
        let services: Api<Microservice> = self.rig.api();
        let all_ready = || async {
            let all = services.list(&ListParams::default()).await?.items;
            let ready = |s: &&Microservice| observed(s) && condition(s, "Ready").is_some_and(|c| c.status == "True");
            Ok((all.iter().filter(ready).count() == 12).then_some(()))
        };
        self.cluster.wait_until("twelve services to be Ready", SHOP, 3 * PATIENCE, all_ready).await
    }

    /// Each Deployment's uid and generation.
    async fn deployments(&self) -> Result<BTreeMap<String, (Option<String>, Option<i64>)>> {
        let all = self.rig.api::<Deployment>().list(&ListParams::default()).await?;
        Ok(all.iter().map(|d| (d.name_any(), (d.uid(), d.metadata.generation))).collect())
    }

    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.rig.client.clone(), SYSTEM)
    }

    /// The pod that works, once both are ready.
    async fn leader(&self) -> Result<String> {
        let args = ["rollout", "status", "deployment", RELEASE, "--namespace", SYSTEM, "--timeout=120s"];
        self.cluster.kubectl_ok(&args).await?;
        let leases: Api<Lease> = Api::namespaced(self.rig.client.clone(), SYSTEM);
        let pods = self.pods();
        let ask = || async {
            let Some(lease) = leases.get_opt(RELEASE).await? else { return Ok(None) };
            let holder = holder(lease);
            if holder.is_empty() {
                return Ok(None);
            }
            Ok(pods.get_opt(&holder).await?.map(|pod| pod.name_any()))
        };
        self.cluster.wait_until("a leader", SYSTEM, PATIENCE, ask).await
    }

    async fn another_than(&self, old: &str) -> Result<()> {
        let leases: Api<Lease> = Api::namespaced(self.rig.client.clone(), SYSTEM);
        let ask = || async {
            let holder = holder(leases.get(RELEASE).await?);
            Ok((!holder.is_empty() && holder != old).then_some(()))
        };
        self.cluster.wait_until("another leader", SYSTEM, PATIENCE, ask).await
    }

    /// Takes the operator away, and then one service.
    async fn leave(&self, shop: &BTreeMap<String, (Option<String>, Option<i64>)>) -> Result<()> {
        let names = |all: &[Pod]| all.iter().map(|pod| pod.name_any()).collect::<BTreeSet<_>>();
        let pods = self.rig.api::<Pod>();
        let before = names(&pods.list(&ListParams::default()).await?.items);
        for release in [RELEASE, "microservice-operator-crds"] {
            self.helm.ok(&["uninstall", release, "--namespace", SYSTEM, "--wait"]).await?;
        }
        assert_eq!(names(&pods.list(&ListParams::default()).await?.items), before);
        let service: Microservice = self.rig.get("adservice").await?;
        self.rig.delete::<Microservice>("adservice").await?;
        self.rig.wait_gone::<Microservice>("adservice", &service.uid().unwrap_or_default()).await?;
        let uid = shop.get("adservice").and_then(|(uid, _)| uid.clone()).context("no adservice")?;
        self.rig.wait_gone::<Deployment>("adservice", &uid).await
    }
}
