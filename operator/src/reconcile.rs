//! Reconcile, to be read aloud: observe, plan, desired, apply, prune, report.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures::future::join_all;
use jiff::Timestamp;
use microservice_core::{
    children::{CHILDREN, Desired},
    gateway::View,
    graph::Node,
    outcome::{ChildOutcome, ChildResult, Outcome},
    plan::{self, Facts, Invalid, Plan, Subject},
    render::{Rendered, render},
};
use microservice_crds::MicroserviceSpec;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument as _, field::Empty};

use crate::{
    apply::{Applied, Apply},
    attempts::Attempts,
    claims,
    context::{Context, RECOVERY},
    edges, first_pods,
    gate::{self, Gate},
    handover,
    key::Key,
    mounts,
    observe::{self, Blind},
    prune,
    queue::Priority,
    report::report,
    standing,
    store::{Kind, Service, Snapshot},
    telemetry::{Ended, TRACES},
};

/// Time that one reconcile may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// Takes one entry of the queue to its end, whatever happens in it. A panic hits this Microservice alone.
pub async fn work(ctx: Context, key: Key) {
    let start = Instant::now();
    let span = tracing::info_span!(
        target: TRACES, "reconcile", k8s.namespace.name = &*key.namespace, microservice = &*key.name,
        microservice.uid = Empty, microservice.generation = Empty, result = Empty,
    );
    let running = AbortOnDropHandle::new(tokio::spawn({
        let (ctx, key, span) = (ctx.clone(), key.clone(), span.clone());
        async move { tokio::time::timeout(DEADLINE, reconcile(&ctx, &key)).await }.instrument(span)
    }));
    let (ended, again) = match running.await {
        Ok(Ok(ended)) => ended,
        Ok(Err(_)) => (Ended::TimedOut, fault(&ctx, &key, "it took longer than 30 s")),
        Err(error) if error.is_panic() => (Ended::Panicked, fault(&ctx, &key, "it panicked: a bug of the operator")),
        Err(_) => (Ended::Failed, None),
    };
    span.record("result", ended.label());
    ctx.metrics.reconciled(ended, start.elapsed());
    if let Some(delay) = again {
        ctx.queue.enqueue_after(&key, delay);
    }
    ctx.queue.done(&key);
}

/// The reconcile as a whole failed: answers when to try again.
fn fault(ctx: &Context, key: &Key, why: &str) -> Option<Duration> {
    tracing::error!(service = %key, why, "reconcile failed");
    let mut snapshot = ctx.store.snapshot(key)?;
    let delay = snapshot.attempts.fault(true);
    ctx.store.set_attempts(key, &snapshot.service.uid, snapshot.attempts);
    delay
}

/// How it ended, and when to look again.
async fn reconcile(ctx: &Context, key: &Key) -> (Ended, Option<Duration>) {
    let Some(snapshot) = ctx.store.snapshot(key).filter(|s| !s.service.deleting) else {
        ctx.clashes.retain(key, |_, _| false);
        observe::forget(ctx, key);
        return (Ended::Done, None);
    };
    let span = tracing::Span::current();
    span.record("microservice.uid", &snapshot.service.uid);
    span.record("microservice.generation", snapshot.service.generation);
    if !ctx.leads() {
        rehearse(ctx, key, &snapshot);
        return (Ended::Done, None);
    }
    let planned = match decode(key, &snapshot.service).map(|subject| look(ctx, key, &snapshot, subject)) {
        Ok(Ok(planned)) => planned,
        Err(invalid) | Ok(Err(Blind::Invalid(invalid))) => Planned::refused(vec![invalid]),
        // Nothing can be said that would be true: everything stays as it is.
        Ok(Err(Blind::Unseen(why))) => return (Ended::Failed, fault(ctx, key, &why)),
    };
    if planned.rendered.is_err() {
        claims::hold(ctx, key, &snapshot);
    }
    let recoveries = ctx.recoveries.load(Ordering::Relaxed);
    let mut attempts = snapshot.attempts.clone();
    let (mut outcome, awaited) = converge(ctx, key, &snapshot, planned, &mut attempts).await;
    mounts::explain(ctx, key, &mut outcome.pods).await;
    let now = Timestamp::now().round(jiff::Unit::Second).unwrap_or(Timestamp::UNIX_EPOCH);
    let reported = report(ctx, key, &snapshot, &outcome, now).await;
    if let Err(failure) = &reported {
        tracing::warn!(service = %key, %failure, "status not written");
    }
    // What its pods are may be told anew.
    let templates = |service: &Service| service.status.as_ref().map(|status| status.templates.clone());
    if ctx.store.service(key).is_some_and(|service| templates(&service) != templates(&snapshot.service)) {
        learn(ctx, key);
    }
    if outcome.children.iter().any(|child| namespace_leaves(&child.result)) {
        tracing::info!(service = %key, "its namespace is being deleted");
        ctx.store.leave(key, &snapshot.service.uid);
        return (Ended::Done, None);
    }
    let ended = ended(&outcome, reported.is_ok());
    let mut retry = attempts.fault(reported.is_err() || outcome.fault.is_some());
    // What failed before the API server came back is brought forward here: it was not yet among the tries then.
    if ctx.recoveries.load(Ordering::Relaxed) != recoveries {
        attempts.hasten(Instant::now() + RECOVERY);
        retry = retry.map(|delay| delay.min(RECOVERY));
    }
    let next_write = attempts.next().map(|at| at.saturating_duration_since(Instant::now()));
    ctx.store.set_attempts(key, &snapshot.service.uid, attempts);
    (ended, [retry, next_write, awaited, reported.ok().flatten()].into_iter().flatten().min())
}

/// What a reconcile came to, for the metrics.
fn ended(outcome: &Outcome, reported: bool) -> Ended {
    let any = |is: fn(&ChildResult) -> bool| outcome.children.iter().any(|child| is(&child.result));
    let retried = |result: &ChildResult| matches!(result, ChildResult::Forbidden { .. } | ChildResult::Failed { .. });
    if !reported || outcome.fault.is_some() || any(retried) {
        Ended::Failed
    } else if outcome.plan.is_err() || any(failed) {
        Ended::Stalled
    } else {
        Ended::Done
    }
}

/// What a stand-by does: it plans and compares as it would, and writes nothing. So it keeps no bodies of children, and is
/// warm when its turn comes.
fn rehearse(ctx: &Context, key: &Key, snapshot: &Snapshot) {
    let Ok(Ok(planned)) = decode(key, &snapshot.service).map(|subject| look(ctx, key, snapshot, subject)) else {
        return;
    };
    for desired in planned.rendered.iter().flat_map(|rendered| &rendered.children) {
        Apply { ctx, key, snapshot, kind: kind_of(desired), desired, start: None }.rehearse();
    }
}

/// What shall stand, or why that cannot be said.
struct Planned {
    rendered: Result<Rendered, Vec<Invalid>>,
    paused: bool,
    gateways: View,
    warnings: Vec<String>,
    /// What it was rendered from.
    from: Option<(Subject, Facts)>,
    /// What it says of its edges.
    node: Node,
}

impl Planned {
    fn refused(why: Vec<Invalid>) -> Self {
        Self {
            rendered: Err(why),
            paused: false,
            gateways: View::default(),
            warnings: Vec::new(),
            from: None,
            node: Node::default(),
        }
    }
}

/// Plans with all that is known, and notes what the plan depends on and what it claims.
fn look(ctx: &Context, key: &Key, snapshot: &Snapshot, subject: Subject) -> Result<Planned, Blind> {
    let node = edges::node(ctx, key, &snapshot.service, &subject);
    edges::learn(ctx, key, node.clone());
    let mut facts = observe::observe(ctx, key, snapshot, &subject, &node)?;
    let mut rendered = render(&subject, &facts);
    let mut warnings = Vec::new();
    if let Ok(own) = &rendered {
        let own = plan::claims(&own.plan);
        let (taken, concerned) = ctx.claims.set(key, snapshot.service.created, own.iter().cloned().collect());
        let others = ctx.claims.mixed(key, &own);
        let mixed = plan::mixed_kinds(&own, others.iter().map(|(claim, who)| (claim, who.as_str())));
        warnings = mixed.iter().map(ToString::to_string).collect();
        concerned.iter().for_each(|key| ctx.queue.enqueue(key, Priority::Drift));
        if !taken.is_empty() {
            facts.taken = taken;
            rendered = render(&subject, &facts);
        }
    }
    // It went away meanwhile, and what it had was given back before it was taken here.
    if !ctx.store.is_there(key, &snapshot.service.uid) {
        observe::forget(ctx, key);
    }
    let (paused, gateways) = (subject.spec.paused, facts.gateways.clone());
    Ok(Planned { rendered, paused, gateways, warnings, from: Some((subject, facts)), node })
}

/// Takes what a Microservice says of its edges into the graph. One that cannot be read says what it said before.
pub fn learn(ctx: &Context, key: &Key) {
    if let Some(service) = ctx.store.service(key).filter(|service| !service.deleting)
        && let Ok(subject) = decode(key, &service)
    {
        edges::learn(ctx, key, edges::node(ctx, key, &service, &subject));
    }
}

/// Notes what a Microservice claims, before anything is written for anybody. Where it cannot be planned, what stands of
/// it has the claims.
pub fn claim(ctx: &Context, key: &Key) {
    let Some(snapshot) = ctx.store.snapshot(key).filter(|s| !s.service.deleting) else { return };
    let plannable = snapshot.service.spec.contains("\"routes\"")
        && decode(key, &snapshot.service)
            .is_ok_and(|subject| look(ctx, key, &snapshot, subject).is_ok_and(|planned| planned.rendered.is_ok()));
    if !plannable {
        claims::hold(ctx, key, &snapshot);
    }
}

/// Makes the children what they should be, as far as that goes, and says how far it went.
/// Answers also when what it waits for is not waited for any longer.
async fn converge(
    ctx: &Context,
    key: &Key,
    snapshot: &Snapshot,
    planned: Planned,
    attempts: &mut Attempts,
) -> (Outcome, Option<Duration>) {
    let Planned { mut rendered, paused, gateways, warnings, from, node } = planned;
    let mut outcome = Outcome {
        generation: snapshot.service.generation,
        seen: snapshot.service.seen,
        paused,
        plan: Err(Vec::new()),
        children: Vec::new(),
        pods: snapshot.pods.clone(),
        scalers: snapshot.scalers.clone(),
        gateways,
        warnings,
        awaited: Vec::new(),
        released: None,
        fault: None,
    };
    // The count is taken from an autoscaler only when it is gone: else it would take it back.
    let mut from = from.filter(|_| !paused);
    if let (Ok(said), Some((subject, facts))) = (&rendered, &mut from)
        && let Some(left) = handover::retire(ctx, key, snapshot, &said.plan).await
    {
        outcome.fault = Some(left.failure.to_string());
        facts.foreign_scaler = Some(left.autoscaler);
        rendered = render(subject, facts);
    }
    let mut kept = None;
    if let (Ok(said), Some((subject, facts))) = (&rendered, &mut from) {
        match gate::look(ctx, key, &snapshot.service, &node, &said.plan, facts).await {
            Ok(Gate::Open) => {}
            Ok(Gate::Released(holders)) => outcome.released = Some(gate::words(&holders)),
            Ok(Gate::Shut(holders)) => {
                facts.hold = holders;
                rendered = render(subject, facts);
                kept = rendered.as_mut().ok().and_then(|held| gate::keep_service(held, &node));
            }
            // Whether it must wait is not known: everything stays as it is.
            Err(failure) => {
                outcome.fault = Some(failure.to_string());
                from = None;
            }
        }
    }
    let mut awaited = None;
    if let (Ok(said), Some(_)) = (&mut rendered, &from) {
        awaited = first_pods::hold_back(snapshot, said, &mut outcome.awaited);
    }
    // Routes come last: what they lead to must be there.
    let mut applied = Vec::new();
    if let (Ok(said), Some((subject, facts))) = (&rendered, &mut from) {
        let (others, routes) = at_routes(&said.children);
        applied = apply_all(ctx, key, snapshot, &said.plan, others, attempts).await;
        if !routes.is_empty()
            && let Some(why) = standing::no_service(snapshot, &said.plan, &applied)
        {
            facts.no_service = Some(why);
            rendered = render(subject, facts);
        }
    }
    match &rendered {
        Ok(Rendered { children: desired, .. }) if paused => {
            attempts.retain(|_, _| false);
            outcome.children = untouched(snapshot, desired);
        }
        Ok(Rendered { plan, children: desired }) => {
            let is_desired = |kind: Kind, name: &str| desired.iter().any(|d| kind_of(d) == kind && d.name == name);
            ctx.clashes.retain(key, is_desired);
            attempts.retain(is_desired);
            applied.extend(apply_all(ctx, key, snapshot, plan, at_routes(desired).1, attempts).await);
            applied.extend(standing::kept(snapshot, plan));
            let stays = |kind: Kind, name: &str| {
                kept.as_ref().is_some_and(|service| {
                    CHILDREN.get(kind).is_some_and(|e| e.kind == service.kind) && service.name == name
                })
            };
            applied.extend(kept.clone());
            applied.sort_by_key(|child| CHILDREN.iter().position(|entry| entry.kind == child.kind));
            outcome.children = applied;
            // What is withheld for now stays as it stands.
            let wanted = |kind: Kind, name: &str| {
                is_desired(kind, name)
                    || stays(kind, name)
                    || CHILDREN.get(kind).is_some_and(|entry| plan.keeps(entry.kind, name))
            };
            // What replaces it stands: only now may the old go. What was just written is in the store, not in the snapshot.
            if !outcome.children.iter().any(|child| failed(&child.result))
                && let Some(fresh) = ctx.store.snapshot(key)
                && let Err(failure) = prune::prune(ctx, key, &fresh, wanted).await
            {
                outcome.fault = Some(failure.to_string());
            }
        }
        // What cannot be rendered leaves everything as it was, and nothing is tried again.
        Err(_) => attempts.retain(|_, _| false),
    }
    outcome.plan = rendered.map(|rendered| rendered.plan);
    (outcome, awaited)
}

fn decode(key: &Key, service: &Service) -> Result<Subject, Invalid> {
    let spec: MicroserviceSpec = serde_json::from_str(&service.spec).map_err(|error| {
        let message =
            format!("the stored object does not fit the schema ({error}); apply it again with the current one");
        Invalid::spec("spec", message)
    })?;
    Ok(Subject {
        name: key.name.to_string(),
        namespace: key.namespace.to_string(),
        uid: service.uid.clone(),
        generation: service.generation,
        spec,
    })
}

/// What is applied before routes, and the routes.
fn at_routes(desired: &[Desired]) -> (&[Desired], &[Desired]) {
    desired.split_at(desired.partition_point(|desired| !desired.entry.kind.ends_with("Route")))
}

fn kind_of(desired: &Desired) -> Kind {
    CHILDREN.iter().position(|entry| std::ptr::eq(entry, desired.entry)).unwrap_or(usize::MAX)
}

/// Applies all children, wave after wave, those of a wave side by side. One that fails does not stop the others.
async fn apply_all(
    ctx: &Context,
    key: &Key,
    snapshot: &Snapshot,
    plan: &Plan,
    desired: &[Desired],
    attempts: &mut Attempts,
) -> Vec<ChildOutcome> {
    let start = handover::Start::of(plan, snapshot);
    let mut outcomes = Vec::with_capacity(desired.len());
    for wave in desired.chunk_by(|a, b| a.entry.wave == b.entry.wave) {
        let applied = join_all(wave.iter().map(|desired| async move {
            let kind = kind_of(desired);
            (kind, desired, Apply { ctx, key, snapshot, kind, desired, start }.run().await)
        }))
        .await;
        for (kind, desired, Applied { outcome, content, held }) in applied {
            if !held {
                let now = Instant::now();
                attempts.note(kind, &desired.name, &desired.digest, &content, &outcome.result, now);
                tell(ctx, key, &outcome);
            }
            outcomes.push(outcome);
        }
    }
    outcomes
}

/// One log line for each real change, and one more on its counter.
fn tell(ctx: &Context, key: &Key, child: &ChildOutcome) {
    let (kind, name) = (child.kind, &child.name);
    match &child.result {
        ChildResult::Applied | ChildResult::Resisted { .. } => ctx.metrics.child(kind, "applied"),
        ChildResult::Repaired { .. } => ctx.metrics.child(kind, "repaired"),
        ChildResult::Failed { .. } => ctx.metrics.child(kind, "failed"),
        result if failed(result) => ctx.metrics.child(kind, "refused"),
        _ => {}
    }
    match &child.result {
        ChildResult::Applied => tracing::info!(service = %key, kind, name, "applied"),
        ChildResult::Repaired { what } => tracing::info!(service = %key, kind, name, what, "repaired"),
        ChildResult::Equal | ChildResult::Paused | ChildResult::Kept => {}
        ChildResult::KindAbsent { .. } | ChildResult::VersionAbsent { .. } => {}
        result => tracing::warn!(service = %key, kind, name, ?result, "not applied"),
    }
}

/// Whether a child was refused because its namespace is being deleted: the API server's words.
fn namespace_leaves(result: &ChildResult) -> bool {
    matches!(result, ChildResult::Forbidden { message } if message.contains("because it is being terminated"))
}

fn failed(result: &ChildResult) -> bool {
    matches!(
        result,
        ChildResult::Invalid { .. }
            | ChildResult::Forbidden { .. }
            | ChildResult::Failed { .. }
            | ChildResult::Clash { .. }
    )
}

/// The children that are there, untouched.
fn untouched(snapshot: &Snapshot, desired: &[Desired]) -> Vec<ChildOutcome> {
    let present = |desired: &Desired| {
        let child: &Arc<_> = snapshot.children.get(&(kind_of(desired), desired.name.clone()))?;
        child.owner.is(&snapshot.service.uid).then(|| ChildOutcome {
            kind: desired.entry.kind,
            name: desired.name.clone(),
            result: ChildResult::Paused,
            health: child.health.clone(),
        })
    };
    desired.iter().filter_map(present).collect()
}
