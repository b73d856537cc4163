//! One service that can never work: its Deployment is forbidden by an admission policy.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use k8s_openapi::api::apps::v1::Deployment;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::json;

use crate::{
    field::Field,
    ours::{Ours, count},
    services,
    table::{Must, Table, Unit},
};

/// How long it is watched.
pub const WATCHED: Duration = Duration::from_secs(60);

const NAME: &str = "hopeless";

const POLICY: &str = "
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: hopeless}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}]
  validations: [{expression: \"object.metadata.name != 'hopeless'\", message: never, reason: Forbidden}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: hopeless}
spec: {policyName: hopeless, validationActions: [Deny]}
";

/// A service whose Deployment is answered with 403 for ever: its tries become rarer and rarer.
pub async fn hopeless(field: &Field, operator: &Ours, table: &mut Table) -> Result<()> {
    field.cluster.apply(POLICY).await?;
    in_force(field, operator).await?;
    let mark = field.cluster.audit().mark().await?;
    services::apply(&field.user, &operator.namespace, &[services::microservice(NAME, 1, true)]).await?;
    tokio::time::sleep(WATCHED).await;
    let sent = operator.since(field, mark).await?.filter(|request| request.verb != "watch");
    let tries = sent.clone().resource("deployments").name(NAME).count();
    // Doubling from one second, there are six in the first minute.
    table.add("never works: tries of its Deployment in 60 s", Unit::Count, count(tries), Must::AtMost(7.0));
    table.add("never works: all requests in 60 s", Unit::Count, count(sent.count()), Must::Show);
    let rest = sent.filter(|request| request.resource != "deployments");
    table.add("never works: of these, not of its Deployment", Unit::Count, count(rest.count()), Must::Show);
    Ok(())
}

/// A policy takes a moment to come into force: a dry run shows when.
async fn in_force(field: &Field, operator: &Ours) -> Result<()> {
    let api: Api<Deployment> = Api::namespaced(field.user.clone(), &operator.namespace);
    let body = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{"name": "a", "image": "a"}]},
            },
        },
    });
    let params = PatchParams { dry_run: true, ..PatchParams::apply("bench") };
    let start = Instant::now();
    loop {
        match api.patch(NAME, &params, &Patch::Apply(&body)).await {
            Err(kube::Error::Api(status)) if status.code == 403 => return Ok(()),
            Err(error) => return Err(error.into()),
            Ok(_) if start.elapsed() > field.patience() => bail!("the policy does not come into force"),
            Ok(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
