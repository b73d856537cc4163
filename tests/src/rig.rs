//! What an end-to-end test starts from: a namespace of its own on a shared control plane, with an operator of its own.

use std::{fmt::Debug, time::Duration};

use anyhow::{Context as _, Result};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{DeleteParams, Patch, PatchParams},
    core::NamespaceResourceScope,
};
use microservice_crds::{Microservice, MicroserviceClass, MicroserviceStatus, MicroserviceSystem};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::{
    control_plane::{ControlPlane, Mark, Options, Requests},
    faults::Script,
    operator::Operator,
};

/// How long a test waits for what must come. Long, because it is no measure of speed.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A namespace with an operator.
pub struct Rig {
    /// The control plane, shared by all tests of a program.
    pub cluster: &'static ControlPlane,
    /// The namespace.
    pub namespace: String,
    /// An administrator.
    pub client: Client,
    /// The user agent of the operator.
    pub agent: String,
    /// The operator.
    pub operator: Option<Operator>,
}

impl Rig {
    /// A namespace with a running operator, on a control plane with autoscalers and the Gateway API.
    ///
    /// # Errors
    /// When the control plane does not start.
    pub async fn start(name: &str) -> Result<Self> {
        let mut rig = Self::without_operator(name).await?;
        rig.start_operator(&Script::record())?;
        Ok(rig)
    }

    /// A namespace without an operator.
    ///
    /// # Errors
    /// When the control plane does not start.
    pub async fn without_operator(name: &str) -> Result<Self> {
        static DEFINITIONS: OnceCell<()> = OnceCell::const_new();
        let cluster = ControlPlane::shared(Options::default().hpa().gateway_api()).await?;
        DEFINITIONS.get_or_try_init(|| install(cluster)).await?;
        Self::in_namespace(cluster, name).await
    }

    /// A namespace without an operator, on a control plane of its own that nothing was done to yet.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn on(cluster: &'static ControlPlane, name: &str) -> Result<Self> {
        install(cluster).await?;
        Self::in_namespace(cluster, name).await
    }

    /// A namespace without an operator, on a control plane that has our definitions already: see [`install`].
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn in_namespace(cluster: &'static ControlPlane, name: &str) -> Result<Self> {
        let namespace = cluster.namespace(name).await?;
        Ok(Self {
            cluster,
            client: cluster.client()?,
            agent: format!("operator-of-{namespace}"),
            namespace,
            operator: None,
        })
    }

    /// Starts an operator, whose requests pass through the script.
    ///
    /// # Errors
    /// When there is no client.
    pub fn start_operator(&mut self, script: &Script) -> Result<()> {
        self.operator = Some(Operator::start(self.cluster, Some(&self.namespace), &self.agent, script)?);
        Ok(())
    }

    /// Shuts the operator down.
    pub async fn stop_operator(&mut self) {
        if let Some(operator) = self.operator.take() {
            operator.stop().await;
        }
    }

    /// Objects of a kind in the namespace.
    #[must_use]
    pub fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Applies a Microservice: its spec as YAML.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn apply(&self, name: &str, spec: &str) -> Result<Microservice> {
        let spec: Value = serde_saphyr::from_str(spec).context("the test's YAML")?;
        let body = serde_json::json!({
            "apiVersion": "microservices.dev/v1alpha1", "kind": "Microservice",
            "metadata": {"name": name, "namespace": self.namespace}, "spec": spec,
        });
        let params = PatchParams::apply("test").force();
        Ok(self.api::<Microservice>().patch(name, &params, &Patch::Apply(&body)).await?)
    }

    /// Applies a MicroserviceClass: its spec as YAML. Classes are of the whole cluster: name it after the namespace.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn apply_class(&self, name: &str, spec: &str) -> Result<MicroserviceClass> {
        self.apply_class_with(name, spec, &[]).await
    }

    /// The same with annotations.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn apply_class_with(&self, name: &str, spec: &str, notes: &[(&str, &str)]) -> Result<MicroserviceClass> {
        let spec: Value = serde_saphyr::from_str(spec).context("the test's YAML")?;
        let notes: std::collections::BTreeMap<_, _> = notes.iter().copied().collect();
        let body = serde_json::json!({
            "apiVersion": "microservices.dev/v1alpha1", "kind": "MicroserviceClass",
            "metadata": {"name": name, "annotations": notes}, "spec": spec,
        });
        let params = PatchParams::apply("test").force();
        Ok(Api::<MicroserviceClass>::all(self.client.clone()).patch(name, &params, &Patch::Apply(&body)).await?)
    }

    /// Applies a MicroserviceSystem: its spec as YAML.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn apply_system(&self, name: &str, spec: &str) -> Result<MicroserviceSystem> {
        let spec: Value = serde_saphyr::from_str(spec).context("the test's YAML")?;
        let body = serde_json::json!({
            "apiVersion": "microservices.dev/v1alpha1", "kind": "MicroserviceSystem",
            "metadata": {"name": name, "namespace": self.namespace}, "spec": spec,
        });
        let params = PatchParams::apply("test").force();
        Ok(self.api::<MicroserviceSystem>().patch(name, &params, &Patch::Apply(&body)).await?)
    }

    /// Waits until a system says this of itself, as `Ready=False Degraded`, at its present generation.
    ///
    /// # Errors
    /// When it does not.
    pub async fn system(&self, name: &str, says: &str) -> Result<MicroserviceSystem> {
        let said = |system: &MicroserviceSystem| {
            let status = system.status.clone().unwrap_or_default();
            Some(status.observed_generation) == system.metadata.generation
                && status.conditions.iter().any(|c| format!("{}={} {}", c.type_, c.status, c.reason) == says)
        };
        self.wait(&format!("system {name} to say {says}"), name, said).await
    }

    /// Deletes a MicroserviceClass.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn delete_class(&self, name: &str) -> Result<()> {
        Api::<MicroserviceClass>::all(self.client.clone()).delete(name, &DeleteParams::default()).await?;
        Ok(())
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn delete<K>(&self, name: &str) -> Result<()>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        self.api::<K>().delete(name, &DeleteParams::background()).await?;
        Ok(())
    }

    /// One object, or nothing.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn find<K>(&self, name: &str) -> Result<Option<K>>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        Ok(self.api::<K>().get_opt(name).await?)
    }

    /// One object.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn get<K>(&self, name: &str) -> Result<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        Ok(self.api::<K>().get(name).await?)
    }

    /// A merge patch, as somebody else's hand.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn edit<K>(&self, name: &str, patch: Value) -> Result<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        let params = PatchParams { field_manager: Some("somebody".into()), ..PatchParams::default() };
        Ok(self.api::<K>().patch(name, &params, &Patch::Merge(patch)).await?)
    }

    /// Waits until an object is as the check wants it.
    ///
    /// # Errors
    /// When it does not come to be.
    pub async fn wait<K>(&self, what: &str, name: &str, check: impl Fn(&K) -> bool) -> Result<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        let (api, check) = (&self.api::<K>(), &check);
        let ask = || async move { Ok(api.get_opt(name).await?.filter(|object| check(object))) };
        self.cluster.wait_until(what, &self.namespace, PATIENCE, ask).await
    }

    /// Waits until an object is gone, or another of its name is there.
    ///
    /// # Errors
    /// When it stays.
    pub async fn wait_gone<K>(&self, name: &str, uid: &str) -> Result<()>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        let api = &self.api::<K>();
        let ask = || async move {
            let present = api.get_opt(name).await?.is_some_and(|object| object.uid().as_deref() == Some(uid));
            Ok((!present).then_some(()))
        };
        self.cluster.wait_until(&format!("{name} to go"), &self.namespace, PATIENCE, ask).await
    }

    /// Waits until a Microservice is Ready at its present generation.
    ///
    /// # Errors
    /// When it does not become so.
    pub async fn ready(&self, name: &str) -> Result<Microservice> {
        self.wait(&format!("{name} to be Ready"), name, |service: &Microservice| {
            observed(service) && condition(service, "Ready").is_some_and(|c| c.status == "True")
        })
        .await
    }

    /// Waits until a condition at the present generation has this status and reason.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn condition(&self, name: &str, type_: &str, status: &str, reason: &str) -> Result<Condition> {
        let what = format!("{name} to be {type_}={status} {reason}");
        let service = self
            .wait(&what, name, |service: &Microservice| {
                observed(service) && condition(service, type_).is_some_and(|c| c.status == status && c.reason == reason)
            })
            .await?;
        condition(&service, type_).cloned().context("the condition was there a moment ago")
    }

    /// Waits until the operator has nothing to do, and everything it sent is in the audit log.
    ///
    /// # Errors
    /// When it never rests.
    pub async fn idle(&self) -> Result<()> {
        let operator = self.operator.as_ref().context("no operator runs")?;
        let audit = self.cluster.audit();
        // What the server has told may still be on its way: at rest means at rest twice, with an answer between.
        for _ in 0..2 {
            let ask = || async move { Ok(operator.idle().then_some(())) };
            self.cluster.wait_until("the operator to rest", &self.namespace, PATIENCE, ask).await?;
            audit.settle().await?;
        }
        Ok(())
    }

    /// A place in the audit log.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn mark(&self) -> Result<Mark> {
        self.cluster.audit().mark().await
    }

    /// What this operator has sent since.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn since(&self, mark: Mark) -> Result<Requests> {
        Ok(self.cluster.audit().since(mark).await?.agent(&self.agent))
    }
}

/// Installs our definitions on a control plane that has none of them, and makes the account for operators.
///
/// # Errors
/// When the server refuses them.
pub async fn install(cluster: &ControlPlane) -> Result<()> {
    for definition in microservice_crds::schema::crds()? {
        cluster.install_definition(&definition).await?;
    }
    cluster.create_operator_account().await
}

/// Whether the status speaks of the present spec.
#[must_use]
pub fn observed(service: &Microservice) -> bool {
    let status = service.status.as_ref();
    status.is_some_and(|status| Some(status.observed_generation) == service.metadata.generation)
}

/// One condition.
#[must_use]
pub fn condition<'a>(service: &'a Microservice, type_: &str) -> Option<&'a Condition> {
    service.status.as_ref()?.conditions.iter().find(|condition| condition.type_ == type_)
}

/// The status, or an empty one.
#[must_use]
pub fn status(service: &Microservice) -> MicroserviceStatus {
    service.status.clone().unwrap_or_default()
}
