//! Every fault at every call: the same end, reached the same way, and rest.

use std::{collections::BTreeMap, time::Instant};

use anyhow::{Result, bail};
use futures::StreamExt;
use microservice_tests::{
    control_plane::Mark,
    faults::{Call, Fault, numbered},
    rig::Rig,
};

use crate::{
    oracles::{Lives, lives},
    trial::{Report, Scenario, run},
};

/// Trials at a time.
const SIDE_BY_SIDE: usize = 10;

/// A fault-free run: which calls there are, and what lives the children have.
struct Reference {
    calls: Vec<Call>,
    lives: Lives,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_fault_at_any_call_of_a_creation() -> Result<()> {
    let chosen = if crate::all() { every_fault } else { some_faults };
    enumerate(Scenario::Create, singles(chosen)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_fault_at_any_call_of_a_change() -> Result<()> {
    let chosen = if crate::all() { every_fault } else { few_faults };
    enumerate(Scenario::Change, singles(chosen)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_fault_while_the_autoscaler_takes_over() -> Result<()> {
    let chosen = if crate::all() { every_fault } else { faults_of_deployments };
    enumerate(Scenario::Back, singles(chosen)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_fault_when_nothing_else_will_happen() -> Result<()> {
    let chosen = if crate::all() { every_fault } else { some_faults };
    enumerate(Scenario::Route, singles(chosen)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_fault_when_an_edge_is_new() -> Result<()> {
    let chosen = if crate::all() { every_fault } else { some_faults };
    enumerate(Scenario::Edge, singles(chosen)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_two_crashes_in_a_creation() -> Result<()> {
    if !crate::all() {
        return Ok(());
    }
    enumerate(Scenario::Create, |calls| {
        let first = calls.iter().filter(|call| call.is_write()).map(|call| (call.clone(), Fault::CrashAfter));
        let pairs = first.flat_map(|first| {
            let second = calls.iter().filter(|call| call.is_write());
            second.map(move |call| vec![first.clone(), (call.clone(), Fault::CrashAfter)])
        });
        pairs.collect()
    })
    .await
}

/// One trial for each call and each fault that is chosen for it.
fn singles(chosen: fn(&Call) -> Vec<Fault>) -> impl Fn(&[Call]) -> Vec<Vec<(Call, Fault)>> {
    move |calls| calls.iter().flat_map(|call| chosen(call).into_iter().map(|f| vec![(call.clone(), f)])).collect()
}

fn every_fault(call: &Call) -> Vec<Fault> {
    // A list has no deadline but that of the connection, which is above what is tested here.
    Fault::ALL.into_iter().filter(|fault| call.is_write() || *fault != Fault::Swallowed).collect()
}

fn some_faults(call: &Call) -> Vec<Fault> {
    if !call.is_write() {
        return vec![Fault::Refused(403)];
    }
    if call.what.ends_with("events") {
        return vec![Fault::CrashAfter];
    }
    vec![Fault::CrashAfter, Fault::AnswerLost, Fault::Refused(409), Fault::Refused(404)]
}

fn few_faults(call: &Call) -> Vec<Fault> {
    if !call.is_write() || call.what.ends_with("events") {
        return Vec::new();
    }
    vec![Fault::CrashAfter, Fault::Refused(409)]
}

fn faults_of_deployments(call: &Call) -> Vec<Fault> {
    if call.what.contains("/deployments/") { few_faults(call) } else { Vec::new() }
}

/// Runs all trials, and compares each with the reference.
async fn enumerate(scenario: Scenario, trials: impl Fn(&[Call]) -> Vec<Vec<(Call, Fault)>>) -> Result<()> {
    let rig = Rig::without_operator("faults").await?;
    let start = rig.mark().await?;
    let reference = reference(&rig, scenario, start).await?;
    let trials = trials(&reference.calls);
    let count = trials.len();
    let started = Instant::now();
    let results: Vec<_> = futures::stream::iter(trials)
        .map(|strikes| async move {
            let result = tokio::spawn(run(scenario, strikes.clone())).await;
            (strikes, result.map_err(anyhow::Error::from).and_then(|result| result))
        })
        .buffer_unordered(SIDE_BY_SIDE)
        .collect()
        .await;
    let took = started.elapsed().as_secs();
    let mut wrong = Vec::new();
    let mut missed = Vec::new();
    let mut all = by_agent(&rig, start).await?;
    for (strikes, result) in results {
        let what: Vec<String> = strikes.iter().map(|(call, fault)| format!("{fault:?} at {call}")).collect();
        let what = what.join(", then ");
        match result {
            Err(error) => wrong.push(format!("{what}: {error:#}")),
            Ok(report) => {
                if !report.struck {
                    missed.push(what.clone());
                }
                let lives = lives(&all.remove(&report.agent).unwrap_or_default(), &report.namespace);
                match lives {
                    Ok(lives) if fits(&lives, &reference.lives) => {}
                    other => wrong.push(format!("{what}: other lives: {other:?} instead of {:?}", reference.lives)),
                }
            }
        }
    }
    println!("{scenario:?}: {count} trials in {took} s, {} without their fault", missed.len());
    if !wrong.is_empty() {
        bail!("{} of {count} went wrong:\n{}", wrong.len(), wrong.join("\n"));
    }
    // Some calls come or not as pods happen to start; the others must have been struck.
    let sure = |what: &String| what.contains(", then ") || what.contains("/status #") || what.contains("/events");
    missed.retain(|what| !sure(what));
    if !missed.is_empty() {
        bail!("these faults never came: {missed:#?}");
    }
    Ok(())
}

/// Nothing was created or deleted more often, or that was not in the reference. Less often may be: a request that a
/// crash cuts off can take effect and still stand in the log without its code.
fn fits(lives: &Lives, reference: &Lives) -> bool {
    lives.iter().all(|(object, (created, deleted))| {
        reference
            .get(object)
            .is_some_and(|(most_created, most_deleted)| created <= most_created && deleted <= most_deleted)
    })
}

async fn reference(rig: &Rig, scenario: Scenario, start: Mark) -> Result<Reference> {
    let Report { agent, namespace, calls, .. } = run(scenario, Vec::new()).await?;
    let calls = numbered(&calls);
    println!("{scenario:?}: {} calls", calls.len());
    for call in &calls {
        println!("    {call}");
    }
    let requests = by_agent(rig, start).await?.remove(&agent).unwrap_or_default();
    let lives = lives(&requests, &namespace)?;
    Ok(Reference { calls, lives })
}

type Requests = microservice_tests::control_plane::Requests;

/// The requests of each operator.
async fn by_agent(rig: &Rig, start: Mark) -> Result<BTreeMap<String, Requests>> {
    let mut all: BTreeMap<String, Requests> = BTreeMap::new();
    for request in rig.cluster.audit().since(start).await?.0 {
        all.entry(request.user_agent.clone()).or_default().0.push(request);
    }
    Ok(all)
}
