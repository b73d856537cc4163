//! `spec.replicas` of a Deployment on its way between the operator and an autoscaler.
//!
//! A field that its only owner no longer applies falls back to its default: replicas to 1. So before the operator
//! drops it, a second field manager takes the live value, and keeps it until the autoscaler's first write.

use microservice_core::{children::Desired, outcome::Health};
use microservice_crds::HANDOVER_MANAGER;
use serde_json::json;

use crate::{
    child::Child,
    cluster::{Failure, Target, api_resource},
    context::Context,
    key::Key,
    object::LeanObject,
};

/// Has the second manager hold the live count, when the operator holds it now and will not any more.
pub async fn release(ctx: &Context, key: &Key, desired: &Desired, child: &Child) -> Result<(), Failure> {
    let drops = child.holds_replicas && desired.body.pointer("/spec/replicas").is_none();
    match &child.health {
        Health::Deployment(live) if drops => hold(ctx, key, desired, &child.uid, live.spec_replicas).await.map(|_| ()),
        _ => Ok(()),
    }
}

/// Has the second manager set the count.
pub async fn hold(
    ctx: &Context,
    key: &Key,
    desired: &Desired,
    uid: &str,
    replicas: i32,
) -> Result<LeanObject, Failure> {
    let resource = api_resource(desired.entry);
    let body = json!({
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": desired.name, "namespace": &*key.namespace, "uid": uid},
        "spec": {"replicas": replicas},
    });
    let target = Target { resource: &resource, namespace: &key.namespace, name: &desired.name };
    ctx.cluster.apply(target, &body, HANDOVER_MANAGER).await
}
