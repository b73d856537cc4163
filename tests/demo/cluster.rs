//! The cluster that the demo runs on: one of its own, or one that is there.

use std::{
    io::{Write as _, stdout},
    path::{Path, PathBuf},
    process::Command,
    sync::PoisonError,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use k8s_openapi::{
    api::apps::v1::Deployment, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
    apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry,
};
use kube::{Api, ResourceExt, api::ListParams};
use microservice_crds::Microservice;
use microservice_tests::{
    control_plane::{BEHAVIOUR, ControlPlane, Options, Process, USER_AGENT_OF_TESTS},
    gateway::Gateway,
    stand_in,
};

use crate::{LEFT, NAMESPACE, NEW, OLD, SAMPLES, TYPO};

/// A cluster whose pods run.
pub async fn start_real_cluster() -> Result<(ControlPlane, Process)> {
    let start = Instant::now();
    say!("1. A real Kubernetes with a real node: kubelet, containerd, kube-proxy, CoreDNS, in a");
    say!("   network of their own. Nothing is pulled: each image of the sample is our stand-in, a");
    say!("   small service that says who it is and calls whom its env names.");
    let cluster = ControlPlane::start(Options::default().hpa().gateway_api().real_node()).await?;
    for definition in microservice_crds::schema::crds()? {
        cluster.install_definition(&definition).await?;
    }
    stand_in::make_room(&cluster, NAMESPACE).await?;
    let mut images = stand_in::images_of(&samples()?)?;
    let rolled: Vec<String> = images.iter().map(|image| image.replace(OLD, NEW)).collect();
    images.extend(rolled.into_iter().filter(|image| image.contains("/emailservice:")));
    stand_in::import(&cluster, images.iter().map(String::as_str)).await?;
    Gateway::shared(&cluster).await?;
    say!("   Up after {:.1} s, with a gateway (Traefik) and our CRDs.", start.elapsed().as_secs_f64());
    let operator = start_operator(&cluster, Command::new(operator_program()?))?;
    Ok((cluster, operator))
}

pub async fn start_cluster() -> Result<(ControlPlane, Process)> {
    let start = Instant::now();
    say!("1. A real Kubernetes on loopback: API server, controllers, scheduler.");
    say!("   Its pods are scheduled and become Ready, simulated by kwok; none runs.");
    let cluster = ControlPlane::start(Options::default().hpa().gateway_api()).await?;
    for definition in microservice_crds::schema::crds()? {
        cluster.install_definition(&definition).await?;
    }
    cluster.apply(&registry(cluster.binaries().kubernetes().mutating_policies)).await?;
    say!("   Up after {:.1} s, with the Gateway API and our CRDs.", start.elapsed().as_secs_f64());
    let operator = start_operator(&cluster, Command::new(operator_program()?))?;
    Ok((cluster, operator))
}

/// The cluster of the environment, with a look at what is there already.
pub async fn use_cluster() -> Result<(ControlPlane, Process)> {
    say!("1. Your cluster, as USE_EXISTING_CLUSTER=true asks.");
    let cluster = ControlPlane::start(Options::default()).await?;
    say!("   {}", cluster.server());
    let client = cluster.client()?;
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let mut found = Vec::new();
    for deployment in Api::<Deployment>::namespaced(client.clone(), NAMESPACE).list(&ListParams::default()).await? {
        found.push(format!("Deployment {}", deployment.name_any()));
    }
    if definitions.get_opt("microservices.microservices.dev").await?.is_some() {
        for service in Api::<Microservice>::namespaced(client, NAMESPACE).list(&ListParams::default()).await? {
            found.push(format!("Microservice {}", service.name_any()));
        }
    }
    if let Some(first) = found.first() {
        bail!(
            "the namespace {NAMESPACE} of this cluster is in use ({first}).\nIf that is an earlier demo, remove it first: \
             kubectl delete -k {SAMPLES}"
        );
    }
    for definition in microservice_crds::schema::crds()? {
        let before = definitions.get_opt(&definition.name_any()).await?;
        cluster.install_definition(&definition).await?;
        // Nobody else has written it: it is new, or an earlier demo's.
        let spec = |entry: &&ManagedFieldsEntry| entry.subresource.is_none();
        let managers = before.iter().flat_map(ResourceExt::managed_fields).filter(spec);
        if managers.map(|entry| entry.manager.as_deref()).all(|manager| manager == Some(USER_AGENT_OF_TESTS)) {
            leave(format!("kubectl delete crd {}", definition.name_any()));
        }
    }
    let gateway_api = if cluster.has_gateway_api().await? {
        "its own"
    } else {
        cluster.install_gateway_api().await?;
        leave(
            "kubectl get crd -o name | grep '[.]gateway[.]networking[.]k8s[.]io$' \\\n    | xargs kubectl delete"
                .into(),
        );
        "ours, it had none"
    };
    say!("   The Microservice CRD is installed; the Gateway API is {gateway_api}.");
    let mut command = Command::new(operator_program()?);
    // Microservices elsewhere in this cluster are not the demo's business.
    command.env("WATCH_NAMESPACE", NAMESPACE);
    let operator = start_operator(&cluster, command)?;
    leave(format!("kubectl delete -k {SAMPLES}"));
    Ok((cluster, operator))
}

/// The folder of the samples.
pub fn samples() -> Result<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(SAMPLES).canonicalize().context("the samples")
}

pub fn operator_program() -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("microservice-operator"))
}

pub fn start_operator(cluster: &ControlPlane, command: Command) -> Result<Process> {
    let operator = cluster.spawn("operator", command).context("run `make demo`, which builds it")?;
    let scope =
        if cluster.is_existing() { format!(",\n   for the namespace {NAMESPACE} alone") } else { String::new() };
    say!("\n2. The operator runs here as a process of its own{scope}.");
    Ok(operator)
}

/// What the registry does in a real cluster, where nobody simulates pods: it does not have the mistyped image.
pub fn registry(version: &str) -> String {
    format!(
        r#"
apiVersion: {version}
kind: MutatingAdmissionPolicy
metadata: {{name: registry}}
spec:
  failurePolicy: Fail
  reinvocationPolicy: Never
  matchConstraints:
    resourceRules:
    - {{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}}
  matchConditions:
  - {{name: mistyped, expression: 'object.spec.containers.exists(c, c.image.endsWith(":{TYPO}"))'}}
  mutations:
  - patchType: ApplyConfiguration
    applyConfiguration:
      expression: 'Object{{metadata: Object.metadata{{annotations: {{"{BEHAVIOUR}": "image-pull"}}}}}}'
---
apiVersion: {version}
kind: MutatingAdmissionPolicyBinding
metadata: {{name: registry}}
spec: {{policyName: registry}}
"#
    )
}

pub fn leave(command: String) {
    // The last that was made is the first to be removed.
    LEFT.lock().unwrap_or_else(PoisonError::into_inner).insert(0, command);
}

pub fn say_what_is_left() -> Result<()> {
    let left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
    if !left.is_empty() {
        say!("\nThe operator is gone with the demo. In your cluster is left what this removes:");
        for command in left.iter() {
            say!("  {command}");
        }
    }
    Ok(())
}
