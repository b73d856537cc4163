//! One scenario with faults in it, in a namespace of its own, and the oracles afterwards.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use futures::StreamExt;
use k8s_openapi::api::{
    apps::v1::Deployment,
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::{ConfigMap, Service},
};
use kube::{
    api::{Patch, PatchParams, PostParams},
    runtime::watcher::{self, Event, watcher},
};
use microservice_crds::Microservice;
use microservice_tests::{
    faults::{Call, Fault, Script},
    rig::{PATIENCE, Rig},
};
use serde_json::json;
use tokio::task::AbortHandle;

use crate::oracles;

const NAME: &str = "web";

/// All seven kinds of children.
const BEFORE: &str = "
image: registry.example/web:v1
ports: [{name: http, port: 80, protocol: http}]
resources: {requests: {cpu: 100m}}
scaling: {minReplicas: 2, maxReplicas: 4, cpu: 80}
config: {mountPath: /etc/web, files: {web.yaml: 'level: info'}}
routes: [{hostnames: [web.example.com], gateway: {name: public}}]
";

/// Another image, a fixed count in the place of the autoscaler, no route any more.
const AFTER: &str = "
image: registry.example/web:v2
ports: [{name: http, port: 80, protocol: http}]
resources: {requests: {cpu: 100m}}
scaling: {replicas: 3}
config: {mountPath: /etc/web, files: {web.yaml: 'level: info'}}
";

/// What nothing moves any more once it stands: a fault is not mended by the next event, for there is none.
const STILL: &str = "
image: registry.example/web:v1
ports: [{name: http, port: 80, protocol: http}]
scaling: {replicas: 1}
";

/// A service of a class that closes it.
const CLOSED: &str = "
class: fault-closed
image: registry.example/web:v1
ports: [{name: http, port: 80, protocol: http}]
scaling: {replicas: 1}
";

/// No request for so long: longer than the first delay of a retry, or of a status that can wait.
const QUIET: Duration = Duration::from_millis(1300);
/// How long the operator is watched at rest.
const WINDOW: Duration = Duration::from_millis(700);

/// What happens in a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// A service is there when the operator starts.
    Create,
    /// A service that stands is changed.
    Change,
    /// And the other way round.
    Back,
    /// A service that stands gets a route, which moves nothing else.
    Route,
    /// A service that is closed to others gets an edge, which changes its NetworkPolicy alone.
    Edge,
}

impl Scenario {
    /// The spec at first, and the one to change it to.
    fn specs(self) -> (&'static str, Option<String>) {
        match self {
            Self::Create => (BEFORE, None),
            Self::Change => (BEFORE, Some(AFTER.to_owned())),
            Self::Back => (AFTER, Some(BEFORE.to_owned())),
            Self::Route => {
                let route = "routes: [{hostnames: [web.example.com], gateway: {name: public}}]";
                (STILL, Some(format!("{STILL}{route}")))
            }
            Self::Edge => (CLOSED, Some(format!("{CLOSED}uses: [{{service: db, port: 5432}}]"))),
        }
    }
}

/// What a trial came to.
pub struct Report {
    /// The namespace; the operator's user agent is of its name.
    pub agent: String,
    /// The namespace.
    pub namespace: String,
    /// The requests of the scenario.
    pub calls: Vec<String>,
    /// Whether all faults came.
    pub struck: bool,
}

/// A trial that runs.
struct Trial {
    rig: Rig,
    scripts: Vec<Script>,
    strikes: Vec<(Call, Fault)>,
    started: usize,
}

/// Runs a scenario. Each strike is for one life of the operator: the next one counts from its start after a crash.
pub async fn run(scenario: Scenario, strikes: Vec<(Call, Fault)>) -> Result<Report> {
    let rig = Rig::without_operator("fault").await?;
    let mut trial = Trial { rig, scripts: Vec::new(), strikes, started: 0 };
    let (first, then) = scenario.specs();
    if scenario == Scenario::Edge {
        trial.rig.apply_class("fault-closed", oracles::CLASS).await?;
    }
    trial.rig.apply(NAME, first).await?;
    let dips = watch_for_dips(&trial.rig);
    if then.is_some() {
        trial.scripts.push(Script::record());
        trial.rig.start_operator(&trial.scripts[0])?;
        trial.settle().await?;
    }
    let before = trial.calls().len();
    trial.next_life(then.is_some())?;
    if let Some(then) = then {
        trial.rig.apply(NAME, &then).await?;
    }
    trial.settle().await?;
    let calls = trial.calls().split_off(before);
    trial.rests().await?;
    trial.restarts().await?;
    ensure!(!dips.seen(), "the replicas dipped");
    let struck = trial.scripts.iter().filter(|script| script.struck()).count() == trial.strikes.len();
    trial.rig.stop_operator().await;
    trial.remove_namespace().await?;
    Ok(Report { agent: trial.rig.agent.clone(), namespace: trial.rig.namespace.clone(), calls, struck })
}

impl Trial {
    fn calls(&self) -> Vec<String> {
        self.scripts.iter().flat_map(Script::calls).collect()
    }

    /// Arms the next strike: in the operator that runs, or in a new one.
    fn next_life(&mut self, running: bool) -> Result<()> {
        let script = match self.scripts.last() {
            Some(script) if running => script.clone(),
            _ => Script::record(),
        };
        if let Some((call, fault)) = self.strikes.get(self.started) {
            script.strike(call.clone(), *fault);
            self.started += 1;
        }
        if !running {
            self.rig.start_operator(&script)?;
            self.scripts.push(script);
        }
        Ok(())
    }

    /// Waits until the end state is there and nothing is sent any more; the crashed are followed by others.
    async fn settle(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let (mut sent, mut since, mut why) = (usize::MAX, Instant::now(), "no rest".to_owned());
        while Instant::now() < deadline {
            let Some(operator) = &self.rig.operator else { bail!("no operator") };
            if operator.ended() {
                self.next_life(false)?;
                continue;
            }
            let now = self.calls().len();
            if now != sent || !operator.idle() {
                (sent, since) = (now, Instant::now());
            } else if since.elapsed() > QUIET {
                match oracles::end_state(&self.rig.client, &self.rig.namespace, NAME).await? {
                    None => return Ok(()),
                    Some(reason) => why = reason,
                }
                tokio::time::sleep(QUIET / 4).await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.rig.cluster.keep();
        bail!("does not come right: {why}; calls: {:#?}", self.calls())
    }

    /// O2: nothing is written at rest, whatever happens around.
    async fn rests(&self) -> Result<()> {
        let before = self.calls();
        let note = json!({"metadata": {"annotations": {"example.com/seen": "yes"}}});
        self.rig.edit::<Deployment>(NAME, note.clone()).await?;
        self.rig.edit::<Service>(NAME, note.clone()).await?;
        self.rig.edit::<Microservice>(NAME, note).await?;
        let patch = json!({"status": {"lastScaleTime": "2026-01-01T00:00:00Z"}});
        let scalers = self.rig.api::<HorizontalPodAutoscaler>();
        if scalers.get_opt(NAME).await?.is_some() {
            scalers.patch_status(NAME, &PatchParams::default(), &Patch::Merge(patch)).await?;
        }
        let other: ConfigMap = serde_json::from_value(json!({"metadata": {"name": "other", "labels":
            {"app.kubernetes.io/managed-by": "microservice-operator"}}}))?;
        self.rig.api().create(&PostParams::default(), &other).await?;
        tokio::time::sleep(WINDOW).await;
        let more = self.calls().split_off(before.len());
        ensure!(more.is_empty(), "not at rest: {more:?} after {before:#?}");
        Ok(())
    }

    /// O3: a restart reads lists and nothing else.
    async fn restarts(&mut self) -> Result<()> {
        self.rig.stop_operator().await;
        let script = Script::record();
        self.rig.start_operator(&script)?;
        let operator = self.rig.operator.as_ref();
        let ask = || async { Ok(operator.is_some_and(|o| o.idle()).then_some(())) };
        self.rig.cluster.wait_until("the operator to start", &self.rig.namespace, PATIENCE, ask).await?;
        tokio::time::sleep(WINDOW / 2).await;
        ensure!(script.writes() == 0, "a restart writes: {:?}", script.calls());
        let state = oracles::end_state(&self.rig.client, &self.rig.namespace, NAME).await?;
        ensure!(state.is_none(), "after a restart: {state:?}");
        Ok(())
    }

    /// Hundreds of namespaces with pods would slow down those that follow.
    async fn remove_namespace(&self) -> Result<()> {
        let api: kube::Api<k8s_openapi::api::core::v1::Namespace> = kube::Api::all(self.rig.client.clone());
        api.delete(&self.rig.namespace, &kube::api::DeleteParams::background()).await?;
        Ok(())
    }
}

/// Whether a count that had been reached was ever given up, or the Deployment deleted.
struct Dips(Arc<AtomicBool>, AbortHandle);

impl Dips {
    fn seen(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Dips {
    fn drop(&mut self) {
        self.1.abort();
    }
}

/// Looks at every value of `spec.replicas`: in these scenarios it may only rise.
fn watch_for_dips(rig: &Rig) -> Dips {
    let config = watcher::Config::default().fields(&format!("metadata.name={NAME}"));
    let mut events = Box::pin(watcher(rig.api::<Deployment>(), config));
    let seen = Arc::new(AtomicBool::new(false));
    let dipped = seen.clone();
    let task = tokio::spawn(async move {
        let mut most = 0;
        while let Some(event) = events.next().await {
            let replicas = match event {
                Ok(Event::Apply(deployment) | Event::InitApply(deployment)) => deployment.spec.and_then(|s| s.replicas),
                Ok(Event::Delete(_)) => Some(-1),
                _ => None,
            };
            let replicas = replicas.unwrap_or(most);
            if replicas < most {
                dipped.store(true, Ordering::SeqCst);
            }
            most = most.max(replicas);
        }
    });
    Dips(seen, task.abort_handle())
}
