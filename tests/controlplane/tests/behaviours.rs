//! Each behaviour that a pod can choose ends in the status that a real node would write.

use anyhow::Result;
use futures::future::try_join_all;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod, PodStatus};
use kube::{Api, api::ListParams};
use microservice_tests::control_plane::{BEHAVIOUR, BEHAVIOURS, ControlPlane, Options};
use serde_json::json;

use crate::workloads::{PATIENCE, deployment};

#[tokio::test]
async fn pods_fail_as_they_were_told() -> Result<()> {
    let cluster = ControlPlane::shared(Options::default().hpa()).await?;
    let namespace = cluster.namespace("failing").await?;
    let namespace = namespace.as_str();
    try_join_all(BEHAVIOURS.map(|behaviour| async move {
        let annotations = json!({BEHAVIOUR: behaviour});
        deployment(cluster, namespace, behaviour, 1, &annotations).await
    }))
    .await?;
    for behaviour in BEHAVIOURS {
        let status = settled(cluster, namespace, behaviour).await?;
        check(behaviour, &status, namespace);
    }
    Ok(())
}

/// The status of the one pod of a Deployment, once its node has written that it is not ready.
async fn settled(cluster: &ControlPlane, namespace: &str, name: &str) -> Result<PodStatus> {
    let api: Api<Pod> = Api::namespaced(cluster.client()?, namespace);
    let pods = ListParams::default().labels(&format!("app={name}"));
    cluster
        .wait_until(name, namespace, PATIENCE, || async {
            let status = api.list(&pods).await?.items.pop().and_then(|p| p.status);
            let failing = |s: &PodStatus| condition(s, "Ready") == "False";
            Ok(status.filter(|s| s.start_time.is_some() && failing(s)))
        })
        .await
}

fn check(behaviour: &str, status: &PodStatus, namespace: &str) {
    let app = &status.container_statuses.as_ref().unwrap()[0];
    let inits = status.init_container_statuses.as_ref().unwrap();
    assert_eq!(condition(status, "PodScheduled"), "True", "{behaviour}");
    assert_eq!(condition(status, "ContainersReady"), "False", "{behaviour}");
    assert!(!app.ready, "{behaviour}");
    let initialized = if behaviour == "init-crash" || behaviour == "stuck-creating" { "False" } else { "True" };
    assert_eq!(condition(status, "Initialized"), initialized, "{behaviour}");
    let (phase, reason) = match behaviour {
        "crash-loop" | "oom-killed" | "crash-after-ready" => ("Running", "CrashLoopBackOff"),
        "image-pull" => ("Pending", "ImagePullBackOff"),
        "never-ready" => ("Running", ""),
        "init-crash" | "stuck-creating" => ("Pending", "PodInitializing"),
        _ => ("Pending", "CreateContainerConfigError"),
    };
    assert_eq!(status.phase.as_deref(), Some(phase), "{behaviour}");
    assert_eq!(waiting(app).0, reason, "{behaviour}");
    let message = waiting(app).1;
    let key = format!("couldn't find key password in Secret {namespace}/credentials");
    match behaviour {
        "crash-loop" | "crash-after-ready" => assert_eq!(last_exit(app), (3, "Error".into())),
        "oom-killed" => assert_eq!(last_exit(app), (137, "OOMKilled".into())),
        "image-pull" => assert!(message.contains("\"example.com/app:1\""), "{message}"),
        "config-error-root" => {
            assert_eq!(message, "container has runAsNonRoot and image will run as root");
        }
        "config-error-name" => assert!(message.contains("non-numeric user (app)"), "{message}"),
        "config-error-configmap" => assert_eq!(message, "configmap \"settings\" not found"),
        "config-error-secret" => assert_eq!(message, "secret \"credentials\" not found"),
        "config-error-key" => assert_eq!(message, key),
        "init-crash" => {
            assert_eq!(waiting(&inits[0]).0, "CrashLoopBackOff");
            assert_eq!(last_exit(&inits[0]), (1, "Error".into()));
            assert_eq!(waiting(&inits[1]).0, "PodInitializing");
        }
        "never-ready" => {
            let running = app.state.as_ref().unwrap().running.as_ref().unwrap();
            assert!(running.started_at.as_ref().unwrap().0.to_string().starts_with("2020-"));
        }
        _ => assert_eq!(behaviour, "stuck-creating"),
    }
    assert_eq!(app.restart_count > 0, reason == "CrashLoopBackOff", "{behaviour}");
}

fn condition(status: &PodStatus, name: &str) -> String {
    let conditions = status.conditions.iter().flatten();
    conditions.filter(|c| c.type_ == name).map(|c| c.status.clone()).collect()
}

fn waiting(container: &ContainerStatus) -> (String, String) {
    let waiting = container.state.as_ref().and_then(|s| s.waiting.clone());
    let waiting = waiting.unwrap_or_default();
    (waiting.reason.unwrap_or_default(), waiting.message.unwrap_or_default())
}

fn last_exit(container: &ContainerStatus) -> (i32, String) {
    let last = container.last_state.as_ref().and_then(|s| s.terminated.as_ref());
    let last = last.unwrap();
    (last.exit_code, last.reason.clone().unwrap_or_default())
}
