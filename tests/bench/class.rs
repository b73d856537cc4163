//! One change of the platform reaches every service.

use anyhow::Result;
use k8s_openapi::api::core::v1::Service;
use kube::{
    Api, ResourceExt as _,
    api::{DeleteParams, Patch, PatchParams},
};
use microservice_crds::{Microservice, MicroserviceClass, annotations};
use serde_json::json;

use crate::{
    field::Field,
    ours::{Ours, count},
    table::{Must, Table, Unit},
};

const NAME: &str = "bench";
const KEY: &str = "example.com/tier";

/// The default class gets one default more, of Services alone: nothing restarts.
pub async fn changed(field: &Field, operator: &Ours, table: &mut Table) -> Result<()> {
    apply(field, "iron").await?;
    field.all(&operator.namespace, |service: &Service| tier(service) == Some("iron")).await?;
    let used = |service: &Microservice| service.status.as_ref().is_some_and(|s| s.class.as_deref() == Some(NAME));
    field.all(&operator.namespace, used).await?;
    let before = field.cluster.audit().mark().await?;
    operator.all_since(field, before).await?;

    let mark = field.cluster.audit().mark().await?;
    apply(field, "gold").await?;
    field.all(&operator.namespace, |service: &Service| tier(service) == Some("gold")).await?;
    let sent = operator.all_since(field, mark).await?.filter(|request| request.verb != "watch");
    let each = |number: usize| count(number) / count(field.services);
    let statuses = sent.clone().filter(|request| request.subresource == "status").count();
    let children = sent.clone().writes().count().saturating_sub(statuses);
    table.add("a default of the class changes: child writes", Unit::EachService, each(children), Must::Be(1.0));
    table.add("a default of the class changes: status writes", Unit::EachService, each(statuses), Must::AtMost(1.0));
    table.add("a default of the class changes: reads", Unit::Count, count(sent.reads().count()), Must::Be(0.0));
    Api::<MicroserviceClass>::all(field.user.clone()).delete(NAME, &DeleteParams::default()).await?;
    Ok(())
}

fn tier(service: &Service) -> Option<&str> {
    service.annotations().get(KEY).map(String::as_str)
}

async fn apply(field: &Field, tier: &str) -> Result<()> {
    let class = json!({
        "apiVersion": "microservices.dev/v1alpha1", "kind": "MicroserviceClass",
        "metadata": {"name": NAME, "annotations": {annotations::DEFAULT_CLASS: "true"}},
        "spec": {"defaults": {"service": {"annotations": {KEY: tier}}}},
    });
    let api: Api<MicroserviceClass> = Api::all(field.user.clone());
    api.patch(NAME, &PatchParams::apply("bench").force(), &Patch::Apply(class)).await?;
    Ok(())
}
