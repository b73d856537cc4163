//! Tries that multiply along a path of calls: one request that fails at the end becomes many there.

use std::collections::BTreeSet;

use super::{Calls, Code, Finding, Object, RETRIES_MAX, Severity, calls::Call};
use crate::{
    graph::{Front, Id, Survey},
    plan,
};

/// Services of one path that are told, at most.
const SHOWN: usize = 24;
/// Services of a circle among which a way through it is looked for.
const SEARCHED: usize = 256;

/// How many requests one request to a service may become at the end of the worst path from it, and the call that leads there.
/// Calls inside a circle count once: how often a request goes around nobody can say.
#[derive(Clone, Copy)]
struct Worst<'a> {
    factor: u64,
    /// The service of the circle that makes the call, and the call; none where no call multiplies.
    next: Option<(usize, Call<'a>)>,
}

pub(super) fn find(survey: &Survey<'_>, calls: &Calls<'_>, findings: &mut Vec<Finding>) {
    let worst = worst(calls);
    let factor = |number: usize| worst.get(number).map_or(1, |worst| worst.factor);
    let called_more_than_once = called_more_than_once(survey, calls);
    for (from, call) in calls.all() {
        let product = attempts(call).saturating_mul(factor(call.to));
        // Only from where the path begins, or each part of a long one would be told.
        let begins = !called_more_than_once.contains(&from) && !calls.is_inside(from, call.to) && attempts(call) > 1;
        if product > RETRIES_MAX && begins {
            let Some(id) = calls.id(from) else { continue };
            let start = Start {
                id,
                words: id.to_string(),
                tries: attempts(call),
                field: format!("{}.attempts", plan::field_of_use(call.used)),
            };
            findings.push(multiplied(calls, &worst, &start, call.to, product));
        }
    }
    for (id, service) in &survey.services {
        for front in service.fronts.iter().filter(|front| front.tries > 1) {
            let backends = backends(calls, id, front).map(|to| (front.tries.saturating_mul(factor(to)), to));
            let Some((product, to)) = backends.max_by_key(|(product, to)| (*product, std::cmp::Reverse(*to))) else {
                continue;
            };
            if product > RETRIES_MAX {
                let words = format!("route {:?} of {id}", front.route);
                let field = format!("routes[{}].retry.attempts", front.route);
                let start = Start { id, words, tries: front.tries, field };
                findings.push(multiplied(calls, &worst, &start, to, product));
            }
        }
    }
}

/// Tries of one call, the first included.
fn attempts(call: &Call<'_>) -> u64 {
    call.used.attempts.and_then(|attempts| u64::try_from(attempts).ok()).unwrap_or(1).max(1)
}

fn backends<'a>(calls: &'a Calls<'_>, id: &'a Id, front: &'a Front) -> impl Iterator<Item = usize> + 'a {
    front.leads.iter().filter_map(|(name, _)| calls.number(&Id::new(&id.namespace, name)))
}

/// Services whose callers, outside of their circle, try more than once.
fn called_more_than_once(survey: &Survey<'_>, calls: &Calls<'_>) -> BTreeSet<usize> {
    let by_services = calls.all().filter(|(from, call)| attempts(call) > 1 && !calls.is_inside(*from, call.to));
    let fronts = survey.services.iter().flat_map(|(id, service)| service.fronts.iter().map(move |front| (id, front)));
    let by_routes = fronts.filter(|(_, front)| front.tries > 1).flat_map(|(id, front)| backends(calls, id, front));
    by_services.map(|(_, call)| call.to).chain(by_routes).collect()
}

/// The worst path from each service. A part comes after all that it leads to, so that each call is looked at once.
fn worst<'a>(calls: &Calls<'a>) -> Vec<Worst<'a>> {
    let mut worst = vec![Worst { factor: 1, next: None }; calls.len()];
    for part in &calls.parts {
        let mut of_part = Worst { factor: 1, next: None };
        for member in part {
            for call in calls.from(*member).iter().filter(|call| !calls.is_inside(*member, call.to)) {
                let factor = worst.get(call.to).map_or(1, |worst| worst.factor).saturating_mul(attempts(call));
                if factor > of_part.factor {
                    of_part = Worst { factor, next: Some((*member, *call)) };
                }
            }
        }
        for member in part {
            if let Some(place) = worst.get_mut(*member) {
                *place = of_part;
            }
        }
    }
    worst
}

/// Where a path begins: at a service or one of its routes.
struct Start<'a> {
    id: &'a Id,
    words: String,
    tries: u64,
    field: String,
}

fn multiplied(calls: &Calls<'_>, worst: &[Worst<'_>], start: &Start<'_>, to: usize, product: u64) -> Finding {
    let mut path = vec![to];
    let mut factors = vec![start.tries];
    let mut words = start.words.clone();
    let step = |words: &mut String, number: usize| {
        words.push_str(" → ");
        words.push_str(&calls.id(number).map(Id::to_string).unwrap_or_default());
    };
    step(&mut words, to);
    let mut here = to;
    while let Some((from, call)) = worst.get(here).and_then(|worst| worst.next) {
        let inside = if from == here { Vec::new() } else { calls.around(here, from, SEARCHED) };
        if from != here && inside.is_empty() {
            words.push_str(" → …");
            path.push(from);
            step(&mut words, from);
        }
        for number in inside.into_iter().skip(1).chain([call.to]) {
            step(&mut words, number);
            path.push(number);
        }
        factors.extend(Some(attempts(&call)).filter(|attempts| *attempts > 1));
        here = call.to;
        if path.len() >= SHOWN {
            words.push_str(" → …");
            break;
        }
    }
    let mut objects = vec![Object::service(start.id)];
    objects.extend(calls.named(&path).into_iter().filter(|id| *id != start.id).map(Object::service));
    let factors: Vec<String> = factors.iter().map(u64::to_string).collect();
    let more = if words.ends_with('…') { " × …" } else { "" };
    Finding {
        objects,
        severity: Severity::Warning,
        code: Code::RetryMultiplication,
        paths: vec![start.field.clone()],
        message: format!(
            "One request may become {product} at the end of the path {words}: tries multiply ({}{more}).",
            factors.join(" × ")
        ),
        remedy: "Try again at one place of the path, the nearest to what fails, and once only everywhere else."
            .to_owned(),
    }
}
