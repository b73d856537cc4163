//! Pods as a kubelet and a scheduler write them, one for each kind of trouble.

use serde_json::{Value, json};

use super::*;

const STARTED: &str = "2026-01-31T12:00:05Z";

fn pod(status: Value) -> PodSummary {
    pod_summary(&json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "web-6d5f-x7k2p", "namespace": "shop", "creationTimestamp": "2026-01-31T12:00:00Z",
            "labels": {"app.kubernetes.io/name": "web", "pod-template-hash": "6d5f"},
        },
        "status": status,
    }))
}

/// A pod on a node, with one main container that is not ready.
fn on_node(main: Value) -> PodSummary {
    pod(json!({
        "phase": "Pending",
        "conditions": [
            {"type": "PodReadyToStartContainers", "status": "True", "lastTransitionTime": "2026-01-31T12:00:04Z"},
            {"type": "Initialized", "status": "True", "lastTransitionTime": "2026-01-31T12:00:01Z"},
            {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "containers with unready status: [web]"},
            {"type": "ContainersReady", "status": "False", "reason": "ContainersNotReady"},
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-31T12:00:01Z"},
        ],
        "containerStatuses": [container("web", main)],
    }))
}

fn container(name: &str, rest: Value) -> Value {
    let mut status = json!({
        "name": name, "image": "registry.example/web:v1", "imageID": "", "ready": false, "restartCount": 0,
        "started": false, "state": {}, "lastState": {},
    });
    for (key, value) in rest.as_object().unwrap() {
        status[key] = value.clone();
    }
    status
}

fn waiting_for(reason: &str, message: &str) -> Value {
    json!({"state": {"waiting": {"reason": reason, "message": message}}})
}

fn crashed(reason: &str, exit_code: i32) -> Value {
    json!({"terminated": {
        "reason": reason, "exitCode": exit_code, "containerID": "containerd://1",
        "startedAt": STARTED, "finishedAt": "2026-01-31T12:00:09Z",
    }})
}

fn found(pod: &PodSummary) -> &PodProblem {
    pod.problem.as_ref().unwrap()
}

#[test]
fn a_pod_is_reduced_to_its_facts() {
    let ready = pod(json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [container("web", json!({"ready": true, "restartCount": 7, "state": {"running": {"startedAt": STARTED}}, "lastState": crashed("Error", 1)}))]}));
    assert_eq!((ready.name.as_str(), ready.template_hash.as_str(), ready.ready), ("web-6d5f-x7k2p", "6d5f", true));
    assert_eq!(ready.created, "2026-01-31T12:00:00Z".parse().ok());
    assert_eq!((ready.problem, ready.terminating), (None, false));

    let going = pod_summary(&json!({"metadata": {"deletionTimestamp": "2026-01-31T12:00:00Z"},
        "status": {"containerStatuses": [container("web", waiting_for("CrashLoopBackOff", ""))]}}));
    assert!(going.terminating && going.problem.is_none());
}

#[test]
fn whatever_stands_there_it_does_not_panic() {
    for value in [
        json!(null),
        json!([]),
        json!({"metadata": 1, "status": "x"}),
        json!({"status": {"conditions": [1], "containerStatuses": [null, 2, {"state": {"waiting": 3}}]}}),
    ] {
        assert!(!pod_summary(&value).ready, "{value}");
    }
}

#[test]
fn container_config_errors() {
    for (word, message, detail) in [
        (
            "CreateContainerConfigError",
            "container has runAsNonRoot and image will run as root (pod: \"web-6d5f-x7k2p_shop(3f2b-1)\", container: web)",
            "container has runAsNonRoot and image will run as root",
        ),
        ("CreateContainerConfigError", "secret \"db\" not found", "secret \"db\" not found"),
        (
            "RunContainerError",
            "failed to create containerd task: exec: \"/nope\": stat /nope: no such file or directory: unknown",
            "failed to create containerd task: exec: \"/nope\": stat /nope: no such file or directory: unknown",
        ),
    ] {
        let pod = on_node(waiting_for(word, message));
        let problem = found(&pod);
        assert_eq!((problem.kind, problem.detail.as_str()), (ProblemKind::ContainerConfig, detail));
        assert_eq!((problem.container.as_deref(), problem.word.as_str()), (Some("web"), word));
    }
    // The same program that cannot be started, at a later try.
    let mut later = waiting_for("CrashLoopBackOff", "back-off 10s restarting failed container=web");
    later["restartCount"] = json!(2);
    later["lastState"] = crashed("StartError", 128);
    later["lastState"]["terminated"]["message"] = json!("exec: \"/nope\": no such file or directory");
    let later = on_node(later);
    assert_eq!(found(&later).kind, ProblemKind::ContainerConfig);
    assert_eq!(found(&later).detail, "exec: \"/nope\": no such file or directory");
}

#[test]
fn image_pull_errors_tell_the_same_at_each_try() {
    let words = "failed to pull and unpack image \"registry.example/web:v1\": not found";
    let first = on_node(waiting_for("ErrImagePull", &format!("rpc error: code = NotFound desc = {words}")));
    let later = on_node(waiting_for(
        "ImagePullBackOff",
        &format!(
            "Back-off pulling image \"registry.example/web:v1\": ErrImagePull: rpc error: code = NotFound desc = {words}"
        ),
    ));
    for pod in [&first, &later] {
        assert_eq!((found(pod).kind, found(pod).detail.as_str()), (ProblemKind::ImagePull, words));
        assert_eq!(found(pod).image, "registry.example/web:v1");
    }
    let silent = on_node(waiting_for("ImagePullBackOff", "Back-off pulling image \"registry.example/web:v1\""));
    assert_eq!((found(&silent).kind, found(&silent).detail.as_str()), (ProblemKind::ImagePull, ""));
    for word in
        ["InvalidImageName", "ErrImageNeverPull", "ErrImageInspect", "RegistryUnavailable", "SignatureValidationFailed"]
    {
        assert_eq!(found(&on_node(waiting_for(word, "no"))).kind, ProblemKind::ImagePull, "{word}");
    }
}

#[test]
fn a_crash_loop_is_one_trouble_in_all_its_phases() {
    let back_off = json!({"state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}}, "restartCount": 3, "lastState": crashed("Error", 3)});
    let running =
        json!({"state": {"running": {"startedAt": STARTED}}, "restartCount": 3, "lastState": crashed("Error", 3)});
    let ended = json!({"state": crashed("Error", 3), "restartCount": 3, "lastState": crashed("Error", 3)});
    for main in [back_off, running, ended] {
        let pod = on_node(main);
        let problem = found(&pod);
        assert_eq!((problem.kind, problem.exit_code, problem.restarts), (ProblemKind::CrashLoop, Some(3), 3));
    }
    // The first end may have been the last one.
    assert_eq!(on_node(json!({"state": crashed("Error", 3)})).problem, None);
}

#[test]
fn memory_kills_are_told_from_other_ends() {
    let main = json!({"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 2, "lastState": crashed("OOMKilled", 137)});
    assert_eq!(found(&on_node(main)).kind, ProblemKind::OomKilled);
}

#[test]
fn init_containers() {
    let with_init = |init: Value, main: Value| {
        pod(json!({"phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-31T12:00:01Z"}],
            "initContainerStatuses": [init], "containerStatuses": [main]}))
    };
    let initializing = || container("web", waiting_for("PodInitializing", ""));
    let failing = container(
        "migrate",
        json!({"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 4, "lastState": crashed("Error", 1)}),
    );
    let pod = with_init(failing.clone(), initializing());
    assert_eq!((found(&pod).kind, found(&pod).container.as_deref()), (ProblemKind::InitFailed, Some("migrate")));
    // It does its work, for however long.
    let running = container("migrate", json!({"state": {"running": {"startedAt": STARTED}}}));
    assert_eq!(with_init(running, initializing()).problem, None);
    // The main container runs: that one is a sidecar.
    let main = container("web", json!({"ready": true, "state": {"running": {"startedAt": STARTED}}}));
    assert_eq!(found(&with_init(failing, main)).kind, ProblemKind::CrashLoop);
    let bad = container("migrate", waiting_for("ImagePullBackOff", "Back-off pulling image \"x\""));
    assert_eq!(found(&with_init(bad, initializing())).kind, ProblemKind::ImagePull);
}

#[test]
fn unschedulable_pods_keep_the_schedulers_words() {
    let words = "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available.";
    let pod = pod(json!({"phase": "Pending", "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words, "lastTransitionTime": "2026-01-31T12:00:01Z"}]}));
    assert_eq!((found(&pod).kind, found(&pod).detail.as_str()), (ProblemKind::Unschedulable, words));
    // Not looked at by the scheduler yet.
    assert_eq!(super::pod_summary(&json!({"status": {"phase": "Pending"}})).problem, None);
}

#[test]
fn containers_that_are_not_made() {
    let creating = container("web", waiting_for("ContainerCreating", ""));
    let status = |sandbox: &str, containers: Value| {
        pod(json!({"phase": "Pending", "containerStatuses": containers, "conditions": [
            {"type": "PodReadyToStartContainers", "status": sandbox},
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-31T12:00:01Z"}]}))
    };
    for containers in [json!([creating.clone()]), json!([])] {
        let pod = status("False", containers);
        assert_eq!(found(&pod).kind, ProblemKind::StuckCreating);
        assert_eq!(found(&pod).since, "2026-01-31T12:00:01Z".parse().ok());
    }
    // The image comes slowly: nothing is wrong.
    assert_eq!(status("True", json!([creating])).problem, None);
}

#[test]
fn probes_that_fail() {
    let pod = on_node(json!({"started": true, "state": {"running": {"startedAt": STARTED}}}));
    assert_eq!((found(&pod).kind, found(&pod).word.as_str()), (ProblemKind::NotReady, RUNNING));
    assert_eq!(found(&pod).since, STARTED.parse().ok());
    let pod = on_node(json!({"started": false, "state": {"running": {"startedAt": STARTED}}}));
    assert_eq!((found(&pod).kind, found(&pod).word.as_str()), (ProblemKind::NotReady, STARTING));
    // All containers are ready, and a readiness gate is not.
    let main = container("web", json!({"ready": true, "state": {"running": {"startedAt": STARTED}}}));
    let pod = super::pod_summary(&json!({"status": {"phase": "Running", "containerStatuses": [main], "conditions": [
        {"type": "Ready", "status": "False", "reason": "ReadinessGatesNotReady", "message": "corresponding condition of pod readiness gate \"x\" does not exist."}]}}));
    assert_eq!((found(&pod).kind, found(&pod).container.as_deref()), (ProblemKind::NotReady, None));
    assert!(found(&pod).detail.contains("readiness gate"));
}

#[test]
fn pods_that_the_node_drove_out() {
    let pod = pod(json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory. "}));
    assert_eq!((found(&pod).kind, found(&pod).word.as_str()), (ProblemKind::Evicted, "Evicted"));
    assert_eq!(found(&pod).detail, "The node was low on resource: memory.");
}

#[test]
fn the_worst_of_several_counts_and_words_are_bounded() {
    let long = "x".repeat(5000);
    let pod = pod(json!({"phase": "Running", "containerStatuses": [
        container("a", json!({"state": {"running": {"startedAt": STARTED}}})),
        container("b", waiting_for("CreateContainerError", &long)),
        container("c", waiting_for("ImagePullBackOff", "")),
    ]}));
    assert_eq!((found(&pod).kind, found(&pod).container.as_deref()), (ProblemKind::ContainerConfig, Some("b")));
    assert_eq!(found(&pod).detail.chars().count(), DETAIL);
}
