//! Online Boutique, and how it becomes Ready.

use std::{
    collections::BTreeSet,
    io::{IsTerminal, Write as _, stdout},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use k8s_openapi::api::{
    apps::v1::{Deployment, ReplicaSet},
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::Service,
};
use kube::{Api, Client, ResourceExt, api::ListParams};
use microservice_crds::{Microservice, MicroserviceSystem};
use microservice_tests::control_plane::{ControlPlane, Mark, Process};

use crate::{GRACE, NAMESPACE, SAMPLES, SERVICES, SYSTEM, cluster::samples, words::*};

pub struct Apis {
    pub services: Api<Microservice>,
    pub systems: Api<MicroserviceSystem>,
    pub deployments: Api<Deployment>,
    pub replica_sets: Api<ReplicaSet>,
    pub cluster_services: Api<Service>,
    pub autoscalers: Api<HorizontalPodAutoscaler>,
}

pub struct Shop<'a> {
    pub api: Apis,
    pub cluster: &'a ControlPlane,
    pub operator: &'a Process,
}

impl Shop<'_> {
    pub fn apis(client: Client) -> Apis {
        Apis {
            services: Api::namespaced(client.clone(), NAMESPACE),
            systems: Api::namespaced(client.clone(), NAMESPACE),
            deployments: Api::namespaced(client.clone(), NAMESPACE),
            replica_sets: Api::namespaced(client.clone(), NAMESPACE),
            cluster_services: Api::namespaced(client.clone(), NAMESPACE),
            autoscalers: Api::namespaced(client, NAMESPACE),
        }
    }

    /// Whether pods run on a node of the demo's own.
    pub fn is_real(&self) -> bool {
        self.cluster.node().is_ok()
    }

    /// Polls until the check has an answer. Only for showing: nothing here is a measure of less than its interval.
    pub async fn until<T>(&self, what: &str, mut check: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
        // In a cluster of yours the images have to be pulled, and its API server has other things to do. On a real node
        // the pods take their time, and the processor.
        let (patience, interval) = match (self.cluster.is_existing(), self.is_real()) {
            (true, _) => (600, 100),
            (_, true) => (300, 50),
            (_, false) => (120, 5),
        };
        let (patience, interval) = (Duration::from_secs(patience), Duration::from_millis(interval));
        let start = Instant::now();
        let mut answered = start;
        loop {
            self.operator.check()?;
            match check().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => answered = Instant::now(),
                // An API server may ask for a moment, as it does for a kind that it has only just learnt.
                Err(error) if answered.elapsed() > GRACE => return Err(error),
                Err(_) => tokio::time::sleep(GRACE / 50).await,
            }
            if start.elapsed() > patience {
                let dump = self.cluster.dump(NAMESPACE).await;
                self.cluster.keep();
                bail!("waited {} s for {what}\n{dump}", patience.as_secs());
            }
            tokio::time::sleep(interval).await;
        }
    }

    /// Applies the samples, and shows each service when it is Ready.
    pub async fn become_ready(&self) -> Result<()> {
        let folder = samples()?.display().to_string();
        let args = ["apply", "--server-side", "-k", folder.as_str()];
        say!("   $ kubectl apply --server-side -k {SAMPLES}");
        let start = Instant::now();
        let apply = async { self.cluster.kubectl_ok(&args).await };
        tokio::try_join!(apply, self.watch_become_ready(start))?;
        Ok(())
    }

    pub async fn watch_become_ready(&self, start: Instant) -> Result<()> {
        let live = stdout().is_terminal();
        let mut shown = BTreeSet::new();
        self.until("twelve services to be Ready", async || {
            let services = self.api.services.list(&ListParams::default()).await?.items;
            let clear = if live { "\r\x1b[2K" } else { "" };
            for service in services.iter().filter(|service| is_ready(service)) {
                if shown.insert(service.name_any()) {
                    let (count, name, after) = (shown.len(), service.name_any(), start.elapsed().as_secs_f64());
                    say!("{clear}   {count:>2}/{SERVICES} {after:>5.1} s {name:<22}{}", parts(service));
                }
            }
            if live {
                let waiting = services.iter().filter(|s| !is_ready(s));
                let waiting: Vec<String> = waiting.map(|s| format!("{} ({})", s.name_any(), reason(s))).collect();
                let line = if waiting.is_empty() { "kubectl applies ...".into() } else { waiting.join(", ") };
                write!(stdout(), "{clear}         {:>5.1} s {}", start.elapsed().as_secs_f64(), cut(&line, 62))?;
                stdout().flush()?;
            }
            Ok((shown.len() == SERVICES).then_some(()))
        })
        .await?;
        if live {
            write!(stdout(), "\r\x1b[2K")?;
        }
        Ok(())
    }

    /// Shows the system when it says that all of it is Ready.
    pub async fn show_system(&self) -> Result<()> {
        self.system_says("AllReady").await?;
        say!("\n   $ kubectl get msys -n {NAMESPACE}");
        for line in self.cluster.kubectl_ok(&["get", "msys", "-n", NAMESPACE]).await?.lines() {
            say!("   {}", line.trim_end());
        }
        Ok(())
    }

    /// What the system says, once it is Ready, or is not, for this reason.
    pub async fn system_says(&self, reason: &str) -> Result<String> {
        self.until(&format!("the system to say {reason}"), async || {
            let status = self.api.systems.get(SYSTEM).await?.status.unwrap_or_default();
            let ready = status.conditions.into_iter().find(|c| c.type_ == "Ready" && c.reason == reason);
            Ok(ready.map(|condition| condition.message))
        })
        .await
    }

    pub async fn show_requests(&self, mark: Option<Mark>) -> Result<()> {
        let Some(mark) = mark else {
            say!("   (Not counted: the operator's requests. The audit log is your cluster's.)");
            return Ok(());
        };
        let sent = self.cluster.audit().since(mark).await?.agent("microservice-operator");
        let reads = sent.clone().reads().filter(|request| request.verb == "get").count();
        let writes = sent.clone().writes();
        let status = writes.clone().filter(|request| request.subresource == "status").count();
        let parts = writes.count() - status;
        say!("\n   The operator's requests, by the audit log of the API server:");
        say!("   {parts} writes of parts, {status} of status, {reads} reads of single objects.");
        Ok(())
    }
}
