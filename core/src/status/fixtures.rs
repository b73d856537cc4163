//! Outcomes for the tests of the status.

use jiff::Timestamp;
use microservice_crds::MicroserviceStatus;

use super::facts::Facts;
use crate::{
    gateway::View,
    outcome::*,
    plan::{Plan, tests::planned},
};

/// A point in time, so many seconds after the start of the story.
pub(super) fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
    Timestamp::from_second(start.as_second() + seconds).unwrap()
}

pub(super) fn plan() -> Plan {
    planned(
        "{image: 'registry.example/web:v1', ports: [{name: http, port: 80, targetPort: 8080, protocol: http}],
          resources: {limits: {memory: 128Mi}}, probes: {readiness: {httpGet: {path: /_healthz}}}}",
    )
}

pub(super) fn facts() -> Facts {
    Facts::of(&plan())
}

pub(super) fn verdict(status: &str, reason: &str, message: &str) -> Option<Verdict> {
    Some(Verdict { status: status.into(), reason: reason.into(), message: message.into(), since: None })
}

/// A Deployment of `spec` replicas, so many of them new and available.
pub(super) fn deployment(spec: i32, updated: i32, available: i32, progressing: &str) -> DeploymentHealth {
    let enough = if available >= spec { "True" } else { "False" };
    DeploymentHealth {
        generation: 1,
        observed_generation: 1,
        spec_replicas: spec,
        replicas: updated,
        updated,
        ready: available,
        available,
        available_verdict: verdict(enough, "MinimumReplicas", ""),
        progressing: verdict("True", progressing, ""),
        replica_failure: None,
    }
}

/// A Deployment as the answer to its creation shows it.
pub(super) fn fresh(spec: i32) -> DeploymentHealth {
    DeploymentHealth { generation: 1, spec_replicas: spec, ..DeploymentHealth::default() }
}

/// A Deployment that is rolled out.
pub(super) fn complete(spec: i32) -> DeploymentHealth {
    deployment(spec, spec, spec, "NewReplicaSetAvailable")
}

pub(super) fn child(kind: &'static str, result: ChildResult) -> ChildOutcome {
    ChildOutcome { kind, name: "web".into(), result, health: Health::Silent }
}

/// A ServiceAccount, a Service and this Deployment, all with the same result.
pub(super) fn outcome(generation: i64, result: ChildResult, health: DeploymentHealth) -> Outcome {
    let mut deployment = child("Deployment", result.clone());
    deployment.health = Health::Deployment(health);
    Outcome {
        generation,
        paused: false,
        plan: Ok(plan()),
        children: vec![child("ServiceAccount", result.clone()), child("Service", result), deployment],
        pods: Vec::new(),
        scaler: None,
        gateways: View::default(),
        warnings: Vec::new(),
        fault: None,
    }
}

pub(super) fn problem(kind: ProblemKind) -> PodProblem {
    PodProblem {
        kind,
        word: String::new(),
        container: Some("web".into()),
        image: String::new(),
        exit_code: None,
        restarts: 0,
        detail: String::new(),
        since: None,
    }
}

/// A pod of this template, created so many seconds after the start, with that problem.
pub(super) fn pod(name: &str, hash: &str, created: i64, problem: Option<PodProblem>) -> PodSummary {
    PodSummary {
        name: name.into(),
        template_hash: hash.into(),
        ready: problem.is_none(),
        terminating: false,
        created: Some(at(created)),
        problem,
    }
}

/// `True RolledOut`, or `-` where there is no such condition.
pub(super) fn shown(status: &MicroserviceStatus, kind: &str) -> String {
    super::conditions::find(status, kind).map_or("-".to_owned(), |c| format!("{} {}", c.status, c.reason))
}

pub(super) fn message<'a>(status: &'a MicroserviceStatus, kind: &str) -> &'a str {
    super::conditions::find(status, kind).map(|c| c.message.as_str()).unwrap_or_default()
}
