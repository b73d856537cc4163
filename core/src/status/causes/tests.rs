//! Every cause names its object, what is wrong, and what to do.

use super::*;
use crate::status::fixtures::{facts, problem};

fn said(problem: PodProblem) -> Say {
    let facts = Facts { sidecars: vec!["proxy".into()], ..facts() };
    let pod = PodSummary { name: "web-6d5f-x7k2p".into(), ..PodSummary::default() };
    of_pod(&pod, &problem, &facts)
}

/// The reason, and every part of the message.
fn assert_says(problem: PodProblem, reason: &str, parts: &[&str]) {
    let say = said(problem);
    assert_eq!(say.reason, reason, "{}", say.message);
    for part in parts {
        assert!(say.message.contains(part), "{part:?} is not in: {}", say.message);
    }
    assert!(say.message.contains("web-6d5f-x7k2p") && say.message.len() < 1000, "{}", say.message);
}

fn worded(kind: ProblemKind, word: &str, detail: &str) -> PodProblem {
    PodProblem { word: word.into(), detail: detail.into(), ..problem(kind) }
}

#[test]
fn container_config() {
    let of = |detail: &str| worded(ProblemKind::ContainerConfig, "CreateContainerConfigError", detail);
    let reason = "ContainerConfigError";
    assert_says(
        of("container has runAsNonRoot and image will run as root"),
        reason,
        &["Container web of pod", "will run as root", "Set security.runAsUser"],
    );
    assert_says(
        of("container has runAsNonRoot and image has non-numeric user (nonroot), cannot verify user is non-root"),
        reason,
        &["names its user by a name", "set security.runAsUser"],
    );
    assert_says(of("secret \"db\" not found"), reason, &["secret \"db\" not found. Create what is missing"]);
    assert_says(of("configmap \"app\" not found"), reason, &["configmap \"app\"", "Create"]);
    assert_says(
        of("couldn't find key password in Secret shop/db"),
        reason,
        &["key password in Secret shop/db", "Create"],
    );
    let of = |word: &str, detail: &str| worded(ProblemKind::ContainerConfig, word, detail);
    assert_says(
        of("RunContainerError", "exec: \"/nope\": no such file or directory"),
        reason,
        &["/nope", "spec.command"],
    );
    assert_says(of("PostStartHookError", "exited with 1"), reason, &["spec.lifecycle.postStart"]);
    assert_says(of("CreateContainerError", ""), reason, &[": CreateContainerError.", "kubectl describe pod -n shop"]);
}

#[test]
fn image_pull() {
    let of = |word: &str, detail: &str| worded(ProblemKind::ImagePull, word, detail);
    let reason = "ImagePullFailed";
    assert_says(
        of("ErrImagePull", "registry.example/web:v1: not found"),
        reason,
        &[
            "\"registry.example/web:v1\": registry.example/web:v1: not found.",
            "spec.image exists",
            "spec.imagePullSecrets",
        ],
    );
    assert_says(of("ImagePullBackOff", "401 Unauthorized"), reason, &["credentials that spec.imagePullSecrets names"]);
    assert_says(of("InvalidImageName", "couldn't parse"), reason, &["Correct spec.image"]);
    assert_says(of("ErrImageNeverPull", ""), reason, &["imagePullPolicy"]);
    let sidecar = PodProblem { container: Some("proxy".into()), image: "proxy:9".into(), ..of("ErrImagePull", "no") };
    assert_says(sidecar, reason, &["Container proxy", "\"proxy:9\"", "spec.sidecars[proxy].image"]);
}

#[test]
fn memory() {
    let oom = PodProblem { exit_code: Some(137), restarts: 6, ..problem(ProblemKind::OomKilled) };
    assert_says(
        oom,
        "OOMKilled",
        &["Container web", "its limit of 128Mi", "restarted 5 times or more", "Raise spec.resources.limits.memory"],
    );
}

#[test]
fn ends() {
    let of = |kind: ProblemKind, code: i32| PodProblem { exit_code: Some(code), restarts: 1, ..problem(kind) };
    let logs = "kubectl logs -n shop web-6d5f-x7k2p -c web --previous";
    assert_says(of(ProblemKind::CrashLoop, 3), "CrashLoop", &["exited with 3, restarted once", logs]);
    assert_says(of(ProblemKind::CrashLoop, 0), "CrashLoop", &["by itself with 0", logs]);
    assert_says(of(ProblemKind::CrashLoop, 137), "CrashLoop", &["liveness", logs]);
    assert_says(of(ProblemKind::CrashLoop, 127), "CrashLoop", &["was not found"]);
    assert_says(problem(ProblemKind::CrashLoop), "CrashLoop", &["ends again and again"]);
    let words = PodProblem { detail: "no database.".into(), ..of(ProblemKind::CrashLoop, 1) };
    assert_says(words, "CrashLoop", &["and said: no database. See"]);
    let init = PodProblem { container: Some("migrate".into()), ..of(ProblemKind::InitFailed, 1) };
    assert_says(init, "InitContainerFailed", &["Init container migrate", "exited with 1", "-c migrate --previous"]);
    let sidecar = PodProblem { container: Some("proxy".into()), ..of(ProblemKind::InitFailed, 1) };
    assert_says(sidecar, "CrashLoop", &["Container proxy", "exited with 1"]);
}

#[test]
fn what_a_probe_may_have_ended_names_it() {
    let liveness = Some("GET /_healthz on port http".to_owned());
    let facts = Facts { liveness, ..facts() };
    let pod = PodSummary { name: "web-6d5f-x7k2p".into(), ..PodSummary::default() };
    let of = |code, container: &str| {
        let ended = PodProblem { exit_code: Some(code), restarts: 1, ..problem(ProblemKind::CrashLoop) };
        of_pod(&pod, &PodProblem { container: Some(container.into()), ..ended }, &facts).message
    };
    let probe = "its liveness probe (GET /_healthz on port http) failed";
    assert!(of(0, "web").contains(&format!("ended with 0, by itself or because {probe}, restarted once.")));
    assert!(of(137, "web").contains(&format!("was killed (exit code 137), as if {probe}")));
    assert!(of(143, "web").contains(&format!("was stopped (exit code 143), as if {probe}")));
    assert!(of(0, "proxy").contains("ended by itself with 0"), "of another container nothing is known");
    let startup = Some("grpc.health.v1 on port 80".to_owned());
    let ended = PodProblem { exit_code: Some(137), ..problem(ProblemKind::CrashLoop) };
    let message = of_pod(&pod, &ended, &Facts { startup, ..facts }).message;
    assert!(message.contains("its startup probe (grpc.health.v1 on port 80) or liveness probe (GET /"), "{message}");
}

#[test]
fn scheduling() {
    let of = |words: &str| worded(ProblemKind::Unschedulable, "Unschedulable", words);
    for (words, step) in [
        ("0/3 nodes are available: 3 Insufficient memory.", "Lower spec.resources.requests"),
        ("0/3 nodes are available: 3 node(s) had untolerated taint(s).", "Add the taint to spec.tolerations"),
        ("0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.", "Correct spec.nodeSelector"),
        ("persistentvolumeclaim \"data\" not found", "Create or correct the PersistentVolumeClaim"),
        (
            "0/3 nodes are available: 3 node(s) didn't match pod topology spread constraints.",
            "Loosen spec.topologySpread",
        ),
        ("no words", "Lower spec.resources.requests, loosen its placement, or add nodes."),
    ] {
        assert_says(of(words), "Unschedulable", &["No node takes pod", words.trim_end_matches('.'), step]);
    }
}

#[test]
fn volumes_and_networks() {
    let of = |word: &str, detail: &str| worded(ProblemKind::StuckCreating, word, detail);
    assert_says(
        of("FailedMount", "MountVolume.SetUp failed for volume \"tls\" : secret \"tls\" not found"),
        "VolumeNotMounted",
        &["waits for a volume", "secret \"tls\" not found. Create", "spec.volumes"],
    );
    assert_says(
        of("FailedCreatePodSandBox", "no network"),
        "ContainersNotCreated",
        &["no network. See: kubectl describe"],
    );
    assert_says(of("ContainerCreating", ""), "ContainersNotCreated", &["a volume or the network", "kubectl describe"]);
}

#[test]
fn readiness() {
    assert_says(
        worded(ProblemKind::NotReady, "Running", ""),
        "ReadinessProbeFailing",
        &["(GET /_healthz on port http) fails", "spec.probes.readiness", "kubectl logs -n shop web-6d5f-x7k2p -c web"],
    );
    assert_says(worded(ProblemKind::NotReady, STARTING, ""), "StartupProbeFailing", &["spec.probes.startup"]);
    let gate = PodProblem { container: None, ..worded(ProblemKind::NotReady, "ReadinessGatesNotReady", "gate x") };
    assert_says(gate, "PodNotReady", &["gate x", "kubectl describe"]);
}

#[test]
fn eviction() {
    assert_says(
        worded(ProblemKind::Evicted, "Evicted", "The node was low on resource: memory."),
        "PodEvicted",
        &["(Evicted): The node was low on resource: memory. If", "spec.resources.requests"],
    );
}
