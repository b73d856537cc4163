//! Cyclonus, the real one: it reads NetworkPolicies from a file and says what traffic they allow, without any cluster.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf, process::Command, sync::OnceLock};

use anyhow::{Context as _, Result, bail, ensure};
use k8s_openapi::{List, api::networking::v1::NetworkPolicy};
use microservice_core::graph::reach::{Pod, Port};
use serde::Serialize;

use crate::control_plane::Binaries;

/// The program. One process answers as many questions as are asked of one set of policies.
#[derive(Debug, Clone)]
pub struct Cyclonus {
    program: PathBuf,
}

/// A question: may this pass? Serialized as Cyclonus reads it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Traffic {
    source: Party,
    destination: Party,
    resolved_port: u16,
    resolved_port_name: String,
    protocol: &'static str,
}

/// One end of the traffic.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Party {
    internal: Option<Internal>,
    #[serde(rename = "IP")]
    address: Option<IpAddr>,
    /// Not for Cyclonus, which is told the name of the one port that is called.
    #[serde(skip)]
    port_names: Vec<(Port, String)>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Internal {
    namespace: String,
    namespace_labels: BTreeMap<String, String>,
    pod_labels: BTreeMap<String, String>,
}

impl Party {
    /// A pod, in a namespace with exactly these labels. Where a policy has an `ipBlock` it needs an address.
    #[must_use]
    pub fn pod(pod: &Pod, namespace_labels: &BTreeMap<String, String>) -> Self {
        let internal = Internal {
            namespace: pod.namespace.clone(),
            namespace_labels: namespace_labels.clone(),
            pod_labels: pod.labels.clone(),
        };
        let port_names =
            pod.ports.iter().filter_map(|declared| Some((declared.port, declared.name.clone()?))).collect();
        Self { internal: Some(internal), address: pod.address, port_names }
    }

    /// An address outside of the cluster.
    #[must_use]
    pub fn outside(address: IpAddr) -> Self {
        Self { internal: None, address: Some(address), port_names: Vec::new() }
    }
}

impl Traffic {
    /// From one end to a port of the other.
    #[must_use]
    pub fn new(source: Party, destination: Party, port: Port) -> Self {
        let named = destination.port_names.iter().find(|(declared, _)| *declared == port);
        Self {
            resolved_port_name: named.map(|(_, name)| name.clone()).unwrap_or_default(),
            source,
            destination,
            resolved_port: port.number,
            protocol: port.protocol.as_str(),
        }
    }
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The receiver's policies let it in.
    pub ingress: bool,
    /// The sender's policies let it out.
    pub egress: bool,
}

impl Verdict {
    /// The traffic passes.
    #[must_use]
    pub fn allowed(self) -> bool {
        self.ingress && self.egress
    }
}

impl Cyclonus {
    /// The program; the first time it is built, which takes minutes. Blocks.
    ///
    /// # Errors
    /// When it cannot be built.
    pub fn prepare() -> Result<Self> {
        static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
        if let Some(program) = PROGRAM.get() {
            return Ok(Self { program: program.clone() });
        }
        let program = Binaries::prepare_cyclonus()?;
        Ok(Self { program: PROGRAM.get_or_init(|| program).clone() })
    }

    /// What a set of policies says of each traffic, in the order of the questions.
    ///
    /// # Errors
    /// When Cyclonus fails or its answer cannot be read.
    pub fn judge(&self, policies: &[NetworkPolicy], traffic: &[Traffic]) -> Result<Vec<Verdict>> {
        let folder = tempfile::tempdir()?;
        let (policy_path, traffic_path) = (folder.path().join("policies.json"), folder.path().join("traffic.json"));
        let policies = List { items: policies.iter().map(stored).collect(), ..List::default() };
        std::fs::write(&policy_path, serde_json::to_vec(&policies)?)?;
        std::fs::write(&traffic_path, serde_json::to_vec(traffic)?)?;
        let output = Command::new(&self.program)
            // What it makes simpler has slices in common that it then appends to; as it is read nothing can go wrong.
            .args(["analyze", "--mode", "query-traffic", "--simplify-policies=false", "--policy-path"])
            .arg(&policy_path)
            .arg("--traffic-path")
            .arg(&traffic_path)
            .output()
            .context("cannot run cyclonus")?;
        ensure!(output.status.success(), "cyclonus failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        let answers = String::from_utf8(output.stdout)?;
        // First comes what it says before the first answer.
        let verdicts: Vec<Verdict> = answers.split("Is traffic allowed?").skip(1).map(read).collect::<Result<_>>()?;
        ensure!(verdicts.len() == traffic.len(), "{} answers to {} questions", verdicts.len(), traffic.len());
        Ok(verdicts)
    }
}

/// A policy as the API server stores it: Cyclonus reads nothing else.
fn stored(policy: &NetworkPolicy) -> NetworkPolicy {
    let mut policy = policy.clone();
    let spec = policy.spec.get_or_insert_default();
    let has_egress = spec.egress.as_ref().is_some_and(|rules| !rules.is_empty());
    let types = spec.policy_types.get_or_insert_default();
    if types.is_empty() {
        types.push("Ingress".to_owned());
        types.extend(has_egress.then(|| "Egress".to_owned()));
    }
    policy
}

/// The table of one answer: policies by direction and by what they do, and at its end the sum.
fn read(answer: &str) -> Result<Verdict> {
    let (mut direction, mut seen, mut sum) = (String::new(), Vec::new(), None);
    for line in answer.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [first, second, ..] = cells[..] else { bail!("no row of the table: {line}") };
        if first.eq_ignore_ascii_case("is allowed?") {
            sum = Some(second.parse::<bool>().or_else(|_| second.to_lowercase().parse())?);
        }
        // A cell that says the same as the one above it is left empty.
        if !first.is_empty() {
            first.clone_into(&mut direction);
        }
        if !second.is_empty() {
            seen.push((direction.clone(), second.to_owned()));
        }
    }
    let has = |direction: &str, action: &str| seen.iter().any(|(d, a)| d == direction && a == action);
    let may_pass = |direction: &str| has(direction, "Allow") || !has(direction, "Deny");
    let verdict = Verdict { ingress: may_pass("Ingress"), egress: may_pass("Egress") };
    ensure!(sum == Some(verdict.allowed()), "the sum is {sum:?}, read as {verdict:?}: {answer}");
    Ok(verdict)
}
