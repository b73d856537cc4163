//! People with rights of their own, who write Microservices.

use anyhow::{Context as _, Result};
use http::{HeaderName, HeaderValue};
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams},
};
use microservice_crds::Microservice;
use microservice_tests::control_plane::ControlPlane;
use serde_json::{Value, json};

use crate::stage::PATIENCE;

const RBAC: &str = "rbac.authorization.k8s.io/v1";

/// Somebody who may write Microservices in one namespace, and whatever else was said.
pub struct Person {
    services: Api<DynamicObject>,
    namespace: String,
}

impl Person {
    /// An administrator, who may do anything.
    pub fn admin(server: &ControlPlane, namespace: &str) -> Result<Self> {
        Ok(Self::of(server.client()?, namespace))
    }

    /// Somebody with the verbs of a user of Microservices in this namespace, and these rules besides.
    pub async fn with(server: &ControlPlane, namespace: &str, name: &str, rules: Value) -> Result<Self> {
        let user = format!("{name}-of-{namespace}");
        let mut all = vec![json!({
            "apiGroups": ["microservices.dev"], "resources": ["microservices", "microservices/scale"],
            "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"],
        })];
        all.extend(rules.as_array().cloned().unwrap_or_default());
        let metadata = json!({"name": name, "namespace": namespace});
        let role = json!({"apiVersion": RBAC, "kind": "Role", "metadata": metadata, "rules": all});
        server.apply(&role.to_string()).await?;
        bind(server, namespace, name, &user, "Role", name).await?;
        let mut config = server.config();
        config.headers.push((HeaderName::from_static("impersonate-user"), HeaderValue::from_str(&user)?));
        let person = Self::of(Client::try_from(config)?, namespace);
        // The server learns of rights a moment after they were stored.
        let ask = || async { Ok(person.services.get_opt("nothing").await.map(|_| ()).ok()) };
        server.wait_until(&format!("the rights of {user}"), namespace, PATIENCE, ask).await?;
        Ok(person)
    }

    /// The same with one of the cluster's own roles in this namespace. The chart adds the verbs of a user of Microservices
    /// to them by aggregation.
    pub async fn with_cluster_role(server: &ControlPlane, namespace: &str, role: &str) -> Result<Self> {
        bind(server, namespace, &format!("{role}-too"), &format!("{role}-of-{namespace}"), "ClusterRole", role).await?;
        Self::with(server, namespace, role, json!([])).await
    }

    fn of(client: Client, namespace: &str) -> Self {
        let services = Api::namespaced_with(client, namespace, &ApiResource::erase::<Microservice>(&()));
        Self { services, namespace: namespace.to_owned() }
    }

    /// Creates a service: its spec as YAML, with an image if it has none. The answer may be the server's refusal.
    pub async fn create(&self, name: &str, spec: &str) -> Result<(), String> {
        self.post(name, spec, false).await
    }

    /// Asks whether it could be created.
    pub async fn would_create(&self, name: &str, spec: &str) -> Result<(), String> {
        self.post(name, spec, true).await
    }

    async fn post(&self, name: &str, spec: &str, dry_run: bool) -> Result<(), String> {
        let body = serde_json::from_value(self.body(name, spec)).expect("an object");
        let params = PostParams { dry_run, ..PostParams::default() };
        self.services.create(&params, &body).await.map(|_| ()).map_err(words)
    }

    /// Changes a service by a merge patch of its spec.
    pub async fn edit(&self, name: &str, spec: Value) -> Result<(), String> {
        self.merge(name, json!({"spec": spec})).await
    }

    /// Changes a service by a merge patch.
    pub async fn merge(&self, name: &str, patch: Value) -> Result<(), String> {
        self.services.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.map(|_| ()).map_err(words)
    }

    /// Applies a service, server-side: its spec as YAML, with an image if it has none.
    pub async fn apply(&self, name: &str, spec: &str) -> Result<(), String> {
        let params = PatchParams::apply("test").force();
        self.services.patch(name, &params, &Patch::Apply(self.body(name, spec))).await.map(|_| ()).map_err(words)
    }

    /// Replaces a service by what it is, with another spec: what `kubectl replace` does.
    pub async fn replace(&self, name: &str, change: impl FnOnce(&mut Value)) -> Result<()> {
        let mut object = self.services.get(name).await.context("the service")?;
        change(&mut object.data);
        self.services.replace(name, &PostParams::default(), &object).await?;
        Ok(())
    }

    /// Sets the scale.
    pub async fn scale(&self, name: &str, replicas: i32) -> Result<(), String> {
        let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
        self.services.patch_scale(name, &PatchParams::default(), &patch).await.map(|_| ()).map_err(words)
    }

    fn body(&self, name: &str, spec: &str) -> Value {
        let mut spec: Value = if spec.is_empty() { json!({}) } else { serde_saphyr::from_str(spec).expect(spec) };
        if spec.get("image").is_none() {
            spec["image"] = json!("registry.example/app:v1");
        }
        let metadata = json!({"name": name, "namespace": self.namespace});
        json!({"apiVersion": "microservices.dev/v1alpha1", "kind": "Microservice", "metadata": metadata, "spec": spec})
    }
}

async fn bind(server: &ControlPlane, namespace: &str, name: &str, user: &str, kind: &str, role: &str) -> Result<()> {
    let binding = json!({
        "apiVersion": RBAC, "kind": "RoleBinding", "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    });
    server.apply(&binding.to_string()).await
}

/// The words of a refusal; anything else is no answer.
fn words(error: kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => panic!("the server did not answer: {other}"),
    }
}

/// Fails unless it was refused with all these words, and says which policy it was.
pub fn assert_refused(answer: Result<(), String>, parts: &[&str]) {
    let words = answer.expect_err("it was accepted");
    for part in parts {
        assert!(words.contains(part), "{part:?} is missing in: {words}");
    }
}
