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

use crate::{
    Options,
    around::Around,
    claims::Claims,
    clash::Clashes,
    cluster::Cluster,
    edges::Edges,
    health::Heart,
    interest::{Interest, Interests},
    key::Key,
    leader::{Election, Fence},
    mounts::Mounts,
    queue::{Priority, Queue},
    store::Store,
    systems::Systems,
    telemetry::Metrics,
};

/// How soon everything is tried again when the API server is back.
pub const RECOVERY: Duration = Duration::from_secs(1);

/// How often that may happen: a server that is ill for some requests only comes back after each of them.
const RECOVERIES: Duration = Duration::from_secs(60);

/// How many of those whom a change of a class or Gateway concerns are worked on at once; the others follow at this pace,
/// so that one change of the platform does not shake everything at the same time.
const AT_ONCE: usize = 16;
const PACE: Duration = Duration::from_millis(10);

/// What all parts of a running operator share. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// Requests.
    pub cluster: Cluster,
    /// What is known.
    pub store: Arc<Store>,
    /// What is to be done.
    pub queue: Arc<Queue>,
    /// Classes, namespaces and Gateways.
    pub around: Arc<Around>,
    /// Who depends on which of them.
    pub interests: Arc<Interests>,
    /// Who calls whom.
    pub edges: Arc<Edges>,
    /// Who has which host and path.
    pub claims: Arc<Claims>,
    /// Foreign objects that hold the name of a child.
    pub clashes: Arc<Clashes>,
    /// What the kubelet said of pods that wait for their containers.
    pub mounts: Arc<Mounts>,
    /// The MicroserviceSystems, and who belongs to them.
    pub systems: Arc<Systems>,
    /// Publishes events.
    pub recorder: Recorder,
    /// The only namespace to work in, or all.
    pub namespace: Option<String>,
    /// The lease to stand for, where several operators stand side by side.
    pub election: Option<Election>,
    /// Who this is among them, and who publishes events.
    pub identity: String,
    /// Whether writes may be sent.
    pub fence: Arc<Fence>,
    /// Whether this operator leads: until then it only looks.
    pub leads: Arc<AtomicBool>,
    /// What is counted and measured.
    pub metrics: Arc<Metrics>,
    /// Whether the runtime turns.
    pub heart: Arc<Heart>,
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
        let queue = Arc::new(Queue::new(options.metrics.clone()));
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
        let fence = Arc::new(if options.election.is_some() { Fence::shut() } else { Fence::open() });
        let reporter =
            Reporter { controller: microservice_crds::FIELD_MANAGER.to_owned(), instance: options.identity.clone() };
        let identity = options.identity.unwrap_or_else(|| microservice_crds::FIELD_MANAGER.to_owned());
        Self {
            cluster: Cluster::new(client.clone(), options.in_flight, fence.clone(), on_recovery),
            store,
            queue,
            around: Arc::default(),
            interests: Arc::default(),
            edges: Arc::default(),
            claims: Arc::default(),
            clashes: Arc::default(),
            mounts: Arc::default(),
            systems: Arc::default(),
            recorder: Recorder::new(client, reporter),
            namespace: options.namespace,
            election: options.election,
            identity,
            fence,
            leads: Arc::default(),
            metrics: options.metrics,
            heart: Arc::default(),
            settled: Arc::default(),
            started: Arc::default(),
            recoveries,
        }
    }

    /// Wakes those who depend on any of these.
    pub fn wake(&self, interests: Vec<Interest>) {
        self.wake_keys(interests.iter().flat_map(|interest| self.interests.of(interest)).collect());
    }

    /// Wakes these: a few at once, the others at an even pace.
    pub fn wake_keys(&self, mut keys: Vec<Key>) {
        keys.sort_unstable();
        keys.dedup();
        let mut delay = Duration::ZERO;
        for (index, key) in keys.iter().enumerate() {
            if index < AT_ONCE {
                self.queue.enqueue(key, Priority::Drift);
            } else {
                delay += PACE;
                self.queue.enqueue_after(key, delay);
            }
        }
    }

    /// Whether this operator leads. One that stands by only looks.
    pub fn leads(&self) -> bool {
        self.leads.load(Ordering::SeqCst)
    }

    /// Whether everything that is known is worked off. What waits for its time does not count.
    pub fn idle(&self) -> bool {
        // Only the leader looks at systems.
        self.started.load(Ordering::Relaxed) && self.queue.depth() == 0 && (self.systems.rests() || !self.leads())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A context whose every request fails.
    pub(crate) fn context() -> Context {
        let nobody = tower::service_fn(|_: http::Request<kube::client::Body>| async {
            Err::<http::Response<kube::client::Body>, tower::BoxError>("there is no server".into())
        });
        Context::new(Client::new(nobody, "default"), Options::default())
    }

    /// How many are ready to be worked on now.
    async fn ready(ctx: &Context) -> usize {
        let mut count = 0;
        while let Ok(key) = tokio::time::timeout(Duration::ZERO, ctx.queue.next()).await {
            ctx.queue.done(&key);
            count += 1;
        }
        count
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_of_the_platform_wakes_a_few_at_once_and_the_others_at_an_even_pace() {
        let ctx = context();
        let class = Interest::Class("gold".into());
        for number in 0..50 {
            ctx.interests.set(&Key::new("shop", &format!("web-{number}")), BTreeSet::from([class.clone()]));
        }
        ctx.wake(vec![class]);
        assert_eq!(ready(&ctx).await, AT_ONCE);
        for _ in AT_ONCE..50 {
            tokio::time::advance(PACE).await;
            assert_eq!(ready(&ctx).await, 1);
        }
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(ready(&ctx).await, 0, "each once");
    }
}
