//! What the operator does when there is nothing for it to do.

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use k8s_openapi::api::{apps::v1::Deployment, autoscaling::v2::HorizontalPodAutoscaler};
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

/// How long it is watched at rest.
pub const REST: Duration = Duration::from_secs(60);
/// Status writes of the storm.
pub const STORM: u32 = 200;
/// How long the storm lasts.
const STORMY: Duration = Duration::from_secs(15);
/// The number of services for which a bound of the memory is set.
const BOUND_FOR: usize = 200;

/// Nobody does anything.
pub async fn rest(field: &Field, operator: &Ours, table: &mut Table) -> Result<()> {
    let mark = field.cluster.audit().mark().await?;
    let before = operator.processor_seconds()?;
    tokio::time::sleep(REST).await;
    let rested = operator.processor_seconds()? - before;
    table.add("processor time: from the start to rest", Unit::Seconds, before, Must::Show);
    table.add("processor time: at rest for 60 s", Unit::Seconds, rested, Must::Show);
    let sent = operator.with_lease_since(field, mark).await?;
    let writes = count(operator.since(field, mark).await?.writes().count());
    table.add("at rest for 60 s: writes for services", Unit::Count, writes, Must::Be(0.0));
    table.add(
        "at rest for 60 s: requests, those for the lease too",
        Unit::Count,
        count(sent.count()),
        Must::AtMost(35.0),
    );

    let settled = operator.memory()?.resident;
    let bound = if field.services == BOUND_FOR { Must::AtMost(30.0) } else { Must::Show };
    table.add("memory: without any service", Unit::Megabytes, operator.empty.resident, Must::Show);
    table.add("memory: settled, with all services", Unit::Megabytes, settled, bound);
    Ok(())
}

/// Autoscalers and Deployments have their status written by others, at an even pace; nothing in it is news.
pub async fn storm(field: &Field, operator: &Ours, table: &mut Table) -> Result<()> {
    let autoscalers: Api<HorizontalPodAutoscaler> = Api::namespaced(field.user.clone(), &operator.namespace);
    let deployments: Api<Deployment> = Api::namespaced(field.user.clone(), &operator.namespace);
    let params = PatchParams::default();
    let mark = field.cluster.audit().mark().await?;
    let mut pace = tokio::time::interval(STORMY / STORM);
    for (number, turn) in (0..field.services).cycle().zip(0..STORM) {
        pace.tick().await;
        let name = services::name(number);
        if turn % 2 == 0 {
            let status = json!({"status": {"lastScaleTime": Timestamp::now()}});
            autoscalers.patch_status(&name, &params, &Patch::Merge(status)).await?;
        } else {
            let status = json!({"status": {"collisionCount": turn}});
            deployments.patch_status(&name, &params, &Patch::Merge(status)).await?;
        }
    }
    let sent = operator.all_since(field, mark).await?.filter(|request| request.verb != "watch");
    table.add("storm: writes", Unit::Count, count(sent.clone().writes().count()), Must::Be(0.0));
    table.add("storm: reads", Unit::Count, count(sent.reads().count()), Must::Show);
    Ok(())
}
