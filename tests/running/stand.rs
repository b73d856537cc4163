//! A namespace with several operators, each a process with a user agent of its own.

use std::process::Command;

use anyhow::{Context as _, Result};
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use microservice_tests::{
    control_plane::{Process, Requests},
    program::operator_program,
    rig::{PATIENCE, Rig},
};

/// The lease that they stand for.
pub const LEASE: &str = "microservice-operator";

pub struct Stand {
    pub rig: Rig,
}

pub struct Operator {
    pub agent: String,
    pub process: Process,
}

impl Operator {
    /// What it has written of those requests: not to the lease.
    pub fn writes(&self, requests: &Requests) -> Requests {
        requests.clone().agent(&self.agent).writes().filter(|request| request.resource != "leases")
    }
}

impl Stand {
    pub async fn new(name: &str) -> Result<Self> {
        Ok(Self { rig: Rig::without_operator(name).await? })
    }

    /// Starts an operator that stands for election.
    pub async fn start(&self, name: &str) -> Result<Operator> {
        self.start_with(name, &["--leader-elect"]).await
    }

    /// Starts an operator with these arguments.
    pub async fn start_with(&self, name: &str, arguments: &[&str]) -> Result<Operator> {
        let namespace = &self.rig.namespace;
        let agent = format!("{name}-of-{namespace}");
        let mut command = Command::new(operator_program().await?);
        command
            .args(arguments)
            .env("WATCH_NAMESPACE", namespace)
            .env("POD_NAMESPACE", namespace)
            .env("POD_NAME", name)
            .env("USER_AGENT", &agent);
        let process = self.rig.cluster.spawn(&agent, command)?;
        Ok(Operator { agent, process })
    }

    /// Who holds the lease, by the name of the operator; empty when nobody does.
    pub async fn holder(&self) -> Result<String> {
        let leases: Api<Lease> = self.rig.api();
        let lease = leases.get_opt(LEASE).await?;
        let identity = lease.and_then(|lease| lease.spec?.holder_identity).unwrap_or_default();
        Ok(identity.split('_').next().unwrap_or_default().to_owned())
    }

    /// Waits until an operator leads.
    pub async fn leads(&self, name: &str) -> Result<()> {
        let ask = || async { Ok((self.holder().await? == name).then_some(())) };
        self.rig.cluster.wait_until(&format!("{name} to lead"), &self.rig.namespace, PATIENCE, ask).await
    }

    /// Waits until an operator has ended, and says how.
    pub async fn ended(&self, operator: &Operator) -> Result<String> {
        let ask = || async { Ok(operator.process.ended()) };
        self.rig.cluster.wait_until("the operator to end", &self.rig.namespace, PATIENCE, ask).await
    }

    /// Waits until an operator's log says so.
    pub async fn says(&self, operator: &Operator, words: &str) -> Result<()> {
        let ask = || async {
            let log = std::fs::read_to_string(operator.process.log())?;
            Ok(log.contains(words).then_some(()))
        };
        let what = format!("{} to say {words:?}", operator.agent);
        self.rig.cluster.wait_until(&what, &self.rig.namespace, PATIENCE, ask).await.context("its log")
    }
}
