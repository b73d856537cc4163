//! Whole systems under an operator that sees all namespaces: the order in which they are applied does not matter, and
//! edges cross namespaces.

// A panic is how a test reports a broken assumption.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod across;
mod limit;
mod order;
mod shop;

use anyhow::Result;
use kube::Client;
use microservice_tests::{
    control_plane::{ControlPlane, Options},
    faults::Script,
    operator::Operator,
    rig,
};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

/// A control plane with one operator for all namespaces. The tests take turns: what one asks is not the other's.
struct World {
    cluster: &'static ControlPlane,
    client: Client,
    operator: Operator,
    _turn: MutexGuard<'static, ()>,
}

impl World {
    async fn start(name: &str) -> Result<Self> {
        static TURN: Mutex<()> = Mutex::const_new(());
        let turn = TURN.lock().await;
        let cluster = ControlPlane::shared(Options::default().hpa().gateway_api()).await?;
        static DEFINITIONS: OnceCell<()> = OnceCell::const_new();
        DEFINITIONS.get_or_try_init(|| rig::install(cluster)).await?;
        let agent = format!("operator-everywhere-{name}");
        let operator = Operator::start(cluster, None, &agent, &Script::record())?;
        Ok(Self { cluster, client: cluster.client()?, operator, _turn: turn })
    }

    /// Waits until the operator has nothing to do, and everything it sent is in the audit log.
    async fn idle(&self) -> Result<()> {
        for _ in 0..2 {
            let ask = || async { Ok(self.operator.idle().then_some(())) };
            self.cluster.wait_until("the operator to rest", "default", rig::PATIENCE, ask).await?;
            self.cluster.audit().settle().await?;
        }
        Ok(())
    }
}
