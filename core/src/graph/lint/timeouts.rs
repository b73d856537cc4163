//! Callers that give up before what they call does: the work goes on, and nobody waits for it any more.

use std::collections::VecDeque;

use microservice_crds::Use;

use super::{Calls, Code, Finding, Object, Severity};
use crate::{
    graph::{Front, Id, Survey},
    plan,
};

/// Services of one path that are told, at most.
const SHOWN: usize = 8;

/// The longest that one service may wait before it answers.
#[derive(Clone, Copy)]
struct Wait<'a> {
    millis: u64,
    /// Where the path goes on: to the service that it waits for, or to one that waits itself.
    next: usize,
    /// Where the wait stands, once the path is there.
    said: Option<&'a Use>,
}

pub(super) fn find(survey: &Survey<'_>, calls: &Calls<'_>, findings: &mut Vec<Finding>) {
    let waits = longest(calls);
    let wait = |number: usize| waits.get(number).copied().flatten();
    for (from, call) in calls.all() {
        let (Some(own), Some(other), Some(id)) = (timeout(call.used), wait(call.to), calls.id(from)) else { continue };
        if own < other.millis {
            let field = format!("{}.timeout", plan::field_of_use(call.used));
            findings.extend(inverted(calls, &waits, Caller { id, waits: own, what: id.to_string(), field }, call.to));
        }
    }
    for (id, service) in &survey.services {
        for front in &service.fronts {
            findings.extend(at_front(calls, &waits, id, front));
        }
    }
}

/// How long a use waits, in milliseconds; none where nothing is said. A duration of zero means that there is no end.
fn timeout(used: &Use) -> Option<u64> {
    plan::duration(used.timeout.as_deref()?).filter(|millis| *millis > 0)
}

/// The longest wait of each service that is known: what it says of its own uses, and where it says nothing, what those wait
/// for. The longest waits go first, back along the calls that say nothing, so that each service is met once.
fn longest<'a>(calls: &Calls<'a>) -> Vec<Option<Wait<'a>>> {
    let mut silent: Vec<Vec<usize>> = vec![Vec::new(); calls.len()];
    let mut said = Vec::new();
    for (from, call) in calls.all() {
        match timeout(call.used) {
            Some(millis) => said.push((millis, from, call)),
            None => silent.get_mut(call.to).into_iter().for_each(|callers| callers.push(from)),
        }
    }
    said.sort_by_key(|(millis, from, call)| (std::cmp::Reverse(*millis), *from, call.to));
    let mut waits: Vec<Option<Wait<'a>>> = vec![None; calls.len()];
    for (millis, from, call) in said {
        let mut reached = VecDeque::from([(from, Wait { millis, next: call.to, said: Some(call.used) })]);
        while let Some((here, wait)) = reached.pop_front() {
            let Some(place) = waits.get_mut(here).filter(|place| place.is_none()) else { continue };
            *place = Some(wait);
            let callers = silent.get(here).map(Vec::as_slice).unwrap_or_default();
            reached.extend(callers.iter().map(|caller| (*caller, Wait { millis, next: here, said: None })));
        }
    }
    waits
}

/// Who gives up too early: a service, or one of its routes.
struct Caller<'a> {
    id: &'a Id,
    waits: u64,
    /// In the sentence.
    what: String,
    field: String,
}

fn at_front(calls: &Calls<'_>, waits: &[Option<Wait<'_>>], id: &Id, front: &Front) -> Option<Finding> {
    let backends = front.leads.iter().filter_map(|(name, _)| calls.number(&Id::new(&id.namespace, name)));
    let slowest = backends.filter_map(|to| Some((waits.get(to).copied().flatten()?.millis, to)));
    // Of equally slow ones the first by name.
    let (millis, to) = slowest.max_by_key(|(millis, to)| (*millis, std::cmp::Reverse(*to)))?;
    let (field, own) = front.waits.iter().filter(|(_, own)| *own < millis).min_by_key(|(_, own)| *own)?;
    let what = format!("Route {:?} of {id}", front.route);
    let field = format!("routes[{}].{field}", front.route);
    inverted(calls, waits, Caller { id, waits: *own, what, field }, to)
}

fn inverted(calls: &Calls<'_>, waits: &[Option<Wait<'_>>], caller: Caller<'_>, to: usize) -> Option<Finding> {
    let longest = waits.get(to).copied().flatten()?.millis;
    let mut objects = vec![Object::service(caller.id)];
    let callee = calls.id(to)?;
    let mut words = format!("{} waits {} for {callee}", caller.what, text(caller.waits));
    let mut here = to;
    for _ in 0..SHOWN {
        let (Some(id), Some(wait)) = (calls.id(here), waits.get(here).copied().flatten()) else { break };
        objects.push(Object::service(id));
        let next = calls.id(wait.next)?;
        if wait.said.is_some() {
            words.push_str(&format!(", which may wait {} for {next}", text(longest)));
            objects.push(Object::service(next));
            break;
        }
        words.push_str(&format!(", which calls {next}"));
        here = wait.next;
    }
    if !words.contains("may wait") {
        words.push_str(&format!(", and so on to one that may wait {}", text(longest)));
    }
    objects.dedup();
    Some(Finding {
        objects,
        severity: Severity::Warning,
        code: Code::TimeoutInversion,
        paths: vec![caller.field],
        message: format!("{words}."),
        remedy: format!(
            "Wait longer than {} here, or less along the path, so that who calls gives up last.",
            text(longest)
        ),
    })
}

/// Milliseconds as a person writes them.
fn text(millis: u64) -> String {
    match (millis % 60_000, millis % 1000) {
        (0, _) => format!("{}m", millis / 60_000),
        (_, 0) => format!("{}s", millis / 1000),
        _ => format!("{millis}ms"),
    }
}
