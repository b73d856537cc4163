//! Keeps the status of every MicroserviceClass: whether services can use it, and whether it is the default.

use std::time::Duration;

use jiff::Timestamp;
use kube::CustomResourceExt;
use microservice_crds::{MicroserviceClass, STATUS_MANAGER};
use serde_json::json;

use crate::{
    backoff,
    classes::Due,
    cluster::{Failure, Target},
    context::Context,
};

const FIRST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(300);

/// Writes what is due whenever a class changes, until it is dropped. An operator of one namespace leaves that to one
/// that works in all.
pub async fn keep(ctx: Context) {
    if ctx.namespace.is_some() {
        return;
    }
    let mut failures = 0;
    loop {
        let changed = ctx.around.class_changed.notified();
        let mut failed = false;
        for due in ctx.around.classes.due(Timestamp::now()) {
            if let Err(failure) = write(&ctx, due).await {
                tracing::warn!(%failure, "status of a class not written");
                failed = true;
            }
        }
        failures = if failed { failures + 1 } else { 0 };
        if failed {
            let _ = tokio::time::timeout(backoff::delay(failures, FIRST, MOST), changed).await;
        } else {
            changed.await;
        }
    }
}

async fn write(ctx: &Context, due: Due) -> Result<(), Failure> {
    let resource = MicroserviceClass::api_resource();
    let body = json!({
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": due.name, "uid": due.uid},
        "status": due.status,
    });
    let target = Target { resource: &resource, namespace: "", name: &due.name };
    match ctx.cluster.apply_status(target, &body, STATUS_MANAGER).await {
        Ok(answer) => {
            ctx.around.classes.status_written(&answer, due.status);
            Ok(())
        }
        // It is gone, or another one of its name: the stream tells.
        Err(Failure::Missing(_) | Failure::Conflict(_)) => Ok(()),
        // A merge works on stored objects that an apply cannot read.
        Err(Failure::Invalid(_)) => {
            let answer = ctx.cluster.merge_status(target, &body, STATUS_MANAGER).await;
            ctx.around.classes.status_settled(&due.name, due.status);
            answer.map(drop)
        }
        Err(failure) => Err(failure),
    }
}
