//! Cuts a route into the objects that the Gateway API can hold, under names that stay when something is appended.
//!
//! The object with the first host names and the first matches has the plain name. Further host names go to `--2`,
//! `--3`; further matches to `--1-2`, and where both go on, to `--2-2`. So a name says which part it holds, whatever
//! else there is.

use microservice_crds::gateway::{GrpcRouteMatch, GrpcRouteRule, HttpRouteMatch, HttpRouteRule};

use super::{MAIN, Site};
use crate::plan::{ParentPlan, RoutePlan, RouteRules, draft::Draft};

/// What one object, or one rule of it, may have.
const HOSTNAMES: usize = 16;
const RULES: usize = 16;
const MATCHES: usize = 128;
const MATCHES_OF_RULE: usize = 64;

/// What an object of a redirect to https has in its name.
const REDIRECT: &str = "redirect";

/// The rules of each object. With `one_each` every match has a rule of its own.
pub(super) fn http(rule: &HttpRouteRule, matches: &[HttpRouteMatch], one_each: bool) -> Vec<RouteRules> {
    let of_rule = |matches: &[HttpRouteMatch]| HttpRouteRule { matches: matches.to_vec(), ..rule.clone() };
    let per_rule = if one_each { 1 } else { MATCHES_OF_RULE };
    let objects = matches.chunks((per_rule * RULES).min(MATCHES));
    objects.map(|part| RouteRules::Http(part.chunks(per_rule).map(of_rule).collect())).collect()
}

/// The rules of each object.
pub(super) fn grpc(rule: &GrpcRouteRule, matches: &[GrpcRouteMatch]) -> Vec<RouteRules> {
    if matches.is_empty() {
        return vec![RouteRules::Grpc(vec![rule.clone()])];
    }
    let of_rule = |matches: &[GrpcRouteMatch]| GrpcRouteRule { matches: matches.to_vec(), ..rule.clone() };
    let objects = matches.chunks(MATCHES);
    objects.map(|part| RouteRules::Grpc(part.chunks(MATCHES_OF_RULE).map(of_rule).collect())).collect()
}

/// All objects of a route: every part of the host names with every part of the matches.
pub(super) fn objects(
    own: &str,
    route: &str,
    redirect: bool,
    parents: &[ParentPlan],
    hostnames: &[String],
    rules: Vec<RouteRules>,
) -> Vec<RoutePlan> {
    let mut hosts: Vec<&[String]> = hostnames.chunks(HOSTNAMES).collect();
    if hosts.is_empty() {
        hosts.push(&[]);
    }
    let object = |(h, hosts): (usize, &[String]), (m, rules): (usize, &RouteRules)| RoutePlan {
        route: route.to_owned(),
        name: name(own, route, redirect, (h, m)),
        parents: parents.to_vec(),
        hostnames: hosts.to_vec(),
        rules: rules.clone(),
    };
    let pairs = hosts.into_iter().enumerate().flat_map(|h| rules.iter().enumerate().map(move |m| (h, m)));
    pairs.map(|(h, m)| object(h, m)).collect()
}

fn name(own: &str, route: &str, redirect: bool, part: (usize, usize)) -> String {
    let mut name = own.to_owned();
    if route != MAIN || redirect || part != (0, 0) {
        name = format!("{name}--{route}");
    }
    if redirect {
        name = format!("{name}--{REDIRECT}");
    }
    match part {
        (0, 0) => name,
        (h, 0) => format!("{name}--{}", h + 1),
        (h, m) => format!("{name}--{}-{}", h + 1, m + 1),
    }
}

/// Whether an object of this name is one of a route, whatever the route looked like when it was made.
pub(in crate::plan) fn belongs(own: &str, route: &str, object: &str) -> bool {
    let whole = format!("{own}--{route}");
    let plain = if route == MAIN { own } else { &whole };
    object == plain || object.strip_prefix(&whole).is_some_and(|rest| rest.starts_with("--"))
}

/// No name may be longer than a DNS label, because gateways make labels of them.
pub(super) fn check_names(draft: &mut Draft<'_>, site: &Site<'_>, objects: &[RoutePlan]) {
    let Some(longest) = objects.iter().max_by_key(|o| o.name.len()).filter(|o| o.name.len() > 63) else { return };
    let rest = longest.name.len() - site.route.name.len();
    let (kind, name) = (longest.rules.kind(), &longest.name);
    let step = match 63_usize.saturating_sub(rest) {
        0 => "choose a shorter name for the Microservice".to_owned(),
        room => format!("write at most {room} here"),
    };
    draft.refuse(site.at("name"), format!("the {kind} {name:?} would be longer than 63 characters; {step}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(hosts: usize, rules: usize) -> Vec<String> {
        let hosts: Vec<_> = (0..hosts).map(|i| format!("h{i}.io")).collect();
        let rules = vec![RouteRules::Http(Vec::new()); rules];
        objects("web", "main", false, &[], &hosts, rules).into_iter().map(|o| o.name).collect()
    }

    #[test]
    fn the_first_object_has_the_plain_name_and_the_others_say_their_part() {
        assert_eq!(names(0, 1), ["web"]);
        assert_eq!(names(16, 1), ["web"]);
        assert_eq!(names(33, 1), ["web", "web--main--2", "web--main--3"]);
        assert_eq!(names(1, 2), ["web", "web--main--1-2"]);
        assert_eq!(names(17, 2), ["web", "web--main--1-2", "web--main--2", "web--main--2-2"]);
        assert_eq!(name("web", "api", true, (0, 0)), "web--api--redirect");
        assert_eq!(name("web", "main", true, (1, 0)), "web--main--redirect--2");
    }

    #[test]
    fn rules_keep_to_the_limits() {
        let sizes = |count: usize, one_each: bool| -> Vec<Vec<usize>> {
            let parts = http(&HttpRouteRule::default(), &vec![HttpRouteMatch::default(); count], one_each);
            let of = |rules: &RouteRules| match rules {
                RouteRules::Http(rules) => rules.iter().map(|r| r.matches.len()).collect(),
                RouteRules::Grpc(_) => Vec::new(),
            };
            parts.iter().map(of).collect()
        };
        assert_eq!(sizes(64, false), [[64]]);
        assert_eq!(sizes(130, false), [vec![64, 64], vec![2]]);
        assert_eq!(sizes(17, true), [vec![1; 16], vec![1]]);
    }

    #[test]
    fn objects_are_known_by_their_names() {
        for object in ["web", "web--main--2", "web--main--redirect", "web--main--redirect--2"] {
            assert!(belongs("web", "main", object), "{object}");
            assert!(!belongs("web", "api", object), "{object}");
        }
        for object in ["web--api", "web--api--1-2", "web--api--redirect"] {
            assert!(belongs("web", "api", object) && !belongs("web", "main", object), "{object}");
            assert!(!belongs("web", "ap", object), "{object}");
        }
    }
}
