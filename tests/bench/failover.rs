//! How soon another operator goes on when the leader ends, or dies: from that moment to the first write of the other, by
//! the clock of the audit log.

use anyhow::Result;
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
        let stand_by = ours::spawn(field)?;
        ours::says(field, &stand_by, "stands by").await?;
        let mark = field.cluster.audit().mark().await?;
        let moment = Timestamp::now();
        operator.leader().signal(signal)?;
        let services: Api<Service> = Api::namespaced(field.user.clone(), &operator.namespace);
        services.delete(&services::name(0), &DeleteParams::default()).await?;
        let audit = field.cluster.audit();
        let first = ours::wait(field, "the first write of the other", || {
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
