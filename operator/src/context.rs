//! What all parts of a running operator share.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use kube::{
    Client,
    runtime::events::{Recorder, Reporter},
};
use tokio::{sync::Notify, time::Instant};

use crate::{Options, clash::Clashes, cluster::Cluster, mounts::Mounts, queue::Queue, store::Store};

/// How soon everything is tried again when the API server is back.
pub const RECOVERY: Duration = Duration::from_secs(1);

/// How often that may happen: a server that is ill for some requests only comes back after each of them.
const RECOVERIES: Duration = Duration::from_secs(60);

/// What all parts of a running operator share. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// Requests.
    pub cluster: Cluster,
    /// What is known.
    pub store: Arc<Store>,
    /// What is to be done.
    pub queue: Arc<Queue>,
    /// Foreign objects that hold the name of a child.
    pub clashes: Arc<Clashes>,
    /// What the kubelet said of pods that wait for their containers.
    pub mounts: Arc<Mounts>,
    /// Publishes events.
    pub recorder: Recorder,
    /// The only namespace to work in, or all.
    pub namespace: Option<String>,
    /// Woken whenever the list of a kind comes in or fails.
    pub settled: Arc<Notify>,
    /// Whether reconciles run.
    pub started: Arc<AtomicBool>,
    /// How often everything was brought forward because the API server was back.
    pub recoveries: Arc<AtomicU64>,
}

impl Context {
    /// A context of its own for one operator. The client must be made from [`crate::cluster::configure`].
    pub fn new(client: Client, options: Options) -> Self {
        let store = Arc::new(Store::default());
        let queue = Arc::new(Queue::default());
        let recoveries = Arc::new(AtomicU64::new(0));
        let on_recovery = {
            let (store, queue, recoveries) = (store.clone(), queue.clone(), recoveries.clone());
            let last: Mutex<Option<Instant>> = Mutex::default();
            Arc::new(move || {
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                if last.is_some_and(|last| last.elapsed() < RECOVERIES) {
                    return;
                }
                *last = Some(Instant::now());
                tracing::info!("the API server is back");
                recoveries.fetch_add(1, Ordering::Relaxed);
                store.hasten(Instant::now() + RECOVERY);
                queue.hasten(RECOVERY);
            })
        };
        let reporter = Reporter { controller: microservice_crds::FIELD_MANAGER.to_owned(), instance: options.identity };
        Self {
            cluster: Cluster::new(client.clone(), options.in_flight, on_recovery),
            store,
            queue,
            clashes: Arc::default(),
            mounts: Arc::default(),
            recorder: Recorder::new(client, reporter),
            namespace: options.namespace,
            settled: Arc::default(),
            started: Arc::default(),
            recoveries,
        }
    }

    /// Whether everything that is known is worked off. What waits for its time does not count.
    pub fn idle(&self) -> bool {
        self.started.load(Ordering::Relaxed) && self.queue.depth() == 0
    }
}
