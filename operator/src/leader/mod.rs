//! Leader election: of several operators one writes, the others stand by, with everything known and compared.
//!
//! A lease is taken and renewed by replacing the object that was seen last, so the API server lets one win. Who stands by
//! watches it, and counts from the moment at which it saw the last renewal: no clock of another machine is believed. The
//! leader counts from the moment at which it *sent* its last renewal, and a second less than others do.

mod fence;
mod lease;

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{
    Api,
    api::PostParams,
    runtime::watcher::{self, Event},
};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;

pub use self::fence::Fence;
use self::lease::DURATION;
use crate::{
    backoff,
    context::Context,
    follow::{SOON, Signal, follow},
    telemetry::Metrics,
};

/// How often the leader renews: three renewals may be lost before the lease is.
const RENEW: Duration = Duration::from_millis(2_500);
/// How much earlier than all others the leader takes its lease for lost: what it has sent by then may still be on its way.
const MARGIN: Duration = Duration::from_secs(1);
/// Time that one request for the lease may take.
const DEADLINE: Duration = Duration::from_secs(2);
/// The first and the longest wait after a request that failed.
const FIRST: Duration = Duration::from_millis(250);
const MOST: Duration = Duration::from_secs(2);

/// Which lease is stood for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Election {
    /// Namespace of the Lease: the operator's own.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// What an operator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Another one leads, or it is not known yet.
    StandBy,
    /// This one leads.
    Leader,
    /// This one has led, and another does now: it must end.
    Deposed,
}

/// The part of an operator in an election.
pub struct Candidacy {
    role: watch::Receiver<Role>,
    resign: Arc<Notify>,
    /// None: it works alone.
    task: Option<AbortOnDropHandle<()>>,
}

impl Candidacy {
    /// Stands for election, or leads at once where there is none.
    pub fn stand(ctx: &Context) -> Self {
        let resign = Arc::new(Notify::new());
        let Some(election) = ctx.election.clone() else {
            return Self { role: watch::channel(Role::Leader).1, resign, task: None };
        };
        let (role, receiver) = watch::channel(Role::StandBy);
        // The name of a pod is that of its containers' incarnations, too: one that died still holds its lease.
        let identity = format!("{}_{:08x}", ctx.identity, RandomState::new().hash_one(ctx.identity.as_str()) >> 32);
        let candidate = Candidate {
            api: Api::namespaced(ctx.cluster.client().clone(), &election.namespace),
            name: election.name,
            identity,
            fence: ctx.fence.clone(),
            role,
            resign: resign.clone(),
            metrics: ctx.metrics.clone(),
        };
        Self { role: receiver, resign, task: Some(AbortOnDropHandle::new(tokio::spawn(candidate.run()))) }
    }

    /// Waits until this operator has that role. A candidate that has died without a word counts as deposed.
    pub async fn becomes(&self, wanted: Role) {
        let mut role = self.role.clone();
        let ended = role.wait_for(|role| *role == wanted).await.is_err();
        if ended && (self.task.is_none() || wanted != Role::Deposed) {
            std::future::pending::<()>().await;
        }
    }

    /// Gives the lease up, if it is held, so that another can go on at once.
    pub async fn resign(self) {
        if let Some(task) = self.task {
            self.resign.notify_one();
            let _ = timeout(DEADLINE, task).await;
        }
    }
}

/// The lease as it was last seen.
#[derive(Clone)]
enum Seen {
    /// Its list has not come yet.
    Nothing,
    /// It is not there, and nobody's from this moment on: who held it when it was deleted makes it anew.
    Absent(Instant),
    /// It is there, since this moment in this version.
    Present(Box<Lease>, Instant),
}

impl Seen {
    fn gone(&self) -> Self {
        match self {
            Self::Present(lease, since) => Self::Absent(*since + lease::read(lease).duration),
            Self::Absent(free) => Self::Absent(*free),
            Self::Nothing => Self::Absent(Instant::now()),
        }
    }
}

struct Candidate {
    api: Api<Lease>,
    name: String,
    identity: String,
    fence: Arc<Fence>,
    role: watch::Sender<Role>,
    resign: Arc<Notify>,
    metrics: Arc<Metrics>,
}

impl Candidate {
    async fn run(self) {
        let (tell, seen) = watch::channel(Seen::Nothing);
        let config = watcher::Config::default().fields(&format!("metadata.name={}", self.name));
        let _watch = AbortOnDropHandle::new(tokio::spawn({
            let (api, metrics) = (self.api.clone(), self.metrics.clone());
            async move {
                let mut listed = false;
                follow(api, config, "leases", SOON, &metrics, |signal| note(&tell, &mut listed, signal)).await;
            }
        }));
        tokio::select! {
            () = self.resign.notified() => {}
            lease = self.win(seen.clone()) => {
                tracing::info!(identity = self.identity, "leads");
                self.role.send_replace(Role::Leader);
                self.lead(lease, seen).await;
            }
        }
    }

    /// Stands by until the lease is ours.
    async fn win(&self, mut seen: watch::Receiver<Seen>) -> Lease {
        let mut failures = 0;
        let mut told = None;
        loop {
            let present = seen.borrow_and_update().clone();
            let wanted = match present {
                Seen::Nothing => {
                    wait(&mut seen, DEADLINE).await;
                    continue;
                }
                Seen::Absent(free) => {
                    let left = free.saturating_duration_since(Instant::now());
                    if !left.is_zero() {
                        wait(&mut seen, left).await;
                        continue;
                    }
                    lease::create(&self.name, &self.identity, Timestamp::now())
                }
                Seen::Present(lease, since) => {
                    let term = lease::read(&lease);
                    if term.holder.is_some() && since.elapsed() < term.duration {
                        if told != term.holder {
                            tracing::info!(leader = term.holder, "stands by");
                            told = term.holder;
                        }
                        wait(&mut seen, term.duration.saturating_sub(since.elapsed())).await;
                        continue;
                    }
                    lease::take(&lease, &self.identity, Timestamp::now())
                }
            };
            match self.hold(&wanted).await {
                Ok(lease) => return lease,
                // Another one was faster: the watch tells who.
                Err(Refusal::Conflict) => wait(&mut seen, MOST).await,
                Err(Refusal::Other(why)) => {
                    failures += 1;
                    tracing::warn!(lease = self.name, why, "cannot take the lease");
                    sleep(backoff::delay(failures, FIRST, MOST)).await;
                }
            }
        }
    }

    /// Renews until told to resign, or until another one leads.
    async fn lead(&self, mut lease: Lease, mut seen: watch::Receiver<Seen>) {
        let mut failures = 0;
        loop {
            let pause = if failures == 0 { RENEW } else { backoff::delay(failures, FIRST, MOST) };
            tokio::select! {
                () = self.resign.notified() => {
                    self.fence.close();
                    if let Err(Refusal::Other(why)) = self.write(&lease::release(&lease, Timestamp::now())).await {
                        tracing::warn!(why, "the lease was not given up; it runs out by itself");
                    }
                    return;
                }
                () = sleep(pause) => {}
                () = taken(&mut seen, &self.identity, version(&lease)) => return self.step_down(),
            }
            match self.hold(&lease::renew(&lease, Timestamp::now())).await {
                Ok(renewed) => {
                    lease = renewed;
                    failures = 0;
                }
                Err(Refusal::Conflict) => match timeout(DEADLINE, self.api.get_opt(&self.name)).await {
                    Ok(Ok(Some(present))) if lease::read(&present).holder.as_deref() == Some(&*self.identity) => {
                        lease = present;
                        failures += 1;
                    }
                    Ok(Ok(Some(_))) => return self.step_down(),
                    // Somebody deleted it: made anew, unless another one is faster.
                    Ok(Ok(None)) => {
                        lease = lease::create(&self.name, &self.identity, Timestamp::now());
                        failures += 1;
                    }
                    Ok(Err(_)) | Err(_) => failures += 1,
                },
                Err(Refusal::Other(why)) => {
                    failures += 1;
                    tracing::warn!(why, writes = self.fence.permits(), "the lease was not renewed");
                }
            }
        }
    }

    fn step_down(&self) {
        self.fence.close();
        tracing::warn!("another operator leads");
        self.role.send_replace(Role::Deposed);
    }

    /// Takes or renews the lease, and counts its time from before the request.
    async fn hold(&self, lease: &Lease) -> Result<Lease, Refusal> {
        let sent = Instant::now();
        let held = self.write(lease).await?;
        self.fence.allow(sent, DURATION - MARGIN);
        Ok(held)
    }

    async fn write(&self, lease: &Lease) -> Result<Lease, Refusal> {
        let params = PostParams::default();
        let answer = match &lease.metadata.resource_version {
            None => timeout(DEADLINE, self.api.create(&params, lease)).await,
            Some(_) => timeout(DEADLINE, self.api.replace(&self.name, &params, lease)).await,
        };
        match answer {
            Ok(Ok(written)) => Ok(written),
            Ok(Err(kube::Error::Api(status))) if matches!(status.code, 404 | 409) => Err(Refusal::Conflict),
            Ok(Err(error)) => Err(Refusal::Other(error.to_string())),
            Err(_) => Err(Refusal::Other("the API server did not answer in time".to_owned())),
        }
    }
}

/// Why the lease could not be written.
enum Refusal {
    /// It is not what it was taken for.
    Conflict,
    /// Anything else.
    Other(String),
}

/// Waits for news of the lease, but not longer than this.
async fn wait(seen: &mut watch::Receiver<Seen>, most: Duration) {
    let _ = timeout(most, seen.changed()).await;
}

/// `metadata.resourceVersion` as a number: the newer, the greater.
fn version(lease: &Lease) -> u64 {
    lease.metadata.resource_version.as_deref().and_then(|version| version.parse().ok()).unwrap_or_default()
}

/// Resolves when the lease is seen in another hand, in a version after ours.
async fn taken(seen: &mut watch::Receiver<Seen>, identity: &str, ours: u64) {
    let other = |seen: &Seen| match seen {
        Seen::Present(lease, _) => {
            version(lease) > ours && lease::read(lease).holder.is_some_and(|holder| holder != identity)
        }
        Seen::Nothing | Seen::Absent(_) => false,
    };
    if seen.wait_for(other).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Takes what the watch tells. `listed` says whether the list that is coming in has the lease.
fn note(tell: &watch::Sender<Seen>, listed: &mut bool, signal: Signal<Lease>) {
    match signal {
        Signal::Event(Event::Init) => *listed = false,
        Signal::Event(Event::InitApply(lease) | Event::Apply(lease)) => {
            *listed = true;
            tell.send_if_modified(|seen| {
                // A list that shows the same again is no renewal.
                let news = !matches!(seen, Seen::Present(known, _) if version(known) == version(&lease));
                if news {
                    *seen = Seen::Present(Box::new(lease), Instant::now());
                }
                news
            });
        }
        Signal::Event(Event::InitDone) if *listed => {}
        Signal::Event(Event::InitDone | Event::Delete(_)) => tell.send_modify(|seen| *seen = seen.gone()),
        Signal::Failed { .. } => {}
    }
}
