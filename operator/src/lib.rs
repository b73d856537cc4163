//! The operator: keeps the children of every Microservice as the pure core wants them.
//!
//! ```text
//! streams ──> store <── answers to our own writes
//!    └──> queue ──> reconcile: observe → plan → desired → apply → prune → report
//! ```

pub mod access;
pub mod apply;
pub mod args;
pub mod around;
pub mod attempts;
pub mod backoff;
pub mod breaker;
pub mod child;
pub mod claims;
pub mod clash;
pub mod class_status;
pub mod classes;
pub mod cluster;
pub mod context;
pub mod edges;
pub mod first_pods;
pub mod follow;
pub mod gate;
pub mod handover;
pub mod health;
pub mod interest;
pub mod key;
pub mod leader;
pub mod logging;
pub mod mounts;
pub mod object;
pub mod observe;
pub mod prune;
pub mod queue;
pub mod reconcile;
pub mod report;
pub mod rights;
pub mod scalers;
pub mod serve;
pub mod standing;
pub mod store;
pub mod streams;
pub mod system_status;
pub mod systems;
pub mod telemetry;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures::future::FutureExt;
use tokio::{task::JoinSet, time::Instant};
use tokio_util::task::AbortOnDropHandle;

pub use crate::context::Context;
use crate::{
    health::Heart,
    leader::{Candidacy, Election, Role},
    queue::Priority,
    telemetry::Metrics,
};

/// How the operator runs.
#[derive(Clone)]
pub struct Options {
    /// The only namespace to work in, or all.
    pub namespace: Option<String>,
    /// Requests at a time.
    pub in_flight: usize,
    /// Who publishes events and holds the lease: the name of the pod.
    pub identity: Option<String>,
    /// The lease to stand for, where several operators stand side by side.
    pub election: Option<Election>,
    /// What is counted and measured.
    pub metrics: Arc<Metrics>,
}

impl Default for Options {
    fn default() -> Self {
        Self { namespace: None, in_flight: 8, identity: None, election: None, metrics: Arc::default() }
    }
}

/// How long the first lists may take before work starts with those that are in.
const FIRST_LISTS: Duration = Duration::from_secs(10);
/// How long running reconciles may take to end at shutdown: another operator waits for its turn.
const FAREWELL: Duration = Duration::from_millis(500);

/// Another operator leads: this one must end, and may start again as a stand-by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("another operator leads; this one ends")]
pub struct Deposed;

/// Runs the operator until `shutdown` resolves.
///
/// # Errors
/// When it has led, and another operator does now.
pub async fn run(
    ctx: Context,
    concurrency: usize,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Deposed> {
    let shutdown = shutdown.shared();
    let _ended = Ended(ctx.clone());
    let _heart = AbortOnDropHandle::new(tokio::spawn(Heart::beat(ctx.clone())));
    let streams = streams::start(&ctx);
    tokio::select! {
        () = shutdown.clone() => return Ok(()),
        () = first_lists(&ctx) => {}
    }
    // Who calls whom must be known before anything is compared: an address that is missing would be taken away.
    for key in ctx.store.services() {
        reconcile::learn(&ctx, &key);
    }
    let candidacy = Candidacy::stand(&ctx);
    // Where there is no election it leads before the first reconcile.
    if ctx.election.is_none() {
        take_over(&ctx);
    }
    ctx.started.store(true, Ordering::SeqCst);
    tracing::info!(services = ctx.store.services().len(), "started");

    let mut workers = JoinSet::new();
    for _ in 0..concurrency.max(1) {
        let (ctx, shutdown) = (ctx.clone(), shutdown.clone());
        workers.spawn(async move {
            loop {
                tokio::select! {
                    biased;
                    () = shutdown.clone() => return,
                    key = ctx.queue.next() => reconcile::work(ctx.clone(), key).await,
                }
            }
        });
    }
    let lead = async {
        candidacy.becomes(Role::Leader).await;
        if ctx.election.is_some() {
            take_over(&ctx);
            ctx.store.services().iter().for_each(|key| ctx.queue.enqueue(key, Priority::Startup));
        }
        tokio::join!(class_status::keep(ctx.clone()), system_status::keep(ctx.clone()));
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        () = lead => Ok(()),
        () = candidacy.becomes(Role::Deposed) => Err(Deposed),
        () = shutdown.clone() => Ok(()),
    };
    ctx.leads.store(false, Ordering::SeqCst);
    if ended.is_ok() {
        // A reconcile that was begun is ended: it leaves less to the next operator.
        if tokio::time::timeout(FAREWELL, async { while workers.join_next().await.is_some() {} }).await.is_err() {
            tracing::debug!("some reconciles did not end in time");
        }
        workers.shutdown().await;
        candidacy.resign().await;
    }
    drop(streams);
    tracing::info!("stopped");
    ended
}

/// From here on this operator writes.
fn take_over(ctx: &Context) {
    // Who has which host must be known before the first route is written, or a younger service could take one back.
    for key in ctx.store.services() {
        reconcile::claim(ctx, &key);
    }
    ctx.leads.store(true, Ordering::SeqCst);
}

/// Waits until the first list of every kind is in, or known not to come: a child that is not known would be created
/// anew, and a status be written without knowing its causes.
async fn first_lists(ctx: &Context) {
    let deadline = Instant::now() + FIRST_LISTS;
    while !ctx.store.settled(Instant::now() < deadline) {
        let wake = ctx.settled.notified();
        if ctx.store.settled(Instant::now() < deadline) {
            return;
        }
        let _ = tokio::time::timeout_at(deadline.max(Instant::now() + Duration::from_millis(100)), wake).await;
    }
}

/// Ends what outlives a dropped future.
struct Ended(Context);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.clashes.clear();
    }
}
