//! The operator: keeps the children of every Microservice as the pure core wants them.
//!
//! ```text
//! streams ──> store <── answers to our own writes
//!    └──> queue ──> reconcile: observe → plan → desired → apply → prune → report
//! ```

pub mod apply;
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
pub mod follow;
pub mod handover;
pub mod interest;
pub mod key;
pub mod mounts;
pub mod object;
pub mod observe;
pub mod prune;
pub mod queue;
pub mod reconcile;
pub mod report;
pub mod scalers;
pub mod standing;
pub mod store;
pub mod streams;

use std::{sync::atomic::Ordering, time::Duration};

use futures::future::FutureExt;
use tokio::{task::JoinSet, time::Instant};
use tokio_util::task::AbortOnDropHandle;

pub use crate::context::Context;

/// How the operator runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// The only namespace to work in, or all.
    pub namespace: Option<String>,
    /// Requests at a time.
    pub in_flight: usize,
    /// Who publishes events: the name of the pod.
    pub identity: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { namespace: None, in_flight: 8, identity: None }
    }
}

/// How long the first lists may take before work starts with those that are in.
const FIRST_LISTS: Duration = Duration::from_secs(10);
/// How long running reconciles may take to end at shutdown.
const FAREWELL: Duration = Duration::from_secs(5);

/// Runs the operator until `shutdown` resolves.
pub async fn run(ctx: Context, concurrency: usize, shutdown: impl Future<Output = ()> + Send + 'static) {
    let shutdown = shutdown.shared();
    let _ended = Ended(ctx.clone());
    let streams = streams::start(&ctx);
    tokio::select! {
        () = shutdown.clone() => return,
        () = first_lists(&ctx) => {}
    }
    // Who has which host must be known before the first route is written, or a younger service could take one back.
    for key in ctx.store.services() {
        reconcile::claim(&ctx, &key);
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
    let class_status = AbortOnDropHandle::new(tokio::spawn(class_status::keep(ctx.clone())));
    shutdown.await;
    drop((streams, class_status));
    // A reconcile that was begun is ended: it leaves less to the next operator.
    if tokio::time::timeout(FAREWELL, async { while workers.join_next().await.is_some() {} }).await.is_err() {
        tracing::warn!("some reconciles did not end in time");
    }
    tracing::info!("stopped");
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
