//! How soon another operator goes on when the leader ends, or dies: from that moment to the first write of the other, by
//! the clock of the audit log.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Service;
use kube::{Api, api::DeleteParams};

use crate::{
    field::Field,
    ours::{self, Ours},
    services,
    table::{Must, Table, Unit},
};

/// The leader is asked to end, and then the next one is killed. Each time a child is deleted at that moment.
pub async fn failover(field: &Field, operator: &mut Ours, table: &mut Table) -> Result<()> {
    for (signal, most) in [("TERM", 1.0), ("KILL", 10.0)] {
        let stand_by = ours::spawn(field, "stand-by")?;
        let log = stand_by.log().to_path_buf();
        wait(field, "a stand-by", || Ok(std::fs::read_to_string(&log)?.contains("stands by").then_some(()))).await?;
        let mark = field.cluster.audit().mark().await?;
        let moment = Timestamp::now();
        operator.leader().signal(signal)?;
        let services: Api<Service> = Api::namespaced(field.user.clone(), &operator.namespace);
        services.delete(&services::name(0), &DeleteParams::default()).await?;
        let audit = field.cluster.audit();
        let first = wait(field, "the first write of the other", || {
            let writes = audit.read(mark)?.agent(ours::AGENT).writes().resource("services");
            Ok(writes.0.into_iter().find(|write| write.code == 201).and_then(|write| write.timestamp))
        })
        .await?;
        let took = first.duration_since(moment).as_secs_f64();
        table.add(
            format!("failover: SIG{signal} to the first write of the other"),
            Unit::Seconds,
            took,
            Must::AtMost(most),
        );
        operator.replace(stand_by);
    }
    Ok(())
}

async fn wait<T>(field: &Field, what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = ask().with_context(|| format!("waiting for {what}"))? {
            return Ok(found);
        }
        if start.elapsed() > field.patience() {
            bail!("{what} does not come");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
