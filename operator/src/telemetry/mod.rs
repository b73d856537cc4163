//! What is counted and measured, for `/metrics`. No label ever holds the name of an object: their number stays the same
//! whatever runs in the cluster.

mod process;
mod pulse;
mod requests;
mod scrape;
pub mod traces;

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

pub use self::{
    pulse::Pulses,
    requests::Observe,
    scrape::{CONTENT_TYPE, exposition, reference},
};

/// The target of the spans that go into traces, and into no log line.
pub const TRACES: &str = "microservice_operator::traces";

/// What comes before the name of every metric.
pub const PREFIX: &str = "microservice_operator";

/// How a reconcile ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything is as it should be, or on its way.
    Done,
    /// A person must act.
    Stalled,
    /// Something failed and is tried again.
    Failed,
    /// A bug of the operator.
    Panicked,
    /// It took too long.
    TimedOut,
}

impl Ended {
    /// Its name in metrics and traces.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Stalled => "stalled",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::TimedOut => "timed_out",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByResult {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByChild {
    kind: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByRequest {
    verb: &'static str,
    resource: String,
    code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByVerb {
    verb: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByResource {
    resource: String,
}

/// Counters and histograms. Cheap to clone: the clones count together.
#[derive(Clone)]
pub struct Metrics {
    reconciles: Family<ByResult, Counter>,
    reconcile_duration: Histogram,
    queue_wait: Histogram,
    time_to_ready: Histogram,
    child_writes: Family<ByChild, Counter>,
    requests: Family<ByRequest, Counter>,
    request_duration: Family<ByVerb, Histogram, fn() -> Histogram>,
    watch_restarts: Family<ByResource, Counter>,
    /// When the API server was last heard of.
    pub pulses: Pulses,
}

/// From a millisecond to half a minute.
fn short() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 16))
}

/// From an eighth of a second to about an hour.
fn long() -> Histogram {
    Histogram::new(exponential_buckets(0.125, 2.0, 16))
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            reconciles: Family::default(),
            reconcile_duration: short(),
            queue_wait: short(),
            time_to_ready: long(),
            child_writes: Family::default(),
            requests: Family::default(),
            request_duration: Family::new_with_constructor(short),
            watch_restarts: Family::default(),
            pulses: Pulses::default(),
        }
    }
}

impl Metrics {
    /// A reconcile ended.
    pub fn reconciled(&self, ended: Ended, took: Duration) {
        self.reconciles.get_or_create(&ByResult { result: ended.label() }).inc();
        self.reconcile_duration.observe(took.as_secs_f64());
    }

    /// An entry of the queue was taken up.
    pub fn waited(&self, time: Duration) {
        self.queue_wait.observe(time.as_secs_f64());
    }

    /// A service has become Ready, so long after its last change.
    pub fn ready(&self, after: Duration) {
        self.time_to_ready.observe(after.as_secs_f64());
    }

    /// A child was written, or refused.
    pub fn child(&self, kind: &'static str, result: &'static str) {
        self.child_writes.get_or_create(&ByChild { kind, result }).inc();
    }

    /// A watch failed, or its list did, and starts again.
    pub fn watch_restarted(&self, resource: &str) {
        self.watch_restarts.get_or_create(&ByResource { resource: resource.to_owned() }).inc();
    }

    /// A request was answered; 0 stands for no answer.
    fn requested(&self, verb: &'static str, resource: &str, code: u16, took: Duration) {
        self.requests.get_or_create(&ByRequest { verb, resource: resource.to_owned(), code }).inc();
        if verb != "watch" {
            self.request_duration.get_or_create(&ByVerb { verb }).observe(took.as_secs_f64());
        }
    }

    fn register(&self, registry: &mut Registry) {
        registry.register("reconciles", "Reconciles that ended, by their result", self.reconciles.clone());
        let seconds = || Unit::Seconds;
        registry.register_with_unit(
            "reconcile_duration",
            "Time that a reconcile took, with all its requests",
            seconds(),
            self.reconcile_duration.clone(),
        );
        registry.register_with_unit(
            "queue_wait",
            "Time between the event that asked for a reconcile and its start",
            seconds(),
            self.queue_wait.clone(),
        );
        registry.register_with_unit(
            "time_to_ready",
            "Time between the change of a Microservice and its being Ready",
            seconds(),
            self.time_to_ready.clone(),
        );
        registry.register("child_writes", "Children written, refused or deleted", self.child_writes.clone());
        registry.register(
            "api_requests",
            "Requests to the API server; code 0 is no answer at all",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "api_request_duration",
            "Time until the API server's answer began, watches left out",
            seconds(),
            self.request_duration.clone(),
        );
        registry.register("watch_restarts", "Watches that failed and started again", self.watch_restarts.clone());
    }
}
