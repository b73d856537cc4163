//! A service that cannot work backs off, slows nobody, and works soon after it can.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use k8s_openapi::api::{
    admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding},
    apps::v1::Deployment,
};
use kube::{
    Api,
    api::{DeleteParams, PostParams},
};
use microservice_crds::Microservice;
use microservice_tests::{
    faults::{Fault, Script, is_write},
    rig::{PATIENCE, Rig, condition, observed},
};
use serde_json::json;

use crate::rest::at_rest;

const WEB: &str = "{image: 'registry.example/web:v1', ports: [{name: http, port: 80}]}";

fn window() -> Duration {
    Duration::from_secs(if crate::all() { 40 } else { 8 })
}

/// Tries that the window has room for when the waiting doubles from one second on, and one for an event.
fn tries() -> usize {
    window().as_secs().ilog2() as usize + 3
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_cannot_work_backs_off_and_slows_nobody() -> Result<()> {
    tokio::try_join!(refused_by_a_policy(), failing_with_500(), paused_while_failing())?;
    Ok(())
}

async fn refused_by_a_policy() -> Result<()> {
    let script = Script::record();
    let mut rig = Rig::without_operator("hopeless").await?;
    forbid(&rig).await?;
    rig.start_operator(&script)?;
    let patches = || script.calls().iter().filter(|call| call.ends_with("/deployments/hopeless")).count();
    rig.apply("hopeless", WEB).await?;
    rig.apply("good", WEB).await?;
    rig.ready("good").await?;
    rig.wait("the refusal to be told", "hopeless", |service: &Microservice| {
        observed(service) && condition(service, "Ready").is_some_and(|c| c.message.contains("not in this house"))
    })
    .await?;
    tokio::time::sleep(window()).await;
    println!("{} tries in {:?}", patches(), window());
    ensure!(patches() <= tries(), "{} tries: {:?}", patches(), script.calls());
    let events = script.calls().iter().filter(|call| call.contains("/events")).count();
    ensure!(events <= 4, "{events} events");

    allow(&rig).await?;
    let allowed = Instant::now();
    rig.ready("hopeless").await?;
    println!("Ready {:?} after it was allowed", allowed.elapsed());
    ensure!(allowed.elapsed() < window() * 2, "it took {:?}", allowed.elapsed());
    at_rest(&[&script], Duration::from_secs(1)).await
}

async fn failing_with_500() -> Result<()> {
    // As when somebody's webhook is down: the status can be written, the children cannot.
    let script = Script::record();
    script.always(Fault::Refused(500), |call| is_write(call) && call.ends_with("/flaky"));
    let mut rig = Rig::without_operator("flaky").await?;
    rig.start_operator(&script)?;
    let patches = || script.calls().iter().filter(|call| call.ends_with("/serviceaccounts/flaky")).count();
    rig.apply("good", WEB).await?;
    rig.ready("good").await?;
    rig.apply("flaky", WEB).await?;
    let start = Instant::now();
    let mut slowest = Duration::ZERO;
    for version in 2.. {
        let changed = Instant::now();
        rig.apply("good", &WEB.replace("v1", &format!("v{version}"))).await?;
        rig.ready("good").await?;
        slowest = slowest.max(changed.elapsed());
        if start.elapsed() > window() {
            break;
        }
    }
    println!("{} tries in {:?}; the other took {slowest:?} at most", patches(), window());
    ensure!(patches() <= tries() + 1, "{} tries: {:#?}", patches(), script.calls());
    ensure!(slowest < Duration::from_secs(8), "the other took {slowest:?}");
    script.heal();
    rig.ready("flaky").await?;
    at_rest(&[&script], Duration::from_secs(1)).await
}

/// What was to be tried again is not, once it is paused: and not by running in circles either.
async fn paused_while_failing() -> Result<()> {
    let script = Script::record();
    script.always(Fault::Refused(500), |call| is_write(call) && call.ends_with("/serviceaccounts/flaky"));
    let mut rig = Rig::without_operator("paused").await?;
    rig.start_operator(&script)?;
    rig.apply("flaky", WEB).await?;
    let failed = |service: &Microservice| condition(service, "Ready").is_some_and(|c| c.message.contains("on purpose"));
    rig.wait("the failure to be told", "flaky", failed).await?;
    rig.apply("flaky", &WEB.replace("ports:", "paused: true, ports:")).await?;
    at_rest(&[&script], Duration::from_secs(1)).await?;
    let operator = rig.operator.as_ref().context("no operator")?;
    for _ in 0..50 {
        ensure!(operator.idle(), "it runs in circles");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// No Deployment called `hopeless` may be made in the namespace of this rig.
async fn forbid(rig: &Rig) -> Result<()> {
    let policy: ValidatingAdmissionPolicy = serde_json::from_value(json!({
        "metadata": {"name": rig.namespace},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [{"apiGroups": ["apps"], "apiVersions": ["v1"],
                "operations": ["CREATE", "UPDATE"], "resources": ["deployments"]}]},
            "validations": [{"expression": "object.metadata.name != 'hopeless'", "message": "not in this house"}],
        },
    }))?;
    let binding: ValidatingAdmissionPolicyBinding = serde_json::from_value(json!({
        "metadata": {"name": rig.namespace},
        "spec": {
            "policyName": rig.namespace, "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": rig.namespace}}},
        },
    }))?;
    let params = PostParams::default();
    Api::all(rig.client.clone()).create(&params, &policy).await?;
    Api::all(rig.client.clone()).create(&params, &binding).await?;
    // A policy is in force a little later.
    let probe: Deployment = serde_json::from_value(json!({
        "metadata": {"name": "hopeless"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "a", "image": "a"}]}}},
    }))?;
    let api = rig.api::<Deployment>();
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let deadline = Instant::now() + PATIENCE;
    while api.create(&dry, &probe).await.is_ok() {
        if Instant::now() > deadline {
            bail!("the policy never came into force");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

async fn allow(rig: &Rig) -> Result<()> {
    let params = DeleteParams::default();
    Api::<ValidatingAdmissionPolicyBinding>::all(rig.client.clone()).delete(&rig.namespace, &params).await?;
    Api::<ValidatingAdmissionPolicy>::all(rig.client.clone()).delete(&rig.namespace, &params).await?;
    Ok(())
}
